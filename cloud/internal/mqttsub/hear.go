package mqttsub

import (
	"context"
	"fmt"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Hear hands every message of a filter to fn until ctx ends, through a connection of its own, shared with
// other programs that hear the same. A message is acknowledged to the broker after fn has returned.
func (s *Subscriber) Hear(ctx context.Context, filter string, fn func(topic string, payload []byte)) error {
	in := make(chan mqtt.Message)
	o := s.options().SetClientID(s.cfg.ClientID + "-pos").SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) {
		select {
		case in <- m:
		case <-ctx.Done():
		}
	})
	shared := "$share/pos/" + filter
	o.SetOnConnectHandler(func(c mqtt.Client) {
		token := c.Subscribe(shared, 1, nil)
		go func() {
			if token.Wait() && token.Error() != nil {
				s.log.Error("the broker refuses the subscription to tills", "broker", s.shown, "err", token.Error())
			}
		}()
	})
	client := mqtt.NewClient(o)
	token := client.Connect()
	defer client.Disconnect(250)
	select {
	case <-token.Done():
		if err := token.Error(); err != nil {
			return fmt.Errorf("connect to broker %s: %w", s.shown, err)
		}
	case <-ctx.Done():
		return nil
	}
	for {
		select {
		case m := <-in:
			fn(m.Topic(), m.Payload())
			m.Ack()
		case <-ctx.Done():
			return nil
		}
	}
}

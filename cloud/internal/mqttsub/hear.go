package mqttsub

import (
	"context"
	"sync"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
)

// Hear hands every message of a filter to fn until ctx ends, one at a time, through a connection of its own, shared
// with other programs that hear the same. A message is acknowledged to the broker after fn has returned. The
// connection lives however long that takes.
func (s *Subscriber) Hear(ctx context.Context, filter string, fn func(topic string, payload []byte)) error {
	ctx, stop := context.WithCancel(ctx)
	held, out := newQueue(), make(chan ingest.Delivery)
	client := mqtt.NewClient(s.options(hearing{id: s.cfg.ClientID + "-pos", filters: map[string]byte{"$share/pos/" + filter: 1}, queue: held, done: ctx.Done()}))
	var handing sync.WaitGroup
	handing.Go(func() { held.run(ctx, out) })
	defer handing.Wait()
	defer stop()
	return s.connect(ctx, client, func() {
		for {
			select {
			case d := <-out:
				fn(d.Topic, d.Payload)
				d.Done()
			case <-ctx.Done():
				return
			}
		}
	})
}

package broker_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/broker"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest/ingesttest"
	"github.com/coldshelf/coldshelf/models/wire"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

func start(t *testing.T, access broker.Access) (*broker.Broker, string) {
	t.Helper()
	b, err := broker.New(broker.Config{Access: access})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Listen("test", l); err != nil {
		t.Fatal(err)
	}
	return b, "mqtt://" + l.Addr().String()
}

func TestConformance(t *testing.T) {
	ingesttest.Run(t, func(t *testing.T) ingesttest.Broker {
		b, url := start(t, nil)
		return ingesttest.Broker{URL: url, Subscriber: func(*testing.T) (ingest.Subscriber, <-chan struct{}) { return b, b.Subscribed() }}
	})
}

// passwords lets in who knows his own name's password.
type passwords map[string]broker.Identity

func (p passwords) Connect(_ context.Context, c broker.Credentials) (broker.Identity, bool) {
	id, ok := p[c.Username]
	return id, ok && string(c.Password) == "secret of "+c.Username
}

func (passwords) Standing(_ context.Context, proofs []string) (map[string]bool, error) {
	good := map[string]bool{}
	for _, p := range proofs {
		good[p] = true
	}
	return good, nil
}

// TestBoardIsHeldToItsTopics: with access control a board says and hears only its own.
func TestBoardIsHeldToItsTopics(t *testing.T) {
	one, two := wire.Identity{Tenant: "t", Store: "s", Device: "d1"}, wire.Identity{Tenant: "t", Store: "s", Device: "d2"}
	b, url := start(t, passwords{"d1": {Identity: one}, "d2": {Identity: two}, "cloud": {Service: true}, "erp": {Identity: wire.Identity{Tenant: "t"}, Alerts: true}})
	out := make(chan ingest.Delivery, 10)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Receive(ctx, out) }()
	t.Cleanup(func() { stop(); <-ended })
	<-b.Subscribed()

	as := func(user string) func(*mqtt.ClientOptions) {
		return func(o *mqtt.ClientOptions) {
			o.SetUsername(user).SetPassword("secret of " + user).SetClientID(user).SetAutoReconnect(false)
		}
	}
	stranger := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetUsername("d1").SetPassword("guess").SetConnectRetry(false))
	if token := stranger.Connect(); token.WaitTimeout(ingesttest.Patience) && token.Error() == nil {
		t.Error("a wrong password is let in")
	}

	for _, topic := range []string{two.Topic(wire.KindEvent), two.Topic(wire.KindStatus), one.Topic(wire.KindAck), "anything"} {
		lost := make(chan struct{})
		c := ingesttest.Board(t, url, one, func(o *mqtt.ClientOptions) {
			as("d1")(o)
			o.SetConnectionLostHandler(func(mqtt.Client, error) { close(lost) })
		})
		c.Publish(topic, 1, false, "forged")
		<-lost
	}
	c := ingesttest.Board(t, url, one, as("d1"))
	c.Publish(one.Topic(wire.KindEvent), 1, false, "mine").Wait()
	if d := <-out; string(d.Payload) != "mine" {
		t.Errorf("got %q on %s, want only the board's own", d.Payload, d.Topic)
	}

	for _, sub := range []struct {
		filter string
		ok     bool
	}{{one.DownFilter(), true}, {one.Topic(wire.KindAck), true}, {two.DownFilter(), false}, {"#", false}, {"coldshelf/v1/t/+/+/down/#", false}, {wire.AllUp, false}} {
		token := c.Subscribe(sub.filter, 1, nil)
		token.WaitTimeout(ingesttest.Patience)
		granted := token.Error() == nil && token.(*mqtt.SubscribeToken).Result()[sub.filter] < 0x80
		if granted != sub.ok {
			t.Errorf("subscribe %s: granted %v, want %v", sub.filter, granted, sub.ok)
		}
	}
	erp := ingesttest.Board(t, url, two, as("erp"))
	for filter, ok := range map[string]bool{"coldshelf/v1/t/alerts/#": true, "coldshelf/v1/t/alerts/s/+/stockout": true, "coldshelf/v1/other/alerts/#": false, "coldshelf/pos/v1/t/s/till/reply": true, "coldshelf/pos/v1/other/s/till/reply": false, wire.AllUp: false, "#": false} {
		token := erp.Subscribe(filter, 1, nil)
		token.WaitTimeout(ingesttest.Patience)
		if granted := token.Error() == nil && token.(*mqtt.SubscribeToken).Result()[filter] < 0x80; granted != ok {
			t.Errorf("an integration subscribes %s: granted %v, want %v", filter, granted, ok)
		}
	}
	sold := make(chan string, 10)
	hearing := make(chan error, 1)
	go func() {
		hearing <- b.Hear(ctx, "coldshelf/pos/v1/+/+/+", func(topic string, _ []byte) { sold <- topic })
	}()
	t.Cleanup(func() { stop(); <-hearing })
	for heard := ""; heard == ""; { // Hear may not have begun yet
		erp.Publish("coldshelf/pos/v1/t/s/till", 1, false, "{}").Wait()
		select {
		case heard = <-sold:
		case <-time.After(100 * time.Millisecond):
		}
	}
	for client, topic := range map[mqtt.Client]string{c: "coldshelf/pos/v1/t/s/till", erp: "coldshelf/pos/v1/other/s/till"} {
		if !client.IsConnectionOpen() {
			t.Fatal("a client has gone before it was turned away")
		}
		client.Publish(topic, 1, false, "forged")
	}
	for end := time.Now().Add(ingesttest.Patience); c.IsConnectionOpen() || erp.IsConnectionOpen(); <-time.After(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("who forges sales of others is not turned away")
		}
	}
	cloud := ingesttest.Board(t, url, two, as("cloud"))
	if token := cloud.Subscribe(wire.AllUp, 1, nil); !token.WaitTimeout(ingesttest.Patience) || token.Error() != nil {
		t.Errorf("the cloud's own part is refused: %v", token.Error())
	}
}

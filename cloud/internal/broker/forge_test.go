package broker_test

import (
	"context"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest/ingesttest"
	"github.com/coldshelf/coldshelf/models/wire"
)

// rivals are two boards of two tenants.
func rivals() (mine, theirs wire.Identity, both passwords) {
	mine, theirs = wire.Identity{Tenant: "t", Store: "s", Device: "d1"}, wire.Identity{Tenant: "other", Store: "s", Device: "d1"}
	return mine, theirs, passwords{"mine": {Identity: mine}, "theirs": {Identity: theirs}}
}

// TestAWillIsHeldToItsTopicToo: the broker says a will on its own, so a board must not leave one in another's name.
func TestAWillIsHeldToItsTopicToo(t *testing.T) {
	mine, theirs, both := rivals()
	b, url := start(t, both)
	out := make(chan ingest.Delivery, 10)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Receive(ctx, out) }()
	t.Cleanup(func() { stop(); <-ended })
	<-b.Subscribed()
	for _, c := range []struct {
		name, topic string
		ok          bool
	}{
		{"another's presence", theirs.Topic(wire.KindStatus), false},
		{"another's observation", theirs.Topic(wire.KindObservation), false},
		{"what the cloud says", mine.Topic(wire.KindAck), false},
		{"an alert", "coldshelf/v1/t/alerts/s/d1/stockout", false},
		{"its own presence", mine.Topic(wire.KindStatus), true},
	} {
		client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetUsername("mine").SetPassword("secret of mine").SetClientID("x").
			SetBinaryWill(c.topic, []byte("gone"), 1, true).SetAutoReconnect(false))
		token := client.Connect()
		if !token.WaitTimeout(ingesttest.Patience) || (token.Error() == nil) != c.ok {
			t.Errorf("a will of %s: %v, want let in %v", c.name, token.Error(), c.ok)
		}
	}
	// The last is still connected, and goes without a good-bye: of all wills the ingester hears its alone.
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if d := <-out; d.Topic != mine.Topic(wire.KindStatus) || len(out) > 0 {
		t.Errorf("heard %s and %d more", d.Topic, len(out))
	}
}

// TestAnIDIsOfWhoHasIt: a client that takes another's client id is another client: it does not end that one's
// connection, and nothing that waits for that one comes to it.
func TestAnIDIsOfWhoHasIt(t *testing.T) {
	mine, theirs, both := rivals()
	_, url := start(t, both)
	as := func(user string, heard chan<- string, lost func(error)) func(*mqtt.ClientOptions) {
		return func(o *mqtt.ClientOptions) {
			o.SetUsername(user).SetPassword("secret of " + user).SetClientID("agent").SetCleanSession(false).SetAutoReconnect(false).
				SetConnectionLostHandler(func(_ mqtt.Client, err error) { lost(err) }).
				SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { heard <- m.Topic() })
		}
	}
	heard, stolen := make(chan string, 10), make(chan string, 10)
	victim := ingesttest.Board(t, url, theirs, as("theirs", heard, func(err error) { t.Errorf("the board's connection is ended by another's: %v", err) }))
	if token := victim.Subscribe(theirs.DownFilter(), 1, nil); !token.WaitTimeout(ingesttest.Patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	thief := ingesttest.Board(t, url, mine, as("mine", stolen, func(error) {}))
	if token := thief.Publish(mine.Topic(wire.KindEvent), 1, false, "x"); !token.WaitTimeout(ingesttest.Patience) || token.Error() != nil {
		t.Fatal(token.Error()) // it is let in, as itself
	}
	if !victim.IsConnectionOpen() {
		t.Error("the board was put out")
	}
	// The same board again takes over, as MQTT has it, and goes on with its session.
	lost := make(chan error, 1)
	first := ingesttest.Board(t, url, mine, func(o *mqtt.ClientOptions) {
		as("mine", stolen, func(err error) { lost <- err })(o)
		o.SetClientID("twice")
	})
	if token := first.Subscribe(mine.DownFilter(), 1, nil); !token.WaitTimeout(ingesttest.Patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	second := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetUsername("mine").SetPassword("secret of mine").SetClientID("twice").SetCleanSession(false))
	token := second.Connect()
	if !token.WaitTimeout(ingesttest.Patience) || token.Error() != nil || !token.(*mqtt.ConnectToken).SessionPresent() {
		t.Errorf("the same board again has no session: %v", token.Error())
	}
	t.Cleanup(func() { second.Disconnect(0) })
	<-lost
	if len(stolen) > 0 {
		t.Errorf("it heard %s", <-stolen)
	}
}

// Package ingesttest is the conformance suite of ingest.Subscriber, with boards played by paho.
package ingesttest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Broker is a broker under test.
type Broker struct {
	URL string // where boards connect
	// Shows returns the credentials that a board shows; nil: none are needed.
	Shows func(t *testing.T, id wire.Identity) *tls.Config
	// Subscriber returns another ingester's subscriber. ready is closed, or receives, once its Receive is
	// listening.
	Subscriber func(t *testing.T) (sub ingest.Subscriber, ready <-chan struct{})
	Shared     bool // several subscribers share the messages
	Redelivers bool // a delivery that was not Done is given again to a subscriber of the same name
}

// Patience is how long a test waits for what must come.
const Patience = 30 * time.Second

// Run runs the suite. open returns a new broker for each case.
func Run(t *testing.T, open func(t *testing.T) Broker) {
	t.Run("what a board says arrives as it was said", func(t *testing.T) { arrives(t, open(t)) })
	t.Run("what is published reaches the board that it is for", func(t *testing.T) { reaches(t, open(t)) })
	t.Run("a board's will and birth arrive", func(t *testing.T) { presence(t, open(t)) })
	t.Run("several ingesters share the messages", func(t *testing.T) {
		b := open(t)
		if !b.Shared {
			return // the broker is part of the one program that subscribes
		}
		shares(t, b)
	})
	t.Run("nothing is lost when the ingester goes before Done", func(t *testing.T) {
		b := open(t)
		if !b.Redelivers {
			return // the board's own outbox sends again
		}
		redelivers(t, b)
	})
}

// board is Board with the credentials that the broker demands.
func (b Broker) board(t *testing.T, id wire.Identity, options func(*mqtt.ClientOptions)) mqtt.Client {
	t.Helper()
	return Board(t, b.URL, id, func(o *mqtt.ClientOptions) {
		if b.Shows != nil {
			o.SetTLSConfig(b.Shows(t, id))
		}
		if options != nil {
			options(o)
		}
	})
}

// Board connects a paho client as a board would: it retries until the broker accepts it.
func Board(t *testing.T, url string, id wire.Identity, options func(*mqtt.ClientOptions)) mqtt.Client {
	t.Helper()
	o := mqtt.NewClientOptions().AddBroker(url).SetClientID("board-" + id.Device).SetConnectTimeout(5 * time.Second).SetOrderMatters(false).
		SetConnectRetry(true).SetConnectRetryInterval(100 * time.Millisecond)
	if options != nil {
		options(o)
	}
	c := mqtt.NewClient(o)
	wait(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(100) })
	return c
}

func wait(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(Patience) {
		t.Fatal("the broker does not answer")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

// hear runs a subscriber's Receive until stop is called or the test ends.
func hear(t *testing.T, b Broker) (sub ingest.Subscriber, in <-chan ingest.Delivery, stop func()) {
	t.Helper()
	sub, ready := b.Subscriber(t)
	ctx, cancel := context.WithCancel(context.Background())
	out := make(chan ingest.Delivery, 1000)
	ended := make(chan error, 1)
	go func() { ended <- sub.Receive(ctx, out) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Receive ended: %v", err)
		}
	})
	t.Cleanup(stop)
	select {
	case <-ready:
	case <-time.After(Patience):
		t.Fatal("the subscriber does not come up")
	}
	return sub, out, stop
}

func next(t *testing.T, in <-chan ingest.Delivery) ingest.Delivery {
	t.Helper()
	select {
	case d := <-in:
		return d
	case <-time.After(Patience):
		t.Fatal("nothing arrives")
	}
	return ingest.Delivery{}
}

var board = wire.Identity{Tenant: "t", Store: "s", Device: "d1"}

func arrives(t *testing.T, b Broker) {
	_, in, _ := hear(t, b)
	c := b.board(t, board, nil)
	for i, kind := range []wire.Kind{wire.KindObservation, wire.KindPicture, wire.KindEvent} {
		payload := fmt.Sprintf("\x00\xff%d", i)
		before := time.Now()
		wait(t, c.Publish(board.Topic(kind), 1, false, payload))
		d := next(t, in)
		if d.Topic != board.Topic(kind) || string(d.Payload) != payload || d.Received.Before(before) {
			t.Errorf("got %q on %s at %v", d.Payload, d.Topic, d.Received)
		}
		d.Done()
	}
}

func reaches(t *testing.T, b Broker) {
	sub, _, _ := hear(t, b)
	got := make(chan mqtt.Message, 10)
	other := board
	other.Device = "d2"
	for _, id := range []wire.Identity{board, other} {
		c := b.board(t, id, nil)
		wait(t, c.Subscribe(id.DownFilter(), 1, func(_ mqtt.Client, m mqtt.Message) { got <- m }))
	}
	if err := sub.Publish(context.Background(), board.Topic(wire.KindAck), []byte("thanks")); err != nil {
		t.Fatal(err)
	}
	select {
	case m := <-got:
		if m.Topic() != board.Topic(wire.KindAck) || string(m.Payload()) != "thanks" {
			t.Errorf("got %q on %s", m.Payload(), m.Topic())
		}
	case <-time.After(Patience):
		t.Fatal("nothing reaches the board")
	}
}

func presence(t *testing.T, b Broker) {
	_, in, _ := hear(t, b)
	topic := board.Topic(wire.KindStatus)
	var line net.Conn
	c := b.board(t, board, func(o *mqtt.ClientOptions) {
		o.SetBinaryWill(topic, []byte("gone"), 1, true).SetAutoReconnect(false)
		o.SetCustomOpenConnectionFn(func(u *url.URL, o mqtt.ClientOptions) (net.Conn, error) {
			conn, err := net.Dial("tcp", u.Host)
			line = conn
			if err != nil || b.Shows == nil {
				return conn, err
			}
			secured := o.TLSConfig.Clone()
			secured.ServerName = u.Hostname()
			return tls.Client(conn, secured), nil
		})
	})
	wait(t, c.Publish(topic, 1, true, "here"))
	d := next(t, in)
	if string(d.Payload) != "here" {
		t.Errorf("birth: got %q", d.Payload)
	}
	d.Done()
	line.Close() // like a pulled cable: without a goodbye
	if d = next(t, in); string(d.Payload) != "gone" || d.Topic != topic {
		t.Errorf("will: got %q on %s", d.Payload, d.Topic)
	}
	d.Done()
}

// shares publishes until both have heard something: a broker promises that each message goes to one of them,
// but not how soon after it connects the second one gets its part.
func shares(t *testing.T, b Broker) {
	const messages = 60 // at a time
	_, first, _ := hear(t, b)
	_, second, _ := hear(t, b)
	c := b.board(t, board, nil)
	seen := map[string]int{}
	said, byFirst, bySecond := 0, 0, 0
	for deadline := time.Now().Add(Patience); byFirst == 0 || bySecond == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("of %d messages %d went to the first and %d to the second", said, byFirst, bySecond)
		}
		for range messages {
			wait(t, c.Publish(board.Topic(wire.KindEvent), 1, false, fmt.Sprint(said)))
			said++
		}
		for byFirst+bySecond < said {
			var d ingest.Delivery
			select {
			case d = <-first:
				byFirst++
			case d = <-second:
				bySecond++
			case <-time.After(Patience):
				t.Fatalf("only %d of %d arrive", byFirst+bySecond, said)
			}
			seen[string(d.Payload)]++
			d.Done()
		}
	}
	if len(seen) != said {
		t.Errorf("%d different messages of %d", len(seen), said)
	}
}

func redelivers(t *testing.T, b Broker) {
	const messages = 10
	_, in, stop := hear(t, b)
	c := b.board(t, board, nil)
	for i := range messages {
		wait(t, c.Publish(board.Topic(wire.KindEvent), 1, false, fmt.Sprint(i)))
	}
	for i := range messages {
		if d := next(t, in); i < messages/2 {
			d.Done()
		}
	}
	stop()
	_, in, _ = hear(t, b)
	missing := map[string]bool{}
	for i := messages / 2; i < messages; i++ {
		missing[fmt.Sprint(i)] = true
	}
	for len(missing) > 0 {
		d := next(t, in)
		delete(missing, string(d.Payload))
		d.Done()
	}
}

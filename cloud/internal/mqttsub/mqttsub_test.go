package mqttsub_test

import (
	"context"
	"crypto/tls"
	"strings"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest/ingesttest"
	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/models/wire"
)

func open(t *testing.T, url, id string) *mqttsub.Subscriber {
	t.Helper()
	s, err := mqttsub.New(mqttsub.Config{URL: url, ClientID: id})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestConformance(t *testing.T) {
	ingesttest.Run(t, func(t *testing.T) ingesttest.Broker {
		b := mosquitto.Start(t)
		// The case about sharing wants different names, the one about redelivery the same.
		n := 0
		return ingesttest.Broker{URL: b.URL(), Shared: true, Redelivers: true, Subscriber: func(t *testing.T) (ingest.Subscriber, <-chan struct{}) {
			id := "ingest-a"
			if strings.Contains(t.Name(), "share") && n > 0 {
				id = "ingest-b"
			}
			n++
			s := open(t, b.URL(), id)
			return s, s.Connected()
		}}
	})
}

// TestConformanceSecured: the same, with the broker's configuration and access list as firmware-config has them, by TLS:
// each board and each ingester is who its certificate says.
func TestConformanceSecured(t *testing.T) {
	ingesttest.Run(t, func(t *testing.T) ingesttest.Broker {
		b := mosquitto.StartSecured(t, "../../../firmware-config/broker")
		ingester := b.Certificate(t, "coldshelf-ingest")
		shows := func(t *testing.T, id wire.Identity) *tls.Config {
			return b.Certificate(t, id.Tenant+"/"+id.Store+"/"+id.Device)
		}
		n := 0
		return ingesttest.Broker{URL: b.URL(), Shows: shows, Shared: true, Redelivers: true, Subscriber: func(t *testing.T) (ingest.Subscriber, <-chan struct{}) {
			id := "ingest-a"
			if strings.Contains(t.Name(), "share") && n > 0 {
				id = "ingest-b"
			}
			n++
			s, err := mqttsub.New(mqttsub.Config{URL: b.URL(), ClientID: id, TLS: ingester})
			if err != nil {
				t.Fatal(err)
			}
			return s, s.Connected()
		}}
	})
}

// TestNobodyTakes: while the ingester takes nothing the connection lives, and comes back after the broker was
// killed; what was said before by the connection that is gone is not handed over when it takes again.
func TestNobodyTakes(t *testing.T) {
	b := mosquitto.Start(t)
	s := open(t, b.URL(), "ingest-a")
	ctx, stop := context.WithCancel(context.Background())
	out, ended := make(chan ingest.Delivery), make(chan error, 1)
	go func() { ended <- s.Receive(ctx, out) }()
	id := wire.Identity{Tenant: "t", Store: "s", Device: "d1"}
	say := func(text string) {
		t.Helper()
		select {
		case <-s.Connected():
		case <-time.After(loopback.Patience):
			t.Fatal("the subscriber is not connected")
		}
		c := ingesttest.Board(t, b.URL(), id, func(o *mqtt.ClientOptions) { o.SetAutoReconnect(false) })
		defer c.Disconnect(100)
		for range 50 {
			if token := c.Publish(id.Topic(wire.KindEvent), 1, false, text); !token.WaitTimeout(loopback.Patience) || token.Error() != nil {
				t.Fatalf("publish: %v", token.Error())
			}
		}
	}
	say("before")
	b.Kill(t, syscall.SIGKILL) // it keeps nothing
	b.Start(t)
	say("after")
	for before, after := 0, 0; after < 50; {
		select {
		case d := <-out:
			if d.Done(); string(d.Payload) == "after" {
				after++
			} else if before++; before > 1 { // one was on its way to whoever takes
				t.Fatal("what the connection said that is gone is handed over")
			}
		case <-time.After(loopback.Patience):
			t.Fatalf("%d of 50 messages arrive", after)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Receive ended: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"no scheme", "localhost:1883", "want mqtt://"},
		{"no host", "mqtt://", "want mqtt://"},
		{"unknown scheme", "amqp://localhost", "unknown scheme"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := mqttsub.New(mqttsub.Config{URL: c.url})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

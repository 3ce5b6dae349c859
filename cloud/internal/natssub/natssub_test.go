package natssub_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest/ingesttest"
	"github.com/coldshelf/coldshelf/cloud/internal/natssub"
	"github.com/coldshelf/coldshelf/cloud/internal/natssub/natsserver"
)

// TestConformance: one server, and a cluster of three to which board and ingester connect at different nodes.
func TestConformance(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		t.Run(fmt.Sprintf("%d nodes", nodes), func(t *testing.T) {
			ingesttest.Run(t, func(t *testing.T) ingesttest.Broker {
				c := natsserver.Start(t, nodes)
				return ingesttest.Broker{URL: c.Nodes[nodes-1].MQTT(), Shared: true, Redelivers: true, Subscriber: func(t *testing.T) (ingest.Subscriber, <-chan struct{}) {
					s, err := natssub.New(natssub.Config{URL: c.URL(), AckWait: 2 * time.Second})
					if err != nil {
						t.Fatal(err)
					}
					return s, s.Ready()
				}}
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	for _, c := range []struct{ name, url, want string }{
		{"another scheme", "mqtt://h:1883", "want nats://"},
		{"no host", "nats://", "want nats://"},
		{"unknown parameter", "nats://h:4222?copies=3", `unknown parameter "copies"`},
		{"too many replicas", "nats://h:4222?replicas=9", "not from 1 to 5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := natssub.New(natssub.Config{URL: c.url})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

package cloud_test

import (
	"fmt"
	"syscall"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/natssub/natsserver"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestClusterNodesKilled: boards speak MQTT to a NATS cluster of three while each node in turn is
// killed -9 and started again; nothing is lost or doubled.
func TestClusterNodesKilled(t *testing.T) {
	cluster := natsserver.Start(t, 3)
	_, c, stop := serve(t, func(c *config.Config) { c.MQTT.Broker = cluster.URL() })
	everywhere := func(o *mqtt.ClientOptions) {
		o.Servers = nil
		for _, n := range cluster.Nodes {
			o.AddBroker(n.MQTT())
		}
	}
	var boards []*board
	for i := range 3 {
		boards = append(boards, newBoardWith(t, cluster.Nodes[i].MQTT(), fmt.Sprintf("d%d", i), everywhere))
	}
	const each = 40
	say := func() {
		for range each {
			for _, b := range boards {
				b.say(t, shelf.OK, shelf.OK)
			}
		}
	}
	say()
	for _, n := range cluster.Nodes {
		n.Kill(t, syscall.SIGKILL)
		say()
		n.Start(t)
		for _, b := range boards {
			b.drain(t)
		}
	}
	stop()
	for _, b := range boards {
		if got, want := points(t, c, b.id.Device), each*(1+len(cluster.Nodes)); got != want {
			t.Errorf("%s: %d messages in the series, want %d", b.id.Device, got, want)
		}
	}
	t.Logf("each of %d nodes killed, %d messages said, none lost", len(cluster.Nodes), each*(1+len(cluster.Nodes))*len(boards))
}

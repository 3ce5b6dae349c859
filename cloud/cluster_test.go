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

// TestClusterNodesKilled: boards speak MQTT to a NATS cluster of three while each node in turn is killed -9
// and started again, round after round. While one is away the boards are answered by the other two; nothing
// is lost or doubled.
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
	const rounds, each = 2, 15
	say := func() {
		for range each {
			for _, b := range boards {
				b.say(t, shelf.OK, shelf.OK)
			}
		}
	}
	kills := 0
	for range rounds {
		for _, n := range cluster.Nodes {
			say()
			n.Kill(t, syscall.SIGKILL) // with what was said just now under way
			say()
			for _, b := range boards {
				b.drain(t) // by two nodes
			}
			say()
			n.Start(t)
			kills++
		}
	}
	for _, b := range boards {
		b.drain(t)
	}
	stop()
	said := 3 * each * kills
	for _, b := range boards {
		if got := points(t, c, b.id.Device); got != said {
			t.Errorf("%s: %d messages in the series, want %d", b.id.Device, got, said)
		}
	}
	t.Logf("%d kills, %d messages said, none lost", kills, said*len(boards))
}

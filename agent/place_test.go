package agent_test

import (
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/devices/place"
	"github.com/coldshelf/coldshelf/models/wire"
)

// network is the routers around a board that is carried about.
type network struct {
	mu      sync.Mutex
	routers []string
	looks   int
}

func (n *network) read() ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.looks++
	return n.routers, nil
}

func (n *network) carry(to string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.routers, n.looks = []string{to}, 0
}

func (n *network) looked() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.looks
}

// A cooler is set up in one shop, carried to another, and somebody at the cloud agrees to that.
func TestACoolerThatIsCarriedAwayIsTold(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	around := &network{routers: []string{"shop"}}
	watch, err := place.New(filepath.Join(t.TempDir(), "place.json"), around.read)
	if err != nil {
		t.Fatal(err)
	}
	opts := options(t, openOutbox(t, t.TempDir()), &moody{next: bright}, broker.URL())
	opts.Plan, opts.Picture = schedule.Plan{}, agent.PicturePolicy{}
	opts.Place, opts.PlaceEvery = watch, 20*time.Millisecond
	start(t, opts)
	told := func() (kinds []string) {
		for _, e := range of[*wire.Event](c) {
			kinds = append(kinds, e.Type)
		}
		return kinds
	}
	c.until("a home", func() bool { return around.looked() > 5 })
	around.carry("another shop")
	c.until("the move", func() bool { return slices.Equal(told(), []string{wire.EventMoved}) })
	c.say(board, &wire.Command{ID: "1", Name: wire.CommandSettle})
	c.until("its new place", func() bool { return slices.Equal(told(), []string{wire.EventMoved, wire.EventSettled}) })
	c.until("the answer", func() bool {
		answers := of[*wire.Answer](c)
		return len(answers) == 1 && answers[0].OK && strings.Contains(answers[0].Detail, "its place now")
	})
	around.carry("shop")
	c.until("the old shop, which is elsewhere now", func() bool { return len(told()) == 3 && told()[2] == wire.EventMoved })
}

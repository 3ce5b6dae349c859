//go:build customenv

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// The shipped networks and the real program look at a shelf before which somebody comes to stand. Every look is
// told, and the picture of somebody stays on the board though it is told to send each.
func TestAPictureOfSomebodyStaysOnTheBoard(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	s := newStore(t, broker.URL())
	config := configure(t, smallest+"camera: {source: 'dir:shelf'}\npicture: {send: always}\nuplink: {broker: '"+broker.URL()+"', ack_timeout: 1s}\n")
	shelf := filepath.Join(filepath.Dir(config), "shelf")
	looks := []synth.Condition{synth.Clean, synth.Blocked, synth.Clean}
	shots := map[synth.Condition][]byte{}
	for i, condition := range looks {
		if shots[condition] == nil {
			data, err := os.ReadFile(stock(t, condition).picture)
			if err != nil {
				t.Fatal(err)
			}
			shots[condition] = data
		}
		write(t, filepath.Join(shelf, string(rune('1'+i))+".jpg"), shots[condition])
	}
	runToEnd(t, config)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kinds[wire.KindObservation] != len(looks) || s.kinds[wire.KindPicture] != 2 {
		t.Errorf("%d observations with %d pictures, want %d with 2: of the clean looks alone", s.kinds[wire.KindObservation], s.kinds[wire.KindPicture], len(looks))
	}
}

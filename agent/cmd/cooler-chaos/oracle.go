package main

import (
	"fmt"
	"path/filepath"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

// episode is one stockout of a slot, with the looks that show it. A key is zero if the slot was never seen
// filled before.
type episode struct {
	Device, Slot string
	LastFilled   outbox.Key
	FirstEmpty   outbox.Key
	FirstFilled  outbox.Key // the first look that saw it restocked
}

// oracle finds the stockouts of every board in its journal: runs of looks that found a slot empty, long enough
// for an alert in any state of the rules. Whether a shorter run of more than one look is an alert would depend
// on the rules, and the script has none.
func oracle(dir string, boards int) (episodes map[string]episode, looks int, err error) {
	episodes = map[string]episode{}
	for b := range boards {
		entries, err := readJournal(filepath.Join(boardDir(dir, b), "journal"))
		if err != nil {
			return nil, 0, err
		}
		for i := range slots {
			var lastFilled, firstEmpty outbox.Key
			empties := 0
			for _, e := range entries {
				if !e.done {
					continue
				}
				switch e.states[i] {
				case 'e':
					if empties == 0 {
						firstEmpty = e.key
					}
					empties++
				case 'o':
					if empties >= leastEmpty {
						ep := episode{Device: deviceName(b), Slot: slotName(i), LastFilled: lastFilled, FirstEmpty: firstEmpty, FirstFilled: e.key}
						episodes[ep.name()] = ep
					} else if empties > 1 {
						return nil, 0, fmt.Errorf("board %d slot %d: %d looks are neither one nor a stockout", b, i, empties)
					}
					lastFilled, empties = e.key, 0
				}
			}
		}
		for _, e := range entries {
			if e.done {
				looks++
			}
		}
	}
	return episodes, looks, nil
}

func (e episode) name() string {
	return fmt.Sprintf("%s/%s filled %v empty %v restocked %v", e.Device, e.Slot, e.LastFilled, e.FirstEmpty, e.FirstFilled)
}

func boardDir(dir string, n int) string { return filepath.Join(dir, deviceName(n)) }

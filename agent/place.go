package agent

import (
	"context"
	"errors"
	"time"

	"github.com/coldshelf/coldshelf/models/wire"
)

// watchPlace checks every PlaceEvery whether the board has been moved, until ctx ends.
func (a *Agent) watchPlace(ctx context.Context) {
	tell := a.teller("place")
	t := time.NewTicker(a.opts.PlaceEvery)
	defer t.Stop()
	for {
		tell(a.opts.Place.Look(a.sayPlace))
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (a *Agent) sayPlace(home bool) {
	kind := wire.EventMoved
	if home {
		kind = wire.EventSettled
	}
	a.log.Info("place", "home", home)
	a.event(&wire.Event{Type: kind})
}

// settleHere makes the place where the board is now its home, and returns the answer to the command.
func (a *Agent) settleHere() (string, error) {
	if a.opts.Place == nil {
		return "", errors.New("this board does not watch where it stands: its configuration has no devices.place")
	}
	if err := a.opts.Place.Settle(a.sayPlace); err != nil {
		return "", err
	}
	return "this is its place now", nil
}

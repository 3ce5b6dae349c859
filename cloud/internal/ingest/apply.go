package ingest

import (
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// learn updates what is known about a cooler from one new message. Each part advances by (boot, seq) alone, so
// the order of arrival does not matter. The time of receipt only says when the cooler was last heard.
func learn(c *state.Cooler, it *item) {
	env := it.env
	o := state.Order{Boot: env.Boot, Seq: env.Seq}
	if it.Received.After(c.LastSeen) {
		c.LastSeen = it.Received
	}
	if newest := c.Latest.Clock; newest == nil || o.After(newest.Order) {
		if c.TopicStore != env.Store { // its topics name another store than before: it was moved
			c.Store, c.TopicStore = env.Store, env.Store
		}
	}
	c.Latest.Clock = state.Newer(c.Latest.Clock, o, env.Clock)
	switch b := env.Body.(type) { // what observations say is learnt from the newest of a batch: see learnShelf
	case *wire.Observation:
		if o.After(c.Observation) {
			c.Observation = o
		}
	case *wire.Telemetry:
		learnTelemetry(&c.Latest, o, b)
	case *wire.Picture:
		if o.After(c.Picture) {
			c.Picture = o
		}
	case *wire.Birth:
		learnBirth(c, o, b)
	case *wire.Answer:
		c.Latest.Answer = state.Newer(c.Latest.Answer, o, state.Answer{CommandID: b.CommandID, OK: b.OK, Detail: b.Detail})
	}
}

func learnTelemetry(l *state.Latest, o state.Order, t *wire.Telemetry) {
	if n := len(t.Doors); n > 0 {
		l.Door = state.Newer(l.Door, o, t.Doors[n-1])
	}
	if n := len(t.Climate); n > 0 {
		l.Climate = state.Newer(l.Climate, o, t.Climate[n-1])
	}
	if n := len(t.Power); n > 0 {
		l.Power = state.Newer(l.Power, o, t.Power[n-1])
	}
	if t.Health != nil {
		l.Health = state.Newer(l.Health, o, *t.Health)
	}
}

func learnBirth(c *state.Cooler, o state.Order, b *wire.Birth) {
	c.Latest.Software = state.Newer(c.Latest.Software, o, state.Software{
		AgentVersion: b.AgentVersion, Model: b.Model, Board: b.Board,
		Planogram: b.PlanogramID, PlanogramVersion: b.PlanogramVersion, StartedAt: state.Micros(b.StartedAt),
		Runtime: b.Runtime, Gallery: b.Gallery, Devices: b.Devices,
	})
}

// learnStatus takes over a board's presence, and reports whether that changed anything. Within a boot the order
// of delivery counts, because a will carries the time at which its connection began.
func learnStatus(c *state.Cooler, it *item) bool {
	s := it.env.Body.(*wire.Status)
	if it.env.Boot < c.StatusBoot {
		return false
	}
	if c.StatusBoot == it.env.Boot && c.Online == s.Online && c.StatusAt.Equal(s.At) {
		return false
	}
	c.Online, c.StatusBoot, c.StatusAt = s.Online, it.env.Boot, s.At
	if s.Online && !it.Retained && it.Received.After(c.LastSeen) {
		c.LastSeen = it.Received
	}
	if s.Birth != nil {
		learnBirth(c, state.Order{Boot: it.env.Boot}, s.Birth)
	}
	return true
}

// summary counts an observation's slots, and its required SKUs once each, however many slots they have.
func summary(o *shelf.Observation) state.ShelfSummary {
	out := state.ShelfSummary{At: state.Micros(o.CapturedAt), Planogram: o.PlanogramID, PlanogramVersion: o.PlanogramVersion}
	type sku struct{ observed, present bool }
	skus := make(map[shelf.GTIN]sku, len(o.Slots))
	for i := range o.Slots {
		s := &o.Slots[i]
		k := skus[s.GTIN]
		switch s.State {
		case shelf.OK:
			out.OK++
		case shelf.Low:
			out.Low++
		case shelf.Empty:
			out.Empty++
		case shelf.Misplaced:
			out.Misplaced++
		case shelf.Foreign:
			out.Foreign++
		default:
			out.Unknown++
		}
		if s.State != shelf.Unknown {
			k.observed = true
			k.present = k.present || s.Present > 0
		}
		skus[s.GTIN] = k
	}
	out.Required = len(skus)
	for _, k := range skus {
		if k.observed {
			out.Observed++
		}
		if k.present {
			out.Present++
		}
	}
	return out
}

// Package fuse follows the slots of one cooler from look to look: it tells removals and restocks once
// two looks agree, and keeps a slot empty that was seen to be.
//
// It refuses to carry knowledge over: a look that says Unknown stays Unknown, whatever was seen before.
// The one exception is Hidden, which says that nothing was seen where packs could stand behind others: a slot that
// was seen empty to the back, and in which no pack was seen since, stays Empty. That nothing shows for long makes no
// slot empty: shoppers take from the front, and what is left stands at the back, where it may be hidden for hours.
//
// A Tracker is pure but for what it remembers; the same observations give the same events.
package fuse

import (
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// agree is how many looks in a row must show a change before it is told.
const agree = 2

// Kind of an event.
type Kind string

// Kinds of events.
const (
	Removal Kind = "removal"
	Restock Kind = "restock"
)

// Event is a change of one slot's goods that two looks agree on.
type Event struct {
	Kind     Kind
	At       time.Time // of the first look that showed it
	Slot     string
	GTIN     shelf.GTIN
	From, To int // facings of the due product
	Deeper   int // places that the front packs stand deeper than before, summed over lanes; negative: further front
}

// Tracker follows one cooler. Make a new one for another planogram.
type Tracker struct {
	slots map[string]*slot
}

// slot is what is remembered of one.
type slot struct {
	empty   bool   // seen to the back, no pack since
	settled *level // nil before the first two looks that agree
	next    *level // seen since, not yet confirmed
}

// level is how full a slot looks.
type level struct {
	present, depth int
	at             time.Time
	looks          int
}

func (l level) same(o level) bool { return l.present == o.present && l.depth == o.depth }

// New begins to follow.
func New() *Tracker { return &Tracker{slots: map[string]*slot{}} }

// Step takes the next observation in order of time. It changes slots from Hidden to Empty that were seen empty before,
// and gives what changed.
func (t *Tracker) Step(obs *shelf.Observation) []Event {
	var events []Event
	for i := range obs.Slots {
		r := &obs.Slots[i]
		s := t.slots[r.SlotID]
		if s == nil {
			s = &slot{}
			t.slots[r.SlotID] = s
		}
		s.followEmpty(r)
		if r.State == shelf.Unknown {
			continue
		}
		if e, ok := s.followLevel(r, obs); ok {
			events = append(events, e)
		}
	}
	return events
}

func (s *slot) followEmpty(r *shelf.SlotReading) {
	switch {
	case len(r.Seen) > 0:
		s.empty = false
	case r.State == shelf.Empty:
		s.empty = true
	case r.State != shelf.Unknown:
		s.empty = false
	case r.Reason == shelf.Hidden && s.empty:
		r.State, r.Reason = shelf.Empty, shelf.NoReason
	}
}

func (s *slot) followLevel(r *shelf.SlotReading, obs *shelf.Observation) (Event, bool) {
	now := level{present: r.Present, at: obs.CapturedAt, looks: 1}
	for _, i := range r.Seen {
		now.depth += obs.Facings[i].Depth
	}
	switch {
	case s.settled != nil && s.settled.same(now):
		s.next = nil
		return Event{}, false
	case s.next == nil || !s.next.same(now):
		s.next = &now
	default:
		s.next.looks++
	}
	if s.next.looks < agree {
		return Event{}, false
	}
	was, is := s.settled, s.next
	s.settled, s.next = is, nil
	if was == nil {
		return Event{}, false
	}
	e := Event{At: is.at, Slot: r.SlotID, GTIN: r.GTIN, From: was.present, To: is.present, Deeper: is.depth - was.depth}
	switch {
	case is.present < was.present, is.present == was.present && is.depth > was.depth:
		e.Kind = Removal
	default:
		e.Kind = Restock
	}
	return e, true
}

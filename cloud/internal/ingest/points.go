package ingest

import (
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// maxAhead is how far a board's clock may be ahead of ours. A message that claims a later time is dated by its
// arrival, like one from a board whose clock is not set.
const maxAhead = time.Hour

// sheet holds what is written to the series for a batch. It is reused for the next batch: no store keeps
// references to it, and new ones would be a third of all that the ingester allocates.
type sheet struct {
	messages []series.Message
	owners   []*item // the item of each message
	slots    []series.SlotPoint
}

// of fills the sheet with what the series stores of items.
func (s *sheet) of(items []*item) {
	slots := 0
	for _, it := range items {
		if it.reason != "" {
			continue
		}
		if o, ok := it.env.Body.(*wire.Observation); ok {
			slots += len(o.Slots)
		}
	}
	s.messages, s.owners, s.slots = s.messages[:0], s.owners[:0], slices.Grow(s.slots[:0], slots)
	for _, it := range items {
		if it.reason != "" {
			continue
		}
		if m, ok := s.points(it.env, it.Received); ok {
			s.messages, s.owners = append(s.messages, m), append(s.owners, it)
		}
	}
}

// doubtful returns, in order, the names of the devices of which something is dated by its arrival.
func (s *sheet) doubtful() (names []string) {
	for i := range s.messages {
		m := &s.messages[i]
		if name := "arrival/" + m.Tenant + "/" + m.Device; m.AtDoubtful && (len(names) == 0 || names[len(names)-1] != name) {
			names = append(names, name)
		}
	}
	return names
}

// forget releases a batch, and a sheet that is too large to be reused.
func (s *sheet) forget() {
	if cap(s.slots) > maxSheet {
		*s = sheet{}
		return
	}
	clear(s.messages)
	clear(s.owners)
	clear(s.slots)
}

// maxSheet is the largest number of slots for which a sheet is reused: those of a full batch of common shelves.
const maxSheet = 500_000

// points turns a message into what the series stores; it returns false if that is nothing.
func (s *sheet) points(env *wire.Envelope, received time.Time) (series.Message, bool) {
	m := series.Message{Tenant: env.Tenant, Store: env.Store, Device: env.Device, Boot: env.Boot, Seq: env.Seq, At: env.CapturedAt}
	var shift time.Duration
	if env.ClockDoubtful() || env.CapturedAt.After(received.Add(maxAhead)) {
		m.AtDoubtful = true
		m.At = received.Truncate(time.Microsecond).UTC()
		shift = m.At.Sub(env.CapturedAt)
	}
	switch b := env.Body.(type) {
	case *wire.Observation:
		m.Slots = s.slotPoints(b.Slots)
	case *wire.Telemetry:
		m.Doors, m.Climate, m.Footfall, m.Power = b.Doors, b.Climate, b.Footfall, b.Power
	case *wire.Event:
		m.Events = []series.Event{{At: b.At, Type: b.Type, Slot: b.Slot, GTIN: b.GTIN}}
	default:
		return series.Message{}, false
	}
	if shift != 0 {
		m = shifted(m, shift)
	}
	return m, len(m.Slots)+len(m.Doors)+len(m.Climate)+len(m.Footfall)+len(m.Power)+len(m.Events) > 0
}

func (s *sheet) slotPoints(slots []shelf.SlotReading) []series.SlotPoint {
	from := len(s.slots)
	for i := range slots {
		r := &slots[i]
		p := series.SlotPoint{Slot: r.SlotID, GTIN: r.GTIN, State: r.State, Due: r.Due}
		if r.State == shelf.Unknown {
			p.Reason = r.Reason
		} else {
			p.Present = r.Present
		}
		s.slots = append(s.slots, p)
	}
	return s.slots[from:len(s.slots):len(s.slots)]
}

// shifted moves every time in a message by the same span, because the intervals between them are right even if
// the board's date is not. It copies the message's slices.
func shifted(m series.Message, by time.Duration) series.Message {
	m.Doors = append(m.Doors[:0:0], m.Doors...)
	for i := range m.Doors {
		m.Doors[i].At = m.Doors[i].At.Add(by)
	}
	m.Climate = append(m.Climate[:0:0], m.Climate...)
	for i := range m.Climate {
		m.Climate[i].At = m.Climate[i].At.Add(by)
	}
	m.Footfall = append(m.Footfall[:0:0], m.Footfall...)
	for i := range m.Footfall {
		m.Footfall[i].From, m.Footfall[i].To = m.Footfall[i].From.Add(by), m.Footfall[i].To.Add(by)
	}
	m.Power = append(m.Power[:0:0], m.Power...)
	for i := range m.Power {
		m.Power[i].At = m.Power[i].At.Add(by)
	}
	for i := range m.Events {
		m.Events[i].At = m.Events[i].At.Add(by)
	}
	return m
}

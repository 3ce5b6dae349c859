package wire

import (
	"fmt"
	"sync"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// packSlots writes the slots as residuals; with a base only state, reason, present and hidden, for the rest
// is the base's. It must run before packFacings, which shares the table.
func packSlots(now []shelf.SlotReading, table *gtinTable, base []shelf.SlotReading) *wirepb.Slots {
	if len(now) == 0 {
		return nil
	}
	n := len(now)
	out := &wirepb.Slots{State: make([]int32, n), Reason: make([]int32, n), Present: make([]int32, n), Hidden: make([]int32, n)}
	prev := firstSlot
	for i, s := range now {
		p := prev
		if base != nil {
			p = base[i]
		}
		out.State[i] = int32(s.State) - int32(p.State)
		out.Reason[i] = int32(s.Reason) - int32(predictReason(&p, s.State))
		out.Present[i] = int32(s.Present - len(s.Seen))
		out.Hidden[i] = int32(s.Hidden)
		prev = s
	}
	out.State, out.Reason, out.Present, out.Hidden = trimmed(out.State), trimmed(out.Reason), trimmed(out.Present), trimmed(out.Hidden)
	if base != nil {
		return out
	}
	out.Count = uint32(n)
	out.Shelf, out.Gtin, out.Due = make([]int32, n), make([]int32, n), make([]int32, n)
	out.X, out.Y, out.W, out.H = make([]int32, n), make([]int32, n), make([]int32, n), make([]int32, n)
	prev = firstSlot
	for i, s := range now {
		next := len(table.list) + 1
		out.Id = append(out.Id, s.SlotID)
		out.Gtin[i] = int32(table.index(s.GTIN) - next)
		out.Shelf[i] = int32(s.Shelf - prev.Shelf)
		out.Due[i] = int32(s.Due - prev.Due)
		out.X[i] = int32(s.Box.X - (prev.Box.X + prev.Box.W))
		out.Y[i] = int32(s.Box.Y - prev.Box.Y)
		out.W[i] = int32(s.Box.W - prev.Box.W)
		out.H[i] = int32(s.Box.H - prev.Box.H)
		prev = s
	}
	out.Shelf, out.Gtin, out.Due = trimmed(out.Shelf), trimmed(out.Gtin), trimmed(out.Due)
	out.X, out.Y, out.W, out.H = trimmed(out.X), trimmed(out.Y), trimmed(out.W), trimmed(out.H)
	return out
}

// firstSlot is what the first slot of a complete observation is predicted from.
var firstSlot = shelf.SlotReading{Shelf: 1, State: shelf.OK, Due: 1}

// predictReason: none, but where the slot is unknown as the predicting one, for the same reason.
func predictReason(p *shelf.SlotReading, now shelf.State) shelf.Reason {
	if now == shelf.Unknown {
		return p.Reason
	}
	return shelf.NoReason
}

// unpackSlots is the reverse of packSlots but for Seen, which the facings tell, and Present, to
// which finishSlots adds their number.
func unpackSlots(in *wirepb.Slots, table []shelf.GTIN, base []shelf.SlotReading) ([]shelf.SlotReading, error) {
	n := int(in.GetCount())
	if base != nil {
		if n != 0 || len(in.GetId()) != 0 {
			return nil, fmt.Errorf("slots: %d of their own beside a base", max(n, len(in.GetId())))
		}
		n = len(base)
	} else if len(in.GetId()) != n {
		return nil, fmt.Errorf("slots: %d ids of %d", len(in.GetId()), n)
	}
	if n > maxSlots {
		return nil, fmt.Errorf("slots: %d, the limit is %d", n, maxSlots)
	}
	if err := sameLength("slots", n, column{"shelf", len(in.GetShelf())}, column{"gtin", len(in.GetGtin())}, column{"due", len(in.GetDue())},
		column{"x", len(in.GetX())}, column{"y", len(in.GetY())}, column{"w", len(in.GetW())}, column{"h", len(in.GetH())},
		column{"state", len(in.GetState())}, column{"reason", len(in.GetReason())}, column{"present", len(in.GetPresent())}, column{"hidden", len(in.GetHidden())}); err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, nil
	}
	out := newSlots(n)
	prev, used := &firstSlot, 0
	var k checker
	for i := range n {
		s, p := &out[i], prev
		if base != nil {
			p = &base[i]
			*s = base[i]
			s.Seen = nil
		} else {
			place := used + 1 + at(in.Gtin, i)
			gtin, err := pick(table, place)
			if err != nil {
				return nil, fmt.Errorf("slot %d: %w", i+1, err)
			}
			used = max(used, place)
			s.SlotID, s.Shelf, s.GTIN, s.Due = in.Id[i], p.Shelf+at(in.Shelf, i), gtin, p.Due+at(in.Due, i)
			s.Box = shelf.Box{
				X: p.Box.X + p.Box.W + at(in.X, i), Y: p.Box.Y + at(in.Y, i),
				W: p.Box.W + at(in.W, i), H: p.Box.H + at(in.H, i),
			}
		}
		state := int(p.State) + at(in.GetState(), i)
		if state < 0 || state > int(shelf.Foreign) {
			return nil, fmt.Errorf("slot %d: state %d is not known", i+1, state)
		}
		s.State = shelf.State(state)
		reason := int(predictReason(p, s.State)) + at(in.GetReason(), i)
		if reason < 0 || reason > int(shelf.Hidden) {
			return nil, fmt.Errorf("slot %d: reason %d is not known", i+1, reason)
		}
		s.Reason = shelf.Reason(reason)
		s.Present, s.Hidden = at(in.GetPresent(), i), at(in.GetHidden(), i)
		if k.slotNumbers(s); len(k.faults) > 0 {
			return nil, fmt.Errorf("slot %d: %w", i+1, k.faults[0])
		}
		prev = s
	}
	return out, nil
}

// finishSlots adds to Present what it is predicted from.
func finishSlots(slots []shelf.SlotReading) {
	for i := range slots {
		slots[i].Present += len(slots[i].Seen)
	}
}

// slotLists holds the cleared slots of released observations, to be used again.
var slotLists sync.Pool

// keptSlots is the largest list that is kept, in slots: that of a large shelf.
const keptSlots = 200

func newSlots(n int) []shelf.SlotReading {
	if list, ok := slotLists.Get().(*[]shelf.SlotReading); ok && cap(*list) >= n {
		return (*list)[:n]
	}
	return make([]shelf.SlotReading, n)
}

// Release gives back the slots of a decoded observation, so that later ones are decoded into the same memory: slots are
// most of what Decode allocates. Afterwards nobody may use that slice or any part of it; texts taken from it stay valid.
func (o *Observation) Release() {
	list := o.Slots
	o.Slots = nil
	if cap(list) == 0 || cap(list) > keptSlots {
		return
	}
	clear(list)
	slotLists.Put(&list)
}

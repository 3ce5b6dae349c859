package alert

import (
	"maps"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Machine judges one device's inputs by one set of rules. It has no state and does no I/O.
type Machine struct {
	Rules  Ruler
	Losses Losses // nil: what a slot loses is not known
}

// State is everything that the machine remembers about one device. The zero value is a device that was never
// heard of. It is encoded as JSON and kept by an engine between inputs.
type State struct {
	Head      Mark               `json:"h,omitzero"`  // newest look
	Read      Mark               `json:"r,omitzero"`  // newest message with readings
	Planogram PlanogramRef       `json:"p,omitzero"`  // of the newest look
	Heard     Mark               `json:"a,omitzero"`  // last sign of life, by the cloud's clock
	Gone      Mark               `json:"x,omitzero"`  // the broker lost the device, and it has not come back
	Behind    bool               `json:"b,omitempty"` // the newest input was about the past
	Door      door               `json:"d,omitzero"`
	Opens     doorHour           `json:"o,omitzero"`
	Last      map[string]Mark    `json:"l,omitempty"` // newest reading of each sensor
	Trackers  map[string]tracker `json:"t,omitempty"` // by trackerID
}

// door adds up how long the door was open, as an excuse for the temperature.
type door struct {
	Since time.Time     `json:"s,omitzero"`  // open since then; zero while closed
	Total time.Duration `json:"t,omitempty"` // how long it was open in total, not counting the present time
	Cold  time.Duration `json:"c,omitempty"` // Total when the inside was last cold enough
}

func (d door) total(at time.Time) time.Duration {
	if d.Since.IsZero() || at.Before(d.Since) {
		return d.Total
	}
	return d.Total + at.Sub(d.Since)
}

func trackerID(t Type, slot string) string {
	if slot == "" {
		return string(t)
	}
	return string(t) + "/" + slot
}

// Step processes the device's next input, and returns the state after it and what changed, in the order of
// Types. s itself is not changed. A look whose key is not after the newest one is ignored: whatever comes out
// of order, including readings of sensors, is judged by Restate.
func (m Machine) Step(s State, in Input) (State, []Transition) { return m.step(s.clone(), in) }

// step is Step for a state that nobody else holds: its maps are reused in the next state.
func (m Machine) step(s State, in Input) (State, []Transition) {
	if _, ok := in.Fact.(Look); ok && !s.Head.IsZero() && in.Key.Compare(s.Head.Key) <= 0 {
		return s, nil
	}
	st := stepping{Machine: m, state: s, in: in}
	if partOf(in.Fact) != nil && in.Key.Compare(s.newest()) >= 0 {
		st.state.Behind = in.Late
	}
	switch fact := in.Fact.(type) {
	case Look:
		st.look(fact)
	case Readings:
		st.readings(fact)
	case Sales:
		st.sales(fact)
	case Heard:
		st.heard()
	case Gone:
		if !in.At.Before(st.state.Heard.At) {
			st.state.Gone = in.Mark()
		}
	case Tick:
		st.in.Key = s.Heard.Key
		st.lasting()
		st.presence()
	}
	return st.state, st.out
}

// stepping is a Step in progress.
type stepping struct {
	Machine
	state State
	in    Input
	out   []Transition
}

func (s State) clone() State {
	s.Trackers = maps.Clone(s.Trackers)
	if s.Trackers == nil {
		s.Trackers = map[string]tracker{}
	}
	s.Last = maps.Clone(s.Last)
	if s.Last == nil {
		s.Last = map[string]Mark{}
	}
	return s
}

// OpenEpisode returns the open episode of a subject, or nil.
func (s State) OpenEpisode(t Type, slot string) *Episode { return s.Trackers[trackerID(t, slot)].Open }

// say advances one subject's tracker by a signal. If the subject's rule was removed, its alert is closed.
func (st *stepping) say(t Type, sig signal) {
	id := trackerID(t, sig.slot)
	was, known := st.state.Trackers[id]
	rule, ok := st.Rules.For(t, sig.gtin, st.in.At)
	if !ok {
		if known {
			st.end(id, was, ResolvedRule)
		}
		return
	}
	if sig.word == silent || sig.word == bad && rule.Muted && was.Open == nil {
		return
	}
	if sig.word == bad && t.losing() {
		sig.loss = func() *Loss { return st.lossOf(t, sig.gtin, st.in.At) }
	}
	now, out := was.step(t, rule, sig, st.in)
	st.out = append(st.out, out...)
	// A stockout must know when the slot was last seen filled. The trackers of other types drop a slot that is
	// in order, so that a device's state stays small.
	if t != Stockout && sig.slot != "" && now.idle() {
		delete(st.state.Trackers, id)
		return
	}
	st.state.Trackers[id] = now
}

// end forgets a subject, and closes its open episode.
func (st *stepping) end(id string, t tracker, why Resolution) {
	delete(st.state.Trackers, id)
	if t.Open != nil {
		_, out := t.close(st.in.Mark(), why, st.in)
		st.out = append(st.out, out...)
	}
}

// look judges the camera first and then each slot.
func (st *stepping) look(l Look) {
	st.state.Head = st.in.Mark()
	if l.Planogram != st.state.Planogram && len(l.Slots) > 0 {
		st.planogramChanged(l)
		st.state.Planogram = l.Planogram
	}
	for _, slot := range l.Slots {
		st.slot(l, slot)
	}
	st.drift(l)
	st.camera(l)
}

// planogramChanged ends the alerts of slots that no longer exist or in which another product is due.
func (st *stepping) planogramChanged(l Look) {
	due := map[string]shelf.GTIN{}
	for _, slot := range l.Slots {
		due[slot.ID] = slot.GTIN
	}
	if t, ok := st.state.Trackers[string(PlanogramDrift)]; ok {
		st.end(string(PlanogramDrift), t, ResolvedPlanogram)
	}
	for _, t := range slotTypes {
		for _, id := range sortedKeys(st.state.Trackers) {
			tracked := st.state.Trackers[id]
			slot, ok := slotOf(id, t)
			if !ok {
				continue
			}
			if gtin, still := due[slot]; !still || gtin != tracked.GTIN {
				st.end(id, tracked, ResolvedPlanogram)
			}
		}
	}
}

package alert

import "slices"

// Timeline is one device's history in memory. It processes each input once, whether it comes in order or not.
// The engine does the same with tables; a Timeline is for dry runs of rules and for tests.
type Timeline struct {
	machine Machine
	now     State
	inputs  [len(parts)][]Input // by part
	told    []Episode
}

// NewTimeline returns the history of a device that was never heard of.
func NewTimeline(m Machine) *Timeline { return &Timeline{machine: m} }

// State returns the device's present state.
func (t *Timeline) State() State { return t.now }

// Episodes returns everything that a reader of the transitions was told, in that order, each episode as it is
// known now. It includes retracted ones.
func (t *Timeline) Episodes() []Episode { return slices.Clone(t.told) }

// Add processes one input and returns what it changed.
func (t *Timeline) Add(in Input) []Transition {
	var out []Transition
	p := partOf(in.Fact)
	if p == nil {
		t.now, out = t.machine.Step(t.now, in)
		return t.tell(out)
	}
	all := &t.inputs[p.number]
	i, known := slices.BinarySearchFunc(*all, in, func(a, b Input) int { return a.Key.Compare(b.Key) })
	if known {
		return nil
	}
	*all = slices.Insert(*all, i, in)
	if i == len(*all)-1 {
		t.now, out = t.machine.Step(t.now, in)
		return t.tell(out)
	}
	about := slices.DeleteFunc(slices.Clone(t.told), func(e Episode) bool { return !p.about(e.Type) })
	t.now, out = t.machine.Restate(State{}, *all, about, t.now, nil)
	return t.tell(out)
}

func (t *Timeline) tell(out []Transition) []Transition {
	for _, tr := range out {
		i := slices.IndexFunc(t.told, func(e Episode) bool { return e.same(tr.Episode) })
		if i < 0 {
			t.told = append(t.told, tr.Episode)
		} else {
			t.told[i] = tr.Episode
		}
	}
	return out
}

package alert

import (
	"encoding/json"
	"fmt"
	"slices"
)

// part is one of the two kinds of inputs that are judged in the order of their keys, whatever the order of
// arrival: what cameras saw, and what sensors read. Neither says anything about the types of the other. Types
// that depend on neither (silence, the books) follow the cloud's clock.
type part struct {
	number int
	table  string // of a device's last inputs and its checkpoints
	column string // of the fact, as JSON
	noun   string
	about  func(Type) bool       // the types that are judged by it
	head   func(*State) *Mark    // the newest input
	take   func(to, from *State) // copies everything that the part decides, except the trackers
	fact   func(string) (Fact, error)
}

var (
	looks = &part{number: 0, table: "alert_looks", column: "look", noun: "look", about: Type.aboutLooks,
		head: func(s *State) *Mark { return &s.Head },
		take: func(to, from *State) { to.Head, to.Planogram = from.Head, from.Planogram },
		fact: factOf[Look]}
	readings = &part{number: 1, table: "alert_readings", column: "readings", noun: "reading", about: Type.aboutReadings,
		head: func(s *State) *Mark { return &s.Read },
		take: func(to, from *State) {
			to.Read, to.Door, to.Opens, to.Last = from.Read, from.Door, from.Opens, from.clone().Last
		},
		fact: factOf[Readings]}
	parts = [...]*part{looks, readings}
)

func factOf[F Fact](text string) (Fact, error) {
	var f F
	err := json.Unmarshal([]byte(text), &f)
	return f, err
}

// partOf returns a fact's part, or nil if the fact is not ordered by its key.
func partOf(f Fact) *part {
	switch f.(type) {
	case Look:
		return looks
	case Readings:
		return readings
	}
	return nil
}

func textOf(f Fact) ([]byte, error) {
	if l, ok := f.(Look); ok {
		return l.text()
	}
	return json.Marshal(f)
}

// aboutLooks reports whether alerts of this type are judged by pictures.
func (t Type) aboutLooks() bool {
	switch t {
	case PlanogramDrift, CameraBlocked, CameraFogged, CameraShifted, CameraImpaired:
		return true
	}
	return slices.Contains(slotTypes[:], t)
}

// aboutReadings reports whether alerts of this type are judged by what sensors read.
func (t Type) aboutReadings() bool {
	switch t {
	case DoorBusy, ColdChain, CoolerMoved:
		return true
	}
	return slices.Contains(lastingTypes[:], t)
}

// only returns the part of a state that the part decides: what must be known to continue from there.
func (p *part) only(s State) State { return p.of(s, State{}) }

// of returns s as far as the part decides it, and everything else as it is in now.
func (p *part) of(s, now State) State {
	out := now.clone()
	p.take(&out, &s)
	for id := range out.Trackers {
		if p.about(typeOf(id)) {
			delete(out.Trackers, id)
		}
	}
	for id, t := range s.Trackers {
		if p.about(typeOf(id)) {
			out.Trackers[id] = t
		}
	}
	return out
}

// newest returns the key of the newest input of either part.
func (s *State) newest() Key {
	if s.Read.Compare(s.Head.Key) > 0 {
		return s.Read.Key
	}
	return s.Head.Key
}

// after reports whether an input comes after all others of its part.
func (p *part) after(s *State, k Key) bool {
	head := p.head(s)
	return head.IsZero() || k.Compare(head.Key) > 0
}

// decode decodes an input's fact as it is stored.
func (p *part) decode(k Key, text string) (Fact, error) {
	f, err := p.fact(text)
	if err != nil {
		return nil, fmt.Errorf("stored %s %d.%d: %w", p.noun, k.Boot, k.Seq, err)
	}
	return f, nil
}

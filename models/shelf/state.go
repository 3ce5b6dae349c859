package shelf

import "fmt"

// State is what a slot is judged to be.
type State uint8

// Slot states. A slot that could not be judged is Unknown and carries a Reason.
const (
	Unknown   State = iota
	OK              // the due product stands there in the due number of facings
	Low             // it stands there, but a facing is missing or a lane is nearly sold out
	Empty           // seen, and nothing stands there
	Misplaced       // a product of this planogram stands there that is due elsewhere
	Foreign         // a competitor's product, or one of no planogram, stands there
)

var stateNames = [...]string{"unknown", "ok", "low", "empty", "misplaced", "foreign"}

func (s State) String() string { return nameOf(stateNames[:], int(s)) }

// MarshalText writes the lower-case name.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the lower-case name.
func (s *State) UnmarshalText(text []byte) error {
	i, err := indexOf("slot state", stateNames[:], string(text))
	*s = State(i)
	return err
}

// Reason says why a slot, a part of a picture or a whole picture could not be judged.
type Reason uint8

// Reasons for Unknown, in the order of a picture's way: camera, lens, light, scene, judgement.
const (
	NoReason     Reason = iota
	Frozen              // the camera gives the same picture again and again
	Shifted             // the camera looks elsewhere than when it was set up
	Fog                 // the lens or the glass is fogged
	Glare               // a reflection hides what is behind it
	Dark                // too little light
	Overexposed         // too much light
	Blurred             // out of focus or moved
	Blocked             // a hand, a person or a thing stands before the shelf
	OutOfView           // not in the picture
	Unrecognised        // something stands there that is near to no enrolled reference
	Uncertain           // the pictures do not agree, or the detector is not sure
	Hidden              // nothing is seen, but a pack could stand unseen behind others or behind a board
)

var reasonNames = [...]string{"", "frozen", "shifted", "fog", "glare", "dark", "overexposed", "blurred", "blocked", "out_of_view", "unrecognised", "uncertain", "hidden"}

func (r Reason) String() string { return nameOf(reasonNames[:], int(r)) }

// MarshalText writes the lower-case name, nothing for NoReason.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (r *Reason) UnmarshalText(text []byte) error {
	i, err := indexOf("reason", reasonNames[:], string(text))
	*r = Reason(i)
	return err
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("undefined(%d)", i)
}

func indexOf(what string, names []string, name string) (int, error) {
	for i, n := range names {
		if n == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("unknown %s %q", what, name)
}

package footfall

import "github.com/coldshelf/coldshelf/vision"

// personScore is the score of Watch.Person from which a person was seen.
const personScore = 0.4

// Watch looks at frames and counts the people in them. It must be used by one goroutine at a time.
type Watch struct {
	Segment func(vision.Frame) (Mask, error)         // returns what moves
	Person  func(vision.Frame, Box) (float64, error) // returns how certainly a person stands in the box; nil: motion alone decides
	Hold    func(vision.Frame, []Box) error          // is told where people stand who are not part of the room; nil: Segment does not need it
	Find    func(vision.Frame) ([]Found, error)      // finds people by itself, instead of Segment and Person; nil: what moves is followed
	Counter *Counter
}

// Look takes the next frame; see Counter.Step.
func (w *Watch) Look(frame int, f vision.Frame) (Events, error) {
	if w.Find != nil {
		found, err := w.Find(f)
		if err != nil {
			return Events{}, err
		}
		return w.Counter.StepFound(frame, found), nil
	}
	mask, err := w.Segment(f)
	if err != nil {
		return Events{}, err
	}
	if w.Person == nil {
		return w.Counter.Step(frame, mask, nil), nil
	}
	var fault error
	events := w.Counter.Step(frame, mask, func(b Box) bool {
		score, err := w.Person(f, b)
		if err != nil {
			fault = err
		}
		return score >= personScore
	})
	if fault == nil && w.Hold != nil {
		fault = w.Hold(f, w.Counter.Standing())
	}
	return events, fault
}

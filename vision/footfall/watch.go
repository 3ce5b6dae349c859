package footfall

import "github.com/coldshelf/coldshelf/vision"

// personScore is from which score of Watch.Person on a person was seen.
const personScore = 0.4

// Watch looks at frames and counts. It belongs to one goroutine.
type Watch struct {
	Segment func(vision.Frame) (Mask, error)         // says what moves
	Person  func(vision.Frame, Box) (float64, error) // how sure a person stands in the box; nil: motion decides alone
	Hold    func(vision.Frame, []Box) error          // takes where people stand who are no part of the room; nil: Segment needs it not
	Find    func(vision.Frame) ([]Found, error)      // finds people by itself, in place of both; nil: motion is followed
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

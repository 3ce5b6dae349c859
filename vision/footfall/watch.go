package footfall

import "github.com/coldshelf/coldshelf/vision"

// personScore is from which score of Watch.Person on a person was seen.
const personScore = 0.4

// Watch looks at frames and counts. It belongs to one goroutine.
type Watch struct {
	Segment func(vision.Frame) (Mask, error)         // says what moves
	Person  func(vision.Frame, Box) (float64, error) // how sure a person stands in the box; nil: motion decides alone
	Counter *Counter
}

// Look takes the next frame; see Counter.Step.
func (w *Watch) Look(frame int, f vision.Frame) (Events, error) {
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
	return events, fault
}

package footfall

// Found is a person whom a detector found in a frame by itself.
type Found struct {
	Box
	Score float64 // 0 to 1; the scores of two detectors cannot be compared
	// Sure says that this is certainly a person. A less certain one continues a track but does not begin one:
	// the detector sees people poorly now and then, but a person does not appear out of a poor detection.
	Sure bool
}

// StepFound is Step for a detector that finds the people in a frame by itself, so that no mask is needed.
// Tracking, lines and zones work the same. A Counter must be given frames in only one of the two ways.
func (c *Counter) StepFound(frame int, found []Found) Events {
	var people []*person
	for _, f := range found {
		if f.Check() == nil {
			people = append(people, &person{Box: f.Box, weak: !f.Sure, known: f.Sure})
		}
	}
	return c.step(frame, people, nil)
}

// Overlap returns the intersection over union of two boxes.
func (b Box) Overlap(o Box) float64 {
	both := b.common(o)
	return both / (b.W*b.H + o.W*o.H - both)
}

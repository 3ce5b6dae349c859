package footfall

// Found is a person whom a detector found in a frame by itself.
type Found struct {
	Box
	Score float64 // 0 to 1; scores of two detectors do not compare
	// Sure: this is a person. Who was found less surely goes on with a track and begins none: people are seen poorly now
	// and then, but do not come out of a poor sight of nobody.
	Sure bool
}

// StepFound takes the next frame from a detector that has found the people in it, where Step takes it from what
// moves; the following, the lines and the zones are the same. A Counter takes one kind alone.
func (c *Counter) StepFound(frame int, found []Found) Events {
	var people []*person
	for _, f := range found {
		if f.Check() == nil {
			people = append(people, &person{Box: f.Box, weak: !f.Sure, known: f.Sure})
		}
	}
	return c.step(frame, people, nil)
}

// Overlap is the area that two boxes have in common, of what both cover.
func (b Box) Overlap(o Box) float64 {
	both := b.common(o)
	return both / (b.W*b.H + o.W*o.H - both)
}

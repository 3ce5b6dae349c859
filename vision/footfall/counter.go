package footfall

import (
	"errors"
	"fmt"
)

const (
	// leastMoved is how far a person must have walked, in shares of their height, to be counted: what waves or
	// flickers in one place is nobody.
	leastMoved = 0.3
	// walkedFar is the same for what no detector calls a person, which must also have been whole in the picture
	// for wholeFor frames: an arm reaches in from the edge, a person walks through.
	walkedFar, wholeFor = 1.0, 6
	// A track is a person once a detector has said so so often. It is asked every askEvery frames, of at most mostAsked
	// tracks a frame, and gives a track up after givenUp times.
	namedBy, askEvery, mostAsked, givenUp = 2, 2, 3, 40
	// seldom is the share of walkers up to which a detector counts as blind in this view (from above it knows nobody):
	// then what walks is counted without it.
	seldom = 0.3
)

// Counter follows the people before one camera. Make a new one for another camera or other lines. It belongs to
// one goroutine.
type Counter struct {
	picture Box
	lines   []Line
	zones   []Zone
	sizes   sizes
	tracks  []*track
	people  int // tracks begun
	frame   int
	walkers int // tracks that walked as people do
	named   int // of these the detector called persons
	events  Events
}

// Events is what became certain in a frame. Crossings may be of earlier frames: somebody is told when they are
// known for a person.
type Events struct {
	Crossings []Crossing
	Visits    []Visit
	Passings  []Passing
}

// Passing is a person who was in view and left without having crossed the line.
type Passing struct {
	Line   string
	Person int
	Frame  int // the last in which they were seen
}

// NewCounter counts at lines and in zones of a picture of w×h pixels.
func NewCounter(w, h int, lines []Line, zones []Zone) (*Counter, error) {
	if w <= 0 || h <= 0 {
		return nil, fmt.Errorf("picture of %d×%d pixels", w, h)
	}
	var faults []error
	for _, l := range lines {
		if l.A == l.B {
			faults = append(faults, fmt.Errorf("line %q begins where it ends", l.Name))
		}
	}
	for _, z := range zones {
		if len(z.Corners) < 3 {
			faults = append(faults, fmt.Errorf("zone %q has %d corners, needs three", z.Name, len(z.Corners)))
		}
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return &Counter{picture: Box{W: float64(w), H: float64(h)}, lines: lines, zones: zones, frame: -1}, nil
}

// Step takes the next frame: what moves in it, and a detector of persons that can be asked about a box, nil where
// there is none. Frames must come at Pace; frame is the number that events are told with and must rise.
func (c *Counter) Step(frame int, m Mask, isPerson func(Box) bool) Events {
	c.frame = frame
	c.assign(c.find((&m).blobs()))
	asked := 0
	for _, t := range c.tracks {
		if t.missed > 0 || !t.sure() {
			continue
		}
		for i, l := range c.lines {
			if dir, at, ok := t.gates[i].step(l, t.box.Foot(), t.box.H, c.frame); ok {
				t.crossings = append(t.crossings, Crossing{l.Name, t.id, at, dir})
			}
		}
		c.visit(t)
		if isPerson != nil && asked < mostAsked && c.unknown(t) {
			asked++
			c.ask(t, isPerson)
		}
		c.judge(t)
		c.tell(t)
	}
	out := c.events
	c.events = Events{}
	return out
}

// unknown: it is time to ask what the track is.
func (c *Counter) unknown(t *track) bool {
	return !t.named && t.moved >= leastMoved && t.asked < givenUp && t.seen >= t.next
}

func (c *Counter) ask(t *track, isPerson func(Box) bool) {
	t.asked++
	t.next = t.seen + askEvery
	if !isPerson(t.last) {
		return
	}
	if t.known++; t.known >= namedBy {
		t.named = true
		if t.walked {
			c.named++
		}
	}
}

// judge notes whether a track walked as people do.
func (c *Counter) judge(t *track) {
	if !t.walked && t.moved >= walkedFar && t.whole >= wholeFor {
		t.walked = true
		c.walkers++
		if t.named {
			c.named++
		}
	}
}

// counts: the track is a person's.
func (c *Counter) counts(t *track) bool {
	if t.named {
		return t.moved >= leastMoved
	}
	return t.walked && float64(c.named) <= seldom*float64(c.walkers)
}

// tell gives out what was held back of a person.
func (c *Counter) tell(t *track) {
	if len(t.crossings)+len(t.visits) == 0 || !c.counts(t) {
		return
	}
	c.events.Crossings = append(c.events.Crossings, t.crossings...)
	c.events.Visits = append(c.events.Visits, t.visits...)
	t.crossings, t.visits = nil, nil
}

// leave ends what a track was about.
func (c *Counter) leave(t *track) {
	for i := range t.zones {
		c.end(t, i)
	}
	if !c.counts(t) {
		return
	}
	c.tell(t)
	for i, l := range c.lines {
		if !t.gates[i].crossed {
			c.events.Passings = append(c.events.Passings, Passing{l.Name, t.id, c.frame - t.missed})
		}
	}
}

// People are the boxes of those in view now, for drawing: by the number of the person.
func (c *Counter) People() map[int]Box {
	out := map[int]Box{}
	for _, t := range c.tracks {
		if t.sure() && t.missed == 0 && c.counts(t) {
			out[t.id] = t.box
		}
	}
	return out
}

// Close ends the visits of those who are still in view, and tells who of them passed by.
func (c *Counter) Close() Events {
	for _, t := range c.tracks {
		c.leave(t)
	}
	c.tracks = nil
	out := c.events
	c.events = Events{}
	return out
}

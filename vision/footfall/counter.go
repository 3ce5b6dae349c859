package footfall

import (
	"errors"
	"fmt"
)

const (
	// leastMoved is how far a person must have walked, in shares of their height, and in how many frames, to
	// be counted: what waves or flickers in one place is nobody, nor is a change of light that jumps.
	leastMoved, leastStrides = 0.3, 5
	// Who was called a person and has stood for so many frames is asked about every standingAsked frames, and believed to
	// stand there for believed frames after each yes. See Standing.
	standingFrom, standingAsked, believed = 15 * Pace, 2 * Pace, 30 * Pace
	// walkedFar is the same for what no detector calls a person, and it must come so far from where it began, in shares of
	// the picture's shorter side. It must also have come in by one edge of the picture and left by another, or have walked on
	// in so many frames in which no edge cut it: an arm hangs on the edge, a bottle is put down, people walk.
	walkedFar, throughFar, freeStrides = 0.6, 0.5, Pace
	// leastIn is the share of a person that must be above the picture's lower edge for them to cross a line.
	leastIn = 0.5
	// hangingTall is the share of the picture's height from which nobody comes in by its upper edge.
	hangingTall = 0.4
	// A track is a person once a detector has said so so often, and in such a share of its answers. It is asked every askEvery frames, of at most mostAsked
	// tracks a frame, and gives a track up after givenUp times.
	namedBy, namedShare, askEvery, mostAsked, givenUp = 3, 0.3, 2, 3, 60
	// Two tracks that cross a line the same way within so many frames, and share so much of the smaller box, are one
	// person; so many crossings of a line are remembered for that.
	twinSteps, twinShare, mostRecent = 6, 0.5, 8
	// Where no detector knows anybody, what hangs together and is longer along its way than across it is one person with
	// a trolley, if its parts cross within so many frames.
	trolleySteps, twoAtMost = 15, 2.6
	// seldom is the share of walkers up to which a detector counts as blind in this view (from above it knows nobody):
	// then what walked through is counted without it.
	seldom = 0.5
)

// Counter follows the people before one camera. Make a new one for another camera or other lines. It belongs to
// one goroutine.
type Counter struct {
	picture Box
	lines   []Line
	zones   []Zone
	sizes   sizes
	bodies  bodies
	tracks  []*track
	people  int // tracks begun
	frame   int
	through int // tracks that walked through and that no detector named
	named   int // tracks that the detector named
	steps   int
	recent  [][]passed // by line
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
	Frame  int // in which they were given up
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
	return &Counter{picture: Box{W: float64(w), H: float64(h)}, lines: lines, zones: zones, frame: -1, recent: make([][]passed, len(lines))}, nil
}

// Step takes the next frame: what moves in it, and a detector of persons that can be asked about a box, nil where
// there is none. Frames must come at Pace; frame is the number that events are told with and must rise.
func (c *Counter) Step(frame int, m Mask, isPerson func(Box) bool) Events {
	return c.step(frame, c.find((&m).blobs()), isPerson)
}

// step follows the people of a frame, and tells what became certain.
func (c *Counter) step(frame int, found []*person, isPerson func(Box) bool) Events {
	c.frame = frame
	c.steps++
	c.assign(found)
	asked := 0
	for _, t := range c.tracks {
		if t.missed > 0 || !t.sure() {
			continue
		}
		c.cross(t)
		c.visit(t)
		if isPerson != nil && asked < mostAsked && (c.unknown(t) || t.stands() && t.seen >= t.next) {
			asked++
			c.ask(t, isPerson)
		}
		c.tell(t)
	}
	out := c.events
	c.events = Events{}
	return out
}

// cross notes the lines that a track has crossed.
func (c *Counter) cross(t *track) {
	if c.hardlyIn(t) {
		return
	}
	for i, l := range c.lines {
		if dir, at, ok := t.gates[i].step(l, t.box.Foot(), t.box.H, c.frame); ok && !c.twin(i, dir, t) {
			x := Crossing{l.Name, t.id, at, dir}
			t.crossings = append(t.crossings, x)
			t.past = append(t.past, pastCrossing{Crossing: x, mass: t.mass})
		}
	}
}

// hardlyIn: the picture's lower edge hides most of the person. Where their feet are is not known.
func (c *Counter) hardlyIn(t *track) bool {
	return c.edges(t.last)&bottom != 0 && t.last.H < leastIn*c.sizes.below(t.last.Y)
}

// passed is a crossing that was just seen.
type passed struct {
	dir  Dir
	step int
	by   *track
}

// twin reports that the same person has just crossed the line as another track: two that cross it the same way at the
// same time, and are in one place, are one, whom motion shows in parts.
func (c *Counter) twin(line int, dir Dir, t *track) bool {
	for _, p := range c.recent[line] {
		least := min(p.by.box.W*p.by.box.H, t.box.W*t.box.H)
		if p.dir == dir && p.by != t && c.steps-p.step <= trolleySteps && p.by.in == t.in && c.trolley(t) {
			return true
		}
		if p.dir == dir && p.by != t && c.steps-p.step <= twinSteps && p.by.box.common(t.box) >= twinShare*least && c.mass(t.in) < leastPair {
			return true
		}
	}
	c.recent[line] = append(c.recent[line], passed{dir, c.steps, t})
	c.recent[line] = c.recent[line][max(0, len(c.recent[line])-mostRecent):]
	return false
}

// trolley: the track's blob is one person with what they push, as far as a view without a detector can tell.
func (c *Counter) trolley(t *track) bool {
	return t.in != nil && c.blind() && c.mass(t.in) < twoAtMost && t.pushes(t.in)
}

// unknown: it is time to ask what the track is.
func (c *Counter) unknown(t *track) bool {
	return !t.named && t.moved >= leastMoved && t.asked < givenUp && t.seen >= t.next
}

func (c *Counter) ask(t *track, isPerson func(Box) bool) {
	t.asked++
	t.next = t.seen + askEvery
	if t.stands() {
		t.next = t.seen + standingAsked
	}
	if isPerson(t.last) {
		c.name(t)
		t.held = c.steps + believed
	}
}

// stands: the track is a person's who has not moved for a while.
func (t *track) stands() bool { return t.named && t.still >= standingFrom }

// Standing are the boxes of people who stand still, for as long as a detector calls what is there a person: whoever
// segments what moves must not take them for the room. What no detector knows is not among them, so that a trolley that
// was left becomes the room.
func (c *Counter) Standing() (list []Box) {
	for _, t := range c.tracks {
		if t.stands() && t.missed == 0 && c.steps <= t.held {
			list = append(list, t.last)
		}
	}
	return list
}

// name notes that a detector has called the track a person.
func (c *Counter) name(t *track) {
	if t.known++; t.named {
		return
	}
	if t.known >= namedBy && float64(t.known) >= namedShare*float64(t.asked) {
		t.named = true
		c.named++
	}
}

// counts: the track is a person's.
func (c *Counter) counts(t *track) bool {
	if t.moved < leastMoved || t.strides < leastStrides || c.hangs(t) {
		return false
	}
	if t.named || !t.through {
		return t.named
	}
	return c.blind() || !c.sizes.sure() || c.sizes.usual(t.last)
}

// blind: the detector knows few of those who walk here.
func (c *Counter) blind() bool { return float64(c.named) <= seldom*float64(c.named+c.through) }

// hangs: the track came in by the upper edge and is too tall for somebody that far away. It is an arm, or what an arm
// holds.
func (c *Counter) hangs(t *track) bool {
	return t.entry&top != 0 && t.entry&bottom == 0 && t.box.H > hangingTall*c.picture.H
}

// walkedThrough: the track is gone, and moved as only people do.
func (c *Counter) walkedThrough(t *track) bool {
	if t.moved < walkedFar || t.far < throughFar*min(c.picture.W, c.picture.H) {
		return false
	}
	return t.entry != 0 && c.edges(t.last)&^t.entry != 0 || t.free >= freeStrides
}

// tell gives out what was held back of a person.
func (c *Counter) tell(t *track) {
	if len(t.crossings)+len(t.visits) == 0 && t.from == nil || !c.counts(t) {
		return
	}
	c.inherit(t)
	c.events.Crossings = append(c.events.Crossings, t.crossings...)
	c.events.Visits = append(c.events.Visits, t.visits...)
	t.crossings, t.visits = nil, nil
}

// leave ends what a track was about.
func (c *Counter) leave(t *track) {
	for i := range t.zones {
		c.end(t, i)
	}
	if !t.named && c.walkedThrough(t) {
		t.through = true
		c.through++
		c.bodies.learn(t)
	}
	if !c.counts(t) {
		return
	}
	c.tell(t)
	for i, l := range c.lines {
		if !t.gates[i].crossed {
			c.events.Passings = append(c.events.Passings, Passing{l.Name, t.id, c.frame})
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

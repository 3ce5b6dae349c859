package footfall

import (
	"errors"
	"fmt"
)

const (
	// leastMoved is how far a person must have walked, in multiples of their height, and leastStrides in how
	// many frames, to be counted. What waves or flickers in one place is nobody, and neither is a change of
	// light that jumps.
	leastMoved, leastStrides = 0.3, 5
	// A track that was called a person and has stood for standingFrom frames is shown to the detector every
	// standingAsked frames, and after each yes is taken to stand there for another believed frames. See
	// Standing.
	standingFrom, standingAsked, believed = 15 * Pace, 2 * Pace, 30 * Pace
	// A track that no detector calls a person counts only if it has walked further: walkedFar in multiples of
	// its height, and throughFar from where it began, as a share of the picture's shorter side. It must also
	// have come in by one edge of the picture and left by another, or have taken freeStrides strides while no
	// edge cut it. (An arm hangs on the edge and a bottle is put down, but people walk.)
	walkedFar, throughFar, freeStrides = 0.6, 0.5, Pace
	// leastIn is the share of a person that must be above the picture's lower edge for them to cross a line.
	leastIn = 0.5
	// hangingTall is the share of the picture's height above which whatever comes in by the upper edge is no
	// person.
	hangingTall = 0.4
	// A track is a person once the detector has said so namedBy times, and in namedShare of its answers. The
	// detector is asked about a track every askEvery frames, up to givenUp times, and about mostAsked tracks in
	// one frame.
	namedBy, namedShare, askEvery, mostAsked, givenUp = 3, 0.3, 2, 3, 60
	// Two tracks that cross a line the same way within twinSteps frames, and overlap by twinShare of the
	// smaller box, are one person. The last mostRecent crossings of each line are remembered for this.
	twinSteps, twinShare, mostRecent = 6, 0.5, 8
	// If the detector is blind in this view, a blob of at most twoAtMost people that is longer along its way
	// than across it is taken to be one person with a trolley, if its parts cross the line within trolleySteps
	// frames of each other.
	trolleySteps, twoAtMost = 15, 2.6
	// If the detector recognises at most this share of the walkers, it counts as blind in this view (seen from
	// above, it recognises nobody), and whoever walks through is counted without it.
	seldom = 0.5
)

// Counter follows the people in front of one camera. Make a new one for another camera or for other lines. It
// must be used by one goroutine at a time.
type Counter struct {
	picture Box
	lines   []Line
	zones   []Zone
	sizes   sizes
	bodies  bodies
	tracks  []*track
	people  int // number of tracks begun
	frame   int
	through int // tracks that walked through without being recognised by the detector
	named   int // tracks that the detector recognised as people
	steps   int
	recent  [][]passed // by line
	events  Events
}

// Events is what became certain in one frame. A crossing may belong to an earlier frame, because it is held
// back until the track is known to be a person.
type Events struct {
	Crossings []Crossing
	Visits    []Visit
	Passings  []Passing
}

// Passing is a person who was in view and left without crossing the line.
type Passing struct {
	Line   string
	Person int
	Frame  int // the frame in which they were lost
}

// NewCounter returns a counter for pictures of w×h pixels. The error joins every fault of the lines and zones.
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

// Step takes the next frame: the mask of what moves in it, and a person detector that can be asked about a box,
// or nil if there is none. Frames must come at Pace. frame is the number that events refer to, and must
// increase.
func (c *Counter) Step(frame int, m Mask, isPerson func(Box) bool) Events {
	return c.step(frame, c.find((&m).blobs()), isPerson)
}

// step moves the tracks on by one frame and returns what became certain.
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

// cross records the lines that a track has crossed.
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

// hardlyIn reports whether the picture's lower edge hides so much of the person that the place of the feet is
// unknown.
func (c *Counter) hardlyIn(t *track) bool {
	return c.edges(t.last)&bottom != 0 && t.last.H < leastIn*c.sizes.below(t.last.Y)
}

// passed is a recent crossing.
type passed struct {
	dir  Dir
	step int
	by   *track
}

// twin reports whether another track has just made the same crossing for the same person: motion may show one
// person in several parts, which cross in the same direction, at the same time and place.
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

// trolley reports whether the track's blob is one person with what they push, as far as can be told without a
// detector.
func (c *Counter) trolley(t *track) bool {
	return t.in != nil && c.blind() && c.mass(t.in) < twoAtMost && t.pushes(t.in)
}

// unknown reports whether it is time to ask the detector what the track is.
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

// stands reports whether the track is a person who has not moved for a while.
func (t *track) stands() bool { return t.named && t.still >= standingFrom }

// Standing returns the boxes of people who stand still, as long as the detector confirms that there is a
// person. The motion segmentation must not learn them as part of the room. Things that no detector recognises
// are not included, so that a trolley left standing becomes part of the room.
func (c *Counter) Standing() (list []Box) {
	for _, t := range c.tracks {
		if t.stands() && t.missed == 0 && c.steps <= t.held {
			list = append(list, t.last)
		}
	}
	return list
}

// name records that the detector has called the track a person.
func (c *Counter) name(t *track) {
	if t.known++; t.named {
		return
	}
	if t.known >= namedBy && float64(t.known) >= namedShare*float64(t.asked) {
		t.named = true
		c.named++
	}
}

// counts reports whether the track is known to be a person.
func (c *Counter) counts(t *track) bool {
	if t.moved < leastMoved || t.strides < leastStrides || c.hangs(t) {
		return false
	}
	if t.named || !t.through {
		return t.named
	}
	return c.blind() || !c.sizes.sure() || c.sizes.usual(t.last)
}

// blind reports whether the detector recognises only few of the people who walk here.
func (c *Counter) blind() bool { return float64(c.named) <= seldom*float64(c.named+c.through) }

// hangs reports whether the track came in by the upper edge and is too tall for a person that far away: it is
// an arm, or what an arm holds.
func (c *Counter) hangs(t *track) bool {
	return t.entry&top != 0 && t.entry&bottom == 0 && t.box.H > hangingTall*c.picture.H
}

// walkedThrough reports whether a track that has ended moved as only people do.
func (c *Counter) walkedThrough(t *track) bool {
	if t.moved < walkedFar || t.far < throughFar*min(c.picture.W, c.picture.H) {
		return false
	}
	return t.entry != 0 && c.edges(t.last)&^t.entry != 0 || t.free >= freeStrides
}

// tell releases the events that were held back until the track was known to be a person.
func (c *Counter) tell(t *track) {
	if len(t.crossings)+len(t.visits) == 0 && t.from == nil || !c.counts(t) {
		return
	}
	c.inherit(t)
	c.events.Crossings = append(c.events.Crossings, t.crossings...)
	c.events.Visits = append(c.events.Visits, t.visits...)
	t.crossings, t.visits = nil, nil
}

// leave ends a track: it closes its visits, learns from it, and reports the lines that it did not cross.
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

// People returns the boxes of the people in view now, by the number of the person, for drawing.
func (c *Counter) People() map[int]Box {
	out := map[int]Box{}
	for _, t := range c.tracks {
		if t.sure() && t.missed == 0 && c.counts(t) {
			out[t.id] = t.box
		}
	}
	return out
}

// Close ends all tracks, and returns the visits and passings of the people who are still in view.
func (c *Counter) Close() Events {
	for _, t := range c.tracks {
		c.leave(t)
	}
	c.tracks = nil
	out := c.events
	c.events = Events{}
	return out
}

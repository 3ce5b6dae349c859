package footfall

import (
	"math"
	"sort"
)

const (
	// confirmed is how many frames must show a track for it to be followed through gaps.
	confirmed = 4
	// patience is how many frames a person may be hidden, and tentative how many before they are confirmed.
	patience, tentative = 15, 2
	// reach is how far from where they are expected people are looked for, in shares of their height.
	reach = 0.5
	// otherSize is what a person twice as tall as expected costs, in the same measure.
	otherSize = 0.3
	// A track of fewer frames than senior yields to older ones: of a person whom a pillar cuts in two, the part that
	// was there before goes on.
	senior = 12
	// learnFrom is how far a person must have walked, in shares of their height, for the view's sizes to be learnt from them.
	learnFrom = 0.5
	// Shares of what is new in a place and in a speed that are believed.
	believePlace, believeSpeed, believeSize, believeSmaller = 0.6, 0.25, 0.2, 0.08
	// A stride is a frame in which somebody goes on by such a share of their height; who jumps by more is another.
	slowest, jump = 0.01, 0.25
	// oneSpot is how far somebody who stands sways, in shares of their height.
	oneSpot = 0.3
	// lostPart is the share of a box's height or width that it does not lose or win by walking, hiddenPart the share of
	// the width below which somebody is nearly hidden.
	lostPart, hiddenPart = 0.15, 0.7
)

// track is one person from frame to frame.
type track struct {
	id      int
	box     Box // smoothed
	last    Box // as it was found last
	vx, vy  float64
	seen    int  // frames
	asked   int  // how often a detector was asked whether this is a person
	known   int  // how often it said yes
	next    int  // frame from which on it is asked again
	entry   edge // edges of the picture that cut the box when the track began
	missed  int  // in a row
	begun   Point
	moved   float64 // farthest from where they began, in shares of their height
	strides int     // frames in which they walked on
	stood   Point   // where they are, or stood last
	still   int     // frames for which they have stood there
	held    int     // step up to which they are believed to stand there, because a detector said so
	free    int     // of the strides, such in which no edge of the picture cut them
	far     float64 // farthest from where they began, in pixels
	area    float64 // mean of what moves of them where nobody else is in it, in pixels
	wholes  int     // frames that area is the mean of
	through bool    // went through the picture, from one edge to another
	named   bool    // as a person, by the detector
	gates   []gate
	zones   []stay
	mass    float64 // how many people the blob is large enough for that shows this track alone, smoothed; 0: not known
	first   int     // frame in which it began
	in      *blob   // in which they were found last
	from    *track  // beside whom the track began in the midst of the picture; nil: came by itself
	past    []pastCrossing
	// What was noticed of the track is held back until it is known for a person.
	crossings []Crossing
	visits    []Visit
}

// ahead is where the person is expected in the next frame.
func (t *track) ahead() Box {
	return Box{t.box.X + t.vx, t.box.Y + t.vy, t.box.W, t.box.H}
}

// follow takes where the person was found, and tells whether they walked on.
func (t *track) follow(b Box) (strode bool) {
	a := t.ahead()
	t.last = b
	dx, dy := b.X+b.W/2-a.X-a.W/2, b.bottom()-a.bottom()
	// Where the box has lost or won much at one end, that end lies: somebody goes behind a pillar, or stands with their
	// feet in a shadow.
	if math.Abs(b.H-a.H) > lostPart*a.H {
		dy = nearer(dy, b.Y-a.Y)
	}
	if math.Abs(b.W-a.W) > lostPart*a.W {
		dx = nearer(dx, nearer(b.X-a.X, b.right()-a.right()))
	}
	if b.W > hiddenPart*a.W { // of who is hardly seen nothing tells the speed
		t.vx += believeSpeed * dx
		t.vy += believeSpeed * dy
	}
	w, h := a.W+believe(b.W-a.W), a.H+believe(b.H-a.H)
	x, y := a.X+a.W/2+believePlace*dx, a.bottom()+believePlace*dy
	t.box = Box{x - w/2, y - h, w, h}
	t.seen, t.missed = t.seen+1, 0
	if v := math.Hypot(t.vx, t.vy); v >= slowest*t.box.H && math.Abs(dx) < jump*t.box.H {
		t.strides++
		strode = true
	}
	f := t.box.Foot()
	if t.still++; math.Hypot(f.X-t.stood.X, f.Y-t.stood.Y) > oneSpot*t.box.H {
		t.stood, t.still = f, 0
	}
	way := math.Hypot(f.X-t.begun.X, f.Y-t.begun.Y)
	t.moved, t.far = math.Max(t.moved, way/t.box.H), math.Max(t.far, way)
	return strode
}

// nearer is the lesser of two ways.
func nearer(a, b float64) float64 {
	if math.Abs(b) < math.Abs(a) {
		return b
	}
	return a
}

// believe is how much of a change of size is believed: people grow by coming into view and do not shrink.
func believe(change float64) float64 {
	if change < 0 {
		return believeSmaller * change
	}
	return believeSize * change
}

// coast goes on without having been found.
func (t *track) coast() {
	t.box = t.ahead()
	t.vx, t.vy = t.vx*0.95, t.vy*0.95
	t.missed++
}

func (t *track) sure() bool { return t.seen >= confirmed }

// cost is how ill a person fits a track, in shares of the track's height; ok is false beyond reach.
func (t *track) cost(p *person) (d float64, ok bool) {
	a := t.ahead()
	f, e := p.Foot(), a.Foot()
	// A person whose feet are hidden is found by their head: the nearer of the two ends tells.
	end := math.Min(math.Abs(f.Y-e.Y), math.Abs(p.Y-a.Y))
	d = math.Hypot(f.X-e.X, end) / math.Max(a.H, 1)
	if d > reach*(1+0.1*float64(t.missed)) {
		return 0, false
	}
	d += otherSize * math.Abs(math.Log2(math.Max(p.H, 1)/math.Max(a.H, 1)))
	if t.seen < senior {
		d += reach
	}
	return d, true
}

// assign gives each track the person nearest to where it is expected, nearest pairs first, known people before
// new ones. Who is left over begins a track.
func (c *Counter) assign(found []*person) {
	type pair struct {
		t    *track
		p    *person
		cost float64
	}
	var pairs []pair
	for _, t := range c.tracks {
		for _, p := range found {
			if d, ok := t.cost(p); ok {
				pairs = append(pairs, pair{t, p, d})
			}
		}
	}
	sort.SliceStable(pairs, func(a, b int) bool { return pairs[a].cost < pairs[b].cost })
	got := map[*track]bool{}
	for _, q := range pairs {
		if got[q.t] || q.p.taken {
			continue
		}
		got[q.t], q.p.taken = true, true
		if q.t.follow(q.p.Box) && c.edges(q.p.Box) == 0 {
			q.t.free++
		}
		q.t.in = q.p.in
		if q.p.known {
			c.name(q.t)
		}
		c.learn(q.t, q.p)
	}
	keep := c.tracks[:0]
	for _, t := range c.tracks {
		if !got[t] {
			t.coast()
		}
		if t.missed <= patience && (t.sure() || t.missed <= tentative) {
			keep = append(keep, t)
		} else {
			c.leave(t)
		}
	}
	c.tracks = keep
	for _, p := range found {
		if !p.taken && !p.weak {
			c.people++
			t := &track{id: c.people, first: c.frame, from: c.beside(p), box: p.Box, last: p.Box, seen: 1, begun: p.Foot(), gates: make([]gate, len(c.lines)), zones: make([]stay, len(c.zones))}
			c.tracks = append(c.tracks, t)
			c.learn(t, p)
		}
	}
}

// learn notes what a sight of a person tells beyond their place.
func (c *Counter) learn(t *track, p *person) {
	if t.seen <= entering {
		t.entry |= c.edges(p.Box)
	}
	if p.whole == nil || !t.sure() {
		return
	}
	if t.moved >= learnFrom {
		c.sizes.learn(p.whole, c.picture)
	}
	if mass := c.mass(p.whole); t.mass == 0 {
		t.mass = mass
	} else {
		t.mass += believeMass * (mass - t.mass)
	}
	if c.edges(p.Box) == 0 {
		t.wholes++
		t.area += (p.whole.area() - t.area) / float64(t.wholes)
	}
}

// edge is a set of the picture's edges.
type edge uint8

const (
	left edge = 1 << iota
	top
	right
	bottom
)

// entering is how many frames of a track tell by which edge it came.
const entering = 3

// rimShare is how near to an edge of the picture, in shares of their height, somebody is about to leave by it.
const rimShare = 0.08

// edges that cut the box, or nearly.
func (c *Counter) edges(b Box) (e edge) {
	rim := rimShare * b.H
	if b.X <= rim {
		e |= left
	}
	if b.Y <= rim {
		e |= top
	}
	if b.right() >= c.picture.W-rim {
		e |= right
	}
	if b.bottom() >= c.picture.H-rim {
		e |= bottom
	}
	return e
}

package footfall

import (
	"math"
	"sort"
)

const (
	// confirmed is the number of frames after which a track is followed through gaps.
	confirmed = 4
	// patience is for how many frames a person may be hidden, and tentative for how many before the track is
	// confirmed.
	patience, tentative = 15, 2
	// reach is how far from their expected place people are looked for, in multiples of their height.
	reach = 0.5
	// otherSize is the cost of a person twice as tall as expected, in the unit of cost.
	otherSize = 0.3
	// A track with fewer frames than senior yields to older ones: if a pillar cuts a person in two, the part
	// that was there before continues the track.
	senior = 12
	// learnFrom is how far a person must have walked, in multiples of their height, before sizes are learnt
	// from them.
	learnFrom = 0.5
	// The weights of a new measurement in the running means of place, speed, growing size and shrinking size.
	believePlace, believeSpeed, believeSize, believeSmaller = 0.6, 0.25, 0.2, 0.08
	// A stride is a frame in which a person moves by at least slowest and less than jump, in multiples of their
	// height. Whoever jumps further is somebody else.
	slowest, jump = 0.01, 0.25
	// oneSpot is how far a person who stands may sway, in multiples of their height.
	oneSpot = 0.3
	// lostPart is the largest share of its height or width by which a box changes through walking. hiddenPart
	// is the share of the width below which a person is nearly hidden.
	lostPart, hiddenPart = 0.15, 0.7
)

// track is one person, followed from frame to frame.
type track struct {
	id      int
	box     Box // smoothed
	last    Box // as found last
	vx, vy  float64
	seen    int  // number of frames in which it was found
	asked   int  // how often the detector was asked about it
	known   int  // how often the detector called it a person
	next    int  // the value of seen from which the detector may be asked again
	entry   edge // edges of the picture that cut the box when the track began
	missed  int  // frames in a row in which it was not found
	begun   Point
	moved   float64 // greatest distance from where it began, in multiples of the height
	strides int     // frames in which the person walked on
	stood   Point   // where the person stands, or stood last
	still   int     // frames since the person arrived there
	held    int     // step up to which the person is taken to stand there, because the detector confirmed it
	free    int     // strides during which no edge of the picture cut the box
	far     float64 // greatest distance from where it began, in pixels
	area    float64 // mean moving area, in square pixels, of blobs that show this person alone and whole
	wholes  int     // number of frames in that mean
	through bool    // walked through the picture as only people do
	named   bool    // the detector recognised it as a person
	gates   []gate
	zones   []stay
	mass    float64 // smoothed mass of blobs that show this track alone; 0: not known
	first   int     // frame in which it began
	in      *blob   // blob in which it was found last
	from    *track  // the track that it split off from in the middle of the picture; nil: it came by itself
	past    []pastCrossing
	// Events are held back until the track is known to be a person.
	crossings []Crossing
	visits    []Visit
}

// ahead returns where the person is expected in the next frame.
func (t *track) ahead() Box {
	return Box{t.box.X + t.vx, t.box.Y + t.vy, t.box.W, t.box.H}
}

// follow takes the box in which the person was found and reports whether they walked on.
func (t *track) follow(b Box) (strode bool) {
	a := t.ahead()
	t.last = b
	dx, dy := b.X+b.W/2-a.X-a.W/2, b.bottom()-a.bottom()
	// If the box has lost or gained much at one end, that end misleads: the person walks behind a pillar, or
	// stands with their feet in a shadow.
	if math.Abs(b.H-a.H) > lostPart*a.H {
		dy = nearer(dy, b.Y-a.Y)
	}
	if math.Abs(b.W-a.W) > lostPart*a.W {
		dx = nearer(dx, nearer(b.X-a.X, b.right()-a.right()))
	}
	if b.W > hiddenPart*a.W { // the speed of a person who is nearly hidden cannot be told
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

// nearer returns whichever of two distances is smaller in magnitude.
func nearer(a, b float64) float64 {
	if math.Abs(b) < math.Abs(a) {
		return b
	}
	return a
}

// believe returns how much of a change of size is believed: people grow by coming into view, and do not shrink.
func believe(change float64) float64 {
	if change < 0 {
		return believeSmaller * change
	}
	return believeSize * change
}

// coast moves the track on by one frame in which the person was not found.
func (t *track) coast() {
	t.box = t.ahead()
	t.vx, t.vy = t.vx*0.95, t.vy*0.95
	t.missed++
}

func (t *track) sure() bool { return t.seen >= confirmed }

// cost returns how badly a person fits the track, in multiples of the track's height; ok is false if the person
// is out of reach.
func (t *track) cost(p *person) (d float64, ok bool) {
	a := t.ahead()
	f, e := p.Foot(), a.Foot()
	// A person whose feet are hidden is found by their head: the nearer of the two ends counts.
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

// assign gives each track the person nearest to its expected place, in order of cost, so that known people are
// served before new ones. Each person who is left over begins a track.
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

// learn takes what a sighting tells about a person besides their place.
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

// edge is a set of edges of the picture.
type edge uint8

const (
	left edge = 1 << iota
	top
	right
	bottom
)

// entering is the number of a track's first frames that tell by which edge it came in.
const entering = 3

// rimShare is how near to an edge, in multiples of their height, a person is about to leave by it.
const rimShare = 0.08

// edges returns the edges of the picture that cut the box or nearly do.
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

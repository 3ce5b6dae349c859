package footfall

import (
	"math"
	"slices"
)

// person is what was found in one frame.
type person struct {
	Box
	whole *blob // the blob, where it is of this person alone
	in    *blob // the blob, whoever else is in it
	taken bool
	weak  bool // may be nobody: goes on with a track and begins none
	known bool // a detector found them, and says that this is a person
}

// sameAs is how near to each other, in shares of their height, two people cannot be in a picture for long.
const sameAs = 0.12

// broader is how much broader than the broadest of known people a blob is that shows more than one of them.
const broader = 1.5

// longer is how much longer than broad a blob is that shows one person with what they push.
const longer = 1.1

func broadest(here []*track) (w float64) {
	for _, t := range here {
		w = math.Max(w, t.box.W)
	}
	return w
}

// find gives the people of a frame, as far as motion tells.
func (c *Counter) find(blobs []*blob) []*person {
	var out []*person
	for _, b := range blobs {
		if b.H < leastTall*c.picture.H {
			continue
		}
		for _, p := range c.inside(b) {
			p.in = b
			out = append(out, p)
		}
	}
	return out
}

// inside cuts a blob into people: as many as its size tells, and at least as many as are known to be there.
func (c *Counter) inside(b *blob) []*person {
	here := c.within(b)
	n := c.count(b, here)
	switch {
	case n == 0 && len(here) == 0:
		return nil
	case n <= 1 && len(here) <= 1:
		return []*person{{Box: b.Box, whole: b}}
	case n <= len(here):
		room := c.room(b)
		if b.W > broader*broadest(here) {
			room = max(room, 2)
		}
		if room == 1 {
			return []*person{{Box: b.Box}} // the others are hidden, or were never there
		}
		return b.apart(lasting(here, room))
	}
	var out []*person
	for _, part := range b.split(n, c.blind() && b.H > b.W) {
		out = append(out, &person{Box: part})
	}
	return out
}

// count says how many people a blob is likely to be; 0: too small for one. Where no detector knows anybody, as from
// above, people have no upright shape, and the area alone tells; but what is longer along its way than across it is one
// with a trolley: who walk together walk side by side.
func (c *Counter) count(b *blob, here []*track) int {
	if n, ok := c.bodies.people(b); ok && c.blind() {
		if len(here) == 1 && (here[0].pushes(b) || c.edges(b.Box) != 0) {
			return 1 // what an edge cuts has no shape yet
		}
		return n
	}
	return c.sizes.people(b)
}

// room is how many people a blob can show.
func (c *Counter) room(b *blob) int {
	if n, ok := c.bodies.people(b); ok && c.blind() {
		return n
	}
	return c.sizes.room(b)
}

// pushes: the blob is longer along the track's way than across it.
func (t *track) pushes(b *blob) bool {
	along, across := b.W, b.H
	if math.Abs(t.vy) > math.Abs(t.vx) {
		along, across = across, along
	}
	return math.Hypot(t.vx, t.vy) >= slowest*t.box.H && along > longer*across
}

// within gives the tracks that are expected inside of a blob, the longest followed first, each at a place of its
// own: what follows the same place twice is one person.
func (c *Counter) within(b *blob) []*track {
	var here []*track
	for _, t := range c.tracks { // in the order in which they began
		m := t.ahead().middle()
		if !t.sure() || len(here) == mostPeople || !b.holds(m, 0.15*t.box.H) {
			continue
		}
		if !slices.ContainsFunc(here, func(o *track) bool {
			p := o.ahead().middle()
			return math.Hypot(p.X-m.X, p.Y-m.Y) < sameAs*math.Max(t.box.H, o.box.H)
		}) {
			here = append(here, t)
		}
	}
	return here
}

// within moves a box into another as far as it must.
func within(a, in Box) Box {
	if a.W < in.W {
		a.X = math.Max(in.X, math.Min(a.X, in.right()-a.W))
	}
	if a.bottom() > in.bottom() {
		a.Y -= a.bottom() - in.bottom()
	}
	return a
}

// lasting are the n tracks that were seen last, the older first.
func lasting(here []*track, n int) []*track {
	slices.SortStableFunc(here, func(a, b *track) int { return a.missed - b.missed })
	return here[:min(n, len(here))]
}

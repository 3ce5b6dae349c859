package footfall

import (
	"math"
	"slices"
)

// person is what was found in one frame.
type person struct {
	Box
	whole *blob // the blob, if it belongs to this person alone
	in    *blob // the blob, whoever else is in it
	taken bool
	weak  bool // perhaps nobody: continues a track but does not begin one
	known bool // a detector found them and is certain
}

// Two people are never nearer to each other than sameAs, in multiples of their height, for long.
const sameAs = 0.12

// A blob that is wider than the widest of the known people in it by this factor shows more than one of them.
const broader = 1.5

// A blob that is longer than wide by this factor shows one person with what they push.
const longer = 1.1

func broadest(here []*track) (w float64) {
	for _, t := range here {
		w = math.Max(w, t.box.W)
	}
	return w
}

// find returns the people in a frame, as far as motion shows them.
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

// inside splits a blob into people: as many as its size suggests, and at least as many as are known to be
// there.
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

// count returns how many people a blob probably shows; 0 if it is too small for one. If the detector is blind,
// as it is from above, people have no upright shape and only the area tells. But a blob that is longer along
// its way than across it is one person with a trolley, because people who walk together walk side by side.
func (c *Counter) count(b *blob, here []*track) int {
	if n, ok := c.bodies.people(b); ok && c.blind() {
		if len(here) == 1 && (here[0].pushes(b) || c.edges(b.Box) != 0) {
			return 1 // a blob that an edge cuts does not show its shape yet
		}
		return n
	}
	return c.sizes.people(b)
}

// room returns how many people a blob can show at most.
func (c *Counter) room(b *blob) int {
	if n, ok := c.bodies.people(b); ok && c.blind() {
		return n
	}
	return c.sizes.room(b)
}

// pushes reports whether the blob is longer along the track's way than across it.
func (t *track) pushes(b *blob) bool {
	along, across := b.W, b.H
	if math.Abs(t.vy) > math.Abs(t.vx) {
		along, across = across, along
	}
	return math.Hypot(t.vx, t.vy) >= slowest*t.box.H && along > longer*across
}

// within returns the tracks that are expected inside a blob, the longest followed first and each at a place of
// its own: two tracks that follow the same place are one person.
func (c *Counter) within(b *blob) []*track {
	var here []*track
	for _, t := range c.tracks { // c.tracks is in the order in which they began
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

// within moves box a into box in, as far as necessary.
func within(a, in Box) Box {
	if a.W < in.W {
		a.X = math.Max(in.X, math.Min(a.X, in.right()-a.W))
	}
	if a.bottom() > in.bottom() {
		a.Y -= a.bottom() - in.bottom()
	}
	return a
}

// lasting returns the n tracks that were seen last; among equals, the older ones come first.
func lasting(here []*track, n int) []*track {
	slices.SortStableFunc(here, func(a, b *track) int { return a.missed - b.missed })
	return here[:min(n, len(here))]
}

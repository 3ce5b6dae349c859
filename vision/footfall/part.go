package footfall

import "math"

const (
	// believeMass is the weight of a new measurement of mass in the running mean.
	believeMass = 0.15
	// leastPair is the mass from which a track may have shown two people.
	leastPair = 1.4
	// besideGap is how near to somebody, in multiples of their width, a track must begin to have split off from
	// them.
	besideGap = 0.5
)

// pastCrossing is a crossing of a track that may have shown two people who walked close together.
type pastCrossing struct {
	Crossing
	mass  float64
	given bool // already given to another track
}

// mass returns for how many people a blob is large enough, with fractions, or 0 while too little has been
// learnt.
func (c *Counter) mass(b *blob) float64 {
	one := c.bodies.one()
	if !c.blind() || one == 0 {
		if !c.sizes.sure() {
			return 0
		}
		usual := c.sizes.height(b.bottom())
		one = math.Max(c.sizes.fill, 0.1) * usual * usual
	}
	return 1 + (b.area()/one-1)/crowdArea
}

// beside returns the track from which a new person has split off, or nil. Nobody appears out of nothing in the
// middle of a picture.
func (c *Counter) beside(p *person) *track {
	if c.edges(p.Box) != 0 {
		return nil
	}
	var best *track
	least := math.Inf(1)
	for _, t := range c.tracks {
		gap := math.Max(t.last.X-p.right(), p.X-t.last.right())
		level := math.Max(t.last.Y-p.bottom(), p.Y-t.last.bottom())
		if !t.sure() || t.missed > 0 || gap > besideGap*t.last.W || level > 0 {
			continue
		}
		if d := math.Abs(t.last.middle().X - p.middle().X); d < least {
			best, least = t, d
		}
	}
	return best
}

// inherit gives a track that is known to be a person the crossings of the track that it split off from, as far
// as they date from when both walked as one: a couple that walks arm in arm turns out to be two people when
// they part.
func (c *Counter) inherit(t *track) {
	if t.from == nil {
		return
	}
	for i := range t.from.past {
		p := &t.from.past[i]
		if p.given || p.mass < leastPair || p.Frame >= t.first {
			continue
		}
		p.given = true
		x := p.Crossing
		x.Person = t.id
		t.crossings = append(t.crossings, x)
		for k, l := range c.lines {
			t.gates[k].crossed = t.gates[k].crossed || l.Name == x.Line
		}
	}
	t.from = nil
}

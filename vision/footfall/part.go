package footfall

import "math"

const (
	// believeMass is the share of a new sight of a mass that is believed.
	believeMass = 0.15
	// leastPair is the mass from which a track may have shown two people.
	leastPair = 1.4
	// besideGap is how far from somebody, in shares of their width, it must be for a track to have come out of them.
	besideGap = 0.5
)

// pastCrossing is a crossing of a track that may have shown two people who went close together.
type pastCrossing struct {
	Crossing
	mass  float64
	given bool // to another track
}

// mass says how many people a blob is large enough for, in fractions; 0 while too little was seen.
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

// beside finds whom a new track has come out of: nobody comes out of nothing in the midst of a picture.
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

// inherit gives a track that is known for a person the crossings of the one that it came out of, from when both went as
// one: a couple that walks arm in arm is two people when they part.
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

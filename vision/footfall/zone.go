package footfall

// Zone is a part of the floor in the picture: a polygon with at least three corners.
type Zone struct {
	Name    string
	Corners []Point
}

// contains uses the even-odd rule.
func (z Zone) contains(p Point) bool {
	inside := false
	for i, a := range z.Corners {
		b := z.Corners[(i+1)%len(z.Corners)]
		if (a.Y > p.Y) != (b.Y > p.Y) && p.X < a.X+(p.Y-a.Y)/(b.Y-a.Y)*(b.X-a.X) {
			inside = !inside
		}
	}
	return inside
}

// Visit is one person's stay in a zone.
type Visit struct {
	Zone   string
	Person int
	From   int // the first frame in the zone
	To     int // the frame after the last one
}

// leastStay is how many frames a person must be in a zone to have been there. A shorter stay is a box that
// trembles at the zone's edge.
const leastStay = 5

type stay struct {
	from, last, frames int
}

// visit records the zones in which a person stands, and ends the visits to those that they have left for good.
func (c *Counter) visit(t *track) {
	for i, z := range c.zones {
		s := &t.zones[i]
		switch {
		case z.contains(t.box.Foot()):
			if s.frames == 0 {
				s.from = c.frame
			}
			s.frames++
			s.last = c.frame
		case s.frames > 0 && c.frame-s.last > patience:
			c.end(t, i)
		}
	}
}

func (c *Counter) end(t *track, zone int) {
	if s := t.zones[zone]; s.frames >= leastStay {
		t.visits = append(t.visits, Visit{c.zones[zone].Name, t.id, s.from, s.last + 1})
	}
	t.zones[zone] = stay{}
}

package synth

import "math"

// Item is one pack in a lane.
type Item struct {
	SKU    *SKU
	Place  int     // places from the front of the lane, 0 at the front
	Yaw    float64 // degrees, positive turns its front to the right
	DX, DY float64 // metres off the middle of its place
	Fallen bool    // lies on its side
	Roll   float64 // of a fallen pack about its own axis, in degrees
	Lean   float64 // direction of a fallen pack's top, in degrees from straight at the viewer
}

// Stock holds the items of every lane of a planogram, the front one first.
type Stock [][]Item

// clone returns a deep copy.
func (s Stock) clone() Stock {
	out := make(Stock, len(s))
	for i := range s {
		out[i] = append([]Item(nil), s[i]...)
	}
	return out
}

// stocking is how a shop fills and neglects its shelves.
type stocking struct {
	r        random
	full     float64 // probability that a lane is full
	empty    float64 // probability that it is empty
	gravity  bool    // packs slide to the front
	wrong    float64 // probability of a misplaced front pack
	foreign  float64 // probability of a foreign front pack
	fallen   float64
	yaw      float64 // usual turn, in degrees
	turned   float64 // probability of any turn at all
	sideways float64 // sideways jitter, as a share of the lane's free width
	others   []*SKU  // foreign packs
}

func (st stocking) jitter(s *SKU, l *Lane, place int) Item {
	r := st.r
	it := Item{SKU: s, Place: place, Yaw: r.bell(st.yaw)}
	if r.chance(st.turned) {
		it.Yaw = r.in(-180, 180)
	}
	if s.shape.box != nil { // boxes stand square
		it.Yaw = r.bell(3)
		if r.chance(st.turned * 0.15) {
			it.Yaw += 180
		}
	}
	free := max(0, l.W-s.Size[0])
	it.DX = r.in(-0.5, 0.5) * free * st.sideways
	it.DY = r.in(-0.5, 0.5) * 0.003
	return it
}

// fill returns stock for every lane.
func (st stocking) fill(p *Planogram) Stock {
	r := st.r
	stock := make(Stock, len(p.Lanes))
	for i := range p.Lanes {
		l := &p.Lanes[i]
		n, missing := l.Capacity, 0
		switch {
		case r.chance(st.full):
		case r.chance(st.empty):
			n = 0
		default:
			missing = r.between(1, l.Capacity)
			n -= missing
			if st.gravity {
				missing = 0
			} else if r.chance(0.3) { // taken from the front, and the rest pulled forward a little
				missing = r.IntN(missing + 1)
			}
		}
		for k := range n {
			stock[i] = append(stock[i], st.jitter(l.Expected, l, missing+k))
		}
		st.disturb(p, l, &stock[i])
	}
	return stock
}

// disturb puts a wrong pack or a fallen one into the lane.
func (st stocking) disturb(p *Planogram, l *Lane, items *[]Item) {
	r := st.r
	fits := func(s *SKU) bool { return s.Size[0] <= l.W+0.003 && s.Size[2] < l.Clear-0.004 }
	swap := func(from []*SKU) {
		for range 8 {
			s := from[r.IntN(len(from))]
			if s == l.Expected || !fits(s) {
				continue
			}
			if len(*items) > 0 {
				if s.Size[1] > l.Expected.Size[1]+0.004 {
					continue
				}
				place := (*items)[0].Place
				(*items)[0] = st.jitter(s, l, place)
			} else {
				*items = []Item{st.jitter(s, l, 0)}
			}
			return
		}
	}
	switch {
	case r.chance(st.wrong) && len(p.Products) > 1:
		swap(p.Products)
	case r.chance(st.foreign) && len(st.others) > 0:
		swap(st.others)
	}
	if len(*items) > 0 && r.chance(st.fallen) && (*items)[0].SKU.shape.box == nil {
		it := &(*items)[0]
		long := it.SKU.Size[2]
		// It lies along the lane and takes as many places as it needs.
		it.Fallen, it.Roll, it.Lean = true, r.in(-180, 180), r.bell(8)
		if r.chance(0.3) {
			it.Lean += 180
		}
		places := int(math.Ceil(long/pitch(it.SKU))) - 1
		keep := (*items)[:1]
		for _, other := range (*items)[1:] {
			if other.Place > it.Place+places {
				keep = append(keep, other)
			}
		}
		*items = keep
		if float64(it.Place)*pitch(it.SKU)+long > p.Depth-p.Front-0.01 {
			it.Fallen = false
		}
	}
}

// place returns where an item of a lane stands in the world.
func (it *Item) place(p *Planogram, l *Lane) placement {
	s := it.SKU
	step := pitch(l.Expected)
	x := l.X + it.DX
	y := p.Front + float64(it.Place)*step + it.DY
	if it.Fallen {
		lean := it.Lean * math.Pi / 180
		dx, dy := math.Sin(lean), -math.Cos(lean)
		r := s.Size[0] / 2
		// The pack's origin is its foot, but the middle of its length stands in the lane.
		mid := vec{X: x, Y: y + s.Size[2]/2, Z: l.Z + r}
		return lying(mid.Sub(vec{X: dx, Y: dy}.Scale(s.Size[2]/2)), dx, dy, it.Roll)
	}
	return standing(vec{X: x, Y: y + s.Size[1]/2, Z: l.Z}, it.Yaw)
}

package synth

import (
	"fmt"
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Lane is one row of packs from the front of a shelf to its back. Lengths are in metres; X is the distance of
// the lane's middle from the cooler's middle, Z the height of the shelf's surface.
type Lane struct {
	ID       string
	SlotID   string
	Row      int // from the top, from 1
	X, W     float64
	Z, Clear float64 // Clear is the free height above the shelf
	Capacity int
	Expected *SKU
}

// Slot is a run of neighbouring lanes meant for one SKU.
type Slot struct {
	ID       string
	Row      int
	Expected *SKU
	Lanes    []int // indices into Planogram.Lanes, left to right
}

// Planogram says which product belongs where in one cooler. Width, depth and height are those of the inside, in
// metres.
type Planogram struct {
	ID, CoolerID         string
	Width, Depth, Height float64
	Front                float64   // y of the front pack's front in a full lane
	ShelfZ               []float64 // from top to bottom
	Lanes                []Lane
	Slots                []Slot
	Products             []*SKU
}

// Holds reports whether the SKU belongs in the planogram at all. One that does not is foreign in it.
func (p *Planogram) Holds(s *SKU) bool {
	for _, q := range p.Products {
		if q == s {
			return true
		}
	}
	return false
}

// Shelf returns the planogram as one of package shelf, with version 1.
func (p *Planogram) Shelf() shelf.Planogram {
	mm := func(m float64) int { return int(math.Round(m * 1000)) }
	out := shelf.Planogram{ID: p.ID, Version: 1, Name: "Cooler " + p.CoolerID, WidthMM: mm(p.Width), DepthMM: mm(p.Depth)}
	for i, z := range p.ShelfZ {
		s := shelf.Shelf{Name: fmt.Sprintf("S%d", i+1), HeightMM: mm(z)}
		for _, slot := range p.Slots {
			if slot.Row != i+1 {
				continue
			}
			first, last := p.Lanes[slot.Lanes[0]], p.Lanes[slot.Lanes[len(slot.Lanes)-1]]
			left, right := mm(first.X-first.W/2+p.Width/2), mm(last.X+last.W/2+p.Width/2)
			capacity := 0
			for _, l := range slot.Lanes {
				capacity += p.Lanes[l].Capacity
			}
			s.Slots = append(s.Slots, shelf.Slot{ID: slot.ID, GTIN: slot.Expected.GTIN, Facings: len(slot.Lanes),
				Capacity: capacity, XMM: left, WidthMM: right - left, PackMM: mm(slot.Expected.Size[2])})
		}
		out.Shelves = append(out.Shelves, s)
	}
	for _, s := range p.Products {
		out.Products = append(out.Products, s.Product())
	}
	return out
}

// pitch returns the depth that one pack takes in a lane, in metres.
func pitch(s *SKU) float64 { return s.Size[1] + 0.004 }

// lanesFor returns how many packs stand one behind another in a lane.
func lanesFor(s *SKU, depth, front float64) int {
	return max(1, int((depth-front-0.02)/pitch(s)))
}

// planner fills shelves with slots.
type planner struct {
	r        random
	pool     []*SKU
	uniform  bool    // all lanes of a row have the same width
	gap      float64 // between packs of neighbouring lanes, in metres
	maxFaces int
}

// plan returns a planogram for a cooler with the given inner size. It has fewer rows if the packs are too tall.
func (pl planner) plan(id string, width, depth, height, front float64, rows int) Planogram {
	r := pl.r
	p := Planogram{ID: "P-" + id, CoolerID: id, Width: width, Depth: depth, Front: front}
	const board, base, top = 0.03, 0.1, 0.05
	type shelfRow struct {
		skus []*SKU
		tall float64
	}
	var chosen []shelfRow
	used := 0.0
	for len(chosen) < rows {
		lead := pl.pool[r.IntN(len(pl.pool))]
		row := shelfRow{tall: lead.Size[2]}
		for _, s := range pl.pool {
			if s.Size[2] <= lead.Size[2]*1.12 && s.Size[2] >= lead.Size[2]*0.62 && s.Size[1] < depth-front {
				row.skus = append(row.skus, s)
				row.tall = max(row.tall, s.Size[2])
			}
		}
		need := row.tall + board + 0.02
		if used+need > height-base-top && len(chosen) > 0 {
			break
		}
		used += need
		chosen = append(chosen, row)
	}
	spare := max(0, (height-base-top-used)/float64(len(chosen)))
	spare = min(spare, 0.12)
	// Mostly, tall packs stand low, as in shops.
	if r.chance(0.7) {
		for i := range chosen {
			for j := i + 1; j < len(chosen); j++ {
				if chosen[j].tall < chosen[i].tall {
					chosen[i], chosen[j] = chosen[j], chosen[i]
				}
			}
		}
	}
	z := base
	zs, clears := make([]float64, len(chosen)), make([]float64, len(chosen))
	for i := len(chosen) - 1; i >= 0; i-- {
		zs[i] = z
		clears[i] = chosen[i].tall + 0.02 + spare*r.in(0.5, 1)
		z += clears[i] + board
	}
	p.Height = z - board + top
	p.ShelfZ = zs
	for i, row := range chosen {
		pl.row(&p, i+1, row.skus, zs[i], clears[i])
	}
	seen := map[*SKU]bool{}
	for _, s := range p.Slots {
		if !seen[s.Expected] {
			seen[s.Expected] = true
			p.Products = append(p.Products, s.Expected)
		}
	}
	return p
}

func (pl planner) row(p *Planogram, row int, skus []*SKU, z, clearance float64) {
	r := pl.r
	const side = 0.016
	usable := p.Width - 2*side
	var order []*SKU // the SKU of each lane
	var widths []float64
	uniform := 0.0
	if pl.uniform {
		for _, s := range skus {
			uniform = max(uniform, s.Size[0])
		}
		uniform += pl.gap
		n := max(1, int(usable/uniform))
		uniform = usable / float64(n)
	}
	var slots []int // number of lanes of each slot
	left := usable
	var last *SKU
	for {
		s := skus[r.IntN(len(skus))]
		for tries := 0; s == last && tries < 6; tries++ {
			s = skus[r.IntN(len(skus))]
		}
		// Look-alikes stand side by side more often than chance would have it.
		if last != nil && r.chance(0.45) {
			for _, o := range skus {
				if o.family == last.family && o != last && r.chance(0.6) {
					s = o
					break
				}
			}
		}
		w := uniform
		if w == 0 {
			w = s.Size[0] + pl.gap
		}
		faces := min(r.between(1, pl.maxFaces), int((left+1e-6)/w))
		if faces == 0 {
			break
		}
		for range faces {
			order = append(order, s)
			widths = append(widths, w)
			left -= w
		}
		slots = append(slots, faces)
		last = s
	}
	if len(order) == 0 {
		return
	}
	stretch := usable / (usable - left)
	if left > 0.2*usable {
		stretch = 1
	}
	x := -usable / 2
	lane := 0
	for k, n := range slots {
		slot := Slot{ID: fmt.Sprintf("S%d-%02d", row, k+1), Row: row, Expected: order[lane]}
		for range n {
			w := widths[lane] * stretch
			s := order[lane]
			slot.Lanes = append(slot.Lanes, len(p.Lanes))
			p.Lanes = append(p.Lanes, Lane{
				ID: fmt.Sprintf("L%d-%02d", row, lane+1), SlotID: slot.ID, Row: row, X: x + w/2, W: w, Z: z, Clear: clearance,
				Capacity: lanesFor(s, p.Depth, p.Front), Expected: s,
			})
			x += w
			lane++
		}
		p.Slots = append(p.Slots, slot)
	}
}

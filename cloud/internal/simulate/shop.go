package simulate

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// lane is one slot's stock.
type lane struct {
	slot  shelf.Slot
	row   int
	packs int
	rate  float64 // packs sold per hour in the shop's busiest hour
	box   shelf.Box
}

// shop is the stock of one cooler, and how it sells.
type shop struct {
	rng     *rand.Rand
	lanes   []lane
	stocked time.Time // when somebody last filled it
}

// The sizes of the simulated pictures and shelves.
const (
	width, height = 1280, 960
	perRow        = 5
)

// Planogram returns the planogram of every simulated cooler with that many slots.
func Planogram(slots int) *shelf.Planogram {
	p := &shelf.Planogram{ID: "simulated", Version: 1, Name: "simulated cooler", WidthMM: 600, DepthMM: 500}
	for i := range slots {
		if i%perRow == 0 {
			p.Shelves = append(p.Shelves, shelf.Shelf{})
		}
		row := &p.Shelves[len(p.Shelves)-1]
		row.Slots = append(row.Slots, shelf.Slot{ID: fmt.Sprintf("%c%d", 'A'+i/perRow, i%perRow+1), GTIN: simulatedGTIN(i), Facings: 2, Capacity: 12, XMM: 120 * (i % perRow), WidthMM: 120})
		p.Products = append(p.Products, shelf.Product{GTIN: simulatedGTIN(i), Name: fmt.Sprintf("Drink %d", i+1), NameZH: fmt.Sprintf("饮料%d", i+1), Brand: "Simulated", Own: i%7 != 6})
	}
	return p
}

// simulatedGTIN uses GS1's prefix 2, which is for use inside a shop and names no real product.
func simulatedGTIN(i int) shelf.GTIN {
	body := fmt.Sprintf("20%010d", i+1)
	return shelf.GTIN(body + string(shelf.CheckDigit(body)))
}

func newShop(rng *rand.Rand, plan *shelf.Planogram, at time.Time) *shop {
	s := &shop{rng: rng, stocked: at}
	for r, row := range plan.Shelves {
		for i, slot := range row.Slots {
			s.lanes = append(s.lanes, lane{slot: slot, row: r + 1, packs: slot.Capacity - rng.IntN(slot.Capacity), rate: 0.3 + 2.5*rng.ExpFloat64(),
				box: shelf.Box{X: i * width / perRow, Y: r * height / len(plan.Shelves), W: width/perRow - 8, H: height/len(plan.Shelves) - 12}})
		}
	}
	return s
}

// busy returns the trade of an hour as a share of that of the busiest hour.
func busy(at time.Time) float64 {
	day := [24]float64{0, 0, 0, 0, 0, 0.05, 0.2, 0.5, 0.6, 0.5, 0.5, 0.7, 1, 0.9, 0.6, 0.6, 0.7, 0.9, 1, 0.8, 0.6, 0.4, 0.2, 0.05}
	return day[at.UTC().Hour()]
}

// pass lets the shop trade from one look to the next. It returns what was taken and whether the cooler was
// refilled.
func (s *shop) pass(from, to time.Time) (sold int, restocked bool) {
	hours := to.Sub(from).Hours()
	for i := range s.lanes {
		l := &s.lanes[i]
		n := min(l.packs, poisson(s.rng, l.rate*busy(to)*hours))
		l.packs -= n
		sold += n
	}
	// It is filled once or twice a day, during trading hours, or late.
	if to.Sub(s.stocked).Hours() > 8+12*s.rng.Float64() && busy(to) > 0.2 {
		for i := range s.lanes {
			s.lanes[i].packs = s.lanes[i].slot.Capacity
		}
		s.stocked = to
		return sold, true
	}
	return sold, false
}

// poisson draws by Knuth's method, enough for the small means of a shop.
func poisson(rng *rand.Rand, mean float64) int {
	n, left := 0, mean
	for left -= rng.ExpFloat64(); left > 0 && n < 1000; left -= rng.ExpFloat64() {
		n++
	}
	return n
}

// look returns what a camera sees. One look in forty is fogged, blocked or dark.
func (s *shop) look(at time.Time) shelf.Observation {
	o := shelf.Observation{CapturedAt: at, Width: width, Height: height, PlanogramID: "simulated", PlanogramVersion: 1, Model: "simulated/1",
		Facings: []shelf.Facing{}, Quality: shelf.Quality{Sharp: 120, Bright: 0.5, Contrast: 0.2}}
	if s.rng.IntN(40) == 0 {
		o.Quality.Reason = []shelf.Reason{shelf.Fog, shelf.Blocked, shelf.Dark}[s.rng.IntN(3)]
	}
	for i := range s.lanes {
		l := &s.lanes[i]
		r := shelf.SlotReading{SlotID: l.slot.ID, Shelf: l.row, GTIN: l.slot.GTIN, Due: l.slot.Facings, Box: l.box}
		switch {
		case o.Quality.Reason != shelf.NoReason:
			r.State, r.Reason = shelf.Unknown, o.Quality.Reason
		case l.packs == 0:
			r.State = shelf.Empty
		default:
			r.Present = min(l.slot.Facings, l.packs)
			r.State = shelf.OK
			if r.Present < r.Due {
				r.State = shelf.Low
			}
			for n := range r.Present {
				r.Seen = append(r.Seen, len(o.Facings))
				w := l.box.W / l.slot.Facings
				o.Facings = append(o.Facings, shelf.Facing{Box: shelf.Box{X: l.box.X + n*w, Y: l.box.Y + 10, W: w - 4, H: l.box.H - 20},
					Score: 0.9, GTIN: l.slot.GTIN, SKUScore: 0.8, Shelf: l.row})
			}
		}
		o.Slots = append(o.Slots, r)
	}
	for i := range o.Facings {
		o.Facings[i].Position = position(o.Facings, i)
	}
	return o
}

// position returns the position on the shelf, counted from the left.
func position(all []shelf.Facing, i int) int {
	n := 1
	for j := range all[:i] {
		if all[j].Shelf == all[i].Shelf {
			n++
		}
	}
	return n
}

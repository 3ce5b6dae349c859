package market

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Truth is what became of the customers of one product in one hour.
type Truth struct {
	Wanted   int // customers who came for it
	Lost     int // of them: found it missing and bought nothing
	LostSeen int // of these: while a look held that could judge the slot
	Instead  int // found it missing and bought another of the group
	MissSeen int // found it missing, bought another or none, while a look held that could judge the slot
}

// Hour is one store's hour: what is to be known of it, and what happened.
type Hour struct {
	Facts merge.Facts
	Truth []Truth // by product
}

// customer wants one unit of one product at one moment.
type customer struct {
	at      time.Time
	product int
}

// Run lives one store for some days and gives each of its hours, in order. The facts are fn's to keep.
func (w *World) Run(store, days int, fn func(h *Hour)) {
	r := &running{World: w, store: store, shop: w.shop(store), rng: rand.New(rand.NewPCG(w.Seed, uint64(3_000_000+store))), groups: map[shelf.GTIN]string{}}
	for p := range w.Products {
		r.groups[GTIN(p)] = Group(p)
		r.products = append(r.products, w.product(p))
		r.stock = append(r.stock, r.products[p].capacity)
	}
	for h := range days * 24 {
		fn(r.hour(w.Start.Add(time.Duration(h) * time.Hour)))
	}
}

type running struct {
	*World
	store    int
	shop     shop
	rng      *rand.Rand
	products []product
	stock    []int
	looks    []merge.Look // of the last hours
	blind    time.Time    // until when the camera sees nothing
	order    int
	groups   map[shelf.GTIN]string
}

func (r *running) hour(start time.Time) *Hour {
	h := &Hour{Truth: make([]Truth, r.Products)}
	end := start.Add(time.Hour)
	customers := r.customers(start)
	look := start
	refill := r.refill(start)
	for at := start; at.Before(end); {
		// What comes next: a look, a refill, or a customer.
		next, what := look, 0
		if refill.Before(next) {
			next, what = refill, 1
		}
		if len(customers) > 0 && customers[0].at.Before(next) {
			next, what = customers[0].at, 2
		}
		if !next.Before(end) {
			break
		}
		at = next
		switch what {
		case 0:
			r.look(at)
			look = look.Add(r.Cadence)
		case 1:
			for p := range r.stock {
				if r.rng.Float64() < 0.85 { // some wait for the next delivery
					r.stock[p] = r.products[p].capacity
				}
			}
			refill = end
		case 2:
			r.serve(h, customers[0])
			customers = customers[1:]
		}
	}
	h.Facts.Start, h.Facts.Until, h.Facts.Zone = start, end, time.UTC
	if start.Hour() >= opens && start.Hour() < closes {
		h.Facts.Open = []shelf.Span{{From: start, To: end}}
	}
	first := slices.IndexFunc(r.looks, func(l merge.Look) bool { return !l.At.Before(start.Add(-merge.Hold)) })
	c := merge.CoolerFacts{Device: "cooler", Due: r.slots(nil)}
	if first >= 0 {
		r.looks = slices.Clone(r.looks[first:])
		c.Looks = slices.Clone(r.looks)
	}
	h.Facts.Coolers = []merge.CoolerFacts{c}
	h.Facts.Groups = r.groups
	return h
}

// refill is when the shelf is filled in an hour; its end where it is not.
func (r *running) refill(start time.Time) time.Time {
	if start.Hour() >= opens && start.Hour() < closes && r.rng.Float64() < r.Refills/(closes-opens) {
		return start.Add(time.Duration(r.rng.Float64() * float64(time.Hour)))
	}
	return start.Add(time.Hour)
}

// customers are those of an hour, in order of time: a Poisson number about a mean that itself varies
// with the weather and the day (gamma), so that they are more uneven than chance alone.
func (r *running) customers(start time.Time) []customer {
	var list []customer
	for p := range r.products {
		mean := r.shop.rate(r.products[p], p, start) * r.lift(p, start)
		if mean == 0 {
			continue
		}
		for range poisson(r.rng, mean*gamma(r.rng, 5)) {
			list = append(list, customer{start.Add(time.Duration(r.rng.Float64() * float64(time.Hour))), p})
		}
	}
	slices.SortFunc(list, func(a, b customer) int { return a.at.Compare(b.at) })
	return list
}

func (r *running) lift(product int, at time.Time) float64 {
	if r.Promote == nil {
		return 1
	}
	return r.Promote(r.store, product, at)
}

func (r *running) serve(h *Hour, c customer) {
	t := &h.Truth[c.product]
	t.Wanted++
	buys := c.product
	if r.stock[buys] == 0 {
		if r.seen(c) {
			t.MissSeen++
		}
		var others []int
		for p := range r.stock {
			if p != c.product && Group(p) == Group(c.product) && r.stock[p] > 0 {
				others = append(others, p)
			}
		}
		if len(others) == 0 || r.rng.Float64() >= r.Substitute {
			t.Lost++
			if r.seen(c) {
				t.LostSeen++
			}
			return
		}
		t.Instead++
		buys = others[r.rng.IntN(len(others))]
	}
	r.stock[buys]--
	r.order++
	h.Facts.Sold = append(h.Facts.Sold, merge.Sold{Channel: "pos", Order: fmt.Sprint(r.order), GTIN: GTIN(buys), Units: 1, Minor: r.products[buys].price,
		Currency: "EUR", OffShelf: true, Promoted: r.lift(buys, c.at) != 1})
}

// seen reports whether a look holds that could judge the slot of what a customer wanted.
func (r *running) seen(c customer) bool {
	if len(r.looks) == 0 {
		return false
	}
	l := r.looks[len(r.looks)-1]
	return c.at.Sub(l.At) < merge.Hold && l.Slots[c.product].State != shelf.Unknown
}

// look takes a picture, unless the camera sees nothing.
func (r *running) look(at time.Time) {
	if at.Before(r.blind) {
		return
	}
	if r.rng.Float64() < r.GapsPerDay*r.Cadence.Hours()/24 {
		r.blind = at.Add(time.Duration(r.GapHours * r.rng.ExpFloat64() * float64(time.Hour)))
		return
	}
	r.looks = append(r.looks, merge.Look{At: at, Slots: r.slots(r.stock)})
}

// slots are what a look shows of a stock; nil: only what is due.
func (r *running) slots(stock []int) []series.SlotPoint {
	out := make([]series.SlotPoint, r.Products)
	for p := range out {
		s := series.SlotPoint{Slot: fmt.Sprintf("slot-%d", p), GTIN: GTIN(p), Due: r.products[p].facings}
		switch {
		case stock == nil:
		case r.rng.Float64() < r.Glare:
			s.Reason = shelf.Glare
		default:
			s.Present = min(s.Due, stock[p])
			s.State = shelf.OK
			if s.Present == 0 {
				s.State = shelf.Empty
			}
		}
		out[p] = s
	}
	return out
}

func poisson(rng *rand.Rand, mean float64) int {
	limit, n, p := math.Exp(-mean), 0, rng.Float64()
	for p > limit {
		n++
		p *= rng.Float64()
	}
	return n
}

// gamma is a gamma variate of mean 1 and variance 1 ÷ shape, as a mean of exponentials.
func gamma(rng *rand.Rand, shape int) float64 {
	sum := 0.0
	for range shape {
		sum += rng.ExpFloat64()
	}
	return sum / float64(shape)
}

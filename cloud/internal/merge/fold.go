package merge

import (
	"math"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Rates gives the demand rate of each product in a store; see Model.
type Rates interface {
	// Rate is units an hour of a product on the shelf in the hour that begins at the local time; ok is
	// false where too little is known.
	Rate(g shelf.GTIN, local time.Time) (r Rate, ok bool)
	// Version names the rates; 0: there are none.
	Version() int64
}

// Rate is a demand rate for one hour, with what is needed to say how far off it may be.
type Rate struct {
	PerHour    float64 // units
	Missed     float64 // demand while the product is missed ÷ PerHour: it is out when it is wanted
	Error      float64 // standard deviation of PerHour ÷ PerHour
	Dispersion float64 // variance of the customers of an hour ÷ their mean, ≥ 1
	Uneven     float64 // variance of an hour's own mean about PerHour ÷ PerHour², ≥ 0: some hours are busier than others
	Substitute float64 // share of customers that buy another product of the group instead
	Shared     float64 // standard deviation of what is wrong with the product's lost sales in all stores alike, ÷ lost sales
	Local      float64 // the same of all products of the store
	Daily      float64 // and of all products of the store on one day
	Alike      float64 // and of all lost sales
	Minor      float64 // money for one unit, minor unit
	Currency   string
	Listed     bool // Minor is the list price, as it was when the rate was learned
}

const msPerHour = float64(time.Hour / time.Millisecond)

// Fold makes an hour from its facts. It is pure: the order of Sold does not matter, nor what f is
// used for afterwards. rates may be nil: then what was lost is not known.
func Fold(f *Facts, rates Rates) *Hour {
	h := &Hour{Start: f.Start, Open: f.openTime(f.Start.UnixMicro(), f.Until.UnixMicro()) / 1000}
	if rates != nil {
		h.Model = rates.Version()
	}
	parts, unseen := f.foldCoolers(h)
	f.foldSold(h)
	for i := range h.Cells {
		g := h.Cells[i].GTIN
		f.judge(h, &h.Cells[i], parts[g], unseen[g], rates)
	}
	return h
}

// part is a cooler's share of a product's facings due.
type part struct {
	cooler int // index in Hour.Coolers
	due    int64
}

// foldCoolers sums what the coolers saw, and tells how a product's facings are spread over them, and for how many hours
// it may have been gone before anybody saw it.
func (f *Facts) foldCoolers(h *Hour) (map[shelf.GTIN][]part, map[shelf.GTIN]float64) {
	seen := map[shelf.GTIN][][]stretch{}
	parts := map[shelf.GTIN][]part{}
	for i := range f.Coolers {
		h.Cooler(f.Coolers[i].Device)
	}
	for i := range f.Coolers {
		c := &f.Coolers[i]
		out := h.Cooler(c.Device)
		at, _ := slices.BinarySearchFunc(h.Coolers, c.Device, func(c Cooler, d string) int {
			switch {
			case c.Device < d:
				return -1
			case c.Device > d:
				return 1
			}
			return 0
		})
		due := map[shelf.GTIN]int64{}
		for _, s := range c.shape() {
			due[s.GTIN] += int64(s.Due)
			out.Open += h.Open
			out.DueAll += int64(s.Due) * h.Open
		}
		for g, n := range due {
			h.Cell(g).DueAll += n * h.Open
			parts[g] = append(parts[g], part{at, n})
		}
		for g, list := range f.watch(c) {
			seen[g] = append(seen[g], list)
		}
		f.foldSlots(h, out, c)
		f.foldSensors(h, out, c)
	}
	known, unseen := map[shelf.GTIN][]stretch{}, map[shelf.GTIN]float64{}
	for g, p := range parts {
		cell := h.Cell(g)
		cell.Open = h.Open
		known[g] = together(seen[g], len(p))
		unseen[g] = f.goneUnseen(known[g])
		for _, s := range known[g] {
			if !s.known {
				continue
			}
			open := f.openTime(s.from, s.to) / 1000
			cell.Watched += open
			if s.on {
				cell.OnShelf += open
			}
		}
	}
	for i := range h.Cells {
		if c := &h.Cells[i]; c.OutTime() > 0 {
			c.Alone = f.alone(c.GTIN, known)
		}
	}
	return parts, unseen
}

// goneUnseen is how long, in hours, a product was gone on average before it was seen to be: it sold out half of the time
// between two looks before the second. It is as long that it is seen to be gone when it is back already, so that the time
// out is right in the sum; but it sold out when it was wanted most.
func (f *Facts) goneUnseen(list []stretch) (hours float64) {
	for i := 1; i < len(list); i++ {
		was, is := list[i-1], list[i]
		if was.known && was.on && is.known && !is.on && was.to == is.from {
			hours += float64(f.openTime(was.from, was.to)) / 2 / float64(time.Hour.Microseconds())
		}
	}
	return hours
}

// alone is the time, in milliseconds, in which a product was out and every other of its group was known
// to be out too. A product without a group is always alone.
func (f *Facts) alone(g shelf.GTIN, known map[shelf.GTIN][]stretch) (ms int64) {
	var others [][]stretch
	if group := f.Groups[g]; group != "" {
		for other, list := range known {
			if other != g && f.Groups[other] == group {
				others = append(others, list)
			}
		}
	}
	for _, s := range known[g] {
		if !s.known || s.on {
			continue
		}
		out := f.openTime(s.from, s.to)
		for _, o := range together(others, len(others)) {
			if o.on || !o.known {
				out -= f.openTime(max(s.from, o.from), min(s.to, o.to))
			}
		}
		ms += out / 1000
	}
	return ms
}

// foldSlots weighs each slot's facings by the time that the look on them holds.
func (f *Facts) foldSlots(h *Hour, out *Cooler, c *CoolerFacts) {
	for i, l := range c.Looks {
		from, to := f.holds(c.Looks, i)
		if from >= to {
			continue
		}
		open := f.openTime(from, to) / 1000
		for _, s := range l.Slots {
			if s.State == shelf.Unknown {
				continue
			}
			due, present := int64(s.Due)*open, int64(s.Present)*open
			var stray int64
			if s.State == shelf.Misplaced || s.State == shelf.Foreign {
				stray = max(0, due-present)
			}
			cell := h.Cell(s.GTIN)
			cell.Due, cell.Present, cell.Stray = cell.Due+due, cell.Present+present, cell.Stray+stray
			out.Due, out.Present, out.Stray = out.Due+due, out.Present+present, out.Stray+stray
			out.Watched += open
			if s.Present > 0 {
				out.OnShelf += open
			}
		}
	}
}

// foldSensors counts people and the door's openings. People count in the hour in which their counting
// began, openings in the hour in which the door opened; time open ends with the hour.
func (f *Facts) foldSensors(h *Hour, out *Cooler, c *CoolerFacts) {
	in := func(t time.Time) bool { return !t.Before(f.Start) && t.Before(f.Until) }
	for _, p := range c.Footfall {
		if !in(p.From) {
			continue
		}
		h.In, h.OutCount, h.Passing = h.In+int64(p.In), h.OutCount+int64(p.Out), h.Passing+int64(p.Passing)
	}
	for i, d := range c.Doors {
		if !d.Open || !in(d.At) || i > 0 && c.Doors[i-1].Open {
			continue
		}
		out.Openings++
		shut := f.Until
		for _, later := range c.Doors[i+1:] {
			if !later.Open {
				shut = later.At
				break
			}
		}
		if shut.After(f.Until) {
			shut = f.Until
		}
		out.DoorOpen += shut.Sub(d.At).Milliseconds()
	}
}

// foldSold sums the lines by channel and currency, and counts receipts: orders in the store that are
// more than a refund. Those of the time in which somebody counted people are told apart: held against people who came
// in, receipts of an hour in which nobody counted would make too many buyers of them.
func (f *Facts) foldSold(h *Hour) {
	type receipt struct{ channel, order string }
	receipts := map[receipt]bool{} // → somebody counted
	counting := f.counting()
	for _, s := range counting {
		h.Counted += f.openTime(s.from, s.to) / 1000
	}
	for _, s := range f.Sold {
		line := h.Cell(s.GTIN).sale(s.Channel, s.Currency, s.OffShelf)
		line.Units += s.Units
		line.Minor += s.Minor
		if s.Promoted {
			line.Promoted += s.Units
		}
		if s.OffShelf && s.Units > 0 {
			at := s.At.UnixMicro()
			k := receipt{s.Channel, s.Order}
			receipts[k] = receipts[k] || slices.ContainsFunc(counting, func(c stretch) bool { return c.from <= at && at < c.to })
		}
	}
	h.Receipts = int64(len(receipts))
	for _, counted := range receipts {
		if counted {
			h.CountedReceipts++
		}
	}
}

// judge says what the product's absence cost: docs/kpis.md, "Lost sales", "Demand rate", "Cause of a
// stockout".
func (f *Facts) judge(h *Hour, c *Cell, parts []part, unseen float64, rates Rates) {
	offShelf, promoted := c.learnFrom()
	cause := CauseUnknown
	if out := c.OutTime(); out > 0 {
		if f.Book != nil {
			cause = causeOf(f.Book(c.GTIN))
		}
		c.Out[cause] = out
	}
	r, ok := Rate{}, false
	if rates != nil && c.Open > 0 {
		r, ok = rates.Rate(c.GTIN, f.Start.In(f.Zone))
	}
	// While it is promoted more is lost, and what an hour sold is to be held against that.
	units, stood := c.Basis, c.Rated
	if l, lifted := f.Lifts.of(c.GTIN, promoted > 0); ok && lifted {
		r = r.lifted(l)
		if c.Watched >= c.Open-c.Open/20 && offShelf >= 0 {
			units, stood = offShelf, c.OnShelf
		}
	}
	if !ok {
		c.Unrated = c.OutTime()
	} else {
		busy, left := r.busy(float64(units), max(0, float64(stood)/msPerHour-unseen))
		f.lose(h, c, cause, r, busy, left, unseen)
	}
	f.share(h, c, parts, offShelf)
}

// learnFrom notes what a demand rate is learned from, and gives what was bought off the shelf, and of it under a promotion.
// A rate is learned where the whole hour was watched, so that all its units were bought in sight.
func (c *Cell) learnFrom() (offShelf, promoted int64) {
	for _, s := range c.Sales {
		if s.OffShelf {
			offShelf += s.Units
			promoted += s.Promoted
		}
	}
	c.Rated, c.Basis = 0, 0
	if c.Watched >= c.Open-c.Open/20 && promoted == 0 && offShelf >= 0 {
		c.Rated, c.Basis = c.OnShelf, offShelf
	}
	return offShelf, promoted
}

// lose is ∫ demand rate over the time without the product, less what was bought instead, in an hour that was so
// busy against the usual, give or take what is left to chance (see Rate.busy). The hours of it that nobody saw (see
// goneUnseen) are as busy, and counted as usual ones where it was back.
func (f *Facts) lose(h *Hour, c *Cell, cause Cause, r Rate, busy, left, unseen float64) {
	c.Demand = micro(r.PerHour * float64(c.Open) / msPerHour)
	c.Dark = micro(r.PerHour * (1 - r.Substitute) * float64(c.Open-c.Watched) / msPerHour)
	if c.OutTime() == 0 {
		return
	}
	// Customers take another one only where there is another one.
	kept := 1 - r.Substitute*float64(c.OutTime()-c.Alone)/float64(c.OutTime()) // of these customers by nobody else
	hours := busy*float64(c.OutTime())/msPerHour + (busy-1)*unseen
	lost := r.PerHour * r.Missed * kept * max(0, hours)
	c.Lost[cause] = micro(lost)
	c.Noise = micro(lost + lost*lost*left)
	c.Spread = micro(lost * r.Error)
	c.Shared, c.Local, c.Daily, c.Alike = micro(lost*r.Shared), micro(lost*r.Local), micro(lost*r.Daily), micro(lost*r.Alike)
	c.Loss = int64(math.Round(lost * r.Minor * 1000))
	h.Currency = r.Currency
}

// busy is how busy an hour was against the usual, and how uncertain that is: the mean and the relative
// variance of its own rate given what a product sold in the time that it stood there, gamma–Poisson.
// Without it busy hours, which are those that empty shelves, would count as usual ones.
func (r Rate) busy(units, hours float64) (mean, variance float64) {
	if r.Uneven <= 0 || hours <= 0 {
		return 1, r.Uneven
	}
	size := 1 / r.Uneven
	return (size + units) / (size + r.PerHour*hours), 1 / (size + units)
}

// share spreads what a product sold and lost over the coolers that are due to hold it.
func (f *Facts) share(h *Hour, c *Cell, parts []part, offShelf int64) {
	var all int64
	for _, p := range parts {
		all += p.due
	}
	if all == 0 {
		return
	}
	for _, p := range parts {
		out := &h.Coolers[p.cooler]
		out.Lost += c.LostUnits() * p.due / all
		out.Loss += c.Loss * p.due / all
		out.Sold += offShelf * Micro * p.due / all
	}
}

func micro(v float64) int64 { return int64(math.Round(v * Micro)) }

package merge

import (
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// LostSum adds up what was lost over stores, products and time: docs/kpis.md, "Lost sales". Its variance is
// that of the customers, and of what is wrong with many slots together: a rate is wrong in every hour of its
// store and product, a product's hours and substitutes in all stores, a store's hours for all its products,
// a day for all of a store, and all rates alike where shelves are empty. Each adds up within its cluster and
// averages out across (a variance of crossed random effects: Searle, Casella & McCulloch 1992; clustered
// standard errors count the same sums of squares, Cameron, Gelbach & Miller 2011):
//
//	Var = Σ chance + Σ(store, product) (Σ e)² + Σ(group) (Σ e)² + Σ(store) (Σ e)² + Σ(store, day) (Σ e)² + (Σ e)²
//
// The zero value is empty, with every product a group of its own.
type LostSum struct {
	Groups  map[shelf.GTIN]string // products that customers take for each other
	Days    LostDays              // of the same cells
	shared  map[string]float64
	local   map[string]float64
	alike   float64
	parts   map[pair]*lostPart
	rates   map[shelf.GTIN]*outTime
	open    int64
	watched int64
	out     int64
	unrated int64 // of out
	units   float64
	noise   float64
}

type lostPart struct{ spread, dark, out, watched float64 }

type outTime struct{ out, watched float64 }

// Add takes a cell of a store.
func (l *LostSum) Add(store string, c *Cell) {
	if l.parts == nil {
		l.parts, l.rates, l.shared, l.local = map[pair]*lostPart{}, map[shelf.GTIN]*outTime{}, map[string]float64{}, map[string]float64{}
	}
	k := pair{store, c.GTIN}
	p, o := l.parts[k], l.rates[c.GTIN]
	if p == nil {
		p = &lostPart{}
		l.parts[k] = p
	}
	if o == nil {
		o = &outTime{}
		l.rates[c.GTIN] = o
	}
	p.spread += float64(c.Spread) / Micro
	group := l.Groups[c.GTIN]
	if group == "" {
		group = "\x00" + string(c.GTIN)
	}
	l.shared[group] += float64(c.Shared) / Micro
	l.local[store] += float64(c.Local) / Micro
	l.alike += float64(c.Alike) / Micro
	p.dark += float64(c.Dark) / Micro
	p.out += float64(c.OutTime())
	p.watched += float64(c.Watched)
	o.out += float64(c.OutTime())
	o.watched += float64(c.Watched)
	l.units += float64(c.LostUnits()) / Micro
	l.noise += float64(c.Noise) / Micro
	l.open += c.Open
	l.watched += c.Watched
	l.out += c.OutTime()
	l.unrated += c.Unrated
}

// LostDays is what is wrong with a store's single days. The zero value is empty.
type LostDays struct{ of map[storeDay]float64 }

// Add takes a cell of a store's hour or day that begins at a local time.
func (d *LostDays) Add(store string, local time.Time, c *Cell) {
	if c.Daily == 0 {
		return
	}
	if d.of == nil {
		d.of = map[storeDay]float64{}
	}
	d.of[storeDay{store, dayNumber(local)}] += float64(c.Daily) / Micro
}

// Coverage is time watched ÷ time open, times the share of the time out whose demand rate is known: where
// it is known of none of it, what was lost is not known either, however long somebody looked.
func (l *LostSum) Coverage() float64 {
	if l.open == 0 {
		return 0
	}
	seen := float64(l.watched) / float64(l.open)
	if l.out > 0 {
		seen *= 1 - float64(l.unrated)/float64(l.out)
	}
	return seen
}

// Units is what was lost while somebody looked, with its 80 % interval. It means something only where
// there is coverage.
func (l *LostSum) Units() (value, low, high float64) {
	low, high = Interval80(l.units, l.variance())
	return l.units, low, high
}

func (l *LostSum) variance() float64 {
	v := l.noise
	for _, p := range inOrder(l.parts) {
		v += p.spread * p.spread
	}
	for _, s := range walk(l.shared, strings.Compare) {
		v += s * s
	}
	for _, s := range walk(l.local, strings.Compare) {
		v += s * s
	}
	for _, s := range walk(l.Days.of, storeDay.compare) {
		v += s * s
	}
	return v + l.alike*l.alike
}

// gapPrior is how many milliseconds of watching the mean over the stores counts for, where it is asked
// how often a product is out in one of them.
const gapPrior = 50 * msPerHour

// InGaps is what may have been lost besides while nobody looked: the demand then, at the rate at which
// the same product was out in the same store, shrunk to that over all stores added.
func (l *LostSum) InGaps() (units float64) {
	for k, p := range inOrder(l.parts) {
		if o := l.rates[k.gtin]; o.watched > 0 {
			units += p.dark * (p.out + gapPrior*o.out/o.watched) / (p.watched + gapPrior)
		}
	}
	return units
}

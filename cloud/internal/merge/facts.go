package merge

import (
	"cmp"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Hold is how long a look speaks for a slot when no other follows: two looks of the usual fifteen
// minutes, so that one may fail. After that nobody has looked.
const Hold = 30 * time.Minute

// Facts are all that one hour of one store is folded from.
type Facts struct {
	Start   time.Time      // of the hour, UTC
	Until   time.Time      // its end, or now while it lasts
	Zone    *time.Location // of the store
	Open    []shelf.Span   // opening hours, cut to Start … Until
	Coolers []CoolerFacts  // by device
	Sold    []Sold
	Book    func(shelf.GTIN) (units int64, known bool) // stock as the books have it; nil, or not known: nothing was counted
	Groups  map[shelf.GTIN]string                      // products that customers take for each other; missing: none
	Lifts   HourLifts                                  // what promotions do to demand in the hour
}

// CoolerFacts is what one cooler of the store said around the hour.
type CoolerFacts struct {
	Device   string
	Due      []series.SlotPoint // what it is due to hold where it did not look in time; only Slot, GTIN and Due count
	Looks    []Look             // in order of time, from Hold before the hour
	Doors    []telemetry.DoorEvent
	Footfall []telemetry.Footfall
}

// Look is one judged picture.
type Look struct {
	At    time.Time
	Slots []series.SlotPoint
}

// Sold is one line of a receipt or an order in the hour.
type Sold struct {
	Channel, Order string
	At             time.Time
	GTIN           shelf.GTIN
	Units          int64 // negative: refunded
	Minor          int64
	Currency       string
	Promoted       bool
	OffShelf       bool // by a customer in the store
}

// stretch is a span of time, in µs since 1970, in which one thing is known of a product at a cooler.
type stretch struct {
	from, to  int64
	known, on bool
}

// holds follows docs/kpis.md, "osa": a look holds until the next one, but no longer
// than Hold.
func (f *Facts) holds(looks []Look, i int) (from, to int64) {
	from, until := looks[i].At.UnixMicro(), looks[i].At.Add(Hold).UnixMicro()
	if i+1 < len(looks) {
		until = min(until, looks[i+1].At.UnixMicro())
	}
	return max(from, f.Start.UnixMicro()), min(until, f.Until.UnixMicro())
}

// openTime is the part of a stretch in opening hours, in µs.
func (f *Facts) openTime(from, to int64) (d int64) {
	for _, s := range f.Open {
		d += max(0, min(to, s.To.UnixMicro())-max(from, s.From.UnixMicro()))
	}
	return d
}

// shape is what a cooler is due to hold: that of its looks in time, else what it held last.
func (c *CoolerFacts) shape() []series.SlotPoint {
	if n := len(c.Looks); n > 0 {
		return c.Looks[n-1].Slots
	}
	return c.Due
}

// watch gives each product's stretches at one cooler: on the shelf where one of its slots holds it,
// without it where all of them are known and none does.
func (f *Facts) watch(c *CoolerFacts) map[shelf.GTIN][]stretch {
	type word struct{ on, hidden bool }
	out := map[shelf.GTIN][]stretch{}
	words := map[shelf.GTIN]word{}
	for i, l := range c.Looks {
		from, to := f.holds(c.Looks, i)
		if from >= to {
			continue
		}
		clear(words)
		for _, s := range l.Slots {
			w := words[s.GTIN]
			w.on = w.on || s.State != shelf.Unknown && s.Present > 0
			w.hidden = w.hidden || s.State == shelf.Unknown
			words[s.GTIN] = w
		}
		for g, w := range words {
			out[g] = append(out[g], stretch{from, to, w.on || !w.hidden, w.on})
		}
	}
	return out
}

// together joins what several coolers of a store say of one product: it is on the shelf where it
// stands in one of them, and out where all that are due to hold it are watched and none does.
func together(all [][]stretch, coolers int) []stretch {
	if len(all) == 1 && coolers == 1 {
		return all[0]
	}
	var cuts []int64
	for _, list := range all {
		for _, s := range list {
			cuts = append(cuts, s.from, s.to)
		}
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var out []stretch
	next := make([]int, len(all))
	for i := 1; i < len(cuts); i++ {
		s := stretch{from: cuts[i-1], to: cuts[i]}
		known := 0
		for j, list := range all {
			for next[j] < len(list) && list[next[j]].to <= s.from {
				next[j]++
			}
			if k := next[j]; k < len(list) && list[k].from <= s.from && list[k].known {
				known++
				s.on = s.on || list[k].on
			}
		}
		s.known = s.on || known == coolers
		out = append(out, s)
	}
	return out
}

// counting is when somebody counted people in the hour, as stretches in µs since 1970 that do not overlap.
func (f *Facts) counting() (list []stretch) {
	for i := range f.Coolers {
		for _, p := range f.Coolers[i].Footfall {
			s := stretch{from: max(p.From.UnixMicro(), f.Start.UnixMicro()), to: min(p.To.UnixMicro(), f.Until.UnixMicro())}
			if s.from < s.to {
				list = append(list, s)
			}
		}
	}
	slices.SortFunc(list, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	joined := list[:0]
	for _, s := range list {
		if n := len(joined); n > 0 && s.from <= joined[n-1].to {
			joined[n-1].to = max(joined[n-1].to, s.to)
		} else {
			joined = append(joined, s)
		}
	}
	return joined
}

// sort puts a cooler's facts into the order that Fold wants.
func (c *CoolerFacts) sort() {
	slices.SortStableFunc(c.Looks, func(a, b Look) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(c.Doors, func(a, b telemetry.DoorEvent) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(c.Footfall, func(a, b telemetry.Footfall) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Line, b.Line))
	})
}

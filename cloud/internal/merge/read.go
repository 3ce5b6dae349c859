package merge

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// folded is a store's hours folded anew, not stored yet.
type folded struct {
	tenant, store string
	place         *Place
	masters       *Masters
	touch         *touch
	hours         []*stored
	causes        map[int64]string
	coolers       map[string]*lastShape // that are new or have changed
	dark          []storeHour           // that are to be folded because of these
	done          Done
	mirrored      bool // what changes is noted for the mirror
}

// lastShape is a row of merge_coolers.
type lastShape struct {
	since, at time.Time // its first and its last look here, the last to the day
	gone      time.Time // since when it looks in another store; zero: it does not
	slots     []series.SlotPoint
	changed   bool
}

// longestRun is how many hours are read at once.
const longestRun = 24

// judgement is what hours are judged by besides their store's rates. The zero value knows of nothing.
type judgement struct {
	plan    *Plan // what is promoted, with what promotions do
	version int64 // of the rates; 0: there are none
}

func (f *Follower) judgement(ctx context.Context, tenant string) (j judgement, err error) {
	model, err := ReadModel(ctx, f.DB, tenant)
	if err != nil || model == nil {
		return j, err
	}
	j.version = model.Version
	j.plan, err = ReadPlan(ctx, f.DB, tenant, model)
	return j, err
}

// foldStore reads the facts of the touched hours, in runs that lie together, and folds each hour.
func (f *Follower) foldStore(ctx context.Context, tenant string, m *Masters, by judgement, store string, t *touch) (*folded, error) {
	out := &folded{tenant: tenant, store: store, place: m.Place(store), masters: m, mirrored: f.Mirror != nil, touch: t, causes: t.hours}
	var err error
	if out.coolers, err = readCoolers(ctx, f.DB, tenant, store); err != nil {
		return nil, err
	}
	for d := range t.devices {
		if out.coolers[d] == nil {
			out.coolers[d] = &lastShape{}
		}
	}
	var rates *StoreRates
	if by.version > 0 {
		if rates, err = f.rates.at(ctx, f.DB, tenant, store, by.version); err != nil {
			return nil, err
		}
	}
	starts := slices.Sorted(maps.Keys(t.hours))
	for len(starts) > 0 {
		n := 1
		for n < len(starts) && starts[n]-starts[n-1] == 3600 && n < longestRun {
			n++
		}
		if err := f.foldRun(ctx, out, starts[:n], rates, by.plan); err != nil {
			return nil, err
		}
		starts = starts[n:]
	}
	return out, f.darken(ctx, out)
}

// run is what hours that follow each other are folded from.
type run struct {
	*Follower
	out     *folded
	coolers []*watched
	lines   []*sales.Line
	book    *book
	rates   *StoreRates
	plan    *Plan
}

// foldRun folds hours that follow each other.
func (f *Follower) foldRun(ctx context.Context, out *folded, starts []int64, rates *StoreRates, plan *Plan) (err error) {
	from, to := time.Unix(starts[0], 0).UTC(), time.Unix(starts[len(starts)-1]+3600, 0).UTC()
	r := &run{Follower: f, out: out, rates: rates, plan: plan}
	if r.coolers, err = f.readShelf(ctx, out, from, to); err != nil {
		return err
	}
	if r.lines, err = f.readLines(ctx, out.tenant, out.store, from, to); err != nil {
		return err
	}
	r.book = &book{q: f.DB, tenant: out.tenant, store: out.store, from: from, to: to, lines: r.lines, pages: map[shelf.GTIN]*page{}}
	now := f.Now().UTC()
	for _, start := range starts {
		hour := time.Unix(start, 0).UTC()
		if !hour.Before(now) {
			continue // an hour to come: nothing can be said of it yet
		}
		h, err := r.hour(ctx, hour, now)
		if err != nil {
			return err
		}
		out.done.Hours++
		out.hours = append(out.hours, h)
	}
	return nil
}

// hour folds one, as much of it as is over now.
func (r *run) hour(ctx context.Context, start, now time.Time) (h *stored, err error) {
	sold := r.sold(r.lines, start)
	r.out.done.Lines += len(sold)
	if start.Before(r.kept()) {
		if h, err = r.resold(ctx, r.out, start, sold); err != nil || h != nil {
			return h, err
		}
	}
	place, end := r.out.place, start.Add(time.Hour)
	facts := &Facts{Start: start, Until: end, Zone: place.Zone, Sold: sold, Groups: r.out.masters.Groups()}
	if now.Before(end) {
		facts.Until = now
	}
	facts.Open = place.Open(start, facts.Until)
	facts.Lifts = r.plan.Hour(r.out.store, start, facts.Until)
	if facts.Coolers, err = r.cut(ctx, r.out, r.coolers, start); err != nil {
		return nil, err
	}
	facts.Book = func(g shelf.GTIN) (int64, bool) { return r.book.at(ctx, g, facts.Until) }
	h = &stored{Hour: *Fold(facts, r.out.priced(r.rates)), day: dayOf(start, place.Zone), closed: !now.Before(end.Add(Grace))}
	return h, r.book.err
}

// priced gives what an hour is judged by; nil where nothing is known.
func (o *folded) priced(r *StoreRates) Rates {
	if r == nil {
		return nil
	}
	return priced{r, o.masters, o.place.Currency}
}

// watched is what one cooler of a store said over a run of hours.
type watched struct {
	CoolerFacts
	all    []placed // its looks, also those in other stores
	from   time.Time
	before *placed // its last look before from, once it was asked for
	asked  bool
}

// travel bounds how much older than its message a reading in it may be.
const travel = time.Hour

// messagesAtOnce bounds what one cooler says in a run: a look a second for a day, and more.
const messagesAtOnce = 200_000

func (f *Follower) readShelf(ctx context.Context, out *folded, from, to time.Time) ([]*watched, error) {
	var coolers []*watched
	for _, device := range slices.Sorted(maps.Keys(out.coolers)) {
		last := out.coolers[device]
		messages, err := f.Series.Messages(ctx, series.Range{Tenant: out.tenant, Device: device, From: from.Add(-Hold), To: to.Add(travel)}, messagesAtOnce)
		if err != nil {
			return nil, err
		}
		c := &watched{CoolerFacts: CoolerFacts{Device: device}, all: looksIn(messages), from: from.Add(-Hold)}
		for i := range messages {
			m := &messages[i]
			if m.Store != out.store {
				continue
			}
			if len(m.Slots) > 0 {
				if m.At.Before(to) {
					c.Looks = append(c.Looks, Look{m.At, m.Slots})
				}
				if !m.At.Before(from) && m.At.Before(to) {
					out.done.Slots += len(m.Slots)
				}
				last.learn(m.At, m.Slots)
			}
			c.read(m)
		}
		c.sort()
		coolers = append(coolers, c)
	}
	return coolers, nil
}

// read takes the doors and the people of a message. A reading is no older than travel, so that an hour has the same
// ones whether it is read by itself or with others.
func (c *watched) read(m *series.Message) {
	fresh := func(at time.Time) bool { return !at.Before(m.At.Add(-travel)) && at.Before(m.At.Add(Hold)) }
	for _, d := range m.Doors {
		if fresh(d.At) {
			c.Doors = append(c.Doors, d)
		}
	}
	for _, p := range m.Footfall {
		if fresh(p.From) {
			c.Footfall = append(c.Footfall, p)
		}
	}
}

// learn takes over what a later look is due to hold.
func (l *lastShape) learn(at time.Time, slots []series.SlotPoint) {
	if l.since.IsZero() || at.Before(l.since) {
		l.since, l.changed = at, true
	}
	if at.Before(l.at) {
		return
	}
	same := sameShape(slots, l.slots)
	// That it was alive is kept to the day: an hour's merge need not write for it.
	l.changed = l.changed || !same || at.Sub(l.at) > 24*time.Hour
	if !same {
		l.slots = slots
	}
	if l.changed {
		l.at = at
	}
}

// cut gives the coolers' facts for one hour.
func (f *Follower) cut(ctx context.Context, of *folded, coolers []*watched, hour time.Time) ([]CoolerFacts, error) {
	end := hour.Add(time.Hour)
	var out []CoolerFacts
	for _, all := range coolers {
		c := CoolerFacts{Device: all.Device}
		lo, _ := slices.BinarySearchFunc(all.Looks, hour.Add(-Hold), func(l Look, t time.Time) int { return l.At.Compare(t) })
		hi, _ := slices.BinarySearchFunc(all.Looks, end, func(l Look, t time.Time) int { return l.At.Compare(t) })
		c.Looks = all.Looks[lo:hi]
		for _, d := range all.Doors {
			if !d.At.Before(hour) && d.At.Before(end) {
				c.Doors = append(c.Doors, d)
			}
		}
		for _, p := range all.Footfall {
			if (p.To.After(hour) || !p.From.Before(hour)) && p.From.Before(end) {
				c.Footfall = append(c.Footfall, p)
			}
		}
		if len(c.Looks) == 0 {
			due, err := f.dueInDark(ctx, of, all, hour)
			if err != nil {
				return nil, err
			}
			c.Due = due
		}
		if len(c.Looks)+len(c.Doors)+len(c.Footfall)+len(c.Due) > 0 {
			out = append(out, c)
		}
	}
	return out, nil
}

// linesAtOnce bounds one page of lines.
const linesAtOnce = 20_000

func (f *Follower) readLines(ctx context.Context, tenant, store string, from, to time.Time) ([]*sales.Line, error) {
	var all []*sales.Line
	q := sales.LineQuery{Store: store, From: from, To: to, Limit: linesAtOnce}
	for {
		page, err := f.Ledger.Lines(ctx, tenant, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < linesAtOnce {
			return all, nil
		}
		q.After = page[len(page)-1]
	}
}

// sold gives the lines of one hour; all are in order of time.
func (f *Follower) sold(lines []*sales.Line, hour time.Time) []Sold {
	lo, _ := slices.BinarySearchFunc(lines, hour, func(l *sales.Line, t time.Time) int { return l.SoldAt.Compare(t) })
	hi, _ := slices.BinarySearchFunc(lines, hour.Add(time.Hour), func(l *sales.Line, t time.Time) int { return l.SoldAt.Compare(t) })
	out := make([]Sold, 0, hi-lo)
	for _, l := range lines[lo:hi] {
		if l.Units == 0 {
			continue // cancelled
		}
		out = append(out, Sold{Channel: l.Channel, Order: l.Order, At: l.SoldAt, GTIN: l.GTIN, Units: l.Units, Minor: l.Amount, Currency: l.Currency,
			Promoted: l.Promotion != "", OffShelf: f.Counter(l.Channel)})
	}
	return out
}

func readCoolers(ctx context.Context, q state.Querier, tenant, store string) (map[string]*lastShape, error) {
	rows, err := q.Query(ctx, `SELECT c.device, c.since, c.at, c.slots, COALESCE((SELECT MIN(n.since) FROM merge_coolers n
			WHERE n.tenant = c.tenant AND n.device = c.device AND n.store <> c.store AND n.since > c.since), 0)
		FROM merge_coolers c WHERE c.tenant = ? AND c.store = ?`, tenant, store)
	if err != nil {
		return nil, fmt.Errorf("read coolers of %s: %w", store, err)
	}
	found := map[string]*lastShape{}
	err = each(rows, func() error {
		var device, slots string
		var since, at, gone int64
		if err := rows.Scan(&device, &since, &at, &slots, &gone); err != nil {
			return err
		}
		l := &lastShape{since: state.Time(since), at: state.Time(at), gone: state.Time(gone)}
		found[device] = l
		return json.Unmarshal([]byte(slots), &l.slots)
	})
	if err != nil {
		return nil, fmt.Errorf("read coolers of %s: %w", store, err)
	}
	return found, nil
}

package merge

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Window is how far back demand is learned from.
const Window = 56 * 24 * time.Hour

// relearn is how often rates are learned anew, and retry how long a tenant waits that has few lessons.
const (
	relearn = 24 * time.Hour
	retry   = time.Hour
)

// settled is how many hours a rate is learned from once more of them change little: about two weeks.
const settled = 140

// next is when the rates are due to be learned again: soon while they are young.
func (m *Model) next() time.Time {
	if m.Lessons < settled*m.Rates {
		return m.FittedAt.Add(retry)
	}
	return m.FittedAt.Add(relearn)
}

// learning is one fit of a tenant's demand rates.
type learning struct {
	*Follower
	tenant  string
	masters *Masters
	was     *Model // the fit before; nil: there is none
	plan    *Plan  // what was promoted, with the lifts of the fit before
	model   *Model
	board   *Scoreboard
	lifts   *lifting
	picks   *Picks
	rates   map[string]*StoreRates // by store
	late    []storeHour            // that are to be folded again
}

func (f *Follower) newLearning(ctx context.Context, tenant string) (l *learning, err error) {
	now := f.Now().UTC()
	l = &learning{Follower: f, tenant: tenant, model: &Model{Version: now.Unix(), FittedAt: now, Dispersion: 1, Substitute: map[string]float64{}},
		board: NewScoreboard(now), lifts: &lifting{}, picks: NewPicks(now), rates: map[string]*StoreRates{}}
	if l.masters, err = ReadMasters(ctx, f.DB, tenant); err != nil {
		return nil, err
	}
	if l.was, err = ReadModel(ctx, f.DB, tenant); err != nil {
		return nil, err
	}
	l.plan, err = ReadPlan(ctx, f.DB, tenant, l.was)
	return l, err
}

// Learn fits a tenant's demand rates to its merged hours and stores them in place of the ones before.
// Hours that could not be judged for want of a rate are folded again. Without lessons it gives nil and
// leaves all as it is.
func (f *Follower) Learn(ctx context.Context, tenant string) (*Model, error) {
	l, err := f.newLearning(ctx, tenant)
	if err != nil {
		return nil, err
	}
	of := clusters(l.masters)
	for _, cluster := range slices.Sorted(maps.Keys(of)) { // in order: sums of fractions must not be chance
		if err := l.cluster(ctx, cluster, of[cluster]); err != nil {
			return nil, fmt.Errorf("learn demand: %w", err)
		}
	}
	m := l.model
	if m.Lessons == 0 {
		return nil, nil
	}
	if err := f.elsewhere(ctx, tenant, l.picks); err != nil {
		return nil, err
	}
	m.Stores = len(l.rates)
	m.Own /= float64(max(1, len(l.rates)))
	for store, r := range l.rates {
		m.Rates += len(r.bases)
		r.picks = l.picks.solve(store)
	}
	m.Forecast, m.Online = l.board.Scores(), l.picks.Scores()
	m.Lifts = l.lifts.solve()
	if m.Lifts.Others != nil && (l.was == nil || l.was.Lifts.Others == nil) {
		l.late = append(l.late, l.lifts.out...) // they were judged without a lift
	}
	return m, f.DB.Write(ctx, func(tx *state.Tx) error { return l.store(ctx, tx) })
}

// store enters what was learned, and touches the hours that are to be judged by it.
func (l *learning) store(ctx context.Context, tx *state.Tx) error {
	if err := tx.Exclusive(ctx, "merge/"+l.tenant); err != nil {
		return err
	}
	for _, h := range l.late {
		if err := insertTouch(ctx, tx, l.tenant, h.store, "", h.hour, causeRates); err != nil {
			return err
		}
	}
	return putRates(ctx, tx, l.tenant, l.model, l.rates)
}

type storeHour struct {
	store string
	hour  int64
}

func (h storeHour) compare(o storeHour) int {
	return cmp.Or(strings.Compare(h.store, o.store), cmp.Compare(h.hour, o.hour))
}

// clusters groups stores that are similar: those of one region. A region of one store joins those
// that have none.
func clusters(m *Masters) map[string][]string {
	out := map[string][]string{}
	for _, store := range slices.Sorted(maps.Keys(m.Places)) {
		region := m.Places[store].Region
		out[region] = append(out[region], store)
	}
	for region, stores := range out {
		if region != "" && len(stores) < 2 {
			out[""] = append(out[""], stores...)
			delete(out, region)
		}
	}
	return out
}

// cluster learns from stores that are similar. Their hours are read twice: to fit the rates, and to hold the rates to them.
func (l *learning) cluster(ctx context.Context, cluster string, stores []string) error {
	fits := l.newFits()
	err := l.lessons(ctx, stores, l.picks.Hour, func(_ string, _ *Hour, local time.Time, list []Lesson) {
		fits.hour(local, list)
		l.model.Lessons += taught(list)
	})
	if err != nil || l.model.Lessons == 0 {
		return err
	}
	rates := fits.now.Solve(l.model.Version, cluster)
	held, tried := fits.before.Solve(0, cluster), fits.early.Solve(0, cluster)
	residuals := NewResiduals(rates, l.masters.Groups())
	err = l.lessons(ctx, stores, nil, func(store string, h *Hour, local time.Time, list []Lesson) {
		residuals.Hour(store, local, list)
		l.board.Hour(store, local, list, held[store])
		fits.trial.Hour(store, local, list, tried[store])
		l.lifts.hour(list, rates[store], l.masters.Groups())
		at := storeHour{store, h.Start.Unix()}
		if promotedOut(l.plan, store, h) {
			l.lifts.out = append(l.lifts.out, at)
		}
		if rates[store].judgesMore(h, local) {
			l.late = append(l.late, at)
		}
	})
	if err != nil {
		return err
	}
	residuals.Apply(l.model)
	l.board.Own = fits.trial.Weight(l.model.Dispersion)
	l.board.Close(l.model.Dispersion)
	l.model.Own += l.board.Own * float64(len(rates))
	for store, r := range rates {
		r.Weigh(l.board.Own)
		r.priceAll(l.masters, l.masters.Place(store).Currency)
	}
	maps.Copy(l.rates, rates)
	return nil
}

// fits are those of a cluster: of now, and those that know nothing of the time by which forecasts are scored and tried.
type fits struct {
	now    *Fit
	before *Fit // the cycle that the forecast is scored on
	early  *Fit // the week in which ways to forecast are compared
	trial  *Scoreboard
	scored time.Time // when that cycle begins
}

func (l *learning) newFits() *fits {
	uneven := 0.0
	if l.was != nil {
		uneven = l.was.Uneven
	}
	at := func(t time.Time) *Fit { return &Fit{Now: t, Groups: l.masters.Groups(), Uneven: uneven} }
	trial := NewTrial(l.board.from)
	return &fits{now: at(l.model.FittedAt), before: at(l.board.from), early: at(trial.from), trial: trial, scored: l.board.from}
}

func (f *fits) hour(local time.Time, list []Lesson) {
	f.now.Hour(list)
	if local.Before(f.scored) {
		f.before.Hour(list)
	}
	if local.Before(f.trial.from) {
		f.early.Hour(list)
	}
}

// judgesMore reports whether something was out in an hour whose rate was not known then, and is.
func (r *StoreRates) judgesMore(h *Hour, local time.Time) bool {
	return slices.ContainsFunc(h.Cells, func(c Cell) bool {
		_, ok := r.Rate(c.GTIN, local)
		return ok && c.Unrated > 0
	})
}

// priceAll gives each base its currency, and where nothing was sold the list price.
func (r *StoreRates) priceAll(m *Masters, currency string) {
	for g, b := range r.bases {
		if b.Currency == "" {
			b.Currency = currency
		}
		if b.Minor == 0 {
			b.Minor, b.Currency = m.listed(g, b.Currency)
			b.Listed = true
		}
		r.bases[g] = b
	}
}

// lessons reads the closed hours of some stores in the window, store by store in order of time. A day on
// which a store's tills sold nothing at all teaches nothing: they were not heard, and what nobody told
// is not that nobody bought. every, if it is not nil, is given all hours.
func (l *learning) lessons(ctx context.Context, stores []string, every func(store string, h *Hour), fn func(store string, h *Hour, local time.Time, list []Lesson)) error {
	since := l.model.FittedAt.Add(-Window)
	for _, store := range stores {
		zone := l.masters.Place(store).Zone
		promoted := l.plan.within(store, since, l.model.FittedAt)
		var day []*Hour
		tell := func() {
			if soldAnything(day) {
				for _, h := range day {
					local := h.Start.In(zone)
					fn(store, h, local, promoted.lessons(store, h, local))
				}
			}
			day = day[:0]
		}
		rows, err := l.DB.Query(ctx, "SELECT hour, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND closed ORDER BY hour", l.tenant, store, since.Unix())
		if err != nil {
			return err
		}
		err = each(rows, func() error {
			var start int64
			var body []byte
			if err := rows.Scan(&start, &body); err != nil {
				return err
			}
			h := &Hour{Start: time.Unix(start, 0).UTC()}
			if err := unpack(h, body); err != nil {
				return err
			}
			if every != nil {
				every(store, h)
			}
			if len(day) > 0 && dayOf(day[0].Start, zone) != dayOf(h.Start, zone) {
				tell()
			}
			day = append(day, h)
			return nil
		})
		tell()
		if err != nil {
			return err
		}
	}
	return nil
}

// lessons are those of an hour, with what the calendar promoted in it. p may be nil.
func (p *Plan) lessons(store string, h *Hour, local time.Time) []Lesson {
	list := Lessons(store, h, local)
	for i := range list {
		if p.promoted(store, list[i].GTIN, h.Start) {
			lift, _ := p.lifts.of(list[i].GTIN)
			list[i].promote(lift.Factor)
		}
	}
	return list
}

// promotedOut reports whether something that was promoted in an hour was missing in it.
func promotedOut(plan *Plan, store string, h *Hour) bool {
	lifts := plan.Hour(store, h.Start, h.Start.Add(time.Hour))
	for i := range h.Cells {
		c := &h.Cells[i]
		if c.OutTime() == 0 {
			continue
		}
		if lifts.promotes(c.GTIN) || slices.ContainsFunc(c.Sales, func(s Sale) bool { return s.OffShelf && s.Promoted > 0 }) {
			return true
		}
	}
	return false
}

func soldAnything(day []*Hour) bool {
	for _, h := range day {
		for i := range h.Cells {
			for _, s := range h.Cells[i].Sales {
				if s.OffShelf && s.Units > 0 {
					return true
				}
			}
		}
	}
	return false
}

// taught counts the lessons that say something.
func taught(list []Lesson) (n int) {
	for _, l := range list {
		if l.Hours > 0 || l.Out > 0 {
			n++
		}
	}
	return n
}

// promote takes a lesson for one of a promotion where the calendar says so, whatever the tills told; lift is what the
// promotions of the product did so far, 0 where that is not known. Also where it was gone for all of the hour: more was
// missed of it than its rate says.
func (l *Lesson) promote(lift float64) {
	if l.Hours > 0 {
		l.Promoted = Stood{l.Hours, l.Units}
	}
	l.Lifted = Lifted{lift, l.Whole || l.Promoted.Hours > 0}
	l.Hours, l.Units, l.Whole = 0, 0, false
}

// Lessons are what an hour of a store teaches of its products.
func Lessons(store string, h *Hour, local time.Time) []Lesson {
	list := make([]Lesson, 0, len(h.Cells))
	for i := range h.Cells {
		c := &h.Cells[i]
		l := Lesson{Store: store, GTIN: c.GTIN, Local: local, Hours: float64(c.Rated) / msPerHour, Units: float64(c.Basis), Out: float64(c.OutTime()) / msPerHour, Alone: float64(c.Alone) / msPerHour}
		if c.Open == 0 {
			continue
		}
		watched := c.Watched >= c.Open-c.Open/20
		l.Whole = watched && (c.Rated > 0 || c.OnShelf == 0)
		if watched && c.Rated == 0 && c.OnShelf > 0 { // a line told of a promotion
			l.Promoted = Stood{float64(c.OnShelf) / msPerHour, float64(c.OffShelf())}
		}
		for _, s := range c.Sales {
			if s.OffShelf && c.Rated > 0 && (l.Currency == "" || l.Currency == s.Currency) {
				l.Minor, l.Currency = l.Minor+float64(s.Minor), s.Currency
			}
		}
		list = append(list, l)
	}
	return list
}

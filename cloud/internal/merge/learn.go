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

// Learn fits a tenant's demand rates to its merged hours and stores them in place of the ones before.
// Hours that could not be judged for want of a rate are folded again. Without lessons it gives nil and
// leaves all as it is.
func (f *Follower) Learn(ctx context.Context, tenant string) (*Model, error) {
	now := f.Now().UTC()
	masters, err := ReadMasters(ctx, f.DB, tenant)
	if err != nil {
		return nil, err
	}
	m := &Model{Version: now.Unix(), FittedAt: now, Dispersion: 1, Substitute: map[string]float64{}}
	all := map[string]*StoreRates{}
	var late []storeHour
	board := NewScoreboard(now)
	was, err := ReadModel(ctx, f.DB, tenant)
	if err != nil {
		return nil, err
	}
	plan, err := ReadPlan(ctx, f.DB, tenant, was) // with the lifts as they were learned before
	if err != nil {
		return nil, err
	}
	lifts, picks := &lifting{}, NewPicks(now)
	for cluster, stores := range clusters(masters) {
		rates, unrated, err := f.learnCluster(ctx, tenant, masters, plan, cluster, stores, m, board, lifts, picks)
		if err != nil {
			return nil, fmt.Errorf("learn demand: %w", err)
		}
		maps.Copy(all, rates)
		late = append(late, unrated...)
	}
	if m.Lessons == 0 {
		return nil, nil
	}
	m.Stores = len(all)
	m.Own /= float64(max(1, len(all)))
	if err := f.elsewhere(ctx, tenant, picks); err != nil {
		return nil, err
	}
	for store, r := range all {
		m.Rates += len(r.bases)
		r.picks = picks.solve(store)
	}
	m.Forecast, m.Online = board.Scores(), picks.Scores()
	m.Lifts = lifts.solve()
	if m.Lifts.Others != nil && (was == nil || was.Lifts.Others == nil) {
		late = append(late, lifts.out...) // they were judged without a lift
	}
	err = f.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "merge/"+tenant); err != nil {
			return err
		}
		for _, h := range late {
			if err := insertTouch(ctx, tx, tenant, h.store, "", h.hour, causeRates); err != nil {
				return err
			}
		}
		return putRates(ctx, tx, tenant, m, all)
	})
	return m, err
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

func (f *Follower) learnCluster(ctx context.Context, tenant string, m *Masters, plan *Plan, cluster string, stores []string, model *Model, board *Scoreboard, lifts *lifting, picks *Picks) (map[string]*StoreRates, []storeHour, error) {
	now := model.FittedAt
	was, err := ReadModel(ctx, f.DB, tenant)
	if err != nil {
		return nil, nil, err
	}
	uneven := 0.0
	if was != nil {
		uneven = was.Uneven
	}
	trial := NewTrial(board.from)
	at := func(t time.Time) *Fit { return &Fit{Now: t, Groups: m.Groups(), Uneven: uneven} }
	fit, before, early := at(now), at(board.from), at(trial.from)
	err = f.lessons(ctx, tenant, m, plan, stores, now.Add(-Window), picks.Hour, func(_ string, _ *Hour, local time.Time, list []Lesson) {
		fit.Hour(list)
		if local.Before(board.from) {
			before.Hour(list)
		}
		if local.Before(trial.from) {
			early.Hour(list)
		}
		model.Lessons += taught(list)
	})
	if err != nil || model.Lessons == 0 {
		return nil, nil, err
	}
	rates := fit.Solve(model.Version, cluster)
	residuals := NewResiduals(rates, m.Groups())
	held := before.Solve(0, cluster) // what a fit knew before the cycle that it is scored on
	tried := early.Solve(0, cluster)
	var late []storeHour
	err = f.lessons(ctx, tenant, m, plan, stores, now.Add(-Window), nil, func(store string, h *Hour, local time.Time, list []Lesson) {
		residuals.Hour(store, local, list)
		board.Hour(store, local, list, held[store])
		trial.Hour(store, local, list, tried[store])
		lifts.hour(list, rates[store], m.Groups())
		if promotedOut(plan, store, h) {
			lifts.out = append(lifts.out, storeHour{store, h.Start.Unix()})
		}
		for i := range h.Cells {
			if _, ok := rates[store].Rate(h.Cells[i].GTIN, local); ok && h.Cells[i].Unrated > 0 {
				late = append(late, storeHour{store, h.Start.Unix()})
				break
			}
		}
	})
	if err != nil {
		return nil, nil, err
	}
	residuals.Apply(model)
	board.Own = trial.Weight(model.Dispersion)
	board.Close(model.Dispersion)
	model.Own += board.Own * float64(len(rates))
	for store, r := range rates {
		r.Weigh(board.Own)
		r.priceAll(m, m.Place(store).Currency)
	}
	return rates, late, nil
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

// lessons reads the closed hours of some stores since a time, store by store in order of time. A day on
// which a store's tills sold nothing at all teaches nothing: they were not heard, and what nobody told
// is not that nobody bought. every, if it is not nil, is given all hours.
func (f *Follower) lessons(ctx context.Context, tenant string, m *Masters, plan *Plan, stores []string, since time.Time, every func(store string, h *Hour), fn func(store string, h *Hour, local time.Time, list []Lesson)) error {
	for _, store := range stores {
		zone := m.Place(store).Zone
		promoted := plan.within(store, since, f.Now())
		rows, err := f.DB.Query(ctx, "SELECT hour, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND closed ORDER BY hour", tenant, store, since.Unix())
		if err != nil {
			return err
		}
		var day []*Hour
		tell := func() {
			if soldAnything(day) {
				for _, h := range day {
					local := h.Start.In(zone)
					list := Lessons(store, h, local)
					for i := range list {
						if promoted.promoted(store, list[i].GTIN, h.Start) {
							lift, _ := promoted.lifts.of(list[i].GTIN)
							list[i].promote(lift.Factor)
						}
					}
					fn(store, h, local, list)
				}
			}
			day = day[:0]
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

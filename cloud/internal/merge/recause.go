package merge

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// reach is a stretch of whole hours, as seconds since 1970, in which a product's book has changed.
type reach struct{ from, to int64 }

// recaused gives the stored hours in which a product was out and, since its book changed in an earlier hour or
// in that one, for another cause: a change reaches on to the next count. What live sales change lies in the last
// hour there is, so that for them nothing but that is looked up.
func recaused(ctx context.Context, q state.Querier, tenant string, list []sales.ChangedHour, now time.Time) (found []storeHour, err error) {
	stores := map[string]map[shelf.GTIN][]int64{}
	for _, c := range list {
		if stores[c.Store] == nil {
			stores[c.Store] = map[shelf.GTIN][]int64{}
		}
		stores[c.Store][c.GTIN] = append(stores[c.Store][c.GTIN], hourOf(c.Hour))
	}
	for _, store := range slices.Sorted(maps.Keys(stores)) {
		r := recause{q: q, tenant: tenant, store: store, now: now}
		hours, err := r.changed(ctx, stores[store])
		if err != nil {
			return nil, fmt.Errorf("hours of %s that the book reaches: %w", store, err)
		}
		for _, hour := range hours {
			found = append(found, storeHour{store, hour})
		}
	}
	return found, nil
}

// recause finds the hours of one store whose causes are no longer what the book says.
type recause struct {
	q             state.Querier
	tenant, store string
	now           time.Time
}

func (r *recause) changed(ctx context.Context, books map[shelf.GTIN][]int64) ([]int64, error) {
	last, ok, err := r.last(ctx)
	if err != nil || !ok {
		return nil, err
	}
	touched := map[int64]bool{}
	reaches := map[shelf.GTIN][]reach{}
	for g, hours := range books {
		if reaches[g], err = r.reaches(ctx, g, hours, last); err != nil {
			return nil, err
		}
	}
	days, err := r.outDays(ctx, reaches)
	if err != nil {
		return nil, err
	}
	for _, g := range slices.Sorted(maps.Keys(days)) {
		if err := r.compare(ctx, g, reaches[g], days[g], touched); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(touched)), nil
}

// last is the store's last stored hour; ok is false where there is none, or where nothing ever moved but by sales.
func (r *recause) last(ctx context.Context) (hour int64, ok bool, err error) {
	var found sql.NullInt64
	err = r.q.QueryRow(ctx, `SELECT MAX(hour) FROM merge_hours WHERE tenant = ? AND store = ?
		AND EXISTS (SELECT 1 FROM sales_movements WHERE tenant = ? AND store = ?)`, r.tenant, r.store, r.tenant, r.store).Scan(&found)
	return found.Int64, found.Valid, err
}

// reaches gives the stretches from each changed hour to the next count after it, as far as hours are stored.
func (r *recause) reaches(ctx context.Context, g shelf.GTIN, hours []int64, last int64) (list []reach, err error) {
	slices.Sort(hours)
	var end int64
	for _, hour := range hours {
		if hour < end || hour > last {
			continue
		}
		// A count in the changed hour itself may lie before the change: the one after the hour bounds it for sure.
		var next sql.NullInt64
		err := r.q.QueryRow(ctx, `SELECT MIN(at) FROM sales_movements WHERE tenant = ? AND store = ? AND gtin = ? AND at >= ? AND cause = 'count' AND place = ''`,
			r.tenant, r.store, string(g), (hour+3600)*1_000_000).Scan(&next)
		if err != nil {
			return nil, err
		}
		end = last + 3600
		if next.Valid {
			end = min(end, hourOf(state.Time(next.Int64)))
		}
		list = append(list, reach{hour, end})
	}
	return list, nil
}

// causeSet has the bit of each cause that is in it.
type causeSet uint8

func setOf(c Cause) causeSet { return 1 << c }

// slack is by how much a local day may begin earlier or end later than the same day in UTC, wherever the store is.
const slack = 15 * 3600

// outDays gives the days in which products were out, each with the causes, as far as they may lie within their reaches.
func (r *recause) outDays(ctx context.Context, reaches map[shelf.GTIN][]reach) (map[shelf.GTIN]map[int64]causeSet, error) {
	from, to := int64(math.MaxInt64), int64(0)
	for _, list := range reaches {
		for _, s := range list {
			from, to = min(from, s.from), max(to, s.to)
		}
	}
	found := map[shelf.GTIN]map[int64]causeSet{}
	if from >= to {
		return found, nil
	}
	rows, err := r.q.Query(ctx, "SELECT day, body FROM merge_days WHERE tenant = ? AND store = ? AND day >= ? AND day <= ?",
		r.tenant, r.store, (from-slack)/86400-1, (to+slack)/86400)
	if err != nil {
		return nil, err
	}
	var body []byte
	return found, each(rows, func() error {
		var day int64
		if err := rows.Scan(&day, &body); err != nil {
			return err
		}
		return unpackTimes(body, func(c *Cell) {
			if _, asked := reaches[c.GTIN]; !asked || c.OutTime() == 0 {
				return
			}
			if found[c.GTIN] == nil {
				found[c.GTIN] = map[int64]causeSet{}
			}
			for cause, out := range c.Out {
				if out > 0 {
					found[c.GTIN][day] |= setOf(Cause(cause))
				}
			}
		})
	})
}

// compare holds a product's causes to the book as it is now: those of whole days first, and only where they do not tell,
// those of each hour.
func (r *recause) compare(ctx context.Context, g shelf.GTIN, reaches []reach, days map[int64]causeSet, touched map[int64]bool) error {
	for _, s := range reaches {
		from, to := time.Unix(s.from, 0).UTC(), time.Unix(s.to, 0).UTC()
		lines, err := r.lines(ctx, g, from, to)
		if err != nil {
			return err
		}
		b := &book{q: r.q, tenant: r.tenant, store: r.store, from: from, to: to, lines: lines}
		is, err := b.causes(ctx, g, r.now)
		if err != nil {
			return err
		}
		for _, day := range slices.Sorted(maps.Keys(days)) {
			first, end := max(s.from, day*86400-slack), min(s.to, (day+1)*86400+slack)
			if first >= end {
				continue
			}
			here := is[(first-s.from)/3600 : (end-s.from)/3600]
			if !slices.ContainsFunc(here, func(c Cause) bool { return setOf(c) != days[day] }) {
				continue
			}
			if err := r.compareDay(ctx, g, day, first, here, touched); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareDay holds the stored hours of a day, from one on, to what their causes are now.
func (r *recause) compareDay(ctx context.Context, g shelf.GTIN, day, first int64, is []Cause, touched map[int64]bool) error {
	rows, err := r.q.Query(ctx, "SELECT hour, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND hour < ? AND day = ?",
		r.tenant, r.store, first, first+int64(len(is))*3600, day)
	if err != nil {
		return err
	}
	var body []byte
	return each(rows, func() error {
		var hour int64
		if err := rows.Scan(&hour, &body); err != nil {
			return err
		}
		return unpackTimes(body, func(c *Cell) {
			if was, out := c.cause(); c.GTIN == g && out && was != is[(hour-first)/3600] {
				touched[hour] = true
			}
		})
	})
}

// lines reads of a product's lines what the book needs.
func (r *recause) lines(ctx context.Context, g shelf.GTIN, from, to time.Time) (list []*sales.Line, err error) {
	rows, err := r.q.Query(ctx, "SELECT units, restocked, sold_at FROM sales_lines WHERE tenant = ? AND store = ? AND gtin = ? AND sold_at >= ? AND sold_at < ?",
		r.tenant, r.store, string(g), state.Micros(from), state.Micros(to))
	if err != nil {
		return nil, err
	}
	return list, each(rows, func() error {
		l := &sales.Line{GTIN: g}
		var at int64
		err := rows.Scan(&l.Units, &l.Restocked, &at)
		l.SoldAt = state.Time(at)
		list = append(list, l)
		return err
	})
}

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

// touchCauses touches the stored hours in which a product was out and, since its book changed in an earlier hour or
// in that one, for another cause: a change reaches on to the next count. What live sales change lies in the last
// hour there is, so that for them nothing but that is looked up.
func touchCauses(ctx context.Context, tx *state.Tx, tenant string, list []sales.ChangedHour, why string, now time.Time) error {
	stores := map[string]map[shelf.GTIN][]int64{}
	for _, c := range list {
		if stores[c.Store] == nil {
			stores[c.Store] = map[shelf.GTIN][]int64{}
		}
		stores[c.Store][c.GTIN] = append(stores[c.Store][c.GTIN], hourOf(c.Hour))
	}
	for _, store := range slices.Sorted(maps.Keys(stores)) {
		r := recause{tx: tx, tenant: tenant, store: store, now: now}
		hours, err := r.changed(ctx, stores[store])
		if err != nil {
			return fmt.Errorf("hours of %s that the book reaches: %w", store, err)
		}
		for _, hour := range hours {
			if err := insertTouch(ctx, tx, tenant, store, "", hour, why); err != nil {
				return err
			}
		}
	}
	return nil
}

// recause finds the hours of one store whose causes are no longer what the book says.
type recause struct {
	tx            *state.Tx
	tenant, store string
	now           time.Time
}

func (r *recause) changed(ctx context.Context, books map[shelf.GTIN][]int64) ([]int64, error) {
	last, ok, err := r.last(ctx)
	if err != nil || !ok {
		return nil, err
	}
	reaches, all := map[shelf.GTIN][]reach{}, reach{math.MaxInt64, 0}
	for g, hours := range books {
		if reaches[g], err = r.reaches(ctx, g, hours, last); err != nil {
			return nil, err
		}
		for _, s := range reaches[g] {
			all.from, all.to = min(all.from, s.from), max(all.to, s.to)
		}
	}
	if all.from >= all.to {
		return nil, nil
	}
	out, err := r.out(ctx, all, reaches)
	if err != nil {
		return nil, err
	}
	touched := map[int64]bool{}
	for _, g := range slices.Sorted(maps.Keys(out)) {
		if err := r.compare(ctx, g, out[g], touched); err != nil {
			return nil, err
		}
	}
	return slices.Sorted(maps.Keys(touched)), nil
}

// last is the store's last stored hour; ok is false where there is none, or where nothing ever moved but by sales.
func (r *recause) last(ctx context.Context) (hour int64, ok bool, err error) {
	var found sql.NullInt64
	err = r.tx.QueryRow(ctx, `SELECT MAX(hour) FROM merge_hours WHERE tenant = ? AND store = ?
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
		err := r.tx.QueryRow(ctx, `SELECT MIN(at) FROM sales_movements WHERE tenant = ? AND store = ? AND gtin = ? AND at >= ? AND cause = 'count' AND place = ''`,
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

// out gives the stored hours in which products were out within their reaches, each with its cause.
func (r *recause) out(ctx context.Context, all reach, reaches map[shelf.GTIN][]reach) (map[shelf.GTIN]map[int64]Cause, error) {
	rows, err := r.tx.Query(ctx, "SELECT hour, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND hour < ?", r.tenant, r.store, all.from, all.to)
	if err != nil {
		return nil, err
	}
	out := map[shelf.GTIN]map[int64]Cause{}
	var body []byte
	return out, each(rows, func() error {
		var hour int64
		if err := rows.Scan(&hour, &body); err != nil {
			return err
		}
		return unpackTimes(body, func(c *Cell) {
			cause, ok := c.cause()
			if !ok || !slices.ContainsFunc(reaches[c.GTIN], func(s reach) bool { return s.from <= hour && hour < s.to }) {
				return
			}
			if out[c.GTIN] == nil {
				out[c.GTIN] = map[int64]Cause{}
			}
			out[c.GTIN][hour] = cause
		})
	})
}

// compare holds a product's causes to the book as it is now.
func (r *recause) compare(ctx context.Context, g shelf.GTIN, was map[int64]Cause, touched map[int64]bool) error {
	hours := slices.Sorted(maps.Keys(was))
	from, to := time.Unix(hours[0], 0).UTC(), time.Unix(hours[len(hours)-1]+3600, 0).UTC()
	lines, err := r.lines(ctx, g, from, to)
	if err != nil {
		return err
	}
	b := &book{q: r.tx, tenant: r.tenant, store: r.store, from: from, to: to, lines: lines, pages: map[shelf.GTIN]*page{}}
	for _, hour := range hours {
		until := time.Unix(hour+3600, 0).UTC()
		if r.now.Before(until) {
			until = r.now
		}
		if causeOf(b.at(ctx, g, until)) != was[hour] {
			touched[hour] = true
		}
	}
	return b.err
}

// lines reads of a product's lines what the book needs.
func (r *recause) lines(ctx context.Context, g shelf.GTIN, from, to time.Time) (list []*sales.Line, err error) {
	rows, err := r.tx.Query(ctx, "SELECT units, restocked, sold_at FROM sales_lines WHERE tenant = ? AND store = ? AND gtin = ? AND sold_at >= ? AND sold_at < ?",
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

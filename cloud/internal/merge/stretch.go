package merge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Stretch is a span of merged time to read: From ≤ start of the hour < To.
type Stretch struct {
	Tenant   string
	From, To time.Time
	ByHour   bool     // give single hours; else whole local days where they lie within, and hours at the edges
	Stores   []string // empty: all
}

// shortest is the length of stretch below which days gain nothing.
const shortest = 48 * time.Hour

// Read gives the merged hours and days of a stretch; each hour is in exactly one of them. zone tells a
// store's zone, nil where the store is not asked for. local is the start of the hour, or midnight of
// the day, in that zone.
func Read(ctx context.Context, q state.Querier, s Stretch, zone func(store string) *time.Location, fn func(store string, h *Hour, local time.Time)) error {
	r := &reader{ctx, q, s, zone, fn}
	if s.ByHour || s.To.Sub(s.From) < shortest {
		return r.hours(s.From, s.To, nil)
	}
	// Whole days of every zone on earth lie within these; each store has its own, see days.
	if err := r.days(); err != nil {
		return err
	}
	skip := func(zone *time.Location, hour time.Time) bool {
		first, last := s.days(zone)
		d := dayOf(hour, zone)
		return d >= first && d <= last
	}
	if err := r.hours(s.From, s.From.Add(shortest), skip); err != nil {
		return err
	}
	return r.hours(later(s.From.Add(shortest), s.To.Add(-shortest)), s.To, skip)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// days gives the first and the last whole local day within a stretch; first > last where there is none.
func (s *Stretch) days(zone *time.Location) (first, last int64) {
	y, m, d := s.From.In(zone).Date()
	midnight := time.Date(y, m, d, 0, 0, 0, 0, zone)
	first = dayOf(s.From, zone)
	if midnight.Before(s.From) {
		first++
	}
	return first, dayOf(s.To, zone) - 1
}

type reader struct {
	ctx context.Context
	q   state.Querier
	Stretch
	zone func(string) *time.Location
	fn   func(string, *Hour, time.Time)
}

// storesInQuery is up to how many stores are named to the database; above that all are read.
const storesInQuery = 100

func (r *reader) where(args []any) (string, []any) {
	if n := len(r.Stores); n > 0 && n <= storesInQuery {
		for _, s := range r.Stores {
			args = append(args, s)
		}
		return " AND store IN (?" + strings.Repeat(",?", n-1) + ")", args
	}
	return "", args
}

func (r *reader) hours(from, to time.Time, skip func(*time.Location, time.Time) bool) error {
	where, args := r.where([]any{r.Tenant, from.Unix(), to.Unix()})
	return r.rows("SELECT store, hour, body FROM merge_hours WHERE tenant = ? AND hour >= ? AND hour < ?"+where, args, func(zone *time.Location, start int64) (time.Time, bool) {
		at := time.Unix(start, 0)
		return at.In(zone), skip == nil || !skip(zone, at)
	})
}

func (r *reader) days() error {
	const day = 24 * time.Hour
	where, args := r.where([]any{r.Tenant, r.From.Add(-day).Unix() / 86400, r.To.Add(day).Unix() / 86400})
	return r.rows("SELECT store, day, body FROM merge_days WHERE tenant = ? AND day >= ? AND day <= ?"+where, args, func(zone *time.Location, d int64) (time.Time, bool) {
		first, last := r.Stretch.days(zone)
		y, m, dd := dayTime(d).Date()
		return time.Date(y, m, dd, 0, 0, 0, 0, zone), d >= first && d <= last
	})
}

func (r *reader) rows(query string, args []any, at func(zone *time.Location, key int64) (time.Time, bool)) error {
	rows, err := r.q.Query(r.ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read merged time: %w", err)
	}
	var body []byte
	err = each(rows, func() error {
		var store string
		var key int64
		if err := rows.Scan(&store, &key, &body); err != nil {
			return err
		}
		if len(r.Stores) > storesInQuery && !slices.Contains(r.Stores, store) {
			return nil
		}
		zone := r.zone(store)
		if zone == nil {
			return nil
		}
		local, in := at(zone, key)
		if !in {
			return nil
		}
		h := Hour{Start: local.UTC()}
		if err := unpack(&h, body); err != nil {
			return fmt.Errorf("of %s: %w", store, err)
		}
		r.fn(store, &h, local)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read merged time: %w", err)
	}
	return nil
}

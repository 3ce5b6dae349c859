package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Feeds that are followed by a cursor in merge_cursors.
const (
	feedSales = "sales"
	feedStock = "stock"
	feedClose = "close"
)

// feedMasters counts how often a tenant's masters were changed in what hours are folded by: no feed either.
const feedMasters = "masters"

// feedMark counts the merges of a tenant that changed an hour: no feed, but kept beside them.
const feedMark = "mark"

// Marks gives, by tenant, a number that grows with each merge that changed an hour: who has read KPIs need not
// read them again while it stays.
func Marks(ctx context.Context, q state.Querier) (map[string]int64, error) {
	rows, err := q.Query(ctx, "SELECT tenant, at FROM merge_cursors WHERE feed = ?", feedMark)
	if err != nil {
		return nil, fmt.Errorf("read marks of merges: %w", err)
	}
	marks := map[string]int64{}
	err = each(rows, func() error {
		var tenant string
		var at int64
		err := rows.Scan(&tenant, &at)
		marks[tenant] = at
		return err
	})
	return marks, err
}

func raiseMark(ctx context.Context, tx *state.Tx, tenant string) error {
	_, err := tx.Exec(ctx, `INSERT INTO merge_cursors (tenant, feed, at) VALUES (?, ?, 1)
		ON CONFLICT (tenant, feed) DO UPDATE SET at = merge_cursors.at + 1`, tenant, feedMark)
	if err != nil {
		return fmt.Errorf("raise mark of merges: %w", err)
	}
	return nil
}

// readCursors gives a tenant's cursors by feed; those that have not begun are missing.
func readCursors(ctx context.Context, q state.Querier, tenant string) (map[string]int64, error) {
	rows, err := q.Query(ctx, "SELECT feed, at FROM merge_cursors WHERE tenant = ?", tenant)
	if err != nil {
		return nil, fmt.Errorf("read cursors: %w", err)
	}
	cursors := map[string]int64{}
	err = each(rows, func() error {
		var feed string
		var at int64
		err := rows.Scan(&feed, &at)
		cursors[feed] = at
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read cursors: %w", err)
	}
	return cursors, nil
}

func readCursor(ctx context.Context, q state.Querier, tenant, feed string) (at int64, ok bool, err error) {
	err = q.QueryRow(ctx, "SELECT at FROM merge_cursors WHERE tenant = ? AND feed = ?", tenant, feed).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	if err != nil {
		return 0, false, fmt.Errorf("read cursor %s: %w", feed, err)
	}
	return at, true, nil
}

// advance moves a cursor and touches hours in one transaction, unless another program has moved it.
func (f *Follower) advance(ctx context.Context, tenant, feed string, from, to int64, touch func(tx *state.Tx) error) error {
	return f.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "merge/"+tenant); err != nil {
			return err
		}
		at, _, err := readCursor(ctx, tx, tenant, feed)
		if err != nil || at != from {
			return err
		}
		if err := touch(tx); err != nil {
			return err
		}
		return setCursor(ctx, tx, tenant, feed, to)
	})
}

func setCursor(ctx context.Context, tx *state.Tx, tenant, feed string, at int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO merge_cursors (tenant, feed, at) VALUES (?, ?, ?)
		ON CONFLICT (tenant, feed) DO UPDATE SET at = excluded.at`, tenant, feed, at)
	if err != nil {
		return fmt.Errorf("move cursor %s: %w", feed, err)
	}
	return nil
}

// changesAtOnce bounds how many changed hours of the books one step takes.
const changesAtOnce = 20_000

// feed is a list of changes in the books that is followed by a cursor.
type feed struct {
	name, cause string
	read        func(ctx context.Context, tenant string, cursor int64, limit int) ([]sales.ChangedHour, error)
	sold        bool // the hours themselves sold something else; without it only causes of stockouts may change
}

func (f *Follower) feeds() [2]feed {
	return [...]feed{{feedSales, causeSale, f.Ledger.Changed, true}, {feedStock, causeStock, f.Ledger.Moved, false}}
}

// news is what a feed told since its cursor: one entry at least.
type news struct {
	feed
	from int64
	list []sales.ChangedHour
}

func (n *news) to() int64 { return n.list[len(n.list)-1].Change }

// news reads what the feeds told.
func (f *Follower) news(ctx context.Context, tenant string, cursors map[string]int64) (all []news, err error) {
	for _, feed := range f.feeds() {
		n := news{feed: feed, from: cursors[feed.name]}
		if n.list, err = feed.read(ctx, tenant, n.from, changesAtOnce); err != nil {
			return nil, err
		}
		if len(n.list) > 0 {
			all = append(all, n)
		}
	}
	return all, nil
}

// hours gives those that news touch: the changed ones, and the later ones whose stockout has another cause now.
func (n *news) hours(ctx context.Context, q state.Querier, tenant string, now time.Time) ([]storeHour, error) {
	hours, err := recaused(ctx, q, tenant, n.list, now)
	if err != nil || !n.sold {
		return hours, err
	}
	for _, c := range n.list {
		hours = append(hours, storeHour{c.Store, hourOf(c.Hour)})
	}
	return slices.Compact(slices.SortedFunc(slices.Values(hours), storeHour.compare)), nil
}

// note notes the hours that news touch, so that they are folded at a later time.
func (f *Follower) note(ctx context.Context, tenant string, all []news) error {
	for _, n := range all {
		err := f.advance(ctx, tenant, n.name, n.from, n.to(), func(tx *state.Tx) error {
			hours, err := n.hours(ctx, tx, tenant, f.Now())
			if err != nil {
				return err
			}
			for _, h := range hours {
				if err := insertTouch(ctx, tx, tenant, h.store, "", h.hour, n.cause); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fewChanges is how many changed hours are folded in the transaction that takes them, without being noted before: it
// saves one transaction, which is half of the time that a late line takes.
const fewChanges = 256

// few reports whether news can be folded at once: they are few, and none is of an hour to come.
func few(all []news, now time.Time) bool {
	count := 0
	for _, n := range all {
		count += len(n.list)
		if slices.ContainsFunc(n.list, func(c sales.ChangedHour) bool { return !c.Hour.Before(now) }) {
			return false
		}
	}
	return count <= fewChanges
}

// catchUp is how far back the hours of a service that stood still are closed.
const catchUp = 35 * 24 * time.Hour

// closeHours touches every store with a cooler for each hour that has ended, so that an hour in which
// nobody said anything counts as one in which nobody looked; and what else was merged before it was over.
func (f *Follower) closeHours(ctx context.Context, tenant string, cursors map[string]int64) error {
	from, known := cursors[feedClose]
	next := hourOf(f.Now().Add(-Grace)) // the first hour that is not to be closed yet
	start := max(from, hourOf(f.Now().Add(-catchUp)))
	if !known {
		start = next - 3600
	}
	if start >= next {
		return nil
	}
	return f.advance(ctx, tenant, feedClose, from, next, func(tx *state.Tx) error {
		stores, err := state.Texts(ctx, tx, "SELECT DISTINCT store FROM merge_coolers WHERE tenant = ? ORDER BY store", tenant)
		if err != nil {
			return fmt.Errorf("close hours: %w", err)
		}
		for _, store := range stores {
			for hour := start; hour < next; hour += 3600 {
				if err := insertTouch(ctx, tx, tenant, store, "", hour, causeClose); err != nil {
					return err
				}
			}
		}
		_, err = tx.Exec(ctx, `INSERT INTO merge_touched (tenant, store, device, hour, cause)
			SELECT tenant, store, '', hour, ? FROM merge_hours WHERE tenant = ? AND hour >= ? AND hour < ? AND NOT closed`, causeClose, tenant, start, next)
		if err != nil {
			return fmt.Errorf("close hours: %w", err)
		}
		return nil
	})
}

// Replay has a tenant's merged hours of [from, to) folded anew at the follower's next steps, and tells
// how many. Whoever calls it sees to it that the series still keeps their looks.
func Replay(ctx context.Context, db *state.DB, tenant string, from, to time.Time) (hours int64, err error) {
	err = db.Write(ctx, func(tx *state.Tx) error {
		r, err := tx.Exec(ctx, `INSERT INTO merge_touched (tenant, store, device, hour, cause)
			SELECT tenant, store, '', hour, ? FROM merge_hours WHERE tenant = ? AND hour >= ? AND hour < ?`,
			causeReplay, tenant, hourOf(from), to.Unix())
		if err != nil {
			return fmt.Errorf("replay: %w", err)
		}
		hours, err = r.RowsAffected()
		return err
	})
	return hours, err
}

// Refold has the merged hours of some stores folded again in a stretch of time: what was known of it has changed.
func Refold(ctx context.Context, tx *state.Tx, tenant string, stores []string, from, to time.Time) error {
	for _, store := range stores {
		_, err := tx.Exec(ctx, `INSERT INTO merge_touched (tenant, store, device, hour, cause)
			SELECT tenant, store, '', hour, ? FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND hour < ?`,
			causePlan, tenant, store, hourOf(from), to.Unix())
		if err != nil {
			return fmt.Errorf("fold hours of %s again: %w", store, err)
		}
	}
	return nil
}

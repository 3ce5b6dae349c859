package merge

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

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

// takeSales touches the hours that have changed in the books, and the later ones whose stockout has another cause
// now, and tells whether there may be more.
func (f *Follower) takeSales(ctx context.Context, tenant string) (more bool, err error) {
	from, _, err := readCursor(ctx, f.DB, tenant, feedSales)
	if err != nil {
		return false, err
	}
	list, err := f.Ledger.Changed(ctx, tenant, from, changesAtOnce)
	if err != nil || len(list) == 0 {
		return false, err
	}
	return len(list) == changesAtOnce, f.advance(ctx, tenant, feedSales, from, list[len(list)-1].Change, func(tx *state.Tx) error {
		type storeHour struct {
			store string
			hour  int64
		}
		told := map[storeHour]bool{}
		for _, c := range list {
			k := storeHour{c.Store, hourOf(c.Hour)}
			if told[k] {
				continue
			}
			told[k] = true
			if err := insertTouch(ctx, tx, tenant, k.store, "", k.hour, causeSale); err != nil {
				return err
			}
		}
		return touchCauses(ctx, tx, tenant, list, causeSale, f.Now())
	})
}

// takeStock touches the hours whose stockout has another cause since movements were entered, and tells whether there may be more.
func (f *Follower) takeStock(ctx context.Context, tenant string) (more bool, err error) {
	from, _, err := readCursor(ctx, f.DB, tenant, feedStock)
	if err != nil {
		return false, err
	}
	list, err := f.Ledger.Moved(ctx, tenant, from, changesAtOnce)
	if err != nil || len(list) == 0 {
		return false, err
	}
	return len(list) == changesAtOnce, f.advance(ctx, tenant, feedStock, from, list[len(list)-1].Change, func(tx *state.Tx) error {
		return touchCauses(ctx, tx, tenant, list, causeStock, f.Now())
	})
}

// catchUp is how far back the hours of a service that stood still are closed.
const catchUp = 35 * 24 * time.Hour

// closeHours touches every store with a cooler for each hour that has ended, so that an hour in which
// nobody said anything counts as one in which nobody looked; and what else was merged before it was over.
func (f *Follower) closeHours(ctx context.Context, tenant string) error {
	from, known, err := readCursor(ctx, f.DB, tenant, feedClose)
	if err != nil {
		return err
	}
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

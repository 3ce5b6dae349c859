package sales

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Entry is a movement in a store's book with what the book said after it.
type Entry struct {
	Movement
	Known    bool  // there was a count before
	Expected int64 // before it, as far as is known
	After    int64 // after it
	Channel  string
	Order    string
	Line     string
}

// Shrink is how much a count found missing; negative: it found more. ok is false for what is no count,
// and for the first one.
func (e *Entry) Shrink() (units int64, ok bool) {
	if e.Cause != Count || e.Place != "" || !e.Known {
		return 0, false
	}
	return e.Expected - e.Units, true
}

// History gives every movement of a product in a store within a stretch, sales and refunds among them, in
// the order of their time, each with its cause and what the book said.
func (l *Ledger) History(ctx context.Context, tenant, store string, gtin shelf.GTIN, from, to time.Time) ([]Entry, error) {
	all, err := l.steps(ctx, tenant, store, gtin, to)
	if err != nil {
		return nil, fmt.Errorf("read book of %s in %s: %w", gtin, store, err)
	}
	// At the same instant a count comes last: it saw the others.
	slices.SortStableFunc(all, func(a, b Entry) int {
		if d := a.At.Compare(b.At); d != 0 {
			return d
		}
		switch {
		case (a.Cause == Count) == (b.Cause == Count):
			return 0
		case a.Cause == Count:
			return 1
		}
		return -1
	})
	var units int64
	known := false
	var out []Entry
	for _, e := range all {
		e.Known, e.Expected = known, units
		switch {
		case e.Place == Backroom:
		case e.Cause == Count:
			units, known = e.Units, true
		default:
			units += e.Units
		}
		e.After = units
		if !e.At.Before(from) {
			out = append(out, e)
		}
	}
	return out, nil
}

// bookSteps are movements; lines, but for what they took from holds; and what was taken from holds here, under whatever
// store the line says, when it was taken.
const bookSteps = `SELECT id, cause, units, at, place, note, '', '', '' FROM sales_movements WHERE tenant = ? AND store = ? AND gtin = ? AND at < ?
	UNION ALL SELECT '', CASE WHEN units < 0 THEN 'refund' ELSE 'sale' END, own, sold_at, '', '', channel, ord, line FROM (
		SELECT l.units, l.sold_at, l.channel, l.ord, l.line, CASE WHEN l.units < 0 AND NOT l.restocked THEN 0 ELSE -l.units END + CAST(COALESCE((
			SELECT SUM(t.units) FROM sales_takings t WHERE t.tenant = l.tenant AND t.channel = l.channel AND t.ord = l.ord AND t.line = l.line), 0) AS BIGINT) AS own
		FROM sales_lines l WHERE l.tenant = ? AND l.store = ? AND l.gtin = ? AND l.sold_at < ? AND l.units <> 0) AS sold WHERE own <> 0 OR units < 0
	UNION ALL SELECT '', 'sale', -units, at, '', '', channel, ord, line FROM sales_takings WHERE tenant = ? AND store = ? AND gtin = ? AND at < ?`

// steps reads all that moved before a time. What a line took from holds left the store that held it, when the line
// came, and not the line's own store at its time: see taking.
func (l *Ledger) steps(ctx context.Context, tenant, store string, gtin shelf.GTIN, to time.Time) ([]Entry, error) {
	at := state.Micros(to)
	rows, err := l.db.Query(ctx, bookSteps, tenant, store, string(gtin), at, tenant, store, string(gtin), at, tenant, store, string(gtin), at)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Entry
	for rows.Next() {
		e := Entry{Movement: Movement{Tenant: tenant, Store: store, GTIN: gtin}}
		var at int64
		if err := rows.Scan(&e.ID, &e.Cause, &e.Units, &at, &e.Place, &e.Note, &e.Channel, &e.Order, &e.Line); err != nil {
			return nil, err
		}
		e.At = state.Time(at)
		list = append(list, e)
	}
	return list, rows.Err()
}

// Arrivals tells when goods of a product last came into a store without being seen on the shelf yet: a
// delivery, a transfer, or a count of the back room that found some. Zero: never.
func (l *Ledger) Arrivals(ctx context.Context, tenant, store string) (map[shelf.GTIN]time.Time, error) {
	rows, err := l.db.Query(ctx, `SELECT gtin, MAX(at) FROM sales_movements WHERE tenant = ? AND store = ?
		AND (cause IN ('delivery', 'transfer_in') OR (place = 'backroom' AND units > 0)) GROUP BY gtin`, tenant, store)
	if err != nil {
		return nil, fmt.Errorf("read arrivals: %w", err)
	}
	defer rows.Close()
	last := map[shelf.GTIN]time.Time{}
	for rows.Next() {
		var g string
		var at int64
		if err := rows.Scan(&g, &at); err != nil {
			return nil, fmt.Errorf("read arrivals: %w", err)
		}
		last[shelf.GTIN(g)] = state.Time(at)
	}
	return last, rows.Err()
}

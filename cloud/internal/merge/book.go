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
	"github.com/coldshelf/coldshelf/models/shelf"
)

// book tells what a store's books said of a product at any time of a run: the last count before, and
// what moved since. So an hour that is folded again has the same stock, whatever came later.
type book struct {
	q             state.Querier
	tenant, store string
	from, to      time.Time
	lines         []*sales.Line // of the run
	pages         map[shelf.GTIN]*page
	asked, feed   bool // see moves
	err           error
}

// page is one product: its stock at the run's start, and the steps in the run.
type page struct {
	known bool
	units int64
	steps []step
}

type step struct {
	at    time.Time
	units int64
	count bool // units is what is there
}

// moves reports whether the store has a stock feed: anything ever moved but by sales. It is asked once, and only where
// something was out.
func (b *book) moves(ctx context.Context) (bool, error) {
	if !b.asked {
		var n int
		err := b.q.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM sales_movements WHERE tenant = ? AND store = ? LIMIT 1) m", b.tenant, b.store).Scan(&n)
		if err != nil {
			return false, err
		}
		b.asked, b.feed = true, n > 0
	}
	return b.feed, nil
}

// at gives a product's stock right before a time of the run: what moves at the stroke of an hour moves in the hour that
// begins. After a fault nothing is known, and err says why.
func (b *book) at(ctx context.Context, g shelf.GTIN, t time.Time) (units int64, known bool) {
	p := b.pages[g]
	if p == nil {
		p = &page{}
		feed, err := b.moves(ctx)
		if err == nil && feed {
			p, err = b.read(ctx, g)
		}
		if err != nil {
			b.err, p = fmt.Errorf("read book of %s in %s: %w", g, b.store, err), &page{}
		}
		b.pages[g] = p
	}
	units, known = p.units, p.known
	for _, s := range p.steps {
		if !s.at.Before(t) {
			break
		}
		if s.count {
			units, known = s.units, true
		} else {
			units += s.units
		}
	}
	return units, known
}

// causes are what the book makes the cause of a stockout at the end of each hour of the run, or at now where that is earlier.
func (b *book) causes(ctx context.Context, g shelf.GTIN, now time.Time) ([]Cause, error) {
	p, err := b.read(ctx, g)
	if err != nil {
		return nil, fmt.Errorf("read book of %s in %s: %w", g, b.store, err)
	}
	var list []Cause
	units, known, steps := p.units, p.known, p.steps
	for end := b.from.Add(time.Hour); !end.After(b.to); end = end.Add(time.Hour) {
		until := end
		if now.Before(end) {
			until = now
		}
		for ; len(steps) > 0 && steps[0].at.Before(until); steps = steps[1:] {
			if s := steps[0]; s.count {
				units, known = s.units, true
			} else {
				units += s.units
			}
		}
		list = append(list, causeOf(units, known))
	}
	return list, nil
}

func (b *book) read(ctx context.Context, g shelf.GTIN) (*page, error) {
	p := &page{}
	start := state.Micros(b.from)
	var counted int64
	err := b.q.QueryRow(ctx, `SELECT units, at FROM sales_movements WHERE tenant = ? AND store = ? AND gtin = ? AND cause = 'count' AND place = '' AND at < ?
		ORDER BY at DESC LIMIT 1`, b.tenant, b.store, string(g), start).Scan(&p.units, &counted)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return nil, err
	default:
		p.known = true
		var moved, sold int64
		err := b.q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) FROM sales_movements
			WHERE tenant = ? AND store = ? AND gtin = ? AND at > ? AND at < ? AND cause <> 'count'`, b.tenant, b.store, string(g), counted, start).Scan(&moved)
		if err != nil {
			return nil, err
		}
		err = b.q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(CASE WHEN units < 0 AND NOT restocked THEN 0 ELSE -units END), 0) AS BIGINT)
			FROM sales_lines WHERE tenant = ? AND store = ? AND gtin = ? AND sold_at > ? AND sold_at < ?`, b.tenant, b.store, string(g), counted, start).Scan(&sold)
		if err != nil {
			return nil, err
		}
		p.units += moved + sold
	}
	rows, err := b.q.Query(ctx, "SELECT at, units, cause FROM sales_movements WHERE tenant = ? AND store = ? AND gtin = ? AND at >= ? AND at < ? AND place = ''",
		b.tenant, b.store, string(g), start, state.Micros(b.to))
	if err != nil {
		return nil, err
	}
	err = each(rows, func() error {
		var s step
		var at int64
		var cause string
		err := rows.Scan(&at, &s.units, &cause)
		s.at, s.count = state.Time(at), cause == string(sales.Count)
		p.steps = append(p.steps, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := b.takings(ctx, g, counted, p); err != nil {
		return nil, err
	}
	for _, l := range b.lines {
		if l.GTIN == g && l.StockUnits() != 0 {
			p.steps = append(p.steps, step{at: l.SoldAt, units: l.StockUnits()})
		}
	}
	// A count stands for all until its own time, so what moved at the same instant comes before it.
	slices.SortStableFunc(p.steps, func(a, b step) int {
		if d := a.at.Compare(b.at); d != 0 || a.count == b.count {
			return d
		}
		if b.count {
			return -1
		}
		return 1
	})
	return p, err
}

// takings puts right what lines took from holds: those units left the store that held them, when the line came, and
// not the line's own store at its time.
func (b *book) takings(ctx context.Context, g shelf.GTIN, counted int64, p *page) error {
	until := state.Micros(b.to)
	rows, err := b.q.Query(ctx, `SELECT at, -units FROM sales_takings WHERE tenant = ? AND store = ? AND gtin = ? AND at > ? AND at < ?
		UNION ALL SELECT l.sold_at, t.units FROM sales_lines l CROSS JOIN sales_takings t
		WHERE l.tenant = ? AND l.store = ? AND l.gtin = ? AND l.sold_at > ? AND l.sold_at < ?
		AND t.tenant = l.tenant AND t.channel = l.channel AND t.ord = l.ord AND t.line = l.line`,
		b.tenant, b.store, string(g), counted, until, b.tenant, b.store, string(g), counted, until)
	if err != nil {
		return err
	}
	return each(rows, func() error {
		var at, units int64
		if err := rows.Scan(&at, &units); err != nil {
			return err
		}
		if at < state.Micros(b.from) {
			p.units += units
		} else {
			p.steps = append(p.steps, step{at: state.Time(at), units: units})
		}
		return nil
	})
}

package sales

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Cancellation is an order that was called off without its lines being named, while none of them is known.
type Cancellation struct {
	OrderName
	Revision int64 // lines of a lower one were not sold after all
	ToldAt   time.Time
}

// CallOff makes nothing of what an order sold in revisions below this one: of its lines that are known, each with its
// verdict, and of those that come later. What the order holds in reserve is let go.
func (l *Ledger) CallOff(ctx context.Context, tenant string, o OrderName, revision int64) (drafts []Draft, verdicts []Verdict, err error) {
	err = l.write(ctx, tenant, func(t *turn) error {
		_, err := t.Exec(ctx, `INSERT INTO sales_cancelled (tenant, channel, ord, revision, told_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (tenant, channel, ord) DO UPDATE SET revision = excluded.revision WHERE sales_cancelled.revision < excluded.revision`,
			tenant, o.Channel, o.Order, revision, state.Micros(t.now))
		if err != nil {
			return err
		}
		lines, err := t.linesOf(ctx, o)
		if err != nil {
			return err
		}
		for _, line := range lines {
			if line.Units >= 0 { // a refund was one all the same
				drafts = append(drafts, line.unsold(revision))
			}
		}
		if len(lines) == 0 {
			return t.release(ctx, o, Cancelled)
		}
		verdicts, err = t.append(ctx, drafts)
		return err
	})
	if err != nil {
		return nil, nil, fmt.Errorf("call an order off: %w", err)
	}
	return drafts, verdicts, nil
}

func (t *turn) linesOf(ctx context.Context, o OrderName) (lines []*Line, err error) {
	rows, err := t.Query(ctx, "SELECT "+lineColumns+" FROM sales_lines WHERE tenant = ? AND channel = ? AND ord = ? ORDER BY line", t.tenant, o.Channel, o.Order)
	if err != nil {
		return nil, fmt.Errorf("read an order: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		line, err := scanLine(rows)
		if err != nil {
			return nil, fmt.Errorf("read an order: %w", err)
		}
		lines = append(lines, line)
	}
	return lines, rows.Err()
}

// unsold says of a line that nothing of it was sold after all.
func (l *Line) unsold(revision int64) Draft {
	none := int64(0)
	return Draft{Channel: l.Channel, Order: l.Order, Line: l.Line, Revision: revision, Store: l.Store, GTIN: string(l.SoldAs), Quantity: &none,
		Currency: l.Currency, SoldAt: l.SoldAt.Format(time.RFC3339Nano), Promotion: l.Promotion}
}

var cancelledOrders = probe{columns: "c.channel, c.ord, c.revision", from: "sales_cancelled c", where: "c.tenant = ? AND c.channel = k.c1 AND c.ord = k.c2"}

// callOff makes nothing of the lines of this batch whose order was called off before they came.
func (b *batch) callOff(ctx context.Context) error {
	var waiting int
	if err := b.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM sales_cancelled WHERE tenant = ? LIMIT 1) AS one", b.tenant).Scan(&waiting); err != nil {
		return fmt.Errorf("read cancelled orders: %w", err)
	}
	if waiting == 0 || len(b.changed) == 0 {
		return nil
	}
	orders := map[OrderName]bool{}
	var keys [][]any
	for k := range b.changed {
		if o := (OrderName{k.channel, k.order}); !orders[o] {
			orders[o], keys = true, append(keys, []any{o.Channel, o.Order})
		}
	}
	revisions := map[OrderName]int64{}
	err := b.lookup(ctx, cancelledOrders, keys, func(rows *sql.Rows) error {
		var o OrderName
		var revision int64
		err := rows.Scan(&o.Channel, &o.Order, &revision)
		revisions[o] = revision
		return err
	}, b.tenant)
	if err != nil {
		return fmt.Errorf("read cancelled orders: %w", err)
	}
	var drafts []Draft
	for k := range b.changed {
		l := b.lines[k]
		if revision, off := revisions[OrderName{k.channel, k.order}]; off && l.Revision < revision && l.Units > 0 {
			drafts = append(drafts, l.unsold(revision))
		}
	}
	return b.appendOwn(ctx, drafts, "cancelled")
}

// appendOwn appends what the ledger itself has to say; what is refused of it is kept to be mended.
func (t *turn) appendOwn(ctx context.Context, drafts []Draft, source string) error {
	if len(drafts) == 0 {
		return nil
	}
	verdicts, err := t.append(ctx, drafts)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		if v.Status != Rejected {
			continue
		}
		body, err := json.Marshal(drafts[i])
		if err != nil {
			return err
		}
		if err := t.reject(ctx, Refusal{Source: source, Fault: *v.Fault, Input: string(body)}); err != nil {
			return err
		}
	}
	return nil
}

// cancelledShown is for how long an order that was called off is listed as waiting for lines; many never had any.
const cancelledShown = 30 * 24 * time.Hour

// Cancelled lists up to limit orders that were called off of late, and of which no line is known.
func (l *Ledger) Cancelled(ctx context.Context, tenant string, limit int) ([]Cancellation, error) {
	rows, err := l.db.Query(ctx, `SELECT c.channel, c.ord, c.revision, c.told_at FROM sales_cancelled c WHERE c.tenant = ? AND c.told_at >= ?
		AND NOT EXISTS (SELECT 1 FROM sales_lines l WHERE l.tenant = c.tenant AND l.channel = c.channel AND l.ord = c.ord)
		ORDER BY c.told_at, c.channel, c.ord LIMIT ?`, tenant, state.Micros(l.now().Add(-cancelledShown)), limit)
	if err != nil {
		return nil, fmt.Errorf("read cancelled orders: %w", err)
	}
	defer rows.Close()
	list := []Cancellation{}
	for rows.Next() {
		var c Cancellation
		var at int64
		if err := rows.Scan(&c.Channel, &c.Order, &c.Revision, &at); err != nil {
			return nil, fmt.Errorf("read cancelled orders: %w", err)
		}
		c.ToldAt = state.Time(at)
		list = append(list, c)
	}
	return list, rows.Err()
}

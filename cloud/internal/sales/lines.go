package sales

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const lineColumns = `tenant, channel, ord, line, revision, store, gtin, units, sold_as, quantity, price, amount,
	currency, sold_at, promotion, refund_order, refund_line, restocked, received_at, grams, millilitres, millimetres`

const lineReplace = `ON CONFLICT (tenant, channel, ord, line) DO UPDATE SET revision = excluded.revision,
	store = excluded.store, gtin = excluded.gtin, units = excluded.units, sold_as = excluded.sold_as,
	quantity = excluded.quantity, price = excluded.price, amount = excluded.amount, currency = excluded.currency,
	sold_at = excluded.sold_at, promotion = excluded.promotion, refund_order = excluded.refund_order,
	refund_line = excluded.refund_line, restocked = excluded.restocked, received_at = excluded.received_at, grams = excluded.grams,
	millilitres = excluded.millilitres, millimetres = excluded.millimetres`

// row is the line in the order of lineColumns.
func (l *Line) row() []any {
	var of Ref
	if l.RefundOf != nil {
		of = *l.RefundOf
	}
	return []any{l.Tenant, l.Channel, l.Order, l.Line, l.Revision, l.Store, string(l.GTIN), l.Units, string(l.SoldAs), l.Quantity,
		l.Price, l.Amount, l.Currency, state.Micros(l.SoldAt), l.Promotion, of.Order, of.Line, l.Restocked, state.Micros(l.ReceivedAt), l.Grams, l.Millilitres, l.Millimetres}
}

func scanLine(rows *sql.Rows) (*Line, error) {
	var l Line
	var of Ref
	var gtin, soldAs string
	var soldAt, receivedAt int64
	err := rows.Scan(&l.Tenant, &l.Channel, &l.Order, &l.Line, &l.Revision, &l.Store, &gtin, &l.Units, &soldAs, &l.Quantity,
		&l.Price, &l.Amount, &l.Currency, &soldAt, &l.Promotion, &of.Order, &of.Line, &l.Restocked, &receivedAt, &l.Grams, &l.Millilitres, &l.Millimetres)
	if err != nil {
		return nil, err
	}
	l.GTIN, l.SoldAs, l.SoldAt, l.ReceivedAt = shelf.GTIN(gtin), shelf.GTIN(soldAs), state.Time(soldAt), state.Time(receivedAt)
	if of != (Ref{}) {
		l.RefundOf = &of
	}
	return &l, nil
}

// prefixed names the columns of a table under an alias.
func prefixed(columns string) string {
	parts := strings.Split(columns, ",")
	for i := range parts {
		parts[i] = "l." + strings.TrimSpace(parts[i])
	}
	return strings.Join(parts, ", ")
}

var linesOfOrders = probe{columns: prefixed(lineColumns), from: "sales_lines l", where: "l.tenant = ? AND l.channel = k.c1 AND l.ord = k.c2"}

var refundsOfLines = probe{columns: prefixed(lineColumns), from: "sales_lines l", where: "l.tenant = ? AND l.channel = k.c1 AND l.refund_order = k.c2 AND l.refund_line = k.c3 AND l.refund_order <> ''"}

// load reads what stands of every order that the lines belong to or refund, and the other refunds.
func (b *batch) load(ctx context.Context, lines []*Line) error {
	orders, originals := map[[2]string]bool{}, map[key]bool{}
	for _, l := range lines {
		if l == nil {
			continue
		}
		orders[[2]string{l.Channel, l.Order}] = true
		if l.RefundOf != nil {
			orders[[2]string{l.Channel, l.RefundOf.Order}] = true
			originals[key{l.Channel, l.RefundOf.Order, l.RefundOf.Line}] = true
		}
	}
	var keys [][]any
	for o := range orders {
		keys = append(keys, []any{o[0], o[1]})
	}
	err := b.lookup(ctx, linesOfOrders, keys, func(rows *sql.Rows) error {
		l, err := scanLine(rows)
		if err != nil {
			return err
		}
		o := [2]string{l.Channel, l.Order}
		b.lines[l.key()], b.stored[o] = l, true
		if l.Units != 0 { // a cancelled line says nothing of its order's currency
			b.orders[o] = l.Currency
		}
		return nil
	}, b.tenant)
	if err != nil {
		return fmt.Errorf("read orders: %w", err)
	}
	if err := b.loadTakings(ctx, keys); err != nil {
		return err
	}
	for _, l := range lines { // what is corrected may have been taken back in part
		if l != nil && b.lines[l.key()] != nil {
			originals[l.key()] = true
		}
	}
	keys = nil
	for k := range originals {
		keys = append(keys, []any{k.channel, k.order, k.line})
	}
	err = b.lookup(ctx, refundsOfLines, keys, func(rows *sql.Rows) error {
		l, err := scanLine(rows)
		if err == nil {
			b.refunded(l)
		}
		return err
	}, b.tenant)
	if err != nil {
		return fmt.Errorf("read refunds: %w", err)
	}
	return nil
}

func (b *batch) writeHistory(ctx context.Context) error {
	rows := b.history
	b.history = nil
	if err := b.bulk(ctx, "INSERT INTO sales_revisions (tenant, channel, ord, line, revision, body)", "ON CONFLICT DO NOTHING", rows); err != nil {
		return fmt.Errorf("store revisions: %w", err)
	}
	return nil
}

// readRevision reads a revision that has no effect; nil: it was never here.
func readRevision(ctx context.Context, q state.Querier, l *Line) (*Line, error) {
	var body string
	err := q.QueryRow(ctx, "SELECT body FROM sales_revisions WHERE tenant = ? AND channel = ? AND ord = ? AND line = ? AND revision = ?",
		l.Tenant, l.Channel, l.Order, l.Line, l.Revision).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read revision: %w", err)
	}
	var old Line
	if err := json.Unmarshal([]byte(body), &old); err != nil {
		return nil, fmt.Errorf("stored revision: %w", err)
	}
	return &old, nil
}

// LineQuery selects lines; zero fields select all.
type LineQuery struct {
	Store, Channel, Order string
	GTIN                  shelf.GTIN
	From, To              time.Time // sold from, and before
	After                 *Line     // lines behind this one alone, for the next page
	Limit                 int       // 0: 1000
}

// Lines gives a tenant's lines as they stand, by when they were sold.
func (l *Ledger) Lines(ctx context.Context, tenant string, lq LineQuery) ([]*Line, error) {
	where, args := "tenant = ?", []any{tenant}
	and := func(cond string, v ...any) { where += " AND " + cond; args = append(args, v...) }
	if lq.Store != "" {
		and("store = ?", lq.Store)
	}
	if lq.GTIN != "" {
		and("gtin = ?", string(lq.GTIN))
	}
	if lq.Channel != "" {
		and("channel = ?", lq.Channel)
	}
	if lq.Order != "" {
		and("ord = ?", lq.Order)
	}
	if !lq.From.IsZero() {
		and("sold_at >= ?", state.Micros(lq.From))
	}
	if !lq.To.IsZero() {
		and("sold_at < ?", state.Micros(lq.To))
	}
	if a := lq.After; a != nil {
		and("(sold_at, channel, ord, line) > (?, ?, ?, ?)", state.Micros(a.SoldAt), a.Channel, a.Order, a.Line)
	}
	if lq.Limit <= 0 {
		lq.Limit = 1000
	}
	args = append(args, lq.Limit)
	rows, err := l.db.Query(ctx, "SELECT "+lineColumns+" FROM sales_lines WHERE "+where+" ORDER BY sold_at, channel, ord, line LIMIT ?", args...)
	if err != nil {
		return nil, fmt.Errorf("read lines: %w", err)
	}
	defer rows.Close()
	var list []*Line
	for rows.Next() {
		line, err := scanLine(rows)
		if err != nil {
			return nil, fmt.Errorf("read lines: %w", err)
		}
		list = append(list, line)
	}
	return list, rows.Err()
}

// Total is what one channel sold of a product in a store within an hour.
type Total struct {
	Store    string
	GTIN     shelf.GTIN
	Hour     time.Time
	Channel  string
	Currency string
	Units    int64 // refunds taken off
	Amount   int64 // refunds taken off, minor unit
	Refunded int64 // units, positive
	Lines    int64
	Receipts int64 // orders that hold a line of it
}

// Totals gives the hours of [from, to) by store, product, hour, channel and currency; "" for the store
// or the product gives all.
func (l *Ledger) Totals(ctx context.Context, tenant, store string, gtin shelf.GTIN, from, to time.Time) ([]Total, error) {
	where, args := "tenant = ? AND sold_at >= ? AND sold_at < ?", []any{tenant, state.Micros(from), state.Micros(to)}
	if store != "" {
		where, args = where+" AND store = ?", append(args, store)
	}
	if gtin != "" {
		where, args = where+" AND gtin = ?", append(args, string(gtin))
	}
	rows, err := l.db.Query(ctx, `SELECT store, gtin, sold_at / 3600000000 AS h, channel, currency, CAST(SUM(units) AS BIGINT), CAST(SUM(amount) AS BIGINT),
		CAST(SUM(CASE WHEN units < 0 THEN -units ELSE 0 END) AS BIGINT), COUNT(*), COUNT(DISTINCT ord) FROM sales_lines WHERE `+where+`
		GROUP BY store, gtin, sold_at / 3600000000, channel, currency ORDER BY store, gtin, h, channel, currency`, args...)
	if err != nil {
		return nil, fmt.Errorf("read sales by the hour: %w", err)
	}
	defer rows.Close()
	var list []Total
	for rows.Next() {
		var t Total
		var gtin string
		var hour int64
		if err := rows.Scan(&t.Store, &gtin, &hour, &t.Channel, &t.Currency, &t.Units, &t.Amount, &t.Refunded, &t.Lines, &t.Receipts); err != nil {
			return nil, fmt.Errorf("read sales by the hour: %w", err)
		}
		t.GTIN, t.Hour = shelf.GTIN(gtin), time.Unix(hour*3600, 0).UTC()
		list = append(list, t)
	}
	return list, rows.Err()
}

// ChangedHour is an hour whose lines have changed since the reader's cursor.
type ChangedHour struct {
	Store  string
	GTIN   shelf.GTIN
	Hour   time.Time
	Change int64 // the cursor after it
}

// Changed gives up to limit hours that changed after the cursor (0: all there ever were), in the order of
// their last change. Each hour comes once for any number of changes between two reads; a reader that
// goes on from the last Change misses none.
func (l *Ledger) Changed(ctx context.Context, tenant string, cursor int64, limit int) ([]ChangedHour, error) {
	rows, err := l.db.Query(ctx, "SELECT store, gtin, hour, change FROM sales_hours WHERE tenant = ? AND change > ? ORDER BY change LIMIT ?", tenant, cursor, limit)
	if err != nil {
		return nil, fmt.Errorf("read changed hours: %w", err)
	}
	defer rows.Close()
	var list []ChangedHour
	for rows.Next() {
		var c ChangedHour
		var gtin string
		var hour int64
		if err := rows.Scan(&c.Store, &gtin, &hour, &c.Change); err != nil {
			return nil, fmt.Errorf("read changed hours: %w", err)
		}
		c.GTIN, c.Hour = shelf.GTIN(gtin), state.Time(hour)
		list = append(list, c)
	}
	return list, rows.Err()
}

// Moved gives up to limit movements that were entered, and units that lines took from holds or gave back to them, after
// the cursor (0: all that are numbered), each by the hour from which on it changes the book. A movement that changes
// no stock is not among them.
func (l *Ledger) Moved(ctx context.Context, tenant string, cursor int64, limit int) ([]ChangedHour, error) {
	rows, err := l.db.Query(ctx, `SELECT store, gtin, at, change FROM sales_movements WHERE tenant = ? AND change > 0 AND change > ?
		UNION ALL SELECT store, gtin, at, change FROM sales_takings WHERE tenant = ? AND change > 0 AND change > ? ORDER BY change LIMIT ?`, tenant, cursor, tenant, cursor, limit)
	if err != nil {
		return nil, fmt.Errorf("read new movements: %w", err)
	}
	defer rows.Close()
	var list []ChangedHour
	for rows.Next() {
		var c ChangedHour
		var gtin string
		var at int64
		if err := rows.Scan(&c.Store, &gtin, &at, &c.Change); err != nil {
			return nil, fmt.Errorf("read new movements: %w", err)
		}
		c.GTIN, c.Hour = shelf.GTIN(gtin), state.Time(at).Truncate(time.Hour)
		list = append(list, c)
	}
	return list, rows.Err()
}

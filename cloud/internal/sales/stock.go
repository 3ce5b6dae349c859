package sales

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Stock is what the book says of a product in a store.
type Stock struct {
	Store    string
	GTIN     shelf.GTIN
	OnHand   int64     // the last count and what moved since
	Counted  time.Time // of the last count; zero: never, and OnHand is only the sum of what moved
	Reserved int64     // held for online orders
}

// Known tells whether OnHand rests on a count.
func (s *Stock) Known() bool { return !s.Counted.IsZero() }

// Free is what can still be promised.
func (s *Stock) Free() int64 { return max(0, s.OnHand-s.Reserved) }

type stockKey struct{ store, gtin string }

// stockStep is a change of stock at a time.
type stockStep struct{ at, units int64 }

var stockOfKeys = probe{columns: "s.store, s.gtin, s.counted_at", from: "sales_stock s", where: "s.tenant = ? AND s.gtin = k.c2 AND s.store = k.c1"}

// move applies steps to the book: those after the last count change it, earlier ones it has counted.
func (t *turn) move(ctx context.Context, moved map[stockKey][]stockStep) error {
	keys := make([]stockKey, 0, len(moved))
	for k := range moved {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		return keys[i].store < keys[j].store || keys[i].store == keys[j].store && keys[i].gtin < keys[j].gtin
	})
	pairs := make([][]any, len(keys))
	for i, k := range keys {
		pairs[i] = []any{k.store, k.gtin}
	}
	counted := map[stockKey]int64{}
	err := t.lookup(ctx, stockOfKeys, pairs, func(rows *sql.Rows) error {
		var k stockKey
		var at int64
		err := rows.Scan(&k.store, &k.gtin, &at)
		counted[k] = at
		return err
	}, t.tenant)
	if err != nil {
		return fmt.Errorf("read stock: %w", err)
	}
	var rows [][]any
	for _, k := range keys {
		var sum int64
		for _, s := range moved[k] {
			if s.at > counted[k] {
				sum += s.units
			}
		}
		if _, known := counted[k]; known && sum == 0 {
			continue
		}
		rows = append(rows, []any{t.tenant, k.store, k.gtin, sum, int64(0), int64(0)})
	}
	err = t.bulk(ctx, "INSERT INTO sales_stock (tenant, store, gtin, on_hand, counted_at, reserved)",
		"ON CONFLICT (tenant, gtin, store) DO UPDATE SET on_hand = sales_stock.on_hand + excluded.on_hand", rows)
	if err != nil {
		return fmt.Errorf("move stock: %w", err)
	}
	return nil
}

// counted sets the book by a count: what stood there then, and what moved since. A count that is older
// than the last one changes nothing.
func (t *turn) counted(ctx context.Context, k stockKey, at, units int64) error {
	var last int64
	err := t.QueryRow(ctx, "SELECT counted_at FROM sales_stock WHERE tenant = ? AND gtin = ? AND store = ?", t.tenant, k.gtin, k.store).Scan(&last)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if last >= at {
		return nil
	}
	since, err := sumSince(ctx, t.Tx, t.tenant, k, at)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, `INSERT INTO sales_stock (tenant, store, gtin, on_hand, counted_at, reserved) VALUES (?, ?, ?, ?, ?, 0)
		ON CONFLICT (tenant, gtin, store) DO UPDATE SET on_hand = excluded.on_hand, counted_at = excluded.counted_at`,
		t.tenant, k.store, k.gtin, units+since, at)
	return err
}

// sumSince adds up what moved after a time, counts left out.
func sumSince(ctx context.Context, q state.Querier, tenant string, k stockKey, at int64) (int64, error) {
	var sold, moved int64
	err := q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(CASE WHEN units < 0 AND NOT restocked THEN 0 ELSE -units END), 0) AS BIGINT)
		FROM sales_lines WHERE tenant = ? AND store = ? AND gtin = ? AND sold_at > ?`, tenant, k.store, k.gtin, at).Scan(&sold)
	if err != nil {
		return 0, err
	}
	err = q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) FROM sales_movements
		WHERE tenant = ? AND store = ? AND gtin = ? AND at > ? AND cause <> 'count'`, tenant, k.store, k.gtin, at).Scan(&moved)
	if err != nil {
		return 0, err
	}
	var elsewhere, taken int64 // units of lines of this store from holds anywhere, and of any line from holds here
	err = q.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(t.units), 0) AS BIGINT) FROM sales_lines l CROSS JOIN sales_takings t
		WHERE l.tenant = ? AND l.store = ? AND l.gtin = ? AND l.sold_at > ?
		AND t.tenant = l.tenant AND t.channel = l.channel AND t.ord = l.ord AND t.line = l.line`, tenant, k.store, k.gtin, at).Scan(&elsewhere)
	if err != nil {
		return 0, err
	}
	err = q.QueryRow(ctx, "SELECT CAST(COALESCE(SUM(units), 0) AS BIGINT) FROM sales_takings WHERE tenant = ? AND store = ? AND gtin = ? AND at > ?",
		tenant, k.store, k.gtin, at).Scan(&taken)
	return sold + moved + elsewhere - taken, err
}

// Stock gives the book, by store and product; "" for either gives all.
func (l *Ledger) Stock(ctx context.Context, tenant, store string, gtin shelf.GTIN) ([]Stock, error) {
	return readStock(ctx, l.db, tenant, store, gtin)
}

func readStock(ctx context.Context, q state.Querier, tenant, store string, gtin shelf.GTIN) ([]Stock, error) {
	where, args := "tenant = ?", []any{tenant}
	if store != "" {
		where, args = where+" AND store = ?", append(args, store)
	}
	if gtin != "" {
		where, args = where+" AND gtin = ?", append(args, string(gtin))
	}
	rows, err := q.Query(ctx, "SELECT store, gtin, on_hand, counted_at, reserved FROM sales_stock WHERE "+where+" ORDER BY store, gtin", args...)
	if err != nil {
		return nil, fmt.Errorf("read stock: %w", err)
	}
	defer rows.Close()
	var list []Stock
	for rows.Next() {
		var s Stock
		var g string
		var at int64
		if err := rows.Scan(&s.Store, &g, &s.OnHand, &at, &s.Reserved); err != nil {
			return nil, fmt.Errorf("read stock: %w", err)
		}
		s.GTIN, s.Counted = shelf.GTIN(g), state.Time(at)
		list = append(list, s)
	}
	return list, rows.Err()
}

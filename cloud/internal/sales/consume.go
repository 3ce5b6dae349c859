package sales

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// taking is what a line took from a hold. The goods left the store that held them when the line came,
// whatever store and time the line says: else they could be promised twice.
type taking struct {
	stockKey
	at, units int64
}

var takingsOfOrders = probe{columns: "t.channel, t.ord, t.line, t.store, t.gtin, t.at, t.units", from: "sales_takings t", where: "t.tenant = ? AND t.channel = k.c1 AND t.ord = k.c2"}

// loadTakings reads what the lines of orders took from holds.
func (b *batch) loadTakings(ctx context.Context, orders [][]any) error {
	seen := map[key]map[taking]bool{} // the last key may be asked for twice
	err := b.lookup(ctx, takingsOfOrders, orders, func(rows *sql.Rows) error {
		var k key
		var t taking
		if err := rows.Scan(&k.channel, &k.order, &k.line, &t.store, &t.gtin, &t.at, &t.units); err != nil {
			return err
		}
		if seen[k] == nil {
			seen[k] = map[taking]bool{}
		}
		if !seen[k][t] {
			seen[k][t] = true
			b.takings[k] = append(b.takings[k], t)
		}
		return nil
	}, b.tenant)
	if err != nil {
		return fmt.Errorf("read what was taken from holds: %w", err)
	}
	return nil
}

// held is how many units of a line came from holds and not from its own store.
func (b *batch) held(l *Line) (units int64) {
	for _, t := range b.takings[l.key()] {
		if t.gtin == string(l.GTIN) {
			units += t.units
		}
	}
	return units
}

func (b *batch) step(k stockKey, at, units int64) {
	b.moved[k] = append(b.moved[k], stockStep{at, units})
}

// giveBack returns what a correction says was not sold to the store that it was taken from.
func (b *batch) giveBack(ctx context.Context, changed []key) error {
	for _, k := range changed {
		l, kept := b.lines[k], []taking(nil)
		left := max(0, l.Units)
		for _, t := range b.takings[k] {
			keep := min(left, t.units)
			if t.gtin != string(l.GTIN) {
				keep = 0
			} else {
				b.step(stockKey{l.Store, t.gtin}, state.Micros(l.SoldAt), keep-t.units)
			}
			left -= keep
			b.step(t.stockKey, t.at, t.units-keep)
			if err := b.setTaking(ctx, k, t, keep); err != nil {
				return err
			}
			if t.units = keep; keep > 0 {
				kept = append(kept, t)
			}
		}
		b.takings[k] = kept
	}
	return nil
}

// setTaking keeps the row of what was given back whole, so that its change of the book is told.
func (b *batch) setTaking(ctx context.Context, k key, t taking, units int64) error {
	if units == t.units {
		return nil
	}
	b.change++
	_, err := b.Exec(ctx, "UPDATE sales_takings SET units = ?, change = ? WHERE tenant = ? AND channel = ? AND ord = ? AND line = ? AND store = ? AND gtin = ? AND at = ?",
		units, b.change, b.tenant, k.channel, k.order, k.line, t.store, t.gtin, t.at)
	if err != nil {
		return fmt.Errorf("give back: %w", err)
	}
	return nil
}

var holdsOfOrders = probe{columns: "h.channel, h.ord, h.store, h.gtin, h.units, s.counted_at", from: "sales_holds h CROSS JOIN sales_stock s",
	where: "h.tenant = ? AND h.channel = k.c1 AND h.ord = k.c2 AND s.tenant = h.tenant AND s.gtin = h.gtin AND s.store = h.store",
	order: " ORDER BY 1, 2, 4, 3"}

// openHold is what an order still holds.
type openHold struct {
	OrderName
	stockKey
	units, counted int64
}

func (b *batch) openHolds(ctx context.Context, changed []key) (map[OrderName][]*openHold, error) {
	var keys [][]any
	for _, k := range changed { // sorted by order
		if n := len(keys); n == 0 || keys[n-1][0] != k.channel || keys[n-1][1] != k.order {
			keys = append(keys, []any{k.channel, k.order})
		}
	}
	type name struct {
		OrderName
		stockKey
	}
	seen, holds := map[name]bool{}, map[OrderName][]*openHold{}
	err := b.lookup(ctx, holdsOfOrders, keys, func(rows *sql.Rows) error {
		h := &openHold{}
		if err := rows.Scan(&h.Channel, &h.Order, &h.store, &h.gtin, &h.units, &h.counted); err != nil {
			return err
		}
		if n := (name{h.OrderName, h.stockKey}); !seen[n] { // the last key may be asked for twice
			seen[n] = true
			holds[h.OrderName] = append(holds[h.OrderName], h)
		}
		return nil
	}, b.tenant)
	return holds, err
}

// consume takes the holds of orders whose sale has come as lines: the goods are sold now, and held no
// more. They leave the store that held them, now: a count since the sale has still seen them there.
func (b *batch) consume(ctx context.Context, changed []key) error {
	var waiting int
	if err := b.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM sales_holds WHERE tenant = ? LIMIT 1) AS one", b.tenant).Scan(&waiting); err != nil {
		return fmt.Errorf("read holds: %w", err)
	}
	if waiting == 0 {
		return nil
	}
	holds, err := b.openHolds(ctx, changed)
	if err != nil {
		return fmt.Errorf("read holds: %w", err)
	}
	back, touched := map[stockKey]int64{}, map[OrderName]bool{}
	var rows [][]any
	for _, k := range changed {
		l, o := b.lines[k], OrderName{k.channel, k.order}
		open := l.Units - b.held(l)
		// What its own store holds goes first.
		for _, own := range []bool{true, false} {
			for _, h := range holds[o] {
				n := min(h.units, open)
				if n <= 0 || h.gtin != string(l.GTIN) || (h.store == l.Store) != own {
					continue
				}
				at := max(state.Micros(b.now), h.counted+1)
				h.units, open = h.units-n, open-n
				b.step(h.stockKey, at, -n)
				b.step(stockKey{l.Store, h.gtin}, state.Micros(l.SoldAt), n) // its own store keeps them
				b.hours[hourKey{l.Store, h.gtin, state.Micros(l.Hour())}] = true
				b.change++
				rows = append(rows, []any{b.tenant, k.channel, k.order, k.line, h.store, h.gtin, at, n, b.change})
				back[h.stockKey] -= n
				touched[o] = true
			}
		}
	}
	if err := b.bulk(ctx, "INSERT INTO sales_takings (tenant, channel, ord, line, store, gtin, at, units, change)",
		"ON CONFLICT (tenant, channel, ord, line, store, gtin, at) DO UPDATE SET units = sales_takings.units + excluded.units, change = excluded.change", rows); err != nil {
		return fmt.Errorf("take holds: %w", err)
	}
	if err := b.letGo(ctx, holds, back, touched); err != nil {
		return err
	}
	for o := range holds {
		if b.calledOff(o) {
			if err := b.release(ctx, o, Cancelled); err != nil {
				return fmt.Errorf("let go: %w", err)
			}
		}
	}
	return nil
}

// calledOff tells whether an order's lines say that nothing of it was sold: whoever cancels it in the shop has not to
// cancel it here too.
func (b *batch) calledOff(o OrderName) bool {
	for k, l := range b.lines {
		if k.channel == o.Channel && k.order == o.Order && l.Units > 0 {
			return false
		}
	}
	return true
}

// letGo writes what is still held of orders that were sold in part or whole.
func (b *batch) letGo(ctx context.Context, holds map[OrderName][]*openHold, back map[stockKey]int64, touched map[OrderName]bool) error {
	if err := b.reserve(ctx, back); err != nil {
		return err
	}
	for o := range touched {
		for _, h := range holds[o] {
			_, err := b.Exec(ctx, "UPDATE sales_holds SET units = ? WHERE tenant = ? AND channel = ? AND ord = ? AND store = ? AND gtin = ?",
				h.units, b.tenant, o.Channel, o.Order, h.store, h.gtin)
			if err != nil {
				return fmt.Errorf("take holds: %w", err)
			}
		}
		if err := b.closeSold(ctx, o); err != nil {
			return fmt.Errorf("take holds: %w", err)
		}
	}
	return nil
}

// closeSold ends a reservation of which nothing is held any more.
func (b *batch) closeSold(ctx context.Context, o OrderName) error {
	if _, err := b.Exec(ctx, "DELETE FROM sales_holds WHERE tenant = ? AND channel = ? AND ord = ? AND units <= 0", b.tenant, o.Channel, o.Order); err != nil {
		return err
	}
	left, err := readHolds(ctx, b.Tx, b.tenant, o)
	if err != nil || len(left) > 0 {
		return err
	}
	_, err = b.Exec(ctx, "UPDATE sales_reservations SET status = ? WHERE tenant = ? AND channel = ? AND ord = ?", string(Sold), b.tenant, o.Channel, o.Order)
	return err
}

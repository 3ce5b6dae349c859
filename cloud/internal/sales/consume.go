package sales

import (
	"context"
	"database/sql"
	"fmt"
)

var holdsOfOrders = "SELECT h.channel, h.ord, h.store, h.gtin, h.units FROM k CROSS JOIN sales_holds h WHERE h.tenant = ? AND h.channel = k.c1 AND h.ord = k.c2"

// consume takes the holds of orders whose sale has come as lines: the goods are sold now, and held no
// more. What was picked in another store than it was held in is let go there too.
func (b *batch) consume(ctx context.Context) error {
	var waiting int
	if err := b.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM sales_holds WHERE tenant = ? LIMIT 1) AS one", b.tenant).Scan(&waiting); err != nil {
		return fmt.Errorf("read holds: %w", err)
	}
	if waiting == 0 {
		return nil
	}
	sold := map[OrderName]map[string]int64{}
	var keys [][]any
	for _, k := range b.taken {
		l := b.lines[k]
		if l.Units <= 0 {
			continue
		}
		o := OrderName{l.Channel, l.Order}
		if sold[o] == nil {
			sold[o] = map[string]int64{}
			keys = append(keys, []any{l.Channel, l.Order})
		}
		sold[o][string(l.GTIN)] += l.Units
	}
	type held struct {
		OrderName
		stockKey
		units int64
	}
	var holds []held
	err := lookup(ctx, b.Tx, holdsOfOrders, keys, func(rows *sql.Rows) error {
		var h held
		if err := rows.Scan(&h.Channel, &h.Order, &h.store, &h.gtin, &h.units); err != nil {
			return err
		}
		for _, was := range holds {
			if was.OrderName == h.OrderName && was.stockKey == h.stockKey {
				return nil // the last key was asked for twice
			}
		}
		holds = append(holds, h)
		return nil
	}, b.tenant)
	if err != nil {
		return fmt.Errorf("read holds: %w", err)
	}
	back, touched := map[stockKey]int64{}, map[OrderName]bool{}
	for _, h := range holds {
		n := min(h.units, sold[h.OrderName][h.gtin])
		if n == 0 {
			continue
		}
		sold[h.OrderName][h.gtin] -= n
		back[h.stockKey] -= n
		touched[h.OrderName] = true
		_, err := b.Exec(ctx, "UPDATE sales_holds SET units = units - ? WHERE tenant = ? AND channel = ? AND ord = ? AND store = ? AND gtin = ?",
			n, b.tenant, h.Channel, h.Order, h.store, h.gtin)
		if err != nil {
			return fmt.Errorf("take holds: %w", err)
		}
	}
	if err := b.reserve(ctx, back); err != nil {
		return err
	}
	for o := range touched {
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

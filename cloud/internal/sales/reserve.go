package sales

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// ReservationStatus is what became of a reservation.
type ReservationStatus string

// Statuses of a reservation.
const (
	Held      ReservationStatus = "held"
	Sold      ReservationStatus = "sold"      // its sale has come as lines
	Cancelled ReservationStatus = "cancelled" // somebody said so
	TimedOut  ReservationStatus = "timed_out"
	Refused   ReservationStatus = "refused" // there was not enough: nothing is held
)

// Reservation is what an online order holds.
type Reservation struct {
	Channel, Order       string
	Status               ReservationStatus
	Request, Answer      string // of the caller: the request as it was, and what it was answered
	CreatedAt, ExpiresAt time.Time
	Holds                []Hold // what is still held
}

// Hold is a part of a reservation.
type Hold struct {
	Store string
	GTIN  shelf.GTIN
	Units int64
}

// Counter is a tenant's stock while orders are decided about: nobody else changes it meanwhile.
type Counter struct {
	t        *turn
	masters  *catalog
	stock    map[shelf.GTIN][]*Stock
	byKey    map[stockKey]*Stock
	known    map[[2]string]*Reservation
	reserved []*Reservation
	moved    map[stockKey]int64
}

// OrderName is an order's name with whoever numbers it.
type OrderName struct{ Channel, Order string }

// AtCounter runs fn with the stock of some products and what is known of some orders, and makes what it
// reserved durable; what has timed out is free again by then. fn's error gives everything up.
func (l *Ledger) AtCounter(ctx context.Context, tenant string, orders []OrderName, gtins []shelf.GTIN, fn func(c *Counter) error) error {
	err := l.write(ctx, tenant, func(t *turn) error {
		if err := t.expire(ctx); err != nil {
			return err
		}
		c := &Counter{t: t, stock: map[shelf.GTIN][]*Stock{}, byKey: map[stockKey]*Stock{}, known: map[[2]string]*Reservation{}, moved: map[stockKey]int64{}}
		if err := c.read(ctx, orders, gtins); err != nil {
			return err
		}
		if err := fn(c); err != nil {
			return err
		}
		return c.write(ctx)
	})
	if err != nil {
		return fmt.Errorf("reserve: %w", err)
	}
	return nil
}

var (
	stockOfProducts      = probe{columns: "s.store, s.gtin, s.on_hand, s.counted_at, s.reserved", from: "sales_stock s", where: "s.tenant = ? AND s.gtin = k.c1"}
	reservationsOfOrders = probe{columns: "r.channel, r.ord, r.status, r.request, r.answer, r.created_at, r.expires_at", from: "sales_reservations r", where: "r.tenant = ? AND r.channel = k.c1 AND r.ord = k.c2"}
)

func (c *Counter) read(ctx context.Context, orders []OrderName, gtins []shelf.GTIN) (err error) {
	if c.masters, err = c.t.catalog(ctx, false); err != nil {
		return err
	}
	for _, g := range gtins {
		if c.masters.products[g] == nil { // a planogram may have made it known meanwhile
			if c.masters, err = c.t.catalog(ctx, true); err != nil {
				return err
			}
			break
		}
	}
	var keys [][]any
	seen := map[shelf.GTIN]bool{}
	for _, g := range gtins {
		if unit, _, _ := c.Unit(g); !seen[unit] {
			seen[unit] = true
			keys = append(keys, []any{string(unit)})
		}
	}
	err = c.t.lookup(ctx, stockOfProducts, keys, func(rows *sql.Rows) error {
		var s Stock
		var gtin string
		var at int64
		if err := rows.Scan(&s.Store, &gtin, &s.OnHand, &at, &s.Reserved); err != nil {
			return err
		}
		s.GTIN, s.Counted = shelf.GTIN(gtin), state.Time(at)
		k := stockKey{s.Store, gtin}
		if c.byKey[k] == nil { // the last key may be asked for twice
			c.byKey[k] = &s
			c.stock[s.GTIN] = append(c.stock[s.GTIN], &s)
		}
		return nil
	}, c.t.tenant)
	if err != nil {
		return fmt.Errorf("read stock: %w", err)
	}
	keys = nil
	for _, o := range orders {
		keys = append(keys, []any{o.Channel, o.Order})
	}
	err = c.t.lookup(ctx, reservationsOfOrders, keys, func(rows *sql.Rows) error {
		r, err := scanReservation(rows)
		if err == nil {
			c.known[[2]string{r.Channel, r.Order}] = r
		}
		return err
	}, c.t.tenant)
	if err != nil {
		return fmt.Errorf("read reservations: %w", err)
	}
	return nil
}

func scanReservation(row interface{ Scan(...any) error }) (*Reservation, error) {
	var r Reservation
	var created, expires int64
	err := row.Scan(&r.Channel, &r.Order, &r.Status, &r.Request, &r.Answer, &created, &expires)
	r.CreatedAt, r.ExpiresAt = state.Time(created), state.Time(expires)
	return &r, err
}

// Unit is what stands on the shelf of a product or a pack of it, and how many of it one piece holds; known is false
// where no master tells of it.
func (c *Counter) Unit(g shelf.GTIN) (unit shelf.GTIN, factor int64, known bool) {
	p := c.masters.products[g]
	if p == nil {
		return g, 1, len(c.stock[g]) > 0 // of a unit that only its pack tells of
	}
	unit, factor = c.masters.unit(p)
	return unit, factor, true
}

// Stock gives the stores that have a book of a unit, with what was reserved so far taken off.
func (c *Counter) Stock(g shelf.GTIN) []*Stock { return c.stock[g] }

// Known gives what was decided about an order before; nil: nothing.
func (c *Counter) Known(o OrderName) *Reservation { return c.known[[2]string{o.Channel, o.Order}] }

// Now is the time of the turn.
func (c *Counter) Now() time.Time { return c.t.now }

// Reserve enters a decision about an order; its holds must be free.
func (c *Counter) Reserve(r *Reservation) error {
	for _, h := range r.Holds {
		s := c.byKey[stockKey{h.Store, string(h.GTIN)}]
		if s == nil || h.Units <= 0 || s.OnHand-s.Reserved < h.Units {
			return fmt.Errorf("%d of %s in %s are not free", h.Units, h.GTIN, h.Store)
		}
		s.Reserved += h.Units
		c.moved[stockKey{h.Store, string(h.GTIN)}] += h.Units
	}
	r.CreatedAt = c.t.now
	c.known[[2]string{r.Channel, r.Order}] = r
	for i, was := range c.reserved {
		if was.Channel == r.Channel && was.Order == r.Order { // it was refused a moment ago
			c.reserved[i] = r
			return nil
		}
	}
	c.reserved = append(c.reserved, r)
	return nil
}

func (c *Counter) write(ctx context.Context) error {
	var reservations, holds [][]any
	for _, r := range c.reserved {
		reservations = append(reservations, []any{c.t.tenant, r.Channel, r.Order, string(r.Status), r.Request, r.Answer, state.Micros(r.CreatedAt), state.Micros(r.ExpiresAt)})
		for _, h := range r.Holds {
			holds = append(holds, []any{c.t.tenant, r.Channel, r.Order, h.Store, string(h.GTIN), h.Units})
		}
	}
	err := c.t.bulk(ctx, "INSERT INTO sales_reservations (tenant, channel, ord, status, request, answer, created_at, expires_at)",
		`ON CONFLICT (tenant, channel, ord) DO UPDATE SET status = excluded.status, request = excluded.request, answer = excluded.answer,
		created_at = excluded.created_at, expires_at = excluded.expires_at`, reservations)
	if err == nil {
		err = c.t.bulk(ctx, "INSERT INTO sales_holds (tenant, channel, ord, store, gtin, units)", "", holds)
	}
	if err != nil {
		return fmt.Errorf("store reservations: %w", err)
	}
	return c.t.reserve(ctx, c.moved)
}

// reserve changes what is reserved. The condition holds by the turn; it is there so that no mistake of
// ours can ever sell a unit twice.
func (t *turn) reserve(ctx context.Context, moved map[stockKey]int64) error {
	for k, units := range moved {
		if units == 0 {
			continue
		}
		res, err := t.Exec(ctx, "UPDATE sales_stock SET reserved = reserved + ? WHERE tenant = ? AND gtin = ? AND store = ? AND reserved + ? >= 0 AND (? < 0 OR on_hand >= reserved + ?)",
			units, t.tenant, k.gtin, k.store, units, units, units)
		if err != nil {
			return fmt.Errorf("reserve stock: %w", err)
		}
		if n, err := res.RowsAffected(); err != nil || n != 1 {
			return errors.Join(err, fmt.Errorf("stock of %s in %s does not allow %+d", k.gtin, k.store, units))
		}
	}
	return nil
}

// expire lets go what was held for too long.
func (t *turn) expire(ctx context.Context) error {
	rows, err := t.Query(ctx, "SELECT channel, ord FROM sales_reservations WHERE tenant = ? AND status = 'held' AND expires_at <= ?", t.tenant, state.Micros(t.now))
	if err != nil {
		return fmt.Errorf("read reservations: %w", err)
	}
	var over []OrderName
	for rows.Next() {
		var o OrderName
		if err := rows.Scan(&o.Channel, &o.Order); err != nil {
			rows.Close()
			return err
		}
		over = append(over, o)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, o := range over {
		if err := t.release(ctx, o, TimedOut); err != nil {
			return err
		}
	}
	return nil
}

// release frees what an order holds.
func (t *turn) release(ctx context.Context, o OrderName, status ReservationStatus) error {
	holds, err := readHolds(ctx, t.Tx, t.tenant, o)
	if err != nil {
		return err
	}
	back := map[stockKey]int64{}
	for _, h := range holds {
		back[stockKey{h.Store, string(h.GTIN)}] -= h.Units
	}
	if err := t.reserve(ctx, back); err != nil {
		return err
	}
	if _, err := t.Exec(ctx, "DELETE FROM sales_holds WHERE tenant = ? AND channel = ? AND ord = ?", t.tenant, o.Channel, o.Order); err != nil {
		return err
	}
	_, err = t.Exec(ctx, "UPDATE sales_reservations SET status = ? WHERE tenant = ? AND channel = ? AND ord = ?", string(status), t.tenant, o.Channel, o.Order)
	return err
}

func readHolds(ctx context.Context, q state.Querier, tenant string, o OrderName) (holds []Hold, err error) {
	rows, err := q.Query(ctx, "SELECT store, gtin, units FROM sales_holds WHERE tenant = ? AND channel = ? AND ord = ? ORDER BY store, gtin", tenant, o.Channel, o.Order)
	if err != nil {
		return nil, fmt.Errorf("read holds: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var h Hold
		if err := rows.Scan(&h.Store, &h.GTIN, &h.Units); err != nil {
			return nil, fmt.Errorf("read holds: %w", err)
		}
		holds = append(holds, h)
	}
	return holds, rows.Err()
}

// Reservation reads one with what it still holds; state.ErrNotFound.
func (l *Ledger) Reservation(ctx context.Context, tenant string, o OrderName) (*Reservation, error) {
	return readReservation(ctx, l.db, tenant, o)
}

func readReservation(ctx context.Context, q state.Querier, tenant string, o OrderName) (*Reservation, error) {
	r, err := scanReservation(q.QueryRow(ctx, `SELECT channel, ord, status, request, answer, created_at, expires_at FROM sales_reservations
		WHERE tenant = ? AND channel = ? AND ord = ?`, tenant, o.Channel, o.Order))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("order %s of %s: %w", o.Order, o.Channel, state.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read reservation: %w", err)
	}
	r.Holds, err = readHolds(ctx, q, tenant, o)
	return r, err
}

// Reservations reads at most limit of them, the newest first, of the given statuses (none given: of all),
// without what each still holds.
func (l *Ledger) Reservations(ctx context.Context, tenant string, of []ReservationStatus, limit int) ([]*Reservation, error) {
	where, args := "tenant = ?", []any{tenant}
	if len(of) > 0 {
		where += " AND status IN (?" + strings.Repeat(", ?", len(of)-1) + ")"
		for _, s := range of {
			args = append(args, string(s))
		}
	}
	rows, err := l.db.Query(ctx, "SELECT channel, ord, status, request, answer, created_at, expires_at FROM sales_reservations WHERE "+
		where+" ORDER BY created_at DESC, channel, ord LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("list reservations: %w", err)
	}
	defer rows.Close()
	var list []*Reservation
	for rows.Next() {
		r, err := scanReservation(rows)
		if err != nil {
			return nil, fmt.Errorf("list reservations: %w", err)
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// Cancel frees what an order holds, and gives it as it stands then: one that was sold or has timed out
// stays that. state.ErrNotFound.
func (l *Ledger) Cancel(ctx context.Context, tenant string, o OrderName) (r *Reservation, err error) {
	err = l.write(ctx, tenant, func(t *turn) error {
		if r, err = readReservation(ctx, t.Tx, tenant, o); err != nil {
			return err
		}
		if r.Status != Held {
			return nil
		}
		r.Status, r.Holds = Cancelled, nil
		return t.release(ctx, o, Cancelled)
	})
	return r, err
}

// Expire lets go what was held for too long.
func (l *Ledger) Expire(ctx context.Context, tenant string) error {
	var n int
	err := l.db.QueryRow(ctx, "SELECT COUNT(*) FROM sales_reservations WHERE tenant = ? AND status = 'held' AND expires_at <= ?", tenant, state.Micros(l.now())).Scan(&n)
	if err != nil || n == 0 {
		return err
	}
	return l.write(ctx, tenant, func(t *turn) error { return t.expire(ctx) })
}

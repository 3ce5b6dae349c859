package route

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// ErrConflict says that an order of this name was routed before and asked for something else.
var ErrConflict = errors.New("an order of this name was routed before, and asked for something else")

// Stores tells what a store's shelves show; package book does.
type Stores interface {
	Kept(ctx context.Context, tenant string, store sales.Store) (*book.Look, error)
}

// Router routes orders of any tenant. It is safe for concurrent use.
type Router struct {
	ledger *sales.Ledger
	stores Stores

	running sync.WaitGroup
	mu      sync.Mutex
	queues  map[string]*queue
}

// Wait waits for the orders that are being decided about. Call it when no more come.
func (r *Router) Wait() { r.running.Wait() }

// New makes a router.
func New(ledger *sales.Ledger, stores Stores) *Router {
	return &Router{ledger: ledger, stores: stores, queues: map[string]*queue{}}
}

// queue is a tenant's orders that wait while others are decided about.
type queue struct {
	busy    bool
	waiting []*pending
}

// pending is an order whose caller waits.
type pending struct {
	ctx    context.Context
	order  *Order
	answer *Answer
	err    error
	done   chan struct{}
}

// together is how many orders share a transaction.
const together = 200

// Route decides about an order, reserves what it assigns, and answers; asked again with the same order it
// answers the same. ErrConflict, or a *sales.Fault for an order that is wrong.
func (r *Router) Route(ctx context.Context, tenant string, o *Order) (*Answer, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	p := &pending{ctx: ctx, order: o, done: make(chan struct{})}
	r.mu.Lock()
	q := r.queues[tenant]
	if q == nil {
		q = &queue{}
		r.queues[tenant] = q
	}
	q.waiting = append(q.waiting, p)
	lead := !q.busy
	q.busy = true
	r.mu.Unlock()
	if lead { // the first decides for all that come meanwhile
		r.running.Go(func() { r.serve(tenant, q) })
	}
	select {
	case <-p.done:
		return p.answer, p.err
	case <-ctx.Done(): // it may be decided about all the same: the caller asks again, or lets it time out
		return nil, ctx.Err()
	}
}

// serve decides about what waits until nothing does.
func (r *Router) serve(tenant string, q *queue) {
	for {
		r.mu.Lock()
		n := min(len(q.waiting), together)
		if n == 0 {
			q.busy = false
			r.mu.Unlock()
			return
		}
		batch := q.waiting[:n:n]
		q.waiting = q.waiting[n:]
		r.mu.Unlock()
		// Bound to the tenant, and not to any caller: one that hangs up must not undo the others' orders.
		ctx, cancel := context.WithTimeout(state.ForTenant(context.Background(), tenant), 30*time.Second)
		r.decide(ctx, tenant, batch)
		cancel()
		for _, p := range batch {
			close(p.done)
		}
	}
}

func (r *Router) decide(ctx context.Context, tenant string, batch []*pending) {
	stores, looks, err := r.look(ctx, tenant, batch)
	if err == nil {
		var names []sales.OrderName
		var gtins []shelf.GTIN
		seen := map[shelf.GTIN]bool{}
		for _, p := range batch {
			names = append(names, p.order.name())
			for _, l := range p.order.Lines {
				if !seen[l.GTIN] {
					seen[l.GTIN] = true
					gtins = append(gtins, l.GTIN)
				}
			}
		}
		err = r.ledger.AtCounter(ctx, tenant, names, gtins, func(c *sales.Counter) error {
			for _, p := range batch {
				if p.ctx.Err() != nil {
					p.err = p.ctx.Err()
					continue
				}
				if p.answer, p.err = one(c, stores, looks, p.order); p.err != nil && !errors.Is(p.err, ErrConflict) {
					return p.err
				}
			}
			return nil
		})
	}
	if err != nil { // nothing of the batch is reserved
		for _, p := range batch {
			p.answer, p.err = nil, err
		}
	}
}

// look gathers all stores, and what those near the orders of a batch have, before the stock is taken hold of.
func (r *Router) look(ctx context.Context, tenant string, batch []*pending) (stores []sales.Store, looks []*book.Look, err error) {
	if stores, err = r.ledger.Stores(ctx, tenant); err != nil {
		return nil, nil, err
	}
	for _, s := range stores {
		if s.Lat == nil || s.NoOrders {
			continue
		}
		near := false
		for _, p := range batch {
			near = near || distance(*p.order.Lat, *p.order.Lon, *s.Lat, *s.Lon) <= p.order.Weights.MaxKM
		}
		if !near {
			continue
		}
		l, err := r.stores.Kept(ctx, tenant, s)
		if err != nil {
			return nil, nil, err
		}
		looks = append(looks, l)
	}
	return stores, looks, nil
}

// one decides about one order at the counter.
func one(c *sales.Counter, stores []sales.Store, looks []*book.Look, o *Order) (*Answer, error) {
	print := o.fingerprint()
	if was := c.Known(o.name()); was != nil && was.Status != sales.Refused { // what was refused may be there by now
		if was.Request != print {
			return nil, fmt.Errorf("order %s: %w", o.Order, ErrConflict)
		}
		return answerOf(was)
	}
	o, unknown := inUnits(c, o)
	byStore := map[string]*candidate{}
	for _, l := range looks {
		if km := distance(*o.Lat, *o.Lon, *l.Store.Lat, *l.Store.Lon); km <= o.Weights.MaxKM {
			byStore[l.Store.Store] = &candidate{look: l, km: km, free: map[shelf.GTIN]int64{}}
		}
	}
	for _, item := range o.Lines {
		for _, s := range c.Stock(item.GTIN) {
			if cand := byStore[s.Store]; cand != nil {
				cand.free[item.GTIN] = may(o, cand.look, s, c.Now())
			}
		}
	}
	var candidates []*candidate
	for _, cand := range byStore {
		candidates = append(candidates, cand)
	}
	a := &Answer{Channel: o.Channel, Order: o.Order, Status: sales.Held, Assignments: []Assignment{}, Missing: []Item{}}
	a.Costs = weigh(candidates)
	assigned, missing := plan(o, candidates)
	a.Missing = append(a.Missing, missing...)
	for _, item := range unknown {
		a.Missing, a.Unknown = append(a.Missing, item), append(a.Unknown, item.GTIN)
	}
	if len(missing) > 0 {
		a.Passed = passed(o, missing, stores, byStore, c.Stock, c.Now())
	}
	if len(assigned) == 0 || len(a.Missing) > 0 && !o.Partial {
		a.Status = sales.Refused
		return a, reserve(c, o, a, print)
	}
	a.Assignments = assigned
	ends := c.Now().Add(o.hold()).Truncate(time.Second)
	a.ExpiresAt = &ends
	return a, reserve(c, o, a, print)
}

func reserve(c *sales.Counter, o *Order, a *Answer, print string) error {
	body, err := json.Marshal(a)
	if err != nil {
		return err
	}
	r := &sales.Reservation{Channel: o.Channel, Order: o.Order, Status: a.Status, Request: print, Answer: string(body)}
	if a.ExpiresAt != nil {
		r.ExpiresAt = *a.ExpiresAt
	}
	for _, as := range a.Assignments {
		for _, l := range as.Lines {
			r.Holds = append(r.Holds, sales.Hold{Store: as.Store, GTIN: l.GTIN, Units: l.Units})
		}
	}
	return c.Reserve(r)
}

// answerOf is what was answered, with what became of it since.
func answerOf(r *sales.Reservation) (*Answer, error) {
	var a Answer
	if err := json.Unmarshal([]byte(r.Answer), &a); err != nil {
		return nil, fmt.Errorf("stored answer of order %s: %w", r.Order, err)
	}
	a.Status = r.Status
	return &a, nil
}

// Find gives an order that was routed; state.ErrNotFound.
func (r *Router) Find(ctx context.Context, tenant string, o sales.OrderName) (*Answer, error) {
	res, err := r.ledger.Reservation(ctx, tenant, o)
	if err != nil {
		return nil, err
	}
	return answerOf(res)
}

// Listed is an order with the time at which it was decided about.
type Listed struct {
	Answer
	CreatedAt time.Time `json:"created_at"`
}

// List gives at most limit orders, the newest first, of the given statuses; none given: of all.
func (r *Router) List(ctx context.Context, tenant string, of []sales.ReservationStatus, limit int) ([]Listed, error) {
	reservations, err := r.ledger.Reservations(ctx, tenant, of, limit)
	if err != nil {
		return nil, err
	}
	list := make([]Listed, 0, len(reservations))
	for _, res := range reservations {
		a, err := answerOf(res)
		if err != nil {
			return nil, err
		}
		list = append(list, Listed{*a, res.CreatedAt})
	}
	return list, nil
}

// Cancel frees what an order holds; state.ErrNotFound.
func (r *Router) Cancel(ctx context.Context, tenant string, o sales.OrderName) (*Answer, error) {
	res, err := r.ledger.Cancel(ctx, tenant, o)
	if err != nil {
		return nil, err
	}
	return answerOf(res)
}

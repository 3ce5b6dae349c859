package merge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// batch is what one step folds of a tenant.
type batch struct {
	*Follower
	tenant  string
	masters *Masters
	touched map[string]*touch // by store
	news    []news            // that are not noted: all in the first transaction
}

// stores lists those that are touched.
func (b *batch) stores() []string {
	names := map[string]bool{}
	for store := range b.touched {
		names[store] = true
	}
	for _, n := range b.news {
		for _, c := range n.list {
			names[c.Store] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// merge folds all, some stores in each transaction.
func (b *batch) merge(ctx context.Context) (all Done, err error) {
	stores := b.stores()
	for len(stores) > 0 && ctx.Err() == nil {
		n := min(b.Stores, len(stores))
		done, err := b.mergeStores(ctx, stores[:n])
		if errors.Is(err, errMoved) {
			delete(b.taken, b.tenant)
			return all, nil // the next step sees what is left
		}
		if err != nil {
			return all, err
		}
		all.add(done)
		stores, b.news = stores[n:], nil
	}
	return all, nil
}

// errMoved says that another program has taken news or changed masters meanwhile.
var errMoved = errors.New("another program was before us")

// mergeStores folds some stores' touched hours in one transaction. On PostgreSQL another program may
// follow too, so there the facts are read in the tenant's turn; on SQLite they are read before it, so
// that ingest need not wait.
func (b *batch) mergeStores(ctx context.Context, stores []string) (done Done, err error) {
	var list []*folded
	if !b.DB.Postgres() {
		if list, err = b.fold(ctx, stores); err != nil {
			return done, err
		}
	}
	err = b.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "merge/"+b.tenant); err != nil {
			return err
		}
		if err := b.hold(ctx, tx); err != nil {
			return err
		}
		if b.DB.Postgres() {
			if list, err = b.fold(ctx, stores); err != nil {
				return err
			}
		}
		done = Done{}
		for _, one := range list {
			d, err := one.write(ctx, tx, b.Now())
			if err != nil {
				return err
			}
			done.add(d)
		}
		if done.Changed == 0 {
			return nil
		}
		return raiseMark(ctx, tx, b.tenant)
	})
	return done, err
}

// hold sees to it that news and masters are still those that were read, and takes the news.
func (b *batch) hold(ctx context.Context, tx *state.Tx) error {
	cursors, err := readCursors(ctx, tx, b.tenant)
	if err != nil {
		return err
	}
	if cursors[feedMasters] != b.taken[b.tenant].times {
		return errMoved
	}
	for _, n := range b.news {
		if cursors[n.name] != n.from {
			return errMoved
		}
		if err := setCursor(ctx, tx, b.tenant, n.name, n.to()); err != nil {
			return err
		}
	}
	return nil
}

// fold folds the touched hours of some stores.
func (b *batch) fold(ctx context.Context, stores []string) ([]*folded, error) {
	if err := b.touch(ctx); err != nil {
		return nil, err
	}
	by, err := b.judgement(ctx, b.tenant)
	if err != nil {
		return nil, err
	}
	out := make([]*folded, 0, len(stores))
	for _, store := range stores {
		t := b.touched[store]
		if t == nil {
			continue // what moved there changes no hour
		}
		one, err := b.foldStore(ctx, b.tenant, b.masters, by, store, t)
		if err != nil {
			return nil, fmt.Errorf("merge %s: %w", store, err)
		}
		out = append(out, one)
	}
	return out, nil
}

// touch adds the hours that news touch.
func (b *batch) touch(ctx context.Context) error {
	for _, n := range b.news {
		hours, err := n.hours(ctx, b.DB, b.tenant, b.Now())
		if err != nil {
			return err
		}
		for _, h := range hours {
			if b.touched[h.store] == nil {
				b.touched[h.store] = newTouch()
			}
			b.touched[h.store].add(h.hour, n.cause)
		}
	}
	return nil
}

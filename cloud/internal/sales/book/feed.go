package book

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Judge decides about alerts; alert.Engine does.
type Judge interface {
	Feed(ctx context.Context, tx *state.Tx, id wire.Identity, at time.Time, s alert.Sales) error
}

// Feeder tells the judge of alerts what the books say, again and again: what ought to be there, and what
// was sold since it told last. A product is told to a cooler if that cooler alone holds it in its store.
type Feeder struct {
	Desk      *Desk
	Judge     Judge
	Committed func() // called after alerts may have changed
	Every     time.Duration

	told map[string]time.Time // by tenant, to when sales were told
}

// Feed tells all coolers of a tenant once. What one store's data make impossible does not keep the others
// from being told.
func (f *Feeder) Feed(ctx context.Context, tenant string) error {
	now := f.Desk.Now().UTC().Truncate(time.Microsecond)
	since, ok := f.told[tenant]
	if !ok {
		since = now.Add(-f.Every)
	}
	stores, err := storesWithCoolers(ctx, f.Desk.DB, tenant)
	if err != nil {
		return err
	}
	masters, err := f.Desk.Ledger.Stores(ctx, tenant)
	if err != nil {
		return err
	}
	var errs []error
	for _, store := range stores {
		if err := f.store(ctx, tenant, masters, store, since, now); err != nil {
			errs = append(errs, fmt.Errorf("tell the book of %s: %w", store, err))
		}
	}
	if f.told == nil {
		f.told = map[string]time.Time{}
	}
	f.told[tenant] = now
	f.Committed()
	return errors.Join(errs...)
}

func storesWithCoolers(ctx context.Context, db *state.DB, tenant string) (list []string, err error) {
	// Only stores with a book or a sale have anything to tell.
	list, err = state.Texts(ctx, db, `SELECT DISTINCT c.store FROM coolers c WHERE c.tenant = ? AND EXISTS
		(SELECT 1 FROM sales_stock s WHERE s.tenant = c.tenant AND s.store = c.store) ORDER BY c.store`, tenant)
	if err != nil {
		return nil, fmt.Errorf("read stores with coolers: %w", err)
	}
	return list, nil
}

func (f *Feeder) store(ctx context.Context, tenant string, masters []sales.Store, store string, since, now time.Time) error {
	l, err := f.Desk.reconcile(ctx, tenant, masters, store)
	if err != nil {
		return err
	}
	totals, err := f.Desk.Ledger.Totals(ctx, tenant, store, "", since, now)
	if err != nil {
		return err
	}
	sold := map[shelf.GTIN]int{}
	for _, t := range totals {
		sold[t.GTIN] += int(t.Units + t.Refunded) // what was taken off the shelf, whatever came back
	}
	holders := map[shelf.GTIN]int{}
	for _, due := range l.Due {
		for _, g := range distinct(due) {
			holders[g]++
		}
	}
	for device, due := range l.Due {
		var told alert.Sales
		for _, g := range distinct(due) {
			book := l.Findings[g]
			if g == "" || holders[g] > 1 || book == nil {
				continue
			}
			sku := alert.BookedSKU{GTIN: g, Sold: max(0, sold[g])}
			if book.Known() {
				onHand := int(max(0, book.OnHand))
				sku.OnHand = &onHand
			}
			told = append(told, sku)
		}
		if len(told) == 0 {
			continue
		}
		err := f.Desk.DB.Write(ctx, func(tx *state.Tx) error {
			return f.Judge.Feed(ctx, tx, wire.Identity{Tenant: tenant, Store: store, Device: device}, now, told)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func distinct(list []shelf.GTIN) []shelf.GTIN {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

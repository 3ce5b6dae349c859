package sales

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// PutMasters enters or replaces masters, all or none, and then takes the parked lines that waited for
// them. A wrong one is a *Fault.
func (l *Ledger) PutMasters(ctx context.Context, tenant string, products []Product, stores []Store) (replayed int, err error) {
	for i := range products {
		if err := products[i].Validate(); err != nil {
			return 0, err
		}
	}
	for i := range stores {
		if err := stores[i].Validate(); err != nil {
			return 0, err
		}
	}
	err = l.write(ctx, tenant, func(t *turn) error {
		t.masters++
		for _, p := range products {
			if err := t.putProduct(ctx, p); err != nil {
				return err
			}
		}
		for _, s := range stores {
			if err := t.putStore(ctx, s); err != nil {
				return err
			}
		}
		if len(products) > 0 {
			return t.checkPacks(ctx)
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return l.Replay(ctx, tenant)
}

func (t *turn) putProduct(ctx context.Context, p Product) error {
	g, err := shelf.ParseGTIN(string(p.GTIN))
	if err != nil {
		return err // Validate has seen to it
	}
	p.GTIN = g
	if err := state.PutProduct(ctx, t.Tx, t.tenant, p.Product); err != nil {
		return err
	}
	body, err := json.Marshal(p)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, "INSERT INTO sales_products (tenant, gtin, body) VALUES (?, ?, ?) ON CONFLICT (tenant, gtin) DO UPDATE SET body = excluded.body",
		t.tenant, string(p.GTIN), string(body))
	if err != nil {
		return fmt.Errorf("store product %s: %w", p.GTIN, err)
	}
	return nil
}

func (t *turn) putStore(ctx context.Context, s Store) error {
	err := state.PutStore(ctx, t.Tx, state.Store{Tenant: t.tenant, Store: s.Store, Name: s.Name, GLN: s.GLN, Lat: s.Lat, Lon: s.Lon, TZ: s.TZ, Hours: s.Hours,
		Region: s.Region, Channel: s.Channel, Class: s.Class}, t.now)
	if err != nil {
		return err
	}
	body, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = t.Exec(ctx, "INSERT INTO sales_stores (tenant, store, body) VALUES (?, ?, ?) ON CONFLICT (tenant, store) DO UPDATE SET body = excluded.body",
		t.tenant, s.Store, string(body))
	if err != nil {
		return fmt.Errorf("store %s: %w", s.Store, err)
	}
	return nil
}

// maxPack is how many units a pack may hold, whatever stands in it: a quantity of them stays a number.
const maxPack = 1_000_000

// checkPacks refuses packs that hold themselves, or too much.
func (t *turn) checkPacks(ctx context.Context) error {
	c, err := t.catalog(ctx, true)
	if err != nil {
		return err
	}
	for _, p := range c.products {
		depth, units := 0, int64(1)
		for at := p; at != nil && at.Contains != nil; at = c.products[at.Contains.GTIN] {
			if depth++; depth > maxDepth {
				return &Fault{Code: BadNumber, Field: "contains", Text: fmt.Sprintf("the packs of %s hold each other, or are deeper than %d", p.GTIN, maxDepth)}
			}
			if units *= at.Contains.Count; units > maxPack {
				return &Fault{Code: BadNumber, Field: "contains", Text: fmt.Sprintf("%s holds more than %d units with the packs in it", p.GTIN, maxPack)}
			}
		}
	}
	return nil
}

// Stores gives a tenant's stores by id.
func (l *Ledger) Stores(ctx context.Context, tenant string) ([]Store, error) {
	return ListStores(ctx, l.db, tenant)
}

// Products gives a tenant's products by GTIN.
func (l *Ledger) Products(ctx context.Context, tenant string) ([]Product, error) {
	return ListProducts(ctx, l.db, tenant)
}

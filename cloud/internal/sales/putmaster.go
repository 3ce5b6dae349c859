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
		return t.checkMasters(ctx, products, stores)
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

func (t *turn) checkMasters(ctx context.Context, products []Product, stores []Store) error {
	c, err := t.catalog(ctx, true)
	if err != nil {
		return err
	}
	if fault := c.namesOfStores(stores); fault != nil {
		return fault
	}
	if fault := c.namesOfProducts(products); fault != nil {
		return fault
	}
	if len(products) > 0 {
		return c.checkPacks()
	}
	return nil
}

// namesOfStores refuses stores by whose names another one is known: their sales would be anybody's.
func (c *catalog) namesOfStores(put []Store) *Fault {
	glns, codes := map[string]string{}, map[Code]string{}
	for _, s := range put {
		glns[s.GLN] = s.Store
		for _, code := range s.Codes {
			codes[code] = s.Store
		}
	}
	for _, s := range c.stores {
		if mine := glns[s.GLN]; s.GLN != "" && mine != "" && mine != s.Store {
			return &Fault{Code: Taken, Field: "gln", Text: fmt.Sprintf("GLN %s is of stores %s and %s", s.GLN, min(mine, s.Store), max(mine, s.Store)), Hint: "a GLN names one place; take it from the other first"}
		}
		for _, code := range s.Codes {
			if mine := codes[code]; mine != "" && mine != s.Store {
				return &Fault{Code: Taken, Field: "codes", Text: fmt.Sprintf("%s calls stores %s and %s %q", code.Channel, min(mine, s.Store), max(mine, s.Store), code.Code), Hint: "a channel's code is of one store; take it from the other first"}
			}
		}
	}
	return nil
}

// namesOfProducts is the same for products.
func (c *catalog) namesOfProducts(put []Product) *Fault {
	codes := map[Code]shelf.GTIN{}
	for _, p := range put {
		g, err := shelf.ParseGTIN(string(p.GTIN))
		if err != nil {
			continue // Validate has seen to it
		}
		for _, code := range p.Codes {
			codes[code] = g
		}
	}
	if len(codes) == 0 {
		return nil
	}
	for _, p := range c.products {
		for _, code := range p.Codes {
			if mine := codes[code]; mine != "" && mine != p.GTIN {
				return &Fault{Code: Taken, Field: "codes", Text: fmt.Sprintf("%s calls products %s and %s %q", code.Channel, min(mine, p.GTIN), max(mine, p.GTIN), code.Code), Hint: "a channel's code is of one product; take it from the other first"}
			}
		}
	}
	return nil
}

// checkPacks refuses packs that hold themselves, or too much.
func (c *catalog) checkPacks() error {
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

package sales

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// catalog is a tenant's masters at hand, by every name that a sender may use.
type catalog struct {
	version  int64
	stores   map[string]*Store
	products map[shelf.GTIN]*Product
	byGLN    map[string]*Store
	byCode   map[Code]*Store
	bySKU    map[Code]*Product
}

// separator stands between the parts of a key that is one text.
const separator = "\x1f"

func (c *catalog) store(channel, name string) *Store {
	if s := c.byCode[Code{channel, name}]; s != nil {
		return s
	}
	if s := c.stores[name]; s != nil {
		return s
	}
	return c.byGLN[name]
}

// place is a store by any of its names; what is wrong with a name that is none is its *Fault.
func (c *catalog) place(channel, name string) (*Store, *Fault) {
	if s := c.store(channel, name); s != nil {
		return s, nil
	}
	if len(name) == 13 && strings.Trim(name, "0123456789") == "" {
		if err := CheckGLN(name); err != nil {
			return nil, &Fault{Code: BadGLN, Field: "store", Text: err.Error()}
		}
	}
	return nil, &Fault{Code: UnknownStore, Field: "store", Text: fmt.Sprintf("store %q is not known", name), Hint: "give its master: cooler-cloud sales masters FILE, or PUT /v1/stores/{store}"}
}

// product finds what a line sold; without one it names what is missing.
func (c *catalog) product(channel, gtin, sku string) (*Product, string) {
	if sku != "" {
		if p := c.code(channel, sku); p != nil {
			return p, ""
		}
		return nil, channel + separator + sku
	}
	if p := c.bySKU[Code{channel, gtin}]; p != nil { // a channel's own number may look like a GTIN
		return p, ""
	}
	g, err := shelf.ParseGTIN(gtin)
	if err != nil {
		return nil, gtin // check has refused it before
	}
	if p := c.products[g]; p != nil {
		return p, string(g)
	}
	return c.code(channel, gtin), string(g)
}

// code finds a product by what a channel calls it. A number that a shop has made itself (GS1 prefix 2, or 02 of twelve
// digits) may hold the weight or the price of the pack: the code of its product is its begin and a star.
func (c *catalog) code(channel, code string) *Product {
	if p := c.bySKU[Code{channel, code}]; p != nil {
		return p
	}
	if !Restricted(code) {
		return nil
	}
	for n := len(code) - 1; n > 1; n-- {
		if p := c.bySKU[Code{channel, code[:n] + "*"}]; p != nil {
			return p
		}
	}
	return nil
}

// Restricted tells of a number that means something in one company alone, after GS1 General Specifications 1.4.5
// and 2.1.12: of 13 digits from 2 or 02, of 12 from 2.
func Restricted(code string) bool {
	if strings.Trim(code, "0123456789") != "" {
		return false
	}
	return len(code) == 13 && (code[0] == '2' || code[:2] == "02") || len(code) == 12 && code[0] == '2'
}

// unit follows packs down to what stands on the shelf.
func (c *catalog) unit(p *Product) (gtin shelf.GTIN, factor int64) {
	gtin, factor = p.GTIN, 1
	for depth := 0; p != nil && p.Contains != nil && depth < maxDepth; depth++ {
		gtin, factor = p.Contains.GTIN, factor*p.Contains.Count
		p = c.products[gtin]
	}
	return gtin, factor
}

// maxDepth bounds packs in packs: unit, multipack, case, layer, pallet.
const maxDepth = 8

// catalogs keeps each tenant's masters until their version changes.
type catalogs struct {
	mu   sync.Mutex
	kept map[string]*catalog
}

// get gives a tenant's masters as of the transaction; fresh reads them again in any case, because
// boards and planograms make stores and products known too.
func (cs *catalogs) get(ctx context.Context, q state.Querier, tenant string, version int64, fresh bool) (*catalog, error) {
	cs.mu.Lock()
	c := cs.kept[tenant]
	cs.mu.Unlock()
	if c != nil && c.version == version && !fresh {
		return c, nil
	}
	c, err := readCatalog(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	c.version = version
	cs.mu.Lock()
	if cs.kept == nil {
		cs.kept = map[string]*catalog{}
	}
	cs.kept[tenant] = c
	cs.mu.Unlock()
	return c, nil
}

func (cs *catalogs) forget(tenant string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	delete(cs.kept, tenant)
}

func readCatalog(ctx context.Context, q state.Querier, tenant string) (*catalog, error) {
	c := &catalog{stores: map[string]*Store{}, products: map[shelf.GTIN]*Product{}, byGLN: map[string]*Store{},
		byCode: map[Code]*Store{}, bySKU: map[Code]*Product{}}
	stores, err := ListStores(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	for i := range stores {
		s := &stores[i]
		c.stores[s.Store] = s
		if s.GLN != "" {
			c.byGLN[s.GLN] = s
		}
		for _, code := range s.Codes {
			c.byCode[code] = s
		}
	}
	products, err := ListProducts(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	for i := range products {
		p := &products[i]
		c.products[p.GTIN] = p
		for _, code := range p.Codes {
			c.bySKU[code] = p
		}
	}
	return c, nil
}

// ListStores gives a tenant's stores by id, those that boards made known too.
func ListStores(ctx context.Context, q state.Querier, tenant string) ([]Store, error) {
	known, err := state.ListStores(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	trade, err := bodies[Store](ctx, q, "SELECT store, body FROM sales_stores WHERE tenant = ?", tenant)
	if err != nil {
		return nil, err
	}
	list := make([]Store, len(known))
	for i, k := range known {
		s := trade[k.Store]
		s.Store, s.Name, s.GLN, s.Lat, s.Lon, s.TZ, s.Hours = k.Store, k.Name, k.GLN, k.Lat, k.Lon, k.TZ, k.Hours
		s.Region, s.Channel, s.Class = k.Region, k.Channel, k.Class
		list[i] = s
	}
	return list, nil
}

// ListProducts gives a tenant's products by GTIN, those that planograms made known too.
func ListProducts(ctx context.Context, q state.Querier, tenant string) ([]Product, error) {
	known, err := state.ListProducts(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	trade, err := bodies[Product](ctx, q, "SELECT gtin, body FROM sales_products WHERE tenant = ?", tenant)
	if err != nil {
		return nil, err
	}
	list := make([]Product, len(known))
	for i, k := range known {
		p := trade[string(k.GTIN)]
		p.Product = k
		list[i] = p
	}
	return list, nil
}

func bodies[T any](ctx context.Context, q state.Querier, query, tenant string) (map[string]T, error) {
	rows, err := q.Query(ctx, query, tenant)
	if err != nil {
		return nil, fmt.Errorf("read masters: %w", err)
	}
	defer rows.Close()
	all := map[string]T{}
	for rows.Next() {
		var name, body string
		if err := rows.Scan(&name, &body); err != nil {
			return nil, fmt.Errorf("read masters: %w", err)
		}
		var v T
		if err := json.Unmarshal([]byte(body), &v); err != nil {
			return nil, fmt.Errorf("stored master %s: %w", name, err)
		}
		all[name] = v
	}
	return all, rows.Err()
}

package merge

import (
	"context"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Masters are a tenant's products and places at hand.
type Masters struct {
	Products map[shelf.GTIN]*sales.Product
	Places   map[string]*Place
	groups   map[shelf.GTIN]string
}

// Place is a store with its clock.
type Place struct {
	sales.Store
	Zone  *time.Location // UTC where the store has none
	hours sales.Hours
}

// ReadMasters reads them.
func ReadMasters(ctx context.Context, q state.Querier, tenant string) (*Masters, error) {
	products, err := sales.ListProducts(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	stores, err := sales.ListStores(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	m := &Masters{Products: map[shelf.GTIN]*sales.Product{}, Places: map[string]*Place{}, groups: map[shelf.GTIN]string{}}
	for i := range products {
		p := &products[i]
		m.Products[p.GTIN] = p
		if p.Group != "" {
			m.groups[p.GTIN] = p.Group
		}
	}
	for _, s := range stores {
		m.Places[s.Store] = newPlace(s)
	}
	return m, nil
}

// heldMasters are masters, and what tells whether the stores have changed since.
type heldMasters struct {
	*Masters
	version, stores, updated int64
}

// heldMasters gives the tenant's masters, read again when a store or a master has changed. A product
// that only a planogram brought may be missing: folding asks products for their group alone.
func (f *Follower) heldMasters(ctx context.Context, tenant string) (*Masters, error) {
	h := &heldMasters{}
	err := f.DB.QueryRow(ctx, `SELECT COUNT(*), COALESCE(MAX(updated_at), 0),
		COALESCE((SELECT masters FROM sales_tenants WHERE tenant = ?), 0) FROM stores WHERE tenant = ?`, tenant, tenant).Scan(&h.stores, &h.updated, &h.version)
	if err != nil {
		return nil, fmt.Errorf("read masters: %w", err)
	}
	if was := f.masters[tenant]; was != nil && was.version == h.version && was.stores == h.stores && was.updated == h.updated {
		return was.Masters, nil
	}
	if h.Masters, err = ReadMasters(ctx, f.DB, tenant); err != nil {
		return nil, err
	}
	f.masters[tenant] = h
	return h.Masters, nil
}

func newPlace(s sales.Store) *Place {
	p := &Place{Store: s}
	p.Zone, _ = s.Location()
	// Hours that somebody wrote freely before they were checked count as open always.
	p.hours, _ = sales.ParseHours(s.Hours)
	return p
}

// Place gives a store; one that no master knows has UTC and is open always.
func (m *Masters) Place(store string) *Place {
	if p := m.Places[store]; p != nil {
		return p
	}
	return newPlace(sales.Store{Store: store})
}

// Groups maps products to their interchangeable group. It is not the caller's to change.
func (m *Masters) Groups() map[shelf.GTIN]string { return m.groups }

// listed is a product's list price, where it is in a currency; "": whatever it is in. Without one it is 0.
func (m *Masters) listed(g shelf.GTIN, currency string) (minor float64, in string) {
	p := m.Products[g]
	if p == nil || p.Price <= 0 || currency != "" && currency != p.Currency {
		return 0, currency
	}
	return float64(p.Price), p.Currency
}

// priced are a store's rates with the list prices of today where nothing was sold to tell the price.
type priced struct {
	*StoreRates
	masters  *Masters
	currency string // of the store; "": any
}

// Rate is that of StoreRates.
func (p priced) Rate(g shelf.GTIN, local time.Time) (Rate, bool) {
	r, ok := p.StoreRates.Rate(g, local)
	if ok && r.Listed {
		r.Minor, r.Currency = p.masters.listed(g, p.currency)
	}
	return r, ok
}

// openGrain is how exactly opening hours are kept.
const openGrain = 5 * time.Minute

// Open gives the stretches of opening hours within a span of time.
func (p *Place) Open(from, to time.Time) []shelf.Span {
	if !from.Before(to) {
		return nil
	}
	if !p.hours.Known() {
		return []shelf.Span{{From: from, To: to}}
	}
	var out []shelf.Span
	for at := from; at.Before(to); {
		next := at.Truncate(openGrain).Add(openGrain)
		if next.After(to) {
			next = to
		}
		if p.hours.Open(at.In(p.Zone)) {
			if n := len(out); n > 0 && out[n-1].To.Equal(at) {
				out[n-1].To = next
			} else {
				out = append(out, shelf.Span{From: at, To: next})
			}
		}
		at = next
	}
	return out
}

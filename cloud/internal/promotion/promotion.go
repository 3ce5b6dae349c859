// Package promotion keeps a brand's promotions: which products, where, from when to when, and what it cost.
// Package kpi computes what they achieved.
package promotion

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Tables are the tables of this package.
var Tables = state.Migrations{Name: "promotion", Steps: []string{`
CREATE TABLE promotions (
	tenant TEXT NOT NULL,
	id     TEXT NOT NULL,
	body   TEXT NOT NULL,
	PRIMARY KEY (tenant, id)
);
`}}

// Promotion is one campaign.
type Promotion struct {
	ID       string       `json:"id"`
	Name     string       `json:"name"`
	GTINs    []shelf.GTIN `json:"gtins"`
	Stores   []string     `json:"stores"`
	From     time.Time    `json:"from"`
	To       time.Time    `json:"to"`
	Cost     int64        `json:"cost_minor"` // besides the discount, which is in the revenue
	Currency string       `json:"currency"`
}

// longest bounds a campaign.
const longest = 120 * 24 * time.Hour

// Validate returns an error that names what is wrong with a promotion, and shortens its GTINs.
func (p *Promotion) Validate() error {
	switch {
	case p.ID == "" || len(p.ID) > 100:
		return fmt.Errorf("id is missing, or longer than 100 characters")
	case len(p.GTINs) == 0 || len(p.Stores) == 0:
		return fmt.Errorf("gtins and stores say what was promoted where; one of them is empty")
	case !p.From.Before(p.To) || p.To.Sub(p.From) > longest:
		return fmt.Errorf("from is not before to, or they are more than 120 days apart")
	case p.Cost < 0 || p.Cost > 0 && len(p.Currency) != 3:
		return fmt.Errorf("cost_minor is negative, or lacks its currency")
	}
	for i, g := range p.GTINs {
		parsed, err := shelf.ParseGTIN(string(g))
		if err != nil {
			return err
		}
		p.GTINs[i] = parsed
	}
	slices.Sort(p.GTINs)
	p.GTINs = slices.Compact(p.GTINs)
	slices.Sort(p.Stores)
	p.Stores = slices.Compact(p.Stores)
	return nil
}

// Covers reports whether it promotes a product in a store, at whatever time.
func (p *Promotion) Covers(store string, g shelf.GTIN) bool {
	_, here := slices.BinarySearch(p.Stores, store)
	_, this := slices.BinarySearch(p.GTINs, g)
	return here && this
}

// Put enters or replaces a valid promotion.
func Put(ctx context.Context, tx *state.Tx, tenant string, p *Promotion) error {
	body, err := json.Marshal(p)
	if err == nil {
		_, err = tx.Exec(ctx, "INSERT INTO promotions (tenant, id, body) VALUES (?, ?, ?) ON CONFLICT (tenant, id) DO UPDATE SET body = excluded.body", tenant, p.ID, string(body))
	}
	if err != nil {
		return fmt.Errorf("store promotion %s: %w", p.ID, err)
	}
	return nil
}

// Delete removes a promotion. The error is state.ErrNotFound if there is none.
func Delete(ctx context.Context, tx *state.Tx, tenant, id string) error {
	r, err := tx.Exec(ctx, "DELETE FROM promotions WHERE tenant = ? AND id = ?", tenant, id)
	if err != nil {
		return fmt.Errorf("delete promotion %s: %w", id, err)
	}
	if n, err := r.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("promotion %s: %w", id, state.ErrNotFound)
	}
	return nil
}

// List returns a tenant's promotions by ID.
func List(ctx context.Context, q state.Querier, tenant string) ([]Promotion, error) {
	bodies, err := state.Texts(ctx, q, "SELECT body FROM promotions WHERE tenant = ? ORDER BY id", tenant)
	if err != nil {
		return nil, fmt.Errorf("list promotions: %w", err)
	}
	list := []Promotion{}
	for _, body := range bodies {
		var p Promotion
		if err := json.Unmarshal([]byte(body), &p); err != nil {
			return nil, fmt.Errorf("stored promotion: %w", err)
		}
		list = append(list, p)
	}
	return list, nil
}

package kpi

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Tables are the tables of this package.
var Tables = state.Migrations{Name: "kpi", Steps: []string{`
CREATE TABLE kpi_weights (
	tenant TEXT NOT NULL,
	brand  TEXT NOT NULL,
	body   TEXT NOT NULL,
	PRIMARY KEY (tenant, brand)
);
`}}

// WeightBook is what a tenant holds for its perfect store, and what single brands hold for theirs.
type WeightBook struct {
	Tenant *Weights           `json:"tenant"` // null: as without
	Brands map[string]Weights `json:"brands"`
}

// Of gives the weights for a question about some brands, all where it names none: those of the brand where
// it names one that has its own, else the tenant's.
func (b WeightBook) Of(brands []string) Weights {
	if len(brands) == 1 {
		if w, ok := b.Brands[brands[0]]; ok {
			return w
		}
	}
	if b.Tenant != nil {
		return *b.Tenant
	}
	return DefaultWeights()
}

// WeightRow is what counts for one brand, as a table tells it.
type WeightRow struct {
	Brand string `json:"brand"` // "": every brand that has none of its own
	Weights
}

// Rows lists what counts: first where no brand has its own, then brand by brand.
func (b WeightBook) Rows() []WeightRow {
	rows := []WeightRow{{"", b.Of(nil)}}
	for _, brand := range slices.Sorted(maps.Keys(b.Brands)) {
		rows = append(rows, WeightRow{brand, b.Brands[brand]})
	}
	return rows
}

// Validate names what is wrong with weights.
func (w Weights) Validate() error {
	sum := 0.0
	for name, v := range map[string]float64{"osa": w.OSA, "facings": w.Facings, "share": w.Share, "order": w.Order} {
		if !(v >= 0 && v <= 1e6) {
			return fmt.Errorf("weight %s is %v, want a number from 0 to 1000000", name, v)
		}
		sum += v
	}
	if sum == 0 {
		return fmt.Errorf("all weights are 0: nothing would be scored")
	}
	return nil
}

// mostBrands bounds a book.
const mostBrands = 1000

// Validate names what is wrong with a book.
func (b WeightBook) Validate() error {
	if len(b.Brands) > mostBrands {
		return fmt.Errorf("%d brands, want at most %d", len(b.Brands), mostBrands)
	}
	if b.Tenant != nil {
		if err := b.Tenant.Validate(); err != nil {
			return fmt.Errorf("tenant: %w", err)
		}
	}
	for _, brand := range slices.Sorted(maps.Keys(b.Brands)) {
		if brand == "" || len(brand) > 200 {
			return fmt.Errorf("brands: a name is empty or longer than 200 bytes")
		}
		if err := b.Brands[brand].Validate(); err != nil {
			return fmt.Errorf("brand %s: %w", brand, err)
		}
	}
	return nil
}

// ReadWeights gives a tenant's book.
func ReadWeights(ctx context.Context, q state.Querier, tenant string) (WeightBook, error) {
	b := WeightBook{Brands: map[string]Weights{}}
	rows, err := q.Query(ctx, "SELECT brand, body FROM kpi_weights WHERE tenant = ?", tenant)
	if err != nil {
		return b, fmt.Errorf("read weights: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var brand, body string
		var w Weights
		if err := rows.Scan(&brand, &body); err != nil {
			return b, fmt.Errorf("read weights: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &w); err != nil {
			return b, fmt.Errorf("stored weights: %w", err)
		}
		if brand == "" {
			b.Tenant = &w
		} else {
			b.Brands[brand] = w
		}
	}
	return b, rows.Err()
}

// PutWeights sets a tenant's book, which is valid, in place of the one before.
func PutWeights(ctx context.Context, tx *state.Tx, tenant string, b WeightBook) error {
	if _, err := tx.Exec(ctx, "DELETE FROM kpi_weights WHERE tenant = ?", tenant); err != nil {
		return fmt.Errorf("store weights: %w", err)
	}
	all := maps.Clone(b.Brands)
	if all == nil {
		all = map[string]Weights{}
	}
	if b.Tenant != nil {
		all[""] = *b.Tenant
	}
	for _, brand := range slices.Sorted(maps.Keys(all)) {
		body, err := json.Marshal(all[brand])
		if err == nil {
			_, err = tx.Exec(ctx, "INSERT INTO kpi_weights (tenant, brand, body) VALUES (?, ?, ?)", tenant, brand, string(body))
		}
		if err != nil {
			return fmt.Errorf("store weights: %w", err)
		}
	}
	return nil
}

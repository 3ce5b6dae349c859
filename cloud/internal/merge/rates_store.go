package merge

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Model is what a tenant's demand rates were learned from, and how good they are.
type Model struct {
	Version    int64              `json:"version"`
	FittedAt   time.Time          `json:"fitted_at"`
	Stores     int                `json:"stores"`
	Rates      int                `json:"rates"`   // of a product in a store
	Lessons    int                `json:"lessons"` // hours of a product in a store
	Dispersion float64            `json:"dispersion"`
	Uneven     float64            `json:"uneven"`       // variance of an hour's own mean ÷ mean²
	Substitute map[string]float64 `json:"substitution"` // by group: share of customers that buy another one of it
	Forecast   []Score            `json:"forecast"`     // how the forecast did, beside its baselines
	Online     []Score            `json:"online"`       // the same of online orders that stores pick
	Lifts      Lifts              `json:"lifts"`        // of promotions
	Missed     Missed             `json:"missed"`
	Own        float64            `json:"own_average"` // weight of a store's own average in the forecast, mean over its clusters' stores
}

// Missed is how demand while a product is missing stands to its rate, and how far off that is, as relative
// standard deviations.
type Missed struct {
	Factor   float64 `json:"factor"`
	Error    float64 `json:"error"`    // of Factor
	Products float64 `json:"products"` // between products
	Stores   float64 `json:"stores"`   // between stores
	Days     float64 `json:"days"`     // between days of a store
}

// ratesRow is a store's rates as they are stored.
type ratesRow struct {
	Cluster    string                 `json:"cluster"`
	Dispersion float64                `json:"dispersion"`
	Uneven     float64                `json:"uneven"`
	Traffic    Profile                `json:"traffic"`
	Bases      map[shelf.GTIN]base    `json:"bases"`
	Substitute map[shelf.GTIN]float64 `json:"substitute,omitempty"`
	Shared     map[shelf.GTIN]float64 `json:"shared,omitempty"`
	Local      float64                `json:"local,omitempty"`
	Daily      float64                `json:"daily,omitempty"`
	Alike      float64                `json:"alike,omitempty"`
	Own        float64                `json:"own,omitempty"`
	Picks      map[shelf.GTIN]pick    `json:"picks,omitempty"`
}

func zip(v any) ([]byte, error) {
	var buf bytes.Buffer
	z, _ := gzip.NewWriterLevel(&buf, gzip.BestSpeed)
	err := errors.Join(json.NewEncoder(z).Encode(v), z.Close())
	return buf.Bytes(), err
}

func unzip(data []byte, into any) error {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return err
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

// putRates stores a fit in place of the one before.
func putRates(ctx context.Context, tx *state.Tx, tenant string, m *Model, rates map[string]*StoreRates) error {
	shapes := map[string]map[shelf.GTIN]*Profile{}
	for _, table := range []string{"merge_rates", "merge_shapes"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE tenant = ?", tenant); err != nil {
			return fmt.Errorf("store rates: %w", err)
		}
	}
	for store, r := range rates {
		shapes[r.cluster] = r.shapes
		body, err := zip(ratesRow{r.cluster, r.dispersion, r.uneven, r.traffic, r.bases, r.substitute, r.shared, r.local, r.daily, r.alike, r.own, r.picks})
		if err == nil {
			_, err = tx.Exec(ctx, "INSERT INTO merge_rates (tenant, store, body) VALUES (?, ?, ?)", tenant, store, body)
		}
		if err != nil {
			return fmt.Errorf("store rates of %s: %w", store, err)
		}
	}
	for cluster, s := range shapes {
		body, err := zip(s)
		if err == nil {
			_, err = tx.Exec(ctx, "INSERT INTO merge_shapes (tenant, cluster, body) VALUES (?, ?, ?)", tenant, cluster, body)
		}
		if err != nil {
			return fmt.Errorf("store shapes of %s: %w", cluster, err)
		}
	}
	body, err := json.Marshal(m)
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO merge_models (tenant, version, fitted_at, body) VALUES (?, ?, ?, ?)
			ON CONFLICT (tenant) DO UPDATE SET version = excluded.version, fitted_at = excluded.fitted_at, body = excluded.body`,
			tenant, m.Version, state.Micros(m.FittedAt), string(body))
	}
	if err != nil {
		return fmt.Errorf("store model: %w", err)
	}
	return nil
}

// ReadModel gives what a tenant's rates were learned from; nil: nothing was learned yet.
func ReadModel(ctx context.Context, q state.Querier, tenant string) (*Model, error) {
	var body string
	err := q.QueryRow(ctx, "SELECT body FROM merge_models WHERE tenant = ?", tenant).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	m := &Model{}
	if err == nil {
		err = json.Unmarshal([]byte(body), m)
	}
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	return m, nil
}

// rateCache keeps the rates of stores until there are newer ones. It may be used from several
// goroutines.
type rateCache struct {
	db *state.DB

	mu      sync.Mutex
	tenants map[string]*tenantRates
}

type tenantRates struct {
	version int64
	shapes  map[string]map[shelf.GTIN]*Profile
	stores  map[string]*StoreRates
}

// of gives a store's rates, nil where there are none.
func (c *rateCache) of(ctx context.Context, tenant, store string) (*StoreRates, error) {
	return c.read(ctx, c.db, tenant, store)
}

func (c *rateCache) read(ctx context.Context, q state.Querier, tenant, store string) (*StoreRates, error) {
	var version int64
	err := q.QueryRow(ctx, "SELECT version FROM merge_models WHERE tenant = ?", tenant).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	return c.at(ctx, q, tenant, store, version)
}

// at gives a store's rates of a version, which is the tenant's as q sees it.
func (c *rateCache) at(ctx context.Context, q state.Querier, tenant, store string, version int64) (*StoreRates, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tenants == nil {
		c.tenants = map[string]*tenantRates{}
	}
	t := c.tenants[tenant]
	if t == nil || t.version != version {
		t = &tenantRates{version, map[string]map[shelf.GTIN]*Profile{}, map[string]*StoreRates{}}
		c.tenants[tenant] = t
	}
	if r, ok := t.stores[store]; ok {
		return r, nil
	}
	r, err := t.load(ctx, q, tenant, store)
	if err == nil {
		t.stores[store] = r
	}
	return r, err
}

func (t *tenantRates) load(ctx context.Context, q state.Querier, tenant, store string) (*StoreRates, error) {
	var body []byte
	err := q.QueryRow(ctx, "SELECT body FROM merge_rates WHERE tenant = ? AND store = ?", tenant, store).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	var row ratesRow
	if err == nil {
		err = unzip(body, &row)
	}
	if err != nil {
		return nil, fmt.Errorf("read rates of %s: %w", store, err)
	}
	shapes, ok := t.shapes[row.Cluster]
	if !ok {
		var body []byte
		err := q.QueryRow(ctx, "SELECT body FROM merge_shapes WHERE tenant = ? AND cluster = ?", tenant, row.Cluster).Scan(&body)
		if err == nil {
			err = unzip(body, &shapes)
		}
		if err != nil {
			return nil, fmt.Errorf("read shapes of %q: %w", row.Cluster, err)
		}
		t.shapes[row.Cluster] = shapes
	}
	return &StoreRates{version: t.version, store: store, cluster: row.Cluster, dispersion: row.Dispersion, uneven: row.Uneven, traffic: row.Traffic,
		bases: row.Bases, shapes: shapes, substitute: row.Substitute, shared: row.Shared, local: row.Local, daily: row.Daily, alike: row.Alike, own: row.Own, picks: row.Picks}, nil
}

// RateReader reads the demand rates of stores, and keeps them until there are newer ones.
type RateReader struct{ cache rateCache }

// NewRateReader reads from a migrated database.
func NewRateReader(db *state.DB) *RateReader { return &RateReader{rateCache{db: db}} }

// Of gives a store's rates, nil where there are none.
func (r *RateReader) Of(ctx context.Context, tenant, store string) (*StoreRates, error) {
	return r.cache.of(ctx, tenant, store)
}

package live

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// regions knows which region a store is in, for selections by region. An alert does not carry the region,
// because a store may be moved to another one while an alert lasts.
type regions struct {
	mu   sync.Mutex
	kept map[string]tenantRegions // by tenant
}

type tenantRegions struct {
	of map[string]string // by store
	at time.Time
}

// regionsKept is how long they are believed.
const regionsKept = 2 * time.Second

// refresh reads a tenant's regions, unless they were read just now.
func (r *regions) refresh(ctx context.Context, q state.Querier, tenant string, now time.Time) error {
	r.mu.Lock()
	age := now.Sub(r.kept[tenant].at)
	r.mu.Unlock()
	if age >= 0 && age < regionsKept {
		return nil
	}
	rows, err := q.Query(ctx, "SELECT store, region FROM stores WHERE tenant = ? AND region <> ''", tenant)
	if err != nil {
		return fmt.Errorf("read regions: %w", err)
	}
	defer rows.Close()
	next := tenantRegions{map[string]string{}, now}
	for rows.Next() {
		var store, region string
		if err := rows.Scan(&store, &region); err != nil {
			return fmt.Errorf("read regions: %w", err)
		}
		next.of[store] = region
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read regions: %w", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept == nil {
		r.kept = map[string]tenantRegions{}
	}
	r.kept[tenant] = next
	return nil
}

// of returns a store's region, or "" if nobody has entered one.
func (r *regions) of(tenant, store string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.kept[tenant].of[store]
}

// refreshRegions reads the regions of the tenants for which a group selects by region.
func (h *Hub) refreshRegions(ctx context.Context) error {
	h.mu.Lock()
	tenants := map[string]bool{}
	for _, g := range h.groups {
		if g.selection.regions != nil {
			tenants[g.selection.tenant] = true
		}
	}
	h.mu.Unlock()
	for tenant := range tenants {
		if err := h.regions.refresh(ctx, h.cfg.DB, tenant, h.cfg.Now()); err != nil {
			return err
		}
	}
	return nil
}

package live

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
)

// rolloutFeed finds the tenants whose staged updates changed since it looked last. Their list is short and is
// sent whole: a client that has one has all that there is to know.
type rolloutFeed struct {
	at    time.Time
	given map[string]string // by tenant: its list as it was sent
}

const (
	rolloutsEvery = 500 * time.Millisecond // between two looks; a step of a staged update takes seconds
	rolloutsShown = 50                     // the newest ones of a tenant
)

// changedRollouts gives the lists that changed, by tenant; those that somebody has just asked for too.
func (h *Hub) changedRollouts(ctx context.Context) (map[string]json.RawMessage, error) {
	tenants, fresh := h.rolloutReaders()
	f, now := &h.rollouts, h.cfg.Now()
	if age := now.Sub(f.at); len(fresh) == 0 && age >= 0 && age < rolloutsEvery {
		return nil, nil
	}
	f.at = now
	given, changed := map[string]string{}, map[string]json.RawMessage{}
	for tenant := range tenants {
		list, err := rollout.List(ctx, h.cfg.DB, tenant, rolloutsShown)
		if err != nil {
			h.askRollouts(fresh)
			return nil, err
		}
		data, err := json.Marshal(list)
		if err != nil {
			return nil, fmt.Errorf("encode staged updates: %w", err)
		}
		given[tenant] = string(data)
		if fresh[tenant] || f.given[tenant] != given[tenant] {
			changed[tenant] = data
		}
	}
	f.given = given
	return changed, nil
}

// rolloutReaders gives the tenants that somebody follows the staged updates of, and those that have to be sent
// theirs now, once.
func (h *Hub) rolloutReaders() (tenants, fresh map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	tenants = map[string]bool{}
	for _, g := range h.groups {
		if g.selection.rollouts {
			tenants[g.selection.tenant] = true
		}
	}
	fresh, h.freshRollouts = h.freshRollouts, nil
	return tenants, fresh
}

func (h *Hub) askRollouts(tenants map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for t := range tenants {
		h.wantRollouts(t)
	}
}

// wantRollouts has a tenant's list sent with the next look. h.mu is held.
func (h *Hub) wantRollouts(tenant string) {
	if h.freshRollouts == nil {
		h.freshRollouts = map[string]bool{}
	}
	h.freshRollouts[tenant] = true
}

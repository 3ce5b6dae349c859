package live

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
)

// besides is what is sent beside the log, by tenant. It has no cursor, because only the newest state matters.
type besides struct {
	rollouts map[string]json.RawMessage // the newest staged updates, complete
	figures  map[string]int64           // merge.Marks: when one changes, the KPIs may have changed
}

func (b besides) any() bool { return len(b.rollouts) > 0 || len(b.figures) > 0 }

// besideFeed finds what of it has changed since the last read.
type besideFeed struct {
	at       time.Time
	rollouts map[string]string // by tenant, as they were sent
	figures  map[string]int64
}

const (
	besidesEvery  = 500 * time.Millisecond // between two reads: a step of a staged update takes seconds, and so does a merge
	rolloutsShown = 50                     // the newest ones of a tenant
)

// changedBesides returns what has changed, and everything for tenants of which somebody has just connected.
func (h *Hub) changedBesides(ctx context.Context) (besides, error) {
	readers := h.besideReaders()
	f, now := &h.besides, h.cfg.Now()
	if age := now.Sub(f.at); len(readers.fresh) == 0 && age >= 0 && age < besidesEvery {
		return besides{}, nil
	}
	f.at = now
	changed, err := f.look(ctx, h, readers)
	if err != nil {
		h.askBesides(readers.fresh)
	}
	return changed, err
}

func (f *besideFeed) look(ctx context.Context, h *Hub, readers besideReaders) (besides, error) {
	next := besideFeed{f.at, map[string]string{}, map[string]int64{}}
	changed := besides{map[string]json.RawMessage{}, map[string]int64{}}
	for tenant := range readers.rollouts {
		list, err := rollout.List(ctx, h.cfg.DB, tenant, rolloutsShown)
		if err != nil {
			return besides{}, err
		}
		data, err := json.Marshal(list)
		if err != nil {
			return besides{}, fmt.Errorf("encode staged updates: %w", err)
		}
		next.rollouts[tenant] = string(data)
		if readers.fresh[tenant] || f.rollouts[tenant] != next.rollouts[tenant] {
			changed.rollouts[tenant] = data
		}
	}
	if len(readers.figures) > 0 {
		marks, err := merge.Marks(ctx, h.cfg.DB)
		if err != nil {
			return besides{}, err
		}
		for tenant := range readers.figures {
			next.figures[tenant] = marks[tenant]
			if readers.fresh[tenant] || f.figures[tenant] != marks[tenant] {
				changed.figures[tenant] = marks[tenant]
			}
		}
	}
	*f = next
	return changed, nil
}

// besideReaders lists the tenants whose rollouts and figures somebody follows, and those of which somebody has
// just connected.
type besideReaders struct{ rollouts, figures, fresh map[string]bool }

func (h *Hub) besideReaders() besideReaders {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := besideReaders{map[string]bool{}, map[string]bool{}, h.fresh}
	for _, g := range h.groups {
		if g.selection.rollouts {
			r.rollouts[g.selection.tenant] = true
		}
		if g.selection.figures {
			r.figures[g.selection.tenant] = true
		}
	}
	h.fresh = nil
	return r
}

func (h *Hub) askBesides(tenants map[string]bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for t := range tenants {
		h.wantBesides(t)
	}
}

// wantBesides marks a tenant to be sent everything with the next read. h.mu must be held.
func (h *Hub) wantBesides(tenant string) {
	if h.fresh == nil {
		h.fresh = map[string]bool{}
	}
	h.fresh[tenant] = true
}

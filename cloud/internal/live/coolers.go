package live

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/fleet"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// coolerRow is the row of a cooler that changed, with its JSON.
type coolerRow struct {
	tenant, store, device string
	json                  json.RawMessage
}

// coolerFeed finds the coolers that changed since its last read. Rows carry the time at which their writer
// began, by the clock of its machine, but become visible only when it commits. So each read reaches back by
// overlap, and every farEvery one by farOverlap, and rows that were returned already are skipped.
type coolerFeed struct {
	since, far time.Time
	given      map[coolerKey]time.Time
}

type coolerKey struct{ tenant, device string }

const (
	overlap    = 300 * time.Millisecond
	farOverlap = 30 * time.Second // more than the clocks of synchronised machines differ by, and longer than a long commit
	farEvery   = 5 * time.Second
	maxChanged = 5000
)

func (f *coolerFeed) begin(now time.Time) { *f = coolerFeed{now, now, map[coolerKey]time.Time{}} }

// changed returns the rows of coolers that changed, and those of the given coolers, whose number of open alerts
// has changed. Whatever it does not return because of an error, it returns the next time if it is called with
// the same ones again.
func (f *coolerFeed) changed(ctx context.Context, q state.Querier, told map[coolerKey]bool, now time.Time) ([]coolerRow, error) {
	next := coolerFeed{f.since, f.far, f.given}
	back := overlap
	if age := now.Sub(f.far); age >= farEvery || age < 0 {
		next.far, back = now, farOverlap
	}
	coolers, err := changedSince(ctx, q, f.since.Add(-back))
	if err != nil {
		return nil, err
	}
	changed := map[coolerKey]*state.Cooler{}
	given := map[coolerKey]time.Time{}
	for _, c := range coolers {
		key := coolerKey{c.Tenant, c.Device}
		given[key] = c.ChangedAt
		if was, ok := f.given[key]; !ok || !was.Equal(c.ChangedAt) {
			changed[key] = c
		}
		// One machine's fast clock must not hide the rows of others.
		if c.ChangedAt.After(next.since) && !c.ChangedAt.After(now) {
			next.since = c.ChangedAt
		}
	}
	for key := range told {
		if changed[key] != nil {
			continue
		}
		c, err := state.GetCooler(ctx, q, key.tenant, key.device)
		if errors.Is(err, state.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		changed[key] = c
	}
	rows, err := encodeCoolers(ctx, q, changed, now)
	if err != nil {
		return nil, err
	}
	for key, at := range f.given { // a far read may find it again
		if _, ok := given[key]; !ok && now.Sub(at) < 2*farOverlap {
			given[key] = at
		}
	}
	next.given = given
	*f = next
	return rows, nil
}

// changedSince returns all that changed at or after a time, reading page by page.
func changedSince(ctx context.Context, q state.Querier, since time.Time) (list []*state.Cooler, err error) {
	for {
		page, err := state.ChangedCoolers(ctx, q, since, maxChanged)
		if err != nil {
			return nil, err
		}
		list = append(list, page...)
		if len(page) < maxChanged || !page[maxChanged-1].ChangedAt.After(since) {
			return list, nil
		}
		since = page[maxChanged-1].ChangedAt // rows of this very moment are read twice
	}
}

func encodeCoolers(ctx context.Context, q state.Querier, changed map[coolerKey]*state.Cooler, now time.Time) (rows []coolerRow, err error) {
	byTenant := map[string][]*state.Cooler{}
	for key, c := range changed {
		byTenant[key.tenant] = append(byTenant[key.tenant], c)
	}
	for tenant, coolers := range byTenant {
		list, err := fleet.Of(ctx, q, tenant, coolers, now)
		if err != nil {
			return nil, err
		}
		for _, r := range list {
			data, err := json.Marshal(r)
			if err != nil {
				return nil, fmt.Errorf("encode cooler %s: %w", r.Device, err)
			}
			rows = append(rows, coolerRow{tenant, r.Store, r.Device, data})
		}
	}
	return rows, nil
}

// allCoolers returns the rows that a selection asks for.
func allCoolers(ctx context.Context, q state.Querier, s *selection, now time.Time) ([]fleet.Row, error) {
	if !s.coolers {
		return []fleet.Row{}, nil
	}
	rows, err := fleet.All(ctx, q, s.tenant, now)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(rows, func(r fleet.Row) bool { return !s.cooler(s.tenant, r.Store, r.Device) }), nil
}

package book

import (
	"context"
	"fmt"
	"sort"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Shown is what a store's shelves show of a product, over all its slots in all coolers.
type Shown string

// What shelves may show.
const (
	OnShelf Shown = "on_shelf" // a slot shows it
	Empty   Shown = "empty"    // every slot of it was seen, and none shows it
	Unseen  Shown = "unknown"  // nobody has seen enough of its slots lately
	NotDue  Shown = "not_due"  // no slot of it is under a camera
)

// View is a product on a store's shelves.
type View struct {
	Shown   Shown
	Since   time.Time // of Empty: since when no slot shows it
	Facings int       // that were seen last
	Slots   int       // due to hold it
	Judged  int       // of those, that were judged lately
}

// memory is for how long a look at a slot says what stands there, when later ones cannot judge it.
const memory = 2 * time.Hour

// horizon is how far back looks are read; a slot that was empty all the while counts as empty since then.
const horizon = 48 * time.Hour

// slotRun is what is known of one slot: its last judgement, and since when it is empty.
type slotRun struct {
	gtin    shelf.GTIN
	judged  time.Time
	present int
	empty   time.Time // zero: it is not
}

// look takes one observation of the slot.
func (r *slotRun) look(at time.Time, p series.SlotPoint) {
	if r.gtin != p.GTIN { // the planogram has changed
		*r = slotRun{gtin: p.GTIN}
	}
	if p.State == shelf.Unknown {
		return
	}
	r.judged, r.present = at, p.Present
	switch {
	case p.Present > 0 || p.State == shelf.OK || p.State == shelf.Low:
		r.empty = time.Time{}
	case r.empty.IsZero():
		r.empty = at
	}
}

// views sums slots up by product.
func views(slots []slotRun, now time.Time) map[shelf.GTIN]View {
	all := map[shelf.GTIN]View{}
	for _, s := range slots {
		if s.gtin == "" {
			continue
		}
		v, seen := all[s.gtin]
		if !seen {
			v.Shown = Empty
		}
		v.Slots++
		if s.judged.IsZero() || now.Sub(s.judged) > memory {
			if v.Shown == Empty {
				v.Shown = Unseen // it may stand there
			}
			all[s.gtin] = v
			continue
		}
		v.Judged++
		v.Facings += s.present
		if s.empty.IsZero() {
			v.Shown = OnShelf
		} else if s.empty.After(v.Since) {
			v.Since = s.empty // empty since the last of them emptied
		}
		all[s.gtin] = v
	}
	for g, v := range all {
		if v.Shown != Empty {
			v.Since = time.Time{}
			all[g] = v
		}
	}
	return all
}

// Series is what is read of the coolers.
type Series interface {
	Messages(ctx context.Context, r series.Range, limit int) ([]series.Message, error)
	Hours(ctx context.Context, r series.Range) ([]series.Rollup, error)
}

// messagesAtOnce bounds what is read of one cooler: a look every ten seconds over the horizon.
const messagesAtOnce = 20_000

// readShelves gives what the coolers of a store show, and which products are due in which of them.
func readShelves(ctx context.Context, db state.Querier, points Series, tenant, store string, now time.Time) (map[shelf.GTIN]View, map[string][]shelf.GTIN, error) {
	devices, err := devicesOf(ctx, db, tenant, store)
	if err != nil {
		return nil, nil, err
	}
	var slots []slotRun
	due := map[string][]shelf.GTIN{}
	for _, device := range devices {
		messages, err := points.Messages(ctx, series.Range{Tenant: tenant, Device: device, From: now.Add(-horizon), To: now.Add(time.Minute)}, messagesAtOnce)
		if err != nil {
			return nil, nil, fmt.Errorf("read looks of %s: %w", device, err)
		}
		runs := map[string]*slotRun{}
		var last []series.SlotPoint // slots of the last look are those that there are
		for i := range messages {
			m := &messages[i]
			if m.Store != store || len(m.Slots) == 0 {
				continue
			}
			last = m.Slots
			for _, p := range m.Slots {
				r := runs[p.Slot]
				if r == nil {
					r = &slotRun{gtin: p.GTIN}
					runs[p.Slot] = r
				}
				r.look(m.At, p)
			}
		}
		for _, p := range last {
			slots = append(slots, *runs[p.Slot])
			due[device] = append(due[device], p.GTIN)
		}
	}
	return views(slots, now), due, nil
}

func devicesOf(ctx context.Context, db state.Querier, tenant, store string) (list []string, err error) {
	list, err = state.Texts(ctx, db, "SELECT device FROM coolers WHERE tenant = ? AND store = ?", tenant, store)
	if err != nil {
		return nil, fmt.Errorf("read coolers of %s: %w", store, err)
	}
	sort.Strings(list)
	return list, nil
}

// readLoad tells how busy a store is: people who came in within the last hour against the busiest hour
// of the week, 0 to 1; ok is false where nobody counts them.
func readLoad(ctx context.Context, db state.Querier, points Series, tenant, store string, now time.Time) (load float64, ok bool, err error) {
	devices, err := devicesOf(ctx, db, tenant, store)
	if err != nil {
		return 0, false, err
	}
	byHour := map[time.Time]int{}
	for _, device := range devices {
		hours, err := points.Hours(ctx, series.Range{Tenant: tenant, Device: device, From: now.AddDate(0, 0, -7), To: now})
		if err != nil {
			return 0, false, fmt.Errorf("read footfall of %s: %w", device, err)
		}
		for _, h := range hours {
			byHour[h.Start] += h.In + h.Passing
		}
	}
	busiest := 0
	for _, n := range byHour {
		busiest = max(busiest, n)
	}
	if busiest == 0 {
		return 0, false, nil
	}
	hour := now.Truncate(time.Hour)
	part := now.Sub(hour).Hours() // the running hour and what is left of the one before
	recent := float64(byHour[hour]) + (1-part)*float64(byHour[hour.Add(-time.Hour)])
	return min(1, recent/float64(busiest)), true, nil
}

package merge

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// write stores folded hours and their days, and takes their rows off the list of touched ones.
func (o *folded) write(ctx context.Context, tx *state.Tx, now time.Time) (Done, error) {
	done := o.done
	if err := o.writeHours(ctx, tx, now, &done); err != nil {
		return done, err
	}
	for device, l := range o.coolers {
		if !l.changed {
			continue
		}
		slots, err := json.Marshal(l.slots)
		if err == nil {
			_, err = tx.Exec(ctx, `INSERT INTO merge_coolers (tenant, store, device, since, at, slots) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (tenant, store, device) DO UPDATE SET since = excluded.since, at = excluded.at, slots = excluded.slots`,
				o.tenant, o.store, device, state.Micros(l.since), state.Micros(l.at), string(slots))
		}
		if err != nil {
			return done, fmt.Errorf("store shape of %s: %w", device, err)
		}
	}
	for _, h := range o.dark {
		if err := insertTouch(ctx, tx, o.tenant, h.store, "", h.hour, causeLook); err != nil {
			return done, err
		}
	}
	return done, forget(ctx, tx, "merge_touched", o.touch.ids)
}

func (o *folded) writeHours(ctx context.Context, tx *state.Tx, now time.Time, done *Done) error {
	// The table is read in stretches, so that two hours far apart do not read a year between them.
	for len(o.hours) > 0 {
		n := 1
		for n < len(o.hours) && o.hours[n].day-o.hours[n-1].day <= 2 {
			n++
		}
		known, err := o.readKnown(ctx, tx, o.hours[:n])
		if err != nil {
			return err
		}
		days := map[int64]bool{}
		for _, h := range o.hours[:n] {
			was := known[h.Start.Unix()]
			if was == nil && len(h.Cells)+len(h.Coolers) == 0 {
				continue // nothing is to be said of it
			}
			if was != nil {
				h.closed = h.closed || was.closed
				days[was.day] = true // the store's zone may have changed
			}
			changed, restated, err := putHour(ctx, tx, o.tenant, o.store, was, h, o.causes[h.Start.Unix()], now)
			if err == nil && changed && o.mirrored {
				err = noteMirror(ctx, tx, o.tenant, o.store, was, h)
			}
			if err != nil {
				return err
			}
			known[h.Start.Unix()] = h
			if !changed {
				continue
			}
			done.Changed++
			if restated {
				done.Restated++
			}
			days[h.day] = true
		}
		for day := range days {
			if err := putDay(ctx, tx, o.tenant, o.store, day, known); err != nil {
				return err
			}
		}
		o.hours = o.hours[n:]
	}
	return nil
}

// readKnown reads what is stored of hours and of all others of their days: of those too in which they were counted before.
func (o *folded) readKnown(ctx context.Context, tx *state.Tx, hours []*stored) (map[int64]*stored, error) {
	first, last := hours[0].Start, hours[len(hours)-1].Start
	firstDay, lastDay := hours[0].day, hours[len(hours)-1].day
	for {
		known, err := readHours(ctx, tx, o.tenant, o.store, firstDay, lastDay, first, last)
		if err != nil {
			return nil, err
		}
		wide := false
		for _, h := range hours {
			if was := known[h.Start.Unix()]; was != nil && (was.day < firstDay || was.day > lastDay) {
				firstDay, lastDay, wide = min(firstDay, was.day), max(lastDay, was.day), true
			}
		}
		if !wide {
			return known, nil
		}
	}
}

// forget deletes rows by their ids: what was noted again meanwhile has another id, and stays.
func forget(ctx context.Context, tx *state.Tx, table string, ids []int64) error {
	const atOnce = 500
	for len(ids) > 0 {
		n := min(atOnce, len(ids))
		args := make([]any, n)
		for i, id := range ids[:n] {
			args[i] = id
		}
		_, err := tx.Exec(ctx, "DELETE FROM "+table+" WHERE id IN (?"+strings.Repeat(",?", n-1)+")", args...)
		if err != nil {
			return fmt.Errorf("forget %s: %w", table, err)
		}
		ids = ids[n:]
	}
	return nil
}

// Put stores closed hours that were folded elsewhere, of a store in a zone, in one transaction: for worlds that are made up.
func Put(ctx context.Context, db *state.DB, tenant, store string, zone *time.Location, hours ...*Hour) error {
	list := make([]StoreHour, len(hours))
	for i, h := range hours {
		list[i] = StoreHour{Store: store, Closed: true, Hour: *h}
	}
	return Books{db, zone}.PutHours(ctx, tenant, list)
}

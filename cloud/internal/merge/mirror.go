package merge

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// HourStore keeps merged hours. The books do, and are what everything here is read from; a series store
// does besides, for whoever reads that. Package mergetest is the suite that each of them passes.
type HourStore interface {
	// PutHours stores hours over what was there of the same store and time, part by part: a part that is
	// not in the hour stays as it was. It returns nil once they are durable; storing an hour again changes
	// nothing. An hour that can never be stored is a *RefusedHour.
	PutHours(ctx context.Context, tenant string, hours []StoreHour) error
	// StoreHours gives a store's hours that begin in [from, to), in order of time.
	StoreHours(ctx context.Context, tenant, store string, from, to time.Time) ([]StoreHour, error)
}

// StoreHour is an hour of a store; Closed: it is over.
type StoreHour struct {
	Store  string
	Closed bool
	Hour
}

// RefusedHour says that a store will never take an hour as it is.
type RefusedHour struct {
	Hour   *StoreHour
	Reason string
}

func (e *RefusedHour) Error() string {
	return fmt.Sprintf("merged hour %s of %s is refused: %s", e.Hour.Start.Format(time.RFC3339), e.Hour.Store, e.Reason)
}

// Trimmed is an hour without the parts in which every figure is 0: they say what no part says.
func (h Hour) Trimmed() Hour {
	empty := func(list []*int64) bool {
		return !slices.ContainsFunc(list, func(v *int64) bool { return *v != 0 })
	}
	cells, coolers := h.Cells, h.Coolers
	h.Cells, h.Coolers = nil, nil
	for _, c := range cells {
		c.Sales = slices.DeleteFunc(slices.Clone(c.Sales), func(s Sale) bool { return s.Units == 0 && s.Minor == 0 && s.Promoted == 0 })
		if values := c.numbers(); len(c.Sales) > 0 || !empty(values[:]) {
			h.Cells = append(h.Cells, c)
		}
	}
	for _, c := range coolers {
		if values := c.numbers(); !empty(values[:]) {
			h.Coolers = append(h.Coolers, c)
		}
	}
	return h
}

// gone names the parts that an hour had and has no more, as an hour in which they are empty.
func gone(was, is *Hour) *Hour {
	out := &Hour{}
	for i := range was.Cells {
		c := &was.Cells[i]
		at, there := slices.BinarySearchFunc(is.Cells, c.GTIN, func(c Cell, g shelf.GTIN) int { return strings.Compare(string(c.GTIN), string(g)) })
		if !there {
			out.Cell(c.GTIN)
		}
		for _, s := range c.Sales {
			if !there || !slices.ContainsFunc(is.Cells[at].Sales, func(o Sale) bool { return o.Channel == s.Channel && o.Currency == s.Currency }) {
				out.Cell(c.GTIN).sale(s.Channel, s.Currency, s.OffShelf)
			}
		}
	}
	for i := range was.Coolers {
		device := was.Coolers[i].Device
		if !slices.ContainsFunc(is.Coolers, func(c Cooler) bool { return c.Device == device }) {
			out.Cooler(device)
		}
	}
	return out
}

// noteMirror notes that an hour is to be mirrored, in the transaction that stores it.
func noteMirror(ctx context.Context, tx *state.Tx, tenant, store string, was, is *stored) error {
	body := []byte{}
	if was != nil {
		if g := gone(&was.Hour, &is.Hour); len(g.Cells)+len(g.Coolers) > 0 {
			body = pack(g)
		}
	}
	_, err := tx.Exec(ctx, "INSERT INTO merge_mirror (tenant, store, hour, gone) VALUES (?, ?, ?, ?)", tenant, store, is.Start.Unix(), body)
	if err != nil {
		return fmt.Errorf("note hour of %s for the mirror: %w", store, err)
	}
	return nil
}

const feedMirror = "mirror"

// beginMirror has every hour mirrored that is there already, once. Without a mirror it forgets that it did,
// and what is noted, because what changes meanwhile is not noted.
func (f *Follower) beginMirror(ctx context.Context, tenant string) error {
	_, begun, err := readCursor(ctx, f.DB, tenant, feedMirror)
	if err != nil || begun == (f.Mirror != nil) {
		return err
	}
	return f.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "merge/"+tenant); err != nil {
			return err
		}
		steps := []string{"INSERT INTO merge_mirror (tenant, store, hour, gone) SELECT tenant, store, hour, ? FROM merge_hours WHERE tenant = ?",
			"INSERT INTO merge_cursors (tenant, feed, at) VALUES (?, ?, 1) ON CONFLICT (tenant, feed) DO UPDATE SET at = 1"}
		args := [][]any{{[]byte{}, tenant}, {tenant, feedMirror}}
		if f.Mirror == nil {
			steps = []string{"DELETE FROM merge_mirror WHERE tenant = ?", "DELETE FROM merge_cursors WHERE tenant = ? AND feed = ?"}
			args = [][]any{{tenant}, {tenant, feedMirror}}
		}
		for i, step := range steps {
			if _, err := tx.Exec(ctx, step, args[i]...); err != nil {
				return fmt.Errorf("begin or end the mirror: %w", err)
			}
		}
		return nil
	})
}

// mirroredAtOnce bounds how many notes one step of the mirror takes.
const mirroredAtOnce = 500

// MirrorStep brings a tenant's noted hours into the mirror, up to a batch, and tells how many notes it took.
// While the mirror is away it gives the error and the notes stay.
func (f *Follower) MirrorStep(ctx context.Context, tenant string) (notes int, err error) {
	if err := f.beginMirror(ctx, tenant); err != nil || f.Mirror == nil {
		return 0, err
	}
	if !f.DB.Postgres() {
		ids, err := f.mirror(ctx, f.DB, tenant)
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		return len(ids), f.DB.Write(ctx, func(tx *state.Tx) error { return forget(ctx, tx, "merge_mirror", ids) })
	}
	// Another program may mirror too: what it read before us must not be written after us.
	err = f.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "mirror/"+tenant); err != nil {
			return err
		}
		ids, err := f.mirror(ctx, tx, tenant)
		if err != nil {
			return err
		}
		notes = len(ids)
		return forget(ctx, tx, "merge_mirror", ids)
	})
	return notes, err
}

// mirror writes the hours of a batch of notes as they are now, and gives the notes. An hour that is noted
// again meanwhile has a note with another id.
func (f *Follower) mirror(ctx context.Context, q state.Querier, tenant string) (ids []int64, err error) {
	type key struct {
		store string
		hour  int64
	}
	without := map[key]*Hour{}
	var order []key
	rows, err := q.Query(ctx, "SELECT id, store, hour, gone FROM merge_mirror WHERE tenant = ? ORDER BY id LIMIT ?", tenant, mirroredAtOnce)
	if err != nil {
		return nil, fmt.Errorf("read notes of the mirror: %w", err)
	}
	err = each(rows, func() error {
		var id int64
		var k key
		var body []byte
		if err := rows.Scan(&id, &k.store, &k.hour, &body); err != nil {
			return err
		}
		ids = append(ids, id)
		if without[k] == nil {
			without[k] = &Hour{}
			order = append(order, k)
		}
		if len(body) == 0 {
			return nil
		}
		g := &Hour{}
		if err := unpack(g, body); err != nil {
			return err
		}
		without[k].Add(g)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read notes of the mirror: %w", err)
	}
	hours := make([]StoreHour, 0, len(order))
	for _, k := range order {
		h := StoreHour{Store: k.store}
		var body []byte
		err := q.QueryRow(ctx, "SELECT closed, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour = ?", tenant, k.store, k.hour).Scan(&h.Closed, &body)
		if err == nil {
			err = unpack(&h.Hour, body)
		}
		if err != nil {
			return nil, fmt.Errorf("read merged hour of %s: %w", k.store, err)
		}
		h.Start = time.Unix(k.hour, 0).UTC()
		h.Add(without[k])
		hours = append(hours, h)
	}
	return ids, f.putMirror(ctx, tenant, hours)
}

// putMirror writes hours; one that the mirror will never take is told and left out, so that the others go on.
func (f *Follower) putMirror(ctx context.Context, tenant string, hours []StoreHour) error {
	for len(hours) > 0 {
		err := f.Mirror.PutHours(ctx, tenant, hours)
		var refused *RefusedHour
		if !errors.As(err, &refused) {
			return err
		}
		f.Log.Error("the mirror refuses a merged hour", "tenant", tenant, "store", refused.Hour.Store, "hour", refused.Hour.Start, "err", refused.Reason)
		hours = slices.DeleteFunc(hours, func(h StoreHour) bool {
			return h.Store == refused.Hour.Store && h.Start.Equal(refused.Hour.Start)
		})
	}
	return nil
}

// runMirror follows the notes until ctx ends.
func (f *Follower) runMirror(ctx context.Context) {
	every := time.NewTicker(f.Poll)
	defer every.Stop()
	faults := 0
	for {
		took, err := 0, error(nil)
		tenants, err := f.tenants(ctx)
		for _, tenant := range tenants {
			n, one := f.MirrorStep(ctx, tenant)
			took, err = took+n, errors.Join(err, one)
		}
		if err != nil && ctx.Err() == nil {
			if faults++; faults&(faults-1) == 0 { // the 1st, 2nd, 4th, 8th …
				f.Log.Error("mirror merged hours", "times", faults, "err", err)
			}
		} else {
			faults = 0
		}
		if err == nil && took > 0 && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
}

// Books are the merged hours in the database, as a HourStore: for worlds that are made up, and as the
// measure of every other. They do not note what they store for a mirror.
type Books struct {
	DB   *state.DB
	Zone *time.Location // of the stores
}

// PutHours is that of HourStore, but for what it says of parts: an hour is stored as a whole.
func (b Books) PutHours(ctx context.Context, tenant string, hours []StoreHour) error {
	stores := map[string][]*stored{}
	for i := range hours {
		h := &hours[i]
		stores[h.Store] = append(stores[h.Store], &stored{Hour: h.Hour, day: dayOf(h.Start, b.Zone), closed: h.Closed})
	}
	return b.DB.Write(ctx, func(tx *state.Tx) error {
		for _, store := range slices.Sorted(maps.Keys(stores)) {
			list := stores[store]
			slices.SortStableFunc(list, func(a, b *stored) int { return a.Start.Compare(b.Start) })
			o := &folded{tenant: tenant, store: store, touch: &touch{}, hours: list}
			if _, err := o.write(ctx, tx, list[len(list)-1].Start.Add(time.Hour)); err != nil {
				return err
			}
		}
		return nil
	})
}

// StoreHours is that of HourStore.
func (b Books) StoreHours(ctx context.Context, tenant, store string, from, to time.Time) ([]StoreHour, error) {
	rows, err := b.DB.Query(ctx, "SELECT hour, closed, body FROM merge_hours WHERE tenant = ? AND store = ? AND hour >= ? AND hour < ? ORDER BY hour",
		tenant, store, from.Unix(), to.Unix())
	if err != nil {
		return nil, fmt.Errorf("read merged hours of %s: %w", store, err)
	}
	list := []StoreHour{}
	err = each(rows, func() error {
		h, start, body := StoreHour{Store: store}, int64(0), []byte(nil)
		if err := rows.Scan(&start, &h.Closed, &body); err != nil {
			return err
		}
		if err := unpack(&h.Hour, body); err != nil {
			return err
		}
		h.Start = time.Unix(start, 0).UTC()
		list = append(list, h)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read merged hours of %s: %w", store, err)
	}
	return list, nil
}

package ingest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// board is one device's part of a batch, within one transaction.
type board struct {
	id    wire.Identity
	items []*item // in the order of their keys

	cooler       *state.Cooler          // nil for a new device, until its first message is stored
	seen         map[uint32]*state.Seen // by boot
	shelf        *wire.Envelope         // the newest new observation
	observations []state.KeptObservation
	duplicates   int
}

// byDevice orders items by device and key, so that rows that belong together are written side by side.
func byDevice(a, b *item) int {
	return cmp.Or(cmp.Compare(a.id.Tenant, b.id.Tenant), cmp.Compare(a.id.Device, b.id.Device),
		cmp.Compare(a.key.Boot, b.key.Boot), cmp.Compare(a.key.Seq, b.key.Seq))
}

// boardsOf groups items, which must be in the order of byDevice, by device.
func boardsOf(items []*item) []*board {
	var boards []*board
	for len(items) > 0 {
		first := items[0].id
		n := slices.IndexFunc(items, func(it *item) bool { return it.id.Tenant != first.Tenant || it.id.Device != first.Device })
		if n < 0 {
			n = len(items)
		}
		boards = append(boards, &board{id: first, items: items[:n]})
		items = items[n:]
	}
	return boards
}

// lock takes the locks of all devices of a batch before any other lock (the judge has its own), so that two ingesters
// cannot deadlock.
func (g *Ingester) lock(ctx context.Context, tx *state.Tx, boards []*board) error {
	names := make([]string, 0, len(boards))
	for _, b := range boards {
		if b.id.Device != "" { // not those without an identity
			names = append(names, g.cfg.LockName(b.id.Tenant, b.id.Device))
		}
	}
	return tx.Exclusive(ctx, names...)
}

// load reads what is known about the devices whose messages are to be stored.
func (g *Ingester) load(ctx context.Context, tx *state.Tx, boards []*board) error {
	for len(boards) > 0 {
		tenant := boards[0].id.Tenant
		n := slices.IndexFunc(boards, func(b *board) bool { return b.id.Tenant != tenant })
		if n < 0 {
			n = len(boards)
		}
		if err := loadTenant(ctx, tx, tenant, boards[:n]); err != nil {
			return err
		}
		boards = boards[n:]
	}
	return nil
}

func loadTenant(ctx context.Context, tx *state.Tx, tenant string, boards []*board) error {
	var devices []string
	var boots []state.SeenKey
	for _, b := range boards {
		b.seen = map[uint32]*state.Seen{}
		storable := false
		for _, it := range b.items {
			if it.reason != "" {
				continue
			}
			storable = true
			key := state.SeenKey{Device: b.id.Device, Boot: it.env.Boot}
			if it.env.Body.Kind() != wire.KindStatus && (len(boots) == 0 || boots[len(boots)-1] != key) {
				boots = append(boots, key)
			}
		}
		if storable {
			devices = append(devices, b.id.Device)
		}
	}
	coolers, err := state.GetCoolers(ctx, tx, tenant, devices)
	if err != nil {
		return err
	}
	seen, err := state.BootsSeen(ctx, tx, tenant, boots)
	if err != nil {
		return err
	}
	for _, b := range boards {
		b.cooler = coolers[b.id.Device]
		for _, it := range b.items {
			if it.env == nil {
				continue
			}
			if s := seen[state.SeenKey{Device: b.id.Device, Boot: it.env.Boot}]; s != nil {
				b.seen[it.env.Boot] = s
			}
		}
	}
	return nil
}

// enter creates the row of a device, and that of its store, at its first message.
func (b *board) enter(ctx context.Context, tx *state.Tx, now time.Time) error {
	b.cooler = &state.Cooler{Tenant: b.id.Tenant, Device: b.id.Device, Store: b.id.Store, TopicStore: b.id.Store, CreatedAt: now}
	return state.EnsureStore(ctx, tx, b.id.Tenant, b.id.Store, now)
}

// learnShelf takes over what the newest observation of the batch says about the whole shelf.
func (b *board) learnShelf() {
	if b.shelf == nil {
		return
	}
	o := state.Order{Boot: b.shelf.Boot, Seq: b.shelf.Seq}
	if was := b.cooler.Latest.Shelf; was == nil || o.After(was.Order) {
		b.cooler.Latest.Shelf = state.Newer(was, o, summary(&b.shelf.Body.(*wire.Observation).Observation))
	}
}

// save writes what boards have learnt.
func save(ctx context.Context, tx *state.Tx, boards []*board) error {
	var coolers []*state.Cooler
	var seen []state.DeviceSeen
	var observations []state.KeptObservation
	for _, b := range boards {
		if b.cooler == nil {
			continue
		}
		coolers = append(coolers, b.cooler)
		for _, boot := range slices.Sorted(maps.Keys(b.seen)) {
			seen = append(seen, state.DeviceSeen{Tenant: b.id.Tenant, Device: b.id.Device, Seen: b.seen[boot]})
		}
		observations = append(observations, b.observations...)
	}
	if err := state.PutCooler(ctx, tx, coolers...); err != nil {
		return err
	}
	if err := state.PutSeen(ctx, tx, seen...); err != nil {
		return err
	}
	return state.PutObservations(ctx, tx, observations...)
}

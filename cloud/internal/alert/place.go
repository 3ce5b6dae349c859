package alert

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Place is a device with what is known about its cooler and its store. Rules are scoped by it. What is not
// known is "", which no pattern matches.
type Place struct {
	wire.Identity
	Region  string         // sales region of the store
	Channel string         // trade channel, such as convenience
	Class   string         // of the store, such as A
	Model   string         // of the cooler
	Zone    *time.Location // of the store; nil: not known
	Hours   sales.Hours    // of the store; if they are not known, it counts as always open
}

// PlaceOf reads where a device stands. It is no error if nobody has entered that.
func PlaceOf(ctx context.Context, q state.Querier, id wire.Identity) (Place, error) {
	p := Place{Identity: id}
	var tz, hours string
	row := q.QueryRow(ctx, "SELECT region, channel, class, tz, hours FROM stores WHERE tenant = ? AND store = ?", id.Tenant, id.Store)
	if err := row.Scan(&p.Region, &p.Channel, &p.Class, &tz, &hours); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("read store %s: %w", id.Store, err)
	}
	row = q.QueryRow(ctx, "SELECT model FROM coolers WHERE tenant = ? AND device = ?", id.Tenant, id.Device)
	if err := row.Scan(&p.Model); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("read cooler %s: %w", id.Device, err)
	}
	if tz != "" {
		if zone, err := time.LoadLocation(tz); err == nil {
			p.Zone = zone
		}
	}
	// Hours written before they were checked may be free text, which counts as always open.
	p.Hours, _ = sales.ParseHours(hours)
	return p, nil
}

// placesKept is how long a place is kept in memory. A change to a store takes effect after that.
const placesKept = 2 * time.Second

// places keeps devices' places in memory, so that not every message reads its device's from the database.
type places struct {
	mu   sync.Mutex
	kept map[wire.Identity]keptPlace
}

type keptPlace struct {
	place Place
	at    time.Time
}

// maxPlaces bounds the devices that are held.
const maxPlaces = 10_000

// of returns a device's place as it was within the last placesKept.
func (p *places) of(ctx context.Context, q state.Querier, id wire.Identity, now time.Time) (Place, error) {
	p.mu.Lock()
	kept, ok := p.kept[id]
	p.mu.Unlock()
	if age := now.Sub(kept.at); ok && age >= 0 && age < placesKept {
		return kept.place, nil
	}
	place, err := PlaceOf(ctx, q, id)
	if err != nil {
		return place, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.kept == nil || len(p.kept) >= maxPlaces {
		p.kept = map[wire.Identity]keptPlace{}
	}
	p.kept[id] = keptPlace{place, now}
	return place, nil
}

package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Question is what ExplainRules is asked.
type Question struct {
	File   string    // of rules; "": those in force
	Device string    // a cooler's board
	Types  []string  // of alerts; none: all
	GTIN   string    // of a slot's product; "": none in particular
	At     time.Time // zero: now
}

// Ruling says which rules hold at a cooler, and which entry of the file sets each.
type Ruling struct {
	Device  string              `json:"device"`
	Store   string              `json:"store"`
	Region  string              `json:"region"` // like those that follow, "" if nobody has entered it
	Channel string              `json:"channel"`
	Class   string              `json:"store_class"`
	Model   string              `json:"cooler_model"`
	At      time.Time           `json:"at"`
	Rules   []alert.Explanation `json:"rules"`
}

// ExplainRules tells which rules hold at a cooler as the registry knows it.
func ExplainRules(ctx context.Context, cfg config.Config, q Question) (*Ruling, error) {
	types, gtin, err := q.read()
	if err != nil {
		return nil, err
	}
	db, err := openPast(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	book, err := bookOf(ctx, cfg, db, q.File)
	if err != nil {
		return nil, Hint(err, "correct the places named above")
	}
	c, err := state.GetCooler(ctx, db, cfg.Tenant, q.Device)
	if errors.Is(err, state.ErrNotFound) {
		return nil, Hint(err, "enter it first: PUT /v1/coolers/%s, or let its board speak", q.Device)
	}
	if err != nil {
		return nil, Hint(err, "give the data folder of a service that has run: --data")
	}
	place, err := alert.PlaceOf(ctx, db, wire.Identity{Tenant: cfg.Tenant, Store: c.Store, Device: c.Device})
	if err != nil {
		return nil, err
	}
	if q.At.IsZero() {
		q.At = time.Now().UTC()
	}
	out := &Ruling{Device: place.Device, Store: place.Store, Region: place.Region, Channel: place.Channel, Class: place.Class, Model: place.Model, At: q.At}
	for _, t := range types {
		out.Rules = append(out.Rules, book.Explain(place, t, gtin, q.At))
	}
	return out, nil
}

// bookOf reads a file of rules; without a file it reads the rules in force.
func bookOf(ctx context.Context, cfg config.Config, db *state.DB, file string) (*alert.Rulebook, error) {
	if file != "" {
		return alert.ReadRulebook(file)
	}
	inForce, err := openRules(ctx, cfg, db, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	return inForce.Book(cfg.Tenant), nil
}

func (q Question) read() (types []alert.Type, gtin shelf.GTIN, err error) {
	if types = alert.Types(); len(q.Types) > 0 {
		types = nil
		for _, name := range q.Types {
			t := alert.Type(strings.TrimSpace(name))
			if !slices.Contains(alert.Types(), t) {
				return nil, "", Hint(fmt.Errorf("unknown alert type %q", name), "one of %v", alert.Types())
			}
			types = append(types, t)
		}
	}
	if q.GTIN != "" {
		gtin, err = shelf.ParseGTIN(q.GTIN)
	}
	return types, gtin, err
}

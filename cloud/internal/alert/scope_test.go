package alert_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// The most specific comes first, so that the order in the file cannot be what decides.
const scoped = `version: 1
rules:
- {types: [stockout], devices: [d1], hold: 1m}
- {types: [stockout], gtins: ["4006381333931"], hold: 2m}
- {types: [stockout], stores: [s1], hold: 3m}
- {types: [stockout], stores: ["s*"], hold: 4m}
- {types: [stockout], cooler_models: ["GX-*"], hold: 5m}
- {types: [stockout], store_classes: [A], hold: 6m, severity: info}
- {types: [stockout], channels: [convenience], hold: 7m}
- {types: [stockout], regions: [华南], hold: 8m}
- {types: [stockout], tenants: [t], hold: 9m}
- {types: [stockout], hold: 10m, close: 5}
- {types: [low_stock], regions: ["*"], hold: 20m}
`

func TestMostSpecificWins(t *testing.T) {
	b, err := alert.DecodeRulebook([]byte(scoped))
	if err != nil {
		t.Fatal(err)
	}
	at := func(tenant, store, device string) wire.Identity {
		return wire.Identity{Tenant: tenant, Store: store, Device: device}
	}
	for _, c := range []struct {
		name  string
		place alert.Place
		gtin  shelf.GTIN
		want  time.Duration
	}{
		{"a device, though all else fits", alert.Place{Identity: at("t", "s1", "d1"), Region: "华南", Channel: "convenience", Class: "A", Model: "GX-4"}, "4006381333931", time.Minute},
		{"a product", alert.Place{Identity: at("t", "s1", "d2"), Class: "A"}, "4006381333931", 2 * time.Minute},
		{"a store's name", alert.Place{Identity: at("t", "s1", "d2"), Class: "A"}, "", 3 * time.Minute},
		{"a store's pattern", alert.Place{Identity: at("t", "s2", "d2"), Model: "GX-4"}, "", 4 * time.Minute},
		{"a cooler model", alert.Place{Identity: at("t", "k2", "d2"), Model: "GX-4", Class: "A"}, "", 5 * time.Minute},
		{"a store class", alert.Place{Identity: at("t", "k2", "d2"), Class: "A", Channel: "convenience"}, "", 6 * time.Minute},
		{"a channel", alert.Place{Identity: at("t", "k2", "d2"), Channel: "convenience", Region: "华南"}, "", 7 * time.Minute},
		{"a region", alert.Place{Identity: at("t", "k2", "d2"), Region: "华南"}, "", 8 * time.Minute},
		{"a tenant", alert.Place{Identity: at("t", "k2", "d2"), Region: "华北"}, "", 9 * time.Minute},
		{"everywhere", alert.Place{Identity: at("u", "k2", "d2")}, "", 10 * time.Minute},
	} {
		rule, ok := b.RulesFor(c.place).For(alert.Stockout, c.gtin, scenarioDay)
		if !ok || rule.Hold != c.want || rule.Good != 5 {
			t.Errorf("%s: hold %s and close %d, want %s and what only the widest entry says, 5", c.name, rule.Hold, rule.Good, c.want)
		}
	}
	if rule, _ := b.RulesFor(alert.Place{Identity: at("t", "s1", "d1")}).For(alert.LowStock, "", scenarioDay); rule.Hold != 0 {
		t.Errorf("what is not known matches a pattern: hold %s", rule.Hold)
	}
}

func TestExplainTellsTheEntry(t *testing.T) {
	b, err := alert.DecodeRulebook([]byte(scoped + "mute:\n- {types: [stockout], stores: [s1], from: 2026-03-02T00:00:00Z, to: 2026-03-03T00:00:00Z}\n"))
	if err != nil {
		t.Fatal(err)
	}
	e := b.Explain(alert.Place{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: "d2"}, Class: "A"}, alert.Stockout, "", scenarioDay)
	got := map[string]string{}
	for _, s := range e.Says {
		got[s.Key] = s.Value + " by " + s.By
	}
	for key, want := range map[string]string{"hold": "3m0s by rule 3, line 5: stores [s1]", "severity": "info by rule 6, line 8: store_classes [A]",
		"close": "5 by rule 10, line 12: everywhere", "open": "2 of 3 by the defaults", "enabled": "true by the defaults"} {
		if got[key] != want {
			t.Errorf("%s: got %q, want %q", key, got[key], want)
		}
	}
	if want := "[mute 1, line 15: stores [s1]]"; fmt.Sprint(e.Muted) != want {
		t.Errorf("muted by %v, want %s", e.Muted, want)
	}
}

// TestOutsideHours: a mute by the store's own hours, over midnight and in the store's own zone, and in the
// book's where the store has none.
func TestOutsideHours(t *testing.T) {
	b, err := alert.DecodeRulebook([]byte("version: 1\ntz: Asia/Shanghai\nmute:\n- {types: [no_footfall], outside_hours: true}\n"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	db := statetest.SQLite(t, alert.Tables)
	put := func(store, tz, hours string) {
		t.Helper()
		if err := db.Write(ctx, func(tx *state.Tx) error {
			return state.PutStore(ctx, tx, state.Store{Tenant: "t", Store: store, TZ: tz, Hours: hours}, scenarioDay)
		}); err != nil {
			t.Fatal(err)
		}
	}
	put("tokyo", "Asia/Tokyo", "Mo-Fr 08:00-02:00")
	put("zoneless", "", "08:00-20:00")
	put("hourless", "Asia/Tokyo", "")
	put("free", "Asia/Tokyo", "whenever we like")
	for _, c := range []struct {
		store, at string
		muted     bool
	}{
		{"tokyo", "2026-03-02T08:00:00+09:00", false}, // a Monday
		{"tokyo", "2026-03-02T07:59:59+09:00", true},
		{"tokyo", "2026-03-07T01:59:00+09:00", false}, // Friday's night
		{"tokyo", "2026-03-07T02:00:00+09:00", true},
		{"zoneless", "2026-03-02T19:59:00+08:00", false},
		{"zoneless", "2026-03-02T20:00:00+08:00", true},
		{"hourless", "2026-03-02T03:00:00+09:00", false},
		{"free", "2026-03-02T03:00:00+09:00", false},
		{"nobody-knows", "2026-03-02T03:00:00+09:00", false},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		p, err := alert.PlaceOf(ctx, db, wire.Identity{Tenant: "t", Store: c.store, Device: "d1"})
		if err != nil {
			t.Fatal(err)
		}
		if rule, ok := b.RulesFor(p).For(alert.NoFootfall, "", at); !ok || rule.Muted != c.muted {
			t.Errorf("%s at %s: muted %v, want %v", c.store, c.at, rule.Muted, c.muted)
		}
	}
	if _, err := sales.ParseHours("whenever we like"); err == nil || !strings.Contains(err.Error(), "opening hours") {
		t.Errorf("free text is taken for hours: %v", err)
	}
}

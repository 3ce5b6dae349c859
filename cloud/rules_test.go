package cloud_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/market"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestRulesOnThePast: a history that was ingested is judged again by a stricter and by a laxer file.
func TestRulesOnThePast(t *testing.T) {
	s, c, stop := serve(t, nil)
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	for _, slot := range []shelf.State{shelf.OK, shelf.Empty, shelf.OK, shelf.OK, shelf.Empty, shelf.Empty, shelf.Empty, shelf.OK, shelf.OK} {
		b.say(t, slot)
	}
	b.drain(t)
	stop()
	for _, tc := range []struct {
		name, rules    string
		inForce, inNew int
	}{
		{"the defaults", "version: 1", 1, 1},
		{"at the first sight", "version: 1\nrules:\n- {types: [stockout], open: {bad: 1, of: 1}, close: 1}", 1, 2},
		{"another store", "version: 1\nrules:\n- {types: [stockout], stores: [s2], enabled: false}", 1, 1},
		{"never", "version: 1\nrules:\n- {types: [stockout], stores: [\"s*\"], enabled: false}", 1, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "rules.yml")
			if err := os.WriteFile(file, []byte(tc.rules), 0o600); err != nil {
				t.Fatal(err)
			}
			run, err := cloud.TestRules(context.Background(), c, file, time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := fmt.Sprint(run.Types), fmt.Sprintf("[{stockout %d %d}]", tc.inForce, tc.inNew); got != want || run.Messages != 9 || run.Coolers != 1 || len(run.Alerts) != tc.inNew {
				t.Errorf("got %s of %d messages and %d alerts, want %s", got, run.Messages, len(run.Alerts), want)
			}
		})
	}
	t.Run("a faulty file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "rules.yml")
		if err := os.WriteFile(file, []byte("version: 9"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := cloud.CheckRules(file); err == nil || !strings.Contains(err.Error(), "version is 9") {
			t.Errorf("got %v", err)
		}
	})
}

// TestSeverityByMoneyOnThePast: with sales that a demand rate was learnt from, a file that grades by money
// says how many alerts would have been how grave, each with what it loses; without, the rule's severity holds.
func TestSeverityByMoneyOnThePast(t *testing.T) {
	s, c, stop := serve(t, nil)
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	b.gtin = market.GTIN(0)
	for _, slot := range []shelf.State{shelf.OK, shelf.Empty, shelf.Empty, shelf.Empty} {
		b.say(t, slot)
	}
	b.drain(t)
	stop()
	try := func(rule string) *cloud.DryRun {
		t.Helper()
		file := filepath.Join(t.TempDir(), "rules.yml")
		if err := os.WriteFile(file, []byte("version: 1\nrules:\n- {types: [stockout], severity: warning"+rule+"}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		run, err := cloud.TestRules(t.Context(), c, file, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if len(run.Alerts) != 1 || len(run.Severities) != 3 {
			t.Fatalf("got %+v", run)
		}
		return run
	}
	const byLoss = ", severity_by_loss: {currency: EUR, critical: %d, warning: %d}"
	if a := try(fmt.Sprintf(byLoss, 2, 1)).Alerts[0]; a.Loss != nil || a.Severity != "warning" {
		t.Errorf("before anything was sold: %+v", a)
	}
	learnSales(t, c.StateURL(), "t", "s1")
	known := try("").Alerts[0]
	if known.Loss == nil || known.Loss.MinorPerHour < 10 || known.Loss.Currency != "EUR" || known.Severity != "warning" {
		t.Fatalf("with a rate: %+v, loses %+v", known, known.Loss)
	}
	for want, limits := range map[string][2]int64{"critical": {known.Loss.MinorPerHour, 1}, "warning": {known.Loss.MinorPerHour + 1, known.Loss.MinorPerHour}, "info": {known.Loss.MinorPerHour + 2, known.Loss.MinorPerHour + 1}} {
		run := try(fmt.Sprintf(byLoss, limits[0], limits[1]))
		if a := run.Alerts[0]; a.Severity != want || *a.Loss != *known.Loss {
			t.Errorf("limits %v: %+v, want %s", limits, a, want)
		}
		for _, n := range run.Severities {
			inForce, file := 0, 0
			if n.Severity == "critical" { // a stockout's default
				inForce = 1
			}
			if n.Severity == want {
				file = 1
			}
			if n.InForce != inForce || n.File != file {
				t.Errorf("limits %v: counted %+v", limits, n)
			}
		}
	}
}

// learnSales fits demand rates to a fortnight of a market's sales at a store.
func learnSales(t *testing.T, url, tenant, store string) {
	t.Helper()
	db, err := state.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	w := market.Default()
	w.Stores, w.Products = 1, 2
	now := func() time.Time { return w.Start.AddDate(0, 0, 14) }
	ledger := sales.NewLedger(db, now)
	var products []sales.Product
	for p := range w.Products {
		products = append(products, sales.Product{Product: shelf.Product{GTIN: market.GTIN(p), Own: true}})
	}
	if _, err := ledger.PutMasters(t.Context(), tenant, products, []sales.Store{{Store: store, TZ: "UTC", Hours: market.Hours}}); err != nil {
		t.Fatal(err)
	}
	w.Run(0, 14, func(h *market.Hour) {
		if err := merge.Put(t.Context(), db, tenant, store, time.UTC, merge.Fold(&h.Facts, nil)); err != nil {
			t.Fatal(err)
		}
	})
	if m, err := merge.NewFollower(merge.Config{DB: db, Ledger: ledger, Now: now, Log: slog.New(slog.DiscardHandler)}).Learn(t.Context(), tenant); err != nil || m == nil {
		t.Fatalf("nothing was learnt: %v", err)
	}
}

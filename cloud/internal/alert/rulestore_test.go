package alert_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestRulesOfEachTenant: a tenant's rules are its own, in versions with who wrote them; every service that
// shares the database follows; a tenant without any has the service's file.
func TestRulesOfEachTenant(t *testing.T) { statetest.Each(t, rulesOfEachTenant, alert.Tables) }

func rulesOfEachTenant(t *testing.T, db *state.DB) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "rules.yml")
	var noted []string
	open := func() *alert.RuleStore {
		t.Helper()
		log := slog.New(slog.DiscardHandler)
		file, err := alert.MakeRuleFile(path, log)
		if err != nil {
			t.Fatal(err)
		}
		s, err := alert.OpenRuleStore(ctx, db, file, func(_ context.Context, _ *state.Tx, tenant, who string, version int64, _ time.Time) error {
			noted = append(noted, fmt.Sprint(tenant, " ", who, " ", version))
			return nil
		}, log)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	needs := func(s *alert.RuleStore, want map[string]int) {
		t.Helper()
		for tenant, bad := range want {
			rule, _ := s.RulesFor(alert.Place{Identity: wire.Identity{Tenant: tenant}}).For(alert.Stockout, "", scenarioDay)
			if rule.Bad != bad {
				t.Errorf("%s needs %d looks, want %d", tenant, rule.Bad, bad)
			}
		}
	}
	text := func(bad int) []byte {
		return fmt.Appendf(nil, "version: 1\nrules:\n- {types: [stockout], open: {bad: %d, of: 9}}\n", bad)
	}
	needs(open(), map[string]int{"t": 2, "u": 2})
	if err := os.WriteFile(path, text(3), 0o600); err != nil {
		t.Fatal(err)
	}
	a, b := open(), open()
	needs(a, map[string]int{"t": 3, "u": 3})
	r, err := a.Current(ctx, "t")
	if err != nil || r.Version != 0 || string(r.Text) != string(text(3)) {
		t.Errorf("got %+v, %v, want the file", r, err)
	}
	if r, err := a.Put(ctx, "t", r.Text, text(4), "Li", scenarioDay); err != nil || r.Version != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	needs(a, map[string]int{"t": 4, "u": 3})
	needs(b, map[string]int{"t": 3, "u": 3})
	if changed, err := b.Reload(ctx); err != nil || !slices.Equal(changed, []string{"t"}) {
		t.Errorf("the other service: %v, %v", changed, err)
	}
	needs(b, map[string]int{"t": 4, "u": 3})
	if _, err := b.Put(ctx, "t", text(3), text(5), "Bo", scenarioDay); !errors.Is(err, alert.ErrRulesChanged) {
		t.Errorf("over what is not in force any more: %v", err)
	}
	if _, err := b.Put(ctx, "t", text(4), []byte("version: 2"), "Bo", scenarioDay); err == nil {
		t.Error("faulty rules are taken")
	}
	if r, err := b.Put(ctx, "t", text(4), text(6), "Bo", scenarioDay.Add(time.Hour)); err != nil || r.Version != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
	if changed, err := b.Reload(ctx); err != nil || len(changed) != 0 {
		t.Errorf("what was put here is news: %v, %v", changed, err)
	}
	if _, err := b.Put(ctx, "u", text(3), text(7), "Xu", scenarioDay); err != nil {
		t.Error(err)
	}
	needs(open(), map[string]int{"t": 6, "u": 7, "v": 3})
	list, err := a.Versions(ctx, "t", 10)
	if err != nil || len(list) != 2 || list[0].By != "Bo" || list[1].By != "Li" || !list[0].At.Equal(scenarioDay.Add(time.Hour)) {
		t.Errorf("versions: %+v, %v", list, err)
	}
	if r, err := a.Version(ctx, "t", 1); err != nil || string(r.Text) != string(text(4)) {
		t.Errorf("version 1: %+v, %v", r, err)
	}
	if _, err := a.Version(ctx, "v", 1); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("a version that is not there: %v", err)
	}
	if got, want := strings.Join(noted, ", "), "t Li 1, t Bo 2, u Xu 1"; got != want {
		t.Errorf("noted %q, want %q", got, want)
	}
	// A newer program has written what this one does not understand.
	err = db.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO alert_rules (tenant, version, text, who, at) VALUES ('t', 3, 'version: 9', 'Li', 0)")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if changed, err := a.Reload(ctx); err != nil || len(changed) != 1 || changed[0] != "u" {
		t.Errorf("got %v, %v, want u alone", changed, err)
	}
	needs(a, map[string]int{"t": 4}) // it had not read version 2
}

package alert_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

const book = `version: 1
rules:
- types: [stockout]
  gtins: ["4006381333931"]
  open: {bad: 1, of: 1}
- types: [misplaced, foreign_product]
  stores: ["kiosk-*"]
  enabled: false
- types: [misplaced]
  devices: [d7]
  enabled: true
  severity: critical
- types: [stockout]
  tenants: ["other*"]
  severity: info
- types: [cold_chain]
  limit_c: 6.5
  hold: 20m
mute:
- {stores: [s1], from: 2026-03-02T08:00:00Z, to: 2026-03-02T12:00:00Z}
- {types: [low_stock], daily: "22:00-07:00", tz: Asia/Shanghai}
`

func TestRulebookScopes(t *testing.T) {
	b, err := alert.DecodeRulebook([]byte(book))
	if err != nil {
		t.Fatal(err)
	}
	noon := scenarioDay.Add(12 * time.Hour)
	for _, c := range []struct {
		name          string
		store, device string
		typ           alert.Type
		gtin          shelf.GTIN
		at            time.Time
		want          string
	}{
		{"the best seller", "s2", "d1", alert.Stockout, "4006381333931", noon, "1/1 close 2 critical"},
		{"another product", "s2", "d1", alert.Stockout, "4000417025005", noon, "2/3 close 2 critical"},
		{"a kiosk", "kiosk-9", "d1", alert.Misplaced, "", noon, "off"},
		{"no kiosk", "s2", "d1", alert.Misplaced, "", noon, "3/4 close 2 info"},
		{"an exception of the exception", "kiosk-9", "d7", alert.Misplaced, "", noon, "3/4 close 2 critical"},
		{"a limit", "s2", "d1", alert.ColdChain, "", noon, "2/2 close 2 critical above 6500 for 20m0s"},
		{"maintenance", "s1", "d1", alert.Stockout, "", noon.Add(-time.Hour), "2/3 close 2 critical muted"},
		{"after it", "s1", "d1", alert.Stockout, "", noon, "2/3 close 2 critical"},
		{"elsewhere", "s2", "d1", alert.Stockout, "", noon.Add(-time.Hour), "2/3 close 2 critical"},
		{"night in Shanghai", "s2", "d1", alert.LowStock, "", scenarioDay.Add(14 * time.Hour), "3/4 close 2 warning muted"},
		{"morning in Shanghai", "s2", "d1", alert.LowStock, "", scenarioDay.Add(23 * time.Hour), "3/4 close 2 warning"},
	} {
		rule, ok := b.RulesFor(alert.Place{Identity: wire.Identity{Tenant: "t", Store: c.store, Device: c.device}}).For(c.typ, c.gtin, c.at)
		got := "off"
		if ok {
			got = fmt.Sprintf("%d/%d close %d %s", rule.Bad, rule.Of, rule.Good, rule.Severity)
			if rule.LimitMilliC != 0 {
				got += fmt.Sprintf(" above %d for %s", rule.LimitMilliC, rule.Hold)
			}
			if rule.Muted {
				got += " muted"
			}
		}
		if got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestRulesOfATenant(t *testing.T) {
	b, err := alert.DecodeRulebook([]byte(book))
	if err != nil {
		t.Fatal(err)
	}
	for tenant, want := range map[string]alert.Severity{"t": alert.Critical, "other-1": alert.Info} {
		rule, ok := b.RulesFor(alert.Place{Identity: wire.Identity{Tenant: tenant, Store: "s2", Device: "d1"}}).For(alert.Stockout, "", scenarioDay)
		if !ok || rule.Severity != want {
			t.Errorf("%s: %v %v, want %v", tenant, rule.Severity, ok, want)
		}
	}
}

// TestSchemaKnowsEveryKey: docs/schema/rules.json takes the book, and no file with a key that the
// program does not know.
func TestSchemaKnowsEveryKey(t *testing.T) {
	c := jsonschema.NewCompiler()
	schema, err := c.Compile("../../../docs/schema/rules.json")
	if err != nil {
		t.Fatal(err)
	}
	holds := func(text string) error {
		data, err := yaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return schema.Validate(v)
	}
	if err := holds(book); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"tenants: [x]", "stores: [x]", "devices: [x]", "regions: [x]", "channels: [x]", "store_classes: [x]", "cooler_models: [x]", "gtins: [\"4006381333931\"]", "enabled: false", "open: {bad: 1, of: 2}", "close: 3", "hold: 1h30m", "severity: info",
		"severity_by_loss: {currency: CNY, critical: 5000, warning: 1000, hysteresis: 0.1}", "severity_by_loss: {}"} {
		if err := holds("version: 1\nrules:\n- types: [stockout]\n  " + key); err != nil {
			t.Errorf("%s: %v", key, err)
		}
	}
	if err := holds(fmt.Sprintf(told, "Asia/Shanghai") + "mute:\n- {types: [no_footfall], outside_hours: true}\n"); err != nil {
		t.Error(err)
	}
	if err := holds("version: 1\nrules:\n- types: [stockout]\n  opens: 1"); err == nil {
		t.Error("the schema takes a key that the program does not know")
	}
	for _, typ := range alert.Types() {
		if err := holds("version: 1\nrules:\n- types: [" + string(typ) + "]"); err != nil {
			t.Errorf("%s: %v", typ, err)
		}
	}
}

// TestRulebookFaults: every *.bad.yml breaks one rule; its first line says what the error has in it.
func TestRulebookFaults(t *testing.T) {
	files, err := filepath.Glob("testdata/rules/*.bad.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no *.bad.yml: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		first, _, _ := strings.Cut(string(data), "\n")
		want, ok := strings.CutPrefix(first, "# want: ")
		if !ok {
			t.Fatalf("%s does not begin with # want:", file)
		}
		if _, err := alert.DecodeRulebook(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", file, err, want)
		}
	}
}

// TestFaultsTellTheirLine: of every entry that is wrong.
func TestFaultsTellTheirLine(t *testing.T) {
	text := "version: 1\nrules:\n- types: [stockout]\n  close: 2\n# best sellers\n- types: [low_stock]\n  close: 0\nmute:\n- {stores: [s1]}\n"
	_, err := alert.DecodeRulebook([]byte(text))
	for _, want := range []string{"line 6: rule 2: low_stock: closes after 0", "line 9: mute 1: give from and to"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestRuleFileFollowsTheFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := alert.OpenRuleFile(file, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a file that is not there was opened")
	}
	write("version: 1")
	f, err := alert.OpenRuleFile(file, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	need := func() int {
		rule, _ := f.RulesFor(alert.Place{}).For(alert.Stockout, "", scenarioDay)
		return rule.Bad
	}
	if changed, err := f.Reload(); changed || err != nil || need() != 2 {
		t.Errorf("unchanged: %v, %v, %d", changed, err, need())
	}
	write("version: 1\nrules:\n- {types: [stockout], open: {bad: 5, of: 5}}\n")
	if changed, err := f.Reload(); !changed || err != nil || need() != 5 {
		t.Errorf("changed: %v, %v, %d", changed, err, need())
	}
	write("version: 1\nrules:\n- {types: [stockout], open: {bad: 6, of: 5}}\n")
	if changed, err := f.Reload(); changed || err == nil || need() != 5 {
		t.Errorf("faulty: %v, %v, %d", changed, err, need())
	}
}

func TestMutedIsNotCounted(t *testing.T) {
	b, err := alert.DecodeRulebook([]byte("version: 1\nmute:\n- {from: 2026-03-02T08:00:00Z, to: 2026-03-02T09:00:00Z}\n"))
	if err != nil {
		t.Fatal(err)
	}
	tl := alert.NewTimeline(alert.Machine{Rules: b.RulesFor(alert.Place{})})
	for i := range 8 {
		at := scenarioDay.Add(8*time.Hour + time.Duration(i)*10*time.Minute)
		out := tl.Add(alert.Input{Key: alert.Key{Boot: 1, Seq: uint64(i + 1)}, At: at, Fact: alert.Look{Planogram: alert.PlanogramRef{ID: "p", Version: 1},
			Slots: []alert.Slot{{ID: "A", GTIN: scenarioGTIN, State: shelf.Empty, Due: 1}}}})
		if opened := len(out) > 0; opened != (i == 7) {
			t.Errorf("at %s: %v", at.Format("15:04"), out)
		}
	}
}

func FuzzDecodeRulebook(f *testing.F) {
	f.Add([]byte(book))
	f.Add([]byte("version: 1\nrules:\n- types: [stockout]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := alert.DecodeRulebook(data)
		if err != nil {
			return
		}
		for _, typ := range alert.Types() {
			rule, ok := b.RulesFor(alert.Place{Identity: wire.Identity{Tenant: "t", Store: "s", Device: "d"}}).For(typ, scenarioGTIN, scenarioDay)
			if r := (alert.Rules{typ: rule}); ok && r.Validate() != nil {
				t.Fatalf("%s: the book is accepted, its rule is not: %v", typ, r.Validate())
			}
		}
	})
}

// TestEveryFaultIsToldAtItsLine: a value that is none hides no other fault, and an unknown type drags none along.
func TestEveryFaultIsToldAtItsLine(t *testing.T) {
	_, err := alert.DecodeRulebook([]byte(`rules:
- types: [stockout]
  hold: 2
- types: [stokout]
  gtins: ["4006381333931"]
  limit_c: 3
- types: [stockout]
  gtins: ["4006381333931", "4006381333932"]
- types: [stockout]
  open: {bad: 4, of: 1}
`))
	if err == nil {
		t.Fatal("it is taken")
	}
	for _, want := range []string{"version: 1", "line 3: hold: 2 has no unit, want a duration such as 2m", `line 4: rule 2: unknown alert type "stokout", want one of`, ", stockout",
		`line 8: gtins: GTIN "4006381333932"`, "line 9: rule 4: stockout: opens after 4 of 1"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if n := strings.Count(err.Error(), "\n") + 1; n != 5 {
		t.Errorf("%d faults, want 5:\n%v", n, err)
	}
}

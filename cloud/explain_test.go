package cloud_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestRulesByScope: what people enter of a store and of a cooler by REST decides which rules hold there,
// and explain says the same.
func TestRulesByScope(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rules.yml")
	rules := "version: 1\nrules:\n- {types: [stockout], regions: [south], cooler_models: [\"GX-*\"], enabled: true, open: {bad: 1, of: 1}, severity: info}\n- {types: [stockout], enabled: false}\n"
	if err := os.WriteFile(file, []byte(rules), 0o600); err != nil {
		t.Fatal(err)
	}
	s, c, stop := serve(t, func(c *config.Config) { c.Alerts.Rules = file })
	base := "http://" + s.Addr()
	put := func(path, body string) {
		t.Helper()
		req, err := http.NewRequest(http.MethodPut, base+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if answer, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
			t.Fatalf("PUT %s: %d %s", path, resp.StatusCode, answer)
		}
	}
	put("/v1/stores/s1", `{"name":"North","region":"south","channel":"convenience","class":"A"}`)
	put("/v1/coolers/d1", `{"store":"s1","model":"GX-400"}`)
	put("/v1/coolers/d2", `{"store":"s1","model":"Other"}`)
	for _, device := range []string{"d1", "d2"} {
		b := newBoard(t, "mqtt://"+s.MQTTAddr(), device)
		b.say(t, shelf.OK)
		b.say(t, shelf.Empty)
		b.drain(t)
	}
	resp, err := http.Get(base + "/v1/alerts")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var list struct {
		Alerts []struct{ Device, Severity string }
	}
	if err := json.NewDecoder(resp.Body).Decode(&list); err != nil {
		t.Fatal(err)
	}
	if len(list.Alerts) != 1 || list.Alerts[0].Device != "d1" || list.Alerts[0].Severity != "info" {
		t.Errorf("got %+v, want one of d1", list.Alerts)
	}
	stop()

	for device, want := range map[string]string{"d1": "open 1 of 1 rule 1, line 3: cooler_models [GX-*], regions [south]", "d2": "enabled false rule 2, line 4: everywhere"} {
		r, err := cloud.ExplainRules(t.Context(), c, cloud.Question{Device: device, Types: []string{"stockout"}, At: time.Now()})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range r.Rules[0].Says {
			got = append(got, s.Key+" "+s.Value+" "+s.By)
		}
		if !strings.Contains(strings.Join(got, "\n"), want) || r.Region != "south" || r.Class != "A" || r.Channel != "convenience" {
			t.Errorf("%s of %+v: got %q, want %q in it", device, r, got, want)
		}
	}
	if _, err := cloud.ExplainRules(t.Context(), c, cloud.Question{Device: "d9"}); err == nil || !strings.Contains(err.Error(), "d9") {
		t.Errorf("a cooler that nobody knows: %v", err)
	}
	if _, err := cloud.ExplainRules(t.Context(), c, cloud.Question{Device: "d1", Types: []string{"stokout"}}); err == nil || !strings.Contains(err.Error(), "stokout") {
		t.Errorf("a type that nobody knows: %v", err)
	}
	run, err := cloud.TestRules(t.Context(), c, file, time.Hour)
	if err != nil || len(run.Alerts) != 1 || run.Alerts[0].Device != "d1" {
		t.Errorf("the dry run: %+v, %v", run, err)
	}
}

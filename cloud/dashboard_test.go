package cloud_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestDashboardAsksForMetricsThatExist: what the Grafana dashboard and the operations page name is what
// the ingester counts.
func TestDashboardAsksForMetricsThatExist(t *testing.T) {
	registry := prometheus.NewRegistry()
	m := ingest.NewMetrics(registry)
	m.Messages.WithLabelValues("observation")
	m.Quarantined.WithLabelValues(ingest.ReasonTopic)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, f := range families {
		if f.GetType().String() != "HISTOGRAM" {
			known[f.GetName()] = true
			continue
		}
		for _, part := range []string{"_bucket", "_sum", "_count"} {
			known[f.GetName()+part] = true
		}
	}
	for _, file := range []string{"../firmware-config/cloud/grafana.json", "../docs/operations.md"} {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		asked := regexp.MustCompile(`coldshelf_ingest_[a-z_]+`).FindAllString(string(data), -1)
		if len(asked) == 0 {
			t.Errorf("%s names no metric of the ingester", file)
		}
		for _, name := range asked {
			if !known[name] && !known[name+"_sum"] {
				t.Errorf("%s names %s, which nobody counts", file, name)
			}
		}
	}
	data, err := os.ReadFile("../firmware-config/cloud/grafana.json")
	if err != nil || !json.Valid(data) {
		t.Errorf("the dashboard is no JSON: %v", err)
	}
}

// TestDashboardOfARunningService: each metric that the dashboard asks for is in /metrics of a service that has
// stored a message and put another aside.
func TestDashboardOfARunningService(t *testing.T) {
	s, _, _ := serve(t, nil)
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	b.say(t, shelf.OK)
	b.drain(t)
	b.client.Publish(b.id.Topic(wire.KindObservation), 1, false, "rubbish")
	until(t, "rubbish is put aside", func() bool { return metric(t, s.Addr(), `coldshelf_ingest_quarantined_total{reason="malformed"}`) == 1 })
	resp, err := http.Get("http://" + s.Addr() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("../firmware-config/cloud/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(data, &board); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			for _, name := range regexp.MustCompile(`\b(coldshelf|process|go)_[a-z_]+`).FindAllString(target.Expr, -1) {
				asked++
				if !regexp.MustCompile(`(?m)^` + name + `[{ ]`).Match(text) {
					t.Errorf("%s asks for %s, which is not there", p.Title, name)
				}
			}
		}
	}
	if asked < len(board.Panels) {
		t.Errorf("%d panels ask for %d metrics", len(board.Panels), asked)
	}
}

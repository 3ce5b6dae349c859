package cloud_test

import (
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
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

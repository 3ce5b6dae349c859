package main

import (
	"strings"
	"testing"
)

// TestBars: a figure beyond its bar is met, one on the wrong side of it is missed and says by how much.
func TestBars(t *testing.T) {
	one := func(embedded, cpu, influx float64, lost int) *report {
		median := map[string]*result{"telegraf": {}, "embedded": {Lost: lost}, "influxd": {}}
		return &report{Ingest: &table{Median: median, Ratios: &ratios{EmbeddedRate: embedded, EmbeddedCPU: cpu, InfluxRate: influx}}}
	}
	for _, c := range []struct {
		name   string
		report *report
		want   []string
	}{
		{"all met", one(12, 0.08, 2, 0), []string{"12 ≥ 10 met, 1.20 times", "0.08 ≤ 0.1 met, 1.25 times", "2 ≥ 2 met, 1.00 times", "0 ≤ 0 met"}},
		{"all missed", one(5, 0.2, 1.5, 3), []string{"5 ≥ 10 missed, 0.50 times", "0.2 ≤ 0.1 missed, 0.50 times", "1.5 ≥ 2 missed, 0.75 times", "3 ≤ 0 missed"}},
		{"stored", &report{Stored: &stored{Bytes: 2.5, DayMS: 4, FleetMS: 0.5}}, []string{"2.5 ≤ 4 met, 1.60 times", "4 ≤ 2 missed, 0.50 times", "0.5 ≤ 50 met, 100.00 times"}},
		{"kills", &report{Kills: &kills{Killed: map[string]int{"ingester": 10, "broker": 10, "database": 9}, Lost: 1}},
			[]string{"10 ≥ 10 met, 1.00 times", "10 ≥ 10 met, 1.00 times", "9 ≥ 10 missed, 0.90 times", "1 ≤ 0 missed"}},
		{"nothing measured", &report{}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			show(&out, c.report.bars())
			var got []string
			for line := range strings.Lines(out.String()) {
				_, figures, _ := strings.Cut(line, ":")
				got = append(got, strings.Join(strings.Fields(figures), " "))
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %q, want %q", got, c.want)
			}
			for i := range got {
				if !strings.HasSuffix(got[i], " "+c.want[i]) {
					t.Errorf("got %q, want it to end with %q", got[i], c.want[i])
				}
			}
		})
	}
}

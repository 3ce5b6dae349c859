package main

import (
	"fmt"
	"io"
)

// bar is what we want of a figure, and what came of it.
type bar struct {
	Figure string  `json:"figure"`
	Got    float64 `json:"got"`
	Bound  float64 `json:"bound"`
	AtMost bool    `json:"at_most"` // else at least
	Factor float64 `json:"factor"`  // how many times over the bar it is: from 1 on it is met
	Met    bool    `json:"met"`
}

func atLeast(figure string, got, bound float64) bar {
	return bar{Figure: figure, Got: got, Bound: bound, Factor: got / bound, Met: got >= bound}
}

func atMost(figure string, got, bound float64) bar {
	b := bar{Figure: figure, Got: got, Bound: bound, AtMost: true, Met: got <= bound}
	if got > 0 {
		b.Factor = bound / got
	}
	return b
}

// bars holds what was measured, and measured beside the peer where that is what counts, to what we want.
func (r *report) bars() (all []bar) {
	if r.Ingest != nil && r.Ingest.Ratios != nil {
		x := r.Ingest.Ratios
		if r.Ingest.Median["embedded"] != nil {
			all = append(all, atLeast("embedded store, messages/s of Telegraf's", x.EmbeddedRate, 10),
				atMost("embedded store, CPU-seconds of Telegraf's", x.EmbeddedCPU, 0.1))
		}
		if r.Ingest.Median["influxd"] != nil {
			all = append(all, atLeast("influxd, messages/s of Telegraf's", x.InfluxRate, 2))
		}
	}
	if r.Ingest != nil {
		all = append(all, atMost("messages lost beside Telegraf", float64(r.Ingest.lost()), 0))
	}
	if s := r.Stored; s != nil {
		all = append(all, atMost("embedded store, bytes a point", s.Bytes, 4),
			atMost("one device's last 24 h, ms", s.DayMS, 2), atMost("the fleet's last hour by SKU, ms", s.FleetMS, 50))
	}
	if k := r.Kills; k != nil {
		for _, name := range victims {
			all = append(all, atLeast(name+", times killed", float64(k.Killed[name]), 10))
		}
		all = append(all, atMost("messages lost over these kills", float64(k.Lost), 0))
	}
	return all
}

// show writes a line for each bar.
func show(out io.Writer, bars []bar) {
	for _, b := range bars {
		sign, verdict := "≥", "missed"
		if b.AtMost {
			sign = "≤"
		}
		if b.Met {
			verdict = "met"
		}
		fmt.Fprintf(out, "bar: %-45s %10.4g %s %-5.4g %s", b.Figure, b.Got, sign, b.Bound, verdict)
		if b.Bound != 0 && b.Got != 0 {
			fmt.Fprintf(out, ", %.2f times", b.Factor)
		}
		fmt.Fprintln(out)
	}
}

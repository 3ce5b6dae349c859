//go:build customenv

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"testing"
	"time"
)

// A camera over the door, to the figure on the page: the real agent counts a video, sends the counts over MQTT, and the
// real cloud answers them as a line over time and as the people who came in.
func TestWhoWalksInIsOnThePage(t *testing.T) {
	site, broker := startCloud(t)
	begun := time.Now()
	config := configure(t, smallest+"camera: {source: 'dir:frames'}\nuplink: {broker: '"+broker+"', ack_timeout: 1s}\n"+
		"devices:\n  interval: 2s\n  footfall:\n    source: 'file:"+walkVideo(t)+"'\n"+
		"    lines: [{name: door, points: '240,320,240,0'}, {name: back wall, points: '0,300,480,300'}]\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "run", "--log", "warn", "--config", config)
	cmd.Env = append(os.Environ(), programVariable+"=1")
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	span := func() string { // from the hour before, because KPIs are of whole hours
		return url.Values{"from": {begun.Add(-time.Hour).UTC().Format(time.RFC3339)}, "to": {time.Now().Add(time.Minute).UTC().Format(time.RFC3339)}}.Encode()
	}
	var figures struct {
		PeopleIn   int                        `json:"people_in"`
		Conversion struct{ Coverage float64 } `json:"conversion"`
	}
	in := 0.0
	waitUntil(t, "who walked in to be a figure on the page", func() bool {
		var line struct{ Points [][2]float64 }
		if answer(t, site+"/v1/coolers/cooler-1/series?kind=footfall&"+span(), &line) != http.StatusOK {
			return false // the cloud has not heard of the cooler yet
		}
		in = 0
		for _, p := range line.Points {
			in += p[1]
		}
		kpi := struct{ Rows []struct{ Figures any } }{Rows: []struct{ Figures any }{{&figures}}}
		if status := answer(t, site+"/v1/kpis/conversion?"+span(), &kpi); status != http.StatusOK {
			t.Fatalf("conversion: status %d", status)
		}
		return len(kpi.Rows) == 1 && in > 0 && figures.PeopleIn == int(in)
	})
	if in != 1 || figures.Conversion.Coverage <= 0 {
		t.Errorf("%v people in the series, figures %+v: want the one who walked in, and some coverage", in, figures)
	}
}

// answer reads JSON from the cloud; it gives the status.
func answer(t *testing.T, address string, to any) int {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode
	}
	if err := json.NewDecoder(resp.Body).Decode(to); err != nil {
		t.Fatal(fmt.Errorf("%s: %w", address, err))
	}
	return resp.StatusCode
}

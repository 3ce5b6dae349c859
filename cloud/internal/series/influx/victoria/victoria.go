// Package victoria starts Debian's VictoriaMetrics for a test: on loopback, on a free port, in a folder that is
// removed with the test. It never skips: on a machine without it the test fails and says what to install.
package victoria

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

const path = "/usr/bin/victoria-metrics"

// Server is the VictoriaMetrics of one test.
type Server struct {
	*loopback.Program
	addr string
}

// Start starts a server that is stopped when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	loopback.Need(t, path, "VictoriaMetrics", "apt-get install victoria-metrics, or make setup-test")
	s, dir := &Server{addr: loopback.Addr(t)}, t.TempDir()
	s.Program = &loopback.Program{Name: "victoria-metrics", Ready: loopback.Listens(s.addr), Command: func() *exec.Cmd {
		return exec.Command(path, "-storageDataPath="+dir, "-httpListenAddr="+s.addr, "-retentionPeriod=1y", "-loggerLevel=WARN")
	}}
	s.Run(t)
	return s
}

// URL returns the URL for influx.Open. VictoriaMetrics has no buckets and accepts any name.
func (s *Server) URL() string { return "influx://" + s.addr + "/?bucket=coldshelf" }

// Samples returns everything that the server holds. The keys are lines such as
// "climate_temp_mc{device=d1,tenant=t} 1772355600000", with the labels in order and the time in milliseconds.
// Of several values at one time it returns the last.
func (s *Server) Samples(t testing.TB) map[string]float64 {
	t.Helper()
	s.get(t, "/internal/force_flush", nil, func(io.Reader) error { return nil })
	all := map[string]float64{}
	s.get(t, "/api/v1/export", url.Values{"match[]": {`{__name__!=""}`}}, func(r io.Reader) error {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var series struct {
				Metric     map[string]string
				Values     []float64
				Timestamps []int64
			}
			if err := json.Unmarshal(lines.Bytes(), &series); err != nil {
				return err
			}
			name := series.Metric["__name__"]
			delete(series.Metric, "__name__")
			labels := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(series.Metric), "map["), "]") // in order
			for i, at := range series.Timestamps {
				all[fmt.Sprintf("%s{%s} %d", name, labels, at)] = series.Values[i]
			}
		}
		return lines.Err()
	})
	return all
}

func (s *Server) get(t testing.TB, path string, query url.Values, read func(io.Reader) error) {
	t.Helper()
	resp, err := http.Get("http://" + s.addr + path + "?" + query.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		t.Fatalf("%s: %s", path, resp.Status)
	}
	if err := read(resp.Body); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

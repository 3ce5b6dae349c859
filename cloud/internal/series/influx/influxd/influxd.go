// Package influxd starts a real InfluxDB 1.8 with Flux enabled for a test: on loopback, on free ports, in a
// folder that is removed with the test. It never skips: on a machine without influxd the test fails and says
// how to get it.
package influxd

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"sync/atomic"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd/conf"
)

// Server is the influxd of one test.
type Server struct {
	*loopback.Program
	addr      string
	databases atomic.Int64
}

// Start starts a server that is stopped when the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{addr: loopback.Addr(t)}
	path := loopback.Find(t, "INFLUXD", "influxd", "v1.8.10")
	config, err := conf.Write(t.TempDir(), s.addr)
	if err != nil {
		t.Fatal(err)
	}
	s.Program = &loopback.Program{Name: "influxd", Command: func() *exec.Cmd { return exec.Command(path, "-config", config) }, Ready: s.answers}
	s.Run(t)
	return s
}

func (s *Server) answers() error {
	resp, err := http.Get("http://" + s.addr + "/ping")
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// NewDatabase creates an empty database and returns its URL for influx.Open.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	s.Query(t, "CREATE DATABASE "+name)
	return s.URL(name)
}

// URL returns the URL of a database for influx.Open, whether the database exists or not.
func (s *Server) URL(database string) string {
	return "influx://" + s.addr + "/?bucket=" + database + "/autogen"
}

// Query runs one statement. It reads the whole answer: influxd sends status 200 before it runs a statement,
// aborts the statement if the client hangs up meanwhile, and reports the outcome in the body.
func (s *Server) Query(t testing.TB, statement string) {
	t.Helper()
	resp, err := http.PostForm("http://"+s.addr+"/query", url.Values{"q": {statement}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	var answer struct {
		Error   string
		Results []struct{ Error string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %s: %v: %q", statement, resp.Status, err, body)
	}
	if resp.StatusCode != http.StatusOK || answer.Error != "" || len(answer.Results) != 1 || answer.Results[0].Error != "" {
		t.Fatalf("%s: %s: %s", statement, resp.Status, body)
	}
}

// HTTP returns the address of the server's own API.
func (s *Server) HTTP() string { return "http://" + s.addr }

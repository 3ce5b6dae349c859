// Package influxd starts a real InfluxDB 1.8 with Flux on for tests: on loopback, on free ports, in a
// folder that goes with the test. It never skips: a machine without influxd fails the test and says
// how to get it.
package influxd

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

// Server is an influxd of one test.
type Server struct {
	addr, config string
	cmd          *exec.Cmd
	log          bytes.Buffer
	exited       chan struct{}
	databases    atomic.Int64
}

// program finds influxd: $INFLUXD, or where `make setup` puts it.
func program(t testing.TB) string {
	t.Helper()
	path := os.Getenv("INFLUXD")
	if path == "" {
		cache := os.Getenv("COLDSHELF_CACHE")
		if cache == "" {
			dir, err := os.UserCacheDir()
			if err != nil {
				t.Fatal(err)
			}
			cache = filepath.Join(dir, "coldshelf")
		}
		path = filepath.Join(cache, "bin", "influxd")
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("this test needs influxd v1.8.10: %v\nhint: make setup", err)
	}
	return path
}

// Start starts a server that ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	s := &Server{addr: loopback.Addr(t)}
	dir := t.TempDir()
	s.config = filepath.Join(dir, "influxd.conf")
	text := fmt.Sprintf(`reporting-disabled = true
bind-address = "127.0.0.1:0"
[meta]
dir = %q
logging-enabled = false
[data]
dir = %q
wal-dir = %q
query-log-enabled = false
[monitor]
store-enabled = false
[http]
bind-address = %q
flux-enabled = true
log-enabled = false
[logging]
level = "error"
suppress-logo = true
`, filepath.Join(dir, "meta"), filepath.Join(dir, "data"), filepath.Join(dir, "wal"), s.addr)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Restart(t)
	t.Cleanup(func() { s.Kill(syscall.SIGTERM) })
	return s
}

// Restart starts it again after a Kill, and waits until it answers.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.cmd = exec.Command(program(t), "-config", s.config)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited, cmd := make(chan struct{}), s.cmd
	s.exited = exited
	go func() { cmd.Wait(); close(exited) }()
	deadline := time.After(60 * time.Second)
	for {
		resp, err := http.Get("http://" + s.addr + "/ping")
		if err == nil {
			resp.Body.Close()
			return
		}
		select {
		case <-exited:
			t.Fatalf("influxd ended: %s", s.log.String())
		case <-deadline:
			t.Fatalf("influxd does not answer: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// Kill ends it with a signal and waits: SIGKILL is a crash.
func (s *Server) Kill(signal syscall.Signal) {
	// One that has ended already needs no signal.
	_ = s.cmd.Process.Signal(signal)
	<-s.exited
}

// NewDatabase makes an empty database and gives its URL for influx.Open.
func (s *Server) NewDatabase(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test%d", s.databases.Add(1))
	s.create(t, name)
	return "influx://" + s.addr + "/?bucket=" + name + "/autogen"
}

// create reads the whole answer: influxd says 200 before it runs a statement, aborts it where the client
// hangs up by then, and says in the body what came of it.
func (s *Server) create(t testing.TB, database string) {
	t.Helper()
	resp, err := http.PostForm("http://"+s.addr+"/query", url.Values{"q": {"CREATE DATABASE " + database}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("create database %s: %v", database, err)
	}
	var answer struct {
		Error   string
		Results []struct{ Error string }
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("create database %s: %s: %v: %q", database, resp.Status, err, body)
	}
	if resp.StatusCode != http.StatusOK || answer.Error != "" || len(answer.Results) != 1 || answer.Results[0].Error != "" {
		t.Fatalf("create database %s: %s: %s", database, resp.Status, body)
	}
}

// HTTP is where the server's own API answers.
func (s *Server) HTTP() string { return "http://" + s.addr }

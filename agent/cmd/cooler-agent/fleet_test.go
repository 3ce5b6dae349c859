package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/weights"
)

// service is the real cooler-cloud, as people run it and speak to it by its commands.
type service struct {
	t         *testing.T
	program   string
	dir, addr string
	mqtt      string
	hurt      atomic.Int64 // bundles to break off after some bytes
	ranges    atomic.Int64 // requests that went on where one was broken off
	stop      func()
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// newService builds and starts it; boards reach it by a line that can be made to break.
func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, dir: t.TempDir(), addr: freeAddr(t), mqtt: freeAddr(t)}
	s.program = filepath.Join(s.dir, "cooler-cloud")
	build := exec.Command("go", "build", "-o", s.program, "../../../cloud/cmd/cooler-cloud")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build cooler-cloud: %v\n%s", err, out)
	}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: s.addr})
	line := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			s.ranges.Add(1)
		}
		if s.hurt.Add(-1) >= 0 {
			w = &breaking{w, 50_000}
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(line.Close)
	config := fmt.Sprintf("listen: %s\nmqtt: {listen: %q}\ndata_dir: %s\ntenant: acme\nupdates: {url: %q}\n", s.addr, s.mqtt, filepath.Join(s.dir, "data"), line.URL)
	if err := os.WriteFile(filepath.Join(s.dir, "cloud.yml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *service) start() {
	s.t.Helper()
	cmd := exec.Command(s.program, "serve", "--config", filepath.Join(s.dir, "cloud.yml"), "--log-level", "warn")
	cmd.Stdout, cmd.Stderr = s.t.Output(), s.t.Output()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.stop = func() {
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
	}
	waitUntil(s.t, "cooler-cloud", func() bool {
		resp, err := http.Get("http://" + s.addr + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// breaking drops the connection after so many bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > b.left {
		b.ResponseWriter.Write(p[:b.left])
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

// cloud runs one of its commands.
func (s *service) cloud(args ...string) (status int, out, errs string) {
	s.t.Helper()
	var o, e bytes.Buffer
	cmd := exec.CommandContext(s.t.Context(), s.program, append(args, "--url", "http://"+s.addr)...)
	cmd.Stdout, cmd.Stderr = &o, &e
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), o.String(), e.String()
}

func (s *service) must(args ...string) string {
	s.t.Helper()
	status, out, errs := s.cloud(args...)
	if status != 0 {
		s.t.Fatalf("cooler-cloud %s: status %d, %s%s", strings.Join(args, " "), status, out, errs)
	}
	return out
}

// refuses expects a command to fail with words and a hint.
func (s *service) refuses(says string, args ...string) {
	s.t.Helper()
	if status, out, errs := s.cloud(args...); status != 1 || !strings.Contains(errs, says) || !strings.Contains(errs, "hint:") {
		s.t.Errorf("cooler-cloud %s: status %d, %s%s, want a refusal that says %q", strings.Join(args, " "), status, out, errs, says)
	}
}

// rollout starts a staged update for the one board and waits for its end.
func (s *service) rollout(kind, version string) (status int, said string) {
	s.t.Helper()
	var r struct{ ID int64 }
	if err := json.Unmarshal([]byte(s.must("rollout", "start", kind, version, "--soak", "2s", "--stages", "1", "--json")), &r); err != nil {
		s.t.Fatal(err)
	}
	status, out, errs := s.cloud("rollout", "watch", fmt.Sprint(r.ID))
	if status != 0 { // so that the next may begin
		s.must("rollout", "cancel", fmt.Sprint(r.ID))
	}
	return status, out + errs
}

func (s *service) desired() (d struct {
	State   string
	Detail  string
	Applied struct{ Model, Agent *struct{ Version string } }
}) {
	s.t.Helper()
	if err := json.Unmarshal([]byte(s.must("desired", "show", "cooler-1")), &d); err != nil {
		s.t.Fatal(err)
	}
	return d
}

// TestAStagedUpdateOfARealBoard: the real service and the real board. Networks come over a line that breaks,
// an agent that crashes is taken back and halts its update, one that works goes through, and what is older or
// of a stranger does not get as far as a board.
func TestAStagedUpdateOfARealBoard(t *testing.T) {
	s, r := newService(t), newReleases(t)
	path := configure(t, smallest+"camera: {source: \"dir:frames\", loop: true}\npicture: {send: never}\ndevices: {interval: 1s}\n"+
		"uplink: {broker: \"tcp://"+s.mqtt+"\", ack_timeout: 1s}\nupdates: {root: "+filepath.Join(r.keys, "1.root.json")+"}\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	keptAlive(t, self, path)
	s.must("bundle", "trust", filepath.Join(r.keys, "1.root.json"))
	file := func(kind, version string) string { return filepath.Join(r.dir, kind+"-"+version) }
	old := r.make(bundle.Model, "1.0", networks(t, func(*weights.Manifest) {}))
	r.make(bundle.Model, "2.0", networks(t, func(m *weights.Manifest) { m.Networks[0].Version = "2.0" }))
	s.must("bundle", "add", file(bundle.Model, "2.0"))
	s.refuses("made before it", "bundle", "add", filepath.Join(r.dir, "model-"+old.Version))
	r.make(bundle.Model, "1.5", networks(t, func(*weights.Manifest) {}))
	s.refuses("below", "bundle", "add", file(bundle.Model, "1.5"))
	stranger := newReleases(t)
	stranger.make(bundle.Model, "9.0", networks(t, func(*weights.Manifest) {}))
	s.refuses("signatures", "bundle", "add", filepath.Join(stranger.dir, "model-9.0"))
	waitUntil(t, "the board is connected", func() bool {
		return strings.Contains(s.must("desired", "show"), "online") || strings.Contains(s.must("desired", "show"), "degraded")
	})

	s.hurt.Store(2)
	if status, said := s.rollout(bundle.Model, "2.0"); status != 0 {
		t.Fatalf("networks: status %d, %s", status, said)
	}
	if n := s.ranges.Load(); n < 2 {
		t.Errorf("%d requests went on where the line broke, want 2", n)
	}
	if d := s.desired(); d.State != "in_force" || d.Applied.Model == nil || d.Applied.Model.Version != "2.0" {
		t.Errorf("networks: %+v", d)
	}

	// A service that is started anew goes on; the agent crashes meanwhile.
	r.script("9.1", "#!/bin/sh\n[ \"$1\" = version ] && echo '{}' && exit 0\nexit 3\n")
	s.must("bundle", "add", filepath.Join(r.dir, "script-9.1"))
	s.stop()
	s.start()
	if status, said := s.rollout(bundle.Agent, "9.1"); status == 0 || !strings.Contains(said, "did not prove itself") {
		t.Errorf("an agent that crashes: status %d, %s", status, said)
	}
	waitUntil(t, "what was before is in force", func() bool { d := s.desired(); return d.State == "in_force" && d.Applied.Agent == nil })

	other := filepath.Join(t.TempDir(), "cooler-agent")
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, append(data, "another build"...), 0o700); err != nil {
		t.Fatal(err)
	}
	r.make(bundle.Agent, "9.2", other)
	s.must("bundle", "add", file(bundle.Agent, "9.2"))
	if status, said := s.rollout(bundle.Agent, "9.2"); status != 0 {
		t.Errorf("an agent that works: status %d, %s", status, said)
	}
	if got := running(t, filepath.Dir(path)); !strings.Contains(got, "/updates/agent/") {
		t.Errorf("runs %s", got)
	}
	s.refuses("each has this version or a higher one", "rollout", "start", "agent", "9.2")
}

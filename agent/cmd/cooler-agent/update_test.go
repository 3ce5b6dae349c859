package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/models/wire"
)

var boardID = wire.Identity{Tenant: "acme", Store: "s1", Device: "cooler-1"}

// carer is whoever cares for a board from far away: it hears it, acknowledges, and says how it shall be.
type carer struct {
	t       *testing.T
	client  mqtt.Client
	version uint64

	mu       sync.Mutex
	reported map[uint64]*wire.Reported
	births   []*wire.Birth
}

func newCarer(t *testing.T, broker string) *carer {
	t.Helper()
	c := &carer{t: t, reported: map[uint64]*wire.Reported{}}
	c.client = mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker).SetClientID("carer").SetOrderMatters(false))
	if token := c.client.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("carer: %v", token.Error())
	}
	t.Cleanup(func() { c.client.Disconnect(10) })
	token := c.client.Subscribe(wire.AllUp, 1, func(_ mqtt.Client, m mqtt.Message) {
		env, err := wire.Decode(m.Payload())
		if err != nil {
			t.Errorf("carer: %v", err)
			return
		}
		c.mu.Lock()
		switch b := env.Body.(type) {
		case *wire.Reported:
			c.reported[b.DesiredVersion] = b
		case *wire.Birth:
			c.births = append(c.births, b)
		}
		c.mu.Unlock()
		c.say(&wire.Ack{Ranges: []wire.AckRange{{Boot: env.Boot, From: env.Seq, To: env.Seq}}})
	})
	if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("carer: %v", token.Error())
	}
	return c
}

func (c *carer) say(body wire.Body) {
	payload, err := wire.Encode(&wire.Envelope{Identity: boardID, CapturedAt: time.Now(), Body: body})
	if err != nil {
		c.t.Errorf("carer: %v", err)
		return
	}
	c.client.Publish(boardID.Topic(body.Kind()), 1, body.Kind() == wire.KindDesired, payload)
}

// want says how the board shall be, and waits for what comes of it.
func (c *carer) want(d wire.Desired, outcome, says string) {
	c.t.Helper()
	c.version++
	d.Version = c.version
	c.say(&d)
	var r *wire.Reported
	waitUntil(c.t, fmt.Sprintf("what comes of desired state %d", d.Version), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		r = c.reported[d.Version]
		return r != nil
	})
	if r.Outcome != outcome || !strings.Contains(r.Detail, says) {
		c.t.Errorf("desired %d: got %s %q, want %s %q", d.Version, r.Outcome, r.Detail, outcome, says)
	}
}

func (c *carer) lastBirth() *wire.Birth {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.births) == 0 {
		return &wire.Birth{}
	}
	return c.births[len(c.births)-1]
}

// releases signs by the command line and serves what it signed.
type releases struct {
	t         *testing.T
	dir, keys string
	url       string
}

func newReleases(t *testing.T) *releases {
	r := &releases{t: t, dir: t.TempDir(), keys: filepath.Join(t.TempDir(), "keys")}
	server := httptest.NewServer(http.FileServer(http.Dir(r.dir)))
	t.Cleanup(server.Close)
	r.url = server.URL
	if status, out, errs := call(t, "bundle", "init", "--keys", r.keys); status != exitDone || !strings.Contains(out, "1.root.json") {
		t.Fatalf("init: status %d, %s%s", status, out, errs)
	}
	return r
}

func (r *releases) make(kind, version, source string) *wire.Bundle {
	r.t.Helper()
	name := kind + "-" + version
	out := filepath.Join(r.dir, name)
	status, text, errs := call(r.t, "bundle", "make", "--json", "--keys", r.keys, "--kind", kind, "--version", version, "--out", out, source)
	if status != exitDone {
		r.t.Fatalf("make %s: status %d, %s", name, status, errs)
	}
	var report bundleReport
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		r.t.Fatal(err)
	}
	if status, _, errs := call(r.t, "bundle", "verify", "--root", filepath.Join(r.keys, "1.root.json"), out); status != exitDone {
		r.t.Fatalf("verify %s: %s", name, errs)
	}
	return r.announce(name, version, report.SHA256, uint64(report.Size))
}

func (r *releases) announce(name, version, sum string, size uint64) *wire.Bundle {
	r.t.Helper()
	var sha []byte
	if _, err := fmt.Sscanf(sum, "%x", &sha); err != nil {
		r.t.Fatal(err)
	}
	return &wire.Bundle{Version: version, URL: r.url + "/" + name, SHA256: sha, Size: size}
}

// networks writes the built-in networks as a folder of weights, changed by edit.
func networks(t *testing.T, edit func(*weights.Manifest)) string {
	t.Helper()
	set, err := weights.Built()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, n := range set.Manifest.Networks {
		data, err := os.ReadFile(filepath.Join("../../../models/weights", filepath.FromSlash(n.File))) // as it lies there, packed
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, filepath.FromSlash(n.File))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit(&set.Manifest)
	data, err := json.Marshal(set.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "manifest.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// keptAlive runs the board's own program again whenever it ends, as systemd does.
func keptAlive(t *testing.T, program, config string) {
	t.Helper()
	ended, done := make(chan struct{}), make(chan struct{})
	var mu sync.Mutex
	var cmd *exec.Cmd
	go func() {
		defer close(done)
		for {
			mu.Lock()
			select {
			case <-ended:
				mu.Unlock()
				return
			default:
			}
			cmd = exec.Command(program, "run", "--config", config)
			cmd.Env = append(os.Environ(), programVariable+"=1")
			cmd.Stderr = t.Output()
			err := cmd.Start()
			mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			cmd.Wait()
		}
	}()
	t.Cleanup(func() {
		mu.Lock()
		close(ended)
		cmd.Process.Signal(os.Interrupt)
		mu.Unlock()
		<-done
	})
}

// TestABoardIsUpdatedFromFarAway: the real program beside a real broker takes networks, a gallery and
// another agent as signed bundles; what is older, not ours, blind or crashes is refused or taken back, and
// what was in force before stays.
func TestABoardIsUpdatedFromFarAway(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCarer(t, broker.URL())
	r := newReleases(t)
	path := configure(t, smallest+"camera: {source: \"dir:frames\", loop: true}\npicture: {send: never}\n"+
		"uplink: {broker: \""+broker.URL()+"\", ack_timeout: 1s}\nupdates: {root: "+filepath.Join(r.keys, "1.root.json")+"}\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	keptAlive(t, self, path)
	waitUntil(t, "the board", func() bool { return c.lastBirth().BootCount > 0 })

	// Networks.
	two := r.make(bundle.Model, "2.0", networks(t, func(m *weights.Manifest) { m.Networks[0].Version = "2.0" }))
	c.want(wire.Desired{Model: two}, wire.OutcomeApplied, "")
	blind := r.make(bundle.Model, "3.0", networks(t, func(m *weights.Manifest) { m.Networks[0].Outputs = []string{"nothing", "ltrb"} }))
	c.want(wire.Desired{Model: blind}, wire.OutcomeRejected, "nothing")
	dim := r.make(bundle.Model, "3.1", networks(t, func(m *weights.Manifest) { m.Networks[0].Input.Scale /= 100 }))
	c.want(wire.Desired{Model: dim}, wire.OutcomeRejected, "facings of the built-in test picture")
	old := r.make(bundle.Model, "1.0", networks(t, func(*weights.Manifest) {}))
	c.want(wire.Desired{Model: old}, wire.OutcomeRejected, "below version 2.0")
	stranger := newReleases(t)
	c.want(wire.Desired{Model: stranger.make(bundle.Model, "4.0", networks(t, func(*weights.Manifest) {}))}, wire.OutcomeRejected, "signatures")
	c.want(wire.Desired{Thresholds: map[string]int64{"detector_permille": 400}}, wire.OutcomeApplied, "")
	c.want(wire.Desired{Thresholds: map[string]int64{"detector_permille": 999}}, wire.OutcomeRejected, "blind")
	c.want(wire.Desired{Thresholds: map[string]int64{"patience": 400}}, wire.OutcomeRejected, "patience")

	// A gallery.
	pictures, drinks := filepath.Join(filepath.Dir(path), "frames", "1.png"), filepath.Join(t.TempDir(), "drinks.gallery")
	if status, _, errs := call(t, "enroll", "--gallery", drinks, "--gtin", "4006381333931", "--name", "Cola", "--box", "40,40,100,150", pictures); status != exitDone {
		t.Fatalf("enroll: %s", errs)
	}
	c.want(wire.Desired{Gallery: r.make(bundle.Gallery, "2026-11-25", drinks)}, wire.OutcomeApplied, "")

	// An agent that starts and then always ends, and one that works.
	crashes := r.script("9.1", "#!/bin/sh\n[ \"$1\" = version ] && echo '{}' && exit 0\nexit 3\n")
	c.want(wire.Desired{Agent: crashes}, wire.OutcomeRolledBack, "did not prove itself")
	before := c.lastBirth()
	if !strings.Contains(before.Model, "2.0") || !strings.Contains(before.Gallery, "1 products") {
		t.Errorf("after the crashes the board looks with %q, knows %q", before.Model, before.Gallery)
	}
	other := filepath.Join(t.TempDir(), "cooler-agent")
	data, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, append(data, "another build"...), 0o700); err != nil {
		t.Fatal(err)
	}
	c.want(wire.Desired{Agent: r.make(bundle.Agent, "9.2", other)}, wire.OutcomeApplied, "")
	after := c.lastBirth()
	if after.BootCount <= before.BootCount || after.Model != before.Model {
		t.Errorf("before %+v\nafter %+v", before, after)
	}
	// It is what runs after a restart, too.
	c.say(&wire.Command{ID: "again", Name: wire.CommandRestart})
	waitUntil(t, "the restart", func() bool { return c.lastBirth().BootCount > after.BootCount })
	if got := running(t, filepath.Dir(path)); !strings.Contains(got, "/updates/agent/") {
		t.Errorf("runs %s", got)
	}
}

// script signs an agent that is no ELF file, which the command line refuses.
func (r *releases) script(version, text string) *wire.Bundle {
	r.t.Helper()
	source := filepath.Join(r.t.TempDir(), "script")
	if err := os.WriteFile(source, []byte(text), 0o700); err != nil {
		r.t.Fatal(err)
	}
	if status, _, errs := call(r.t, "bundle", "make", "--keys", r.keys, "--kind", "agent", "--version", version, "--out", source+".bundle", source); status != exitFailed {
		r.t.Errorf("a script as an agent: status %d, %s", status, errs)
	}
	name := "script-" + version
	made, err := bundle.Make(filepath.Join(r.dir, name), r.keys, bundle.Order{
		Release: bundle.Release{Kind: bundle.Agent, Version: version, Arch: runtime.GOARCH},
		Files:   map[string]string{bundle.AgentFile: source}, Expires: time.Hour,
	}, time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	return r.announce(name, version, fmt.Sprintf("%x", made.SHA256), uint64(made.Size))
}

// running finds the program that has its data under dir.
func running(t *testing.T, dir string) string {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		line, err := os.ReadFile(p)
		if err != nil || !strings.Contains(string(line), "run\x00--config\x00"+dir) {
			continue
		}
		exe, err := os.Readlink(filepath.Join(filepath.Dir(p), "exe"))
		if err == nil {
			return exe
		}
	}
	t.Fatal("no program runs")
	return ""
}

package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/process"
	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/shop"
	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/watch"
)

// limit bounds one end-to-end run on a slow machine; a good one takes a fifth of it.
const limit = 4 * time.Minute

// pace is how often the agent takes a picture.
const pace = 400 * time.Millisecond

// rig is one shop with the real programs: pictures in, alerts out of the WebSocket.
type rig struct {
	t      *testing.T
	ctx    context.Context
	bin    string
	dir    string
	cooler shop.Cooler
	http   string
	mqtt   string // of the broker that both sides use
	serve  []string
	events chan watch.Event
	log    *os.File
}

// stage is what all runs share and none changes: the programs, and a rendered day of a shop whose products are enrolled.
// To compile and to render is most of what a run would cost.
type stage struct {
	bin    string
	cooler shop.Cooler
}

// shared is the folder of the stage.
var shared string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "cooler-demo-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

var staged = sync.OnceValues(func() (*stage, error) {
	if err := build(shared); err != nil {
		return nil, err
	}
	ctx := context.Background() // rendering is processor time alone, however long that takes beside others
	plan := shop.Plan{Range: 58, Days: []uint64{3}, Width: 1280, Height: 960, Step: 30, Quality: 85}
	coolers, err := shop.Open(ctx, filepath.Join(shared, "shop"), plan, func(int, int) {})
	if err != nil {
		return nil, err
	}
	return &stage{shared, coolers[0]}, coolers[0].Enrol(ctx, filepath.Join(shared, "cooler-agent"))
})

// build compiles the programs as the Makefile does.
func build(dir string) error {
	for _, b := range []struct {
		name, pkg string
		env       []string
		args      []string
	}{
		{"cooler-agent", "../cooler-agent", nil, []string{"-tags", "customenv"}},
		{"cooler-cloud", "../../../cloud/cmd/cooler-cloud", []string{"CGO_ENABLED=0"}, nil},
	} {
		args := append([]string{"build", "-o", filepath.Join(dir, b.name)}, append(b.args, b.pkg)...)
		cmd := exec.Command("go", args...)
		cmd.Env = append(os.Environ(), b.env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", b.name, err, out)
		}
	}
	return nil
}

func newRig(t *testing.T) *rig {
	t.Helper()
	set, err := staged()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	dir := t.TempDir()
	log, err := os.Create(filepath.Join(dir, "programs.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		log.Close()
		if t.Failed() {
			data, _ := os.ReadFile(log.Name())
			t.Logf("what the programs said, its end:\n%s", data[max(0, len(data)-12000):])
		}
	})
	return &rig{t: t, ctx: ctx, bin: set.bin, dir: dir, cooler: set.cooler, http: free(t), mqtt: free(t),
		events: make(chan watch.Event, 1000), log: log}
}

// free gives an address that nothing listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (r *rig) start(name, program string, args ...string) *process.Child {
	r.t.Helper()
	c, err := process.Start(name, r.log, program, args...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(c.Kill)
	return c
}

func (r *rig) startCloud() *process.Child {
	r.t.Helper()
	args := append([]string{"serve", "--listen", r.http, "--data", filepath.Join(r.dir, "cloud"), "--tenant", "demo"}, r.serve...)
	c := r.start("cloud", filepath.Join(r.bin, "cooler-cloud"), args...)
	r.until("the cloud is ready", func() bool {
		resp, err := http.Get("http://" + r.http + "/readyz")
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	}, c)
	return c
}

func (r *rig) startAgent() *process.Child {
	r.t.Helper()
	config, err := r.cooler.AgentConfig(filepath.Join(r.dir, "agent"), "tcp://"+r.mqtt, pace, false)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.start("agent", filepath.Join(r.bin, "cooler-agent"), "run", "--config", config)
}

func (r *rig) startMosquitto() *process.Child {
	r.t.Helper()
	host, port, _ := net.SplitHostPort(r.mqtt)
	conf := filepath.Join(r.dir, "mosquitto.conf")
	text := fmt.Sprintf("listener %s %s\nallow_anonymous true\npersistence true\npersistence_location %s/\nautosave_interval 1\nuser root\n", port, host, r.dir)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
	c := r.start("mosquitto", "/usr/sbin/mosquitto", "-c", conf)
	r.until("mosquitto listens", func() bool {
		conn, err := net.Dial("tcp", r.mqtt)
		if err != nil {
			return false
		}
		conn.Close()
		return true
	}, c)
	return c
}

// follow subscribes to the live alerts for the rest of the test, through every restart.
func (r *rig) follow() {
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(r.ctx)
	go func() {
		ended <- watch.Live(ctx, "ws://"+r.http+"/v1/live", func(e watch.Event) { r.events <- e })
	}()
	r.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("live stream: %v", err)
		}
	})
}

// until looks again and again whether something has become so; a program that ends before fails.
func (r *rig) until(what string, ok func() bool, alive ...*process.Child) {
	r.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		for _, c := range alive {
			select {
			case <-c.Done():
				r.t.Fatalf("waiting until %s: %v", what, c.Ended())
			default:
			}
		}
		select {
		case <-again.C:
		case <-r.ctx.Done():
			r.t.Fatalf("waiting until %s: %v", what, r.ctx.Err())
		}
	}
}

// seqs asks the cloud which observations it has.
func (r *rig) seqs() []uint64 {
	resp, err := http.Get("http://" + r.http + "/v1/coolers/" + r.cooler.Device + "/observations?limit=1000")
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	var body struct {
		Observations []struct {
			Seq uint64 `json:"seq"`
		} `json:"observations"`
	}
	if json.NewDecoder(resp.Body).Decode(&body) != nil {
		return nil
	}
	var seqs []uint64
	for _, o := range body.Observations {
		seqs = append(seqs, o.Seq)
	}
	return seqs
}

func (r *rig) has(n int) func() bool { return func() bool { return len(r.seqs()) >= n } }

// dayIsTold waits for the whole day and checks that nothing was lost or doubled on its way: every picture
// is one observation, every transition of the alert log was told to the subscriber once and in order,
// and a stockout that the day really has was raised once and closed by its restock. How well the networks
// see is not asked here but by `cooler-agent eval`.
func (r *rig) dayIsTold(alive ...*process.Child) {
	t := r.t
	t.Helper()
	r.until("every picture is stored", r.has(r.cooler.Frames), alive...)
	if seqs := r.seqs(); len(seqs) != r.cooler.Frames || len(slices.Compact(slices.Sorted(slices.Values(seqs)))) != len(seqs) {
		t.Errorf("stored observations: got %d (%v), want %d, each once", len(seqs), seqs, r.cooler.Frames)
	}
	var told []watch.Event
	count := func(what, kind, slot string) (n int) {
		for _, e := range told {
			if strings.HasSuffix(e.Type, "."+what) && e.Data.Type == kind && (slot == "" || e.Data.Slot == slot) {
				n++
			}
		}
		return n
	}
	collect := func() {
		for {
			select {
			case e := <-r.events:
				told = append(told, e)
			default:
				return
			}
		}
	}
	var real []string // stockouts that the pictures show from end to end
	for _, e := range r.cooler.Expect {
		if e.Type == "stockout" && e.Must && e.Resolves {
			real = append(real, e.Slot)
		}
	}
	r.until(fmt.Sprintf("a stockout of %v is raised and closed", real), func() bool {
		collect()
		return slices.ContainsFunc(real, func(slot string) bool {
			return count("opened", "stockout", slot) == 1 && count("resolved", "stockout", slot) == 1
		})
	}, alive...)
	// The log at rest: as many stockouts as the alert list has, each opened and resolved once.
	opened, resolved := r.stockouts()
	r.until("the subscriber has the whole log", func() bool {
		collect()
		return count("opened", "stockout", "") >= opened && count("resolved", "stockout", "") >= resolved
	}, alive...)
	if o, c := count("opened", "stockout", ""), count("resolved", "stockout", ""); o != opened || c != resolved {
		t.Errorf("stockouts told: %d opened, %d resolved; the list has %d and %d", o, c, opened, resolved)
	}
	last := uint64(0)
	for _, e := range told {
		at, err := strconv.ParseUint(e.Sequence, 10, 64)
		if err != nil || at <= last {
			t.Errorf("event %s has sequence %q after %d", e.ID, e.Sequence, last)
		}
		last = at
	}
}

// stockouts counts the list's stockouts, and those of them that are resolved.
func (r *rig) stockouts() (opened, resolved int) {
	r.t.Helper()
	resp, err := http.Get("http://" + r.http + "/v1/alerts?type=stockout&limit=500")
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	var body struct {
		Alerts []watch.Alert `json:"alerts"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		r.t.Fatal(err)
	}
	for _, a := range body.Alerts {
		if a.State == "resolved" {
			resolved++
		}
	}
	return len(body.Alerts), resolved
}

// A day through the broker inside of cooler-cloud; broker, ingester and databases lose their power
// together in the middle of it.
func TestDayThroughTheEmbeddedBroker(t *testing.T) {
	r := newRig(t)
	r.serve = []string{"--mqtt-listen", r.mqtt}
	cloud := r.startCloud()
	r.follow()
	agent := r.startAgent()
	r.until("a third of the day is stored", r.has(r.cooler.Frames/3), cloud, agent)
	cloud.Kill()
	cloud = r.startCloud()
	r.dayIsTold(cloud, agent)
}

// A day through Debian's Mosquitto; the broker is killed, then the cloud.
func TestDayThroughMosquitto(t *testing.T) {
	r := newRig(t)
	broker := r.startMosquitto()
	r.serve = []string{"--broker", "tcp://" + r.mqtt}
	cloud := r.startCloud()
	r.follow()
	agent := r.startAgent()
	r.until("a quarter of the day is stored", r.has(r.cooler.Frames/4), cloud, agent, broker)
	broker.Kill()
	broker = r.startMosquitto()
	r.until("half of the day is stored", r.has(r.cooler.Frames/2), cloud, agent, broker)
	cloud.Kill()
	cloud = r.startCloud()
	r.dayIsTold(cloud, agent, broker)
}

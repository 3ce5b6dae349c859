package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// bin is where Debian's postgresql-15 installs its programs.
const bin = "/usr/lib/postgresql/15/bin"

// house holds everything that runs.
type house struct {
	o        options
	dir      string
	log      *os.File
	cred     *syscall.Credential // for PostgreSQL, which refuses to run as root; nil: our own user
	addr     string              // of the service
	broker   string
	programs []*program // sinks before sources
	boards   []*program
	tails    []string // files of what the subscribers printed
	self     string   // this program, which also plays boards and subscribers
}

const tails = 3

// takers are the subscribers that are not tails.
var takers = []string{"webhook", "mqtt"}

func (h *house) taken(kind string) string { return filepath.Join(h.dir, kind) }

// newHouse creates the database and starts everything, the boards last.
func newHouse(ctx context.Context, o options, dir string) (h *house, err error) {
	h = &house{o: o, dir: dir}
	defer func() {
		if err != nil {
			h.close()
		}
	}()
	if h.o.Cloud, err = filepath.Abs(o.Cloud); err != nil {
		return h, err
	}
	if _, err := os.Stat(h.o.Cloud); err != nil {
		return h, err
	}
	if h.log, err = os.OpenFile(filepath.Join(dir, "log"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return h, err
	}
	if err := h.startDatabase(ctx); err != nil {
		return h, fmt.Errorf("database: %w", err)
	}
	if err := h.startBroker(ctx); err != nil {
		return h, fmt.Errorf("broker: %w", err)
	}
	if err := h.startCloud(ctx); err != nil {
		return h, fmt.Errorf("ingester: %w", err)
	}
	if h.self, err = os.Executable(); err != nil {
		return h, err
	}
	if err := h.startTakers(ctx); err != nil {
		return h, err
	}
	for i := range tails {
		h.startTail(ctx, i)
	}
	for i := range o.Boards {
		own := boardDir(dir, i)
		if err := os.Mkdir(own, 0o755); err != nil {
			return h, err
		}
		b := supervise(ctx, "agent", deviceName(i), h.log, func() *exec.Cmd {
			return exec.Command(h.self, "-board", own, "-broker", "mqtt://"+h.broker, "-number", strconv.Itoa(i),
				"-looks", strconv.Itoa(o.Looks), "-pace", o.Pace.String(), "-seed", strconv.FormatUint(o.Seed, 10))
		})
		h.boards = append(h.boards, b)
		h.programs = append(h.programs, b)
	}
	return h, nil
}

func (h *house) startDatabase(ctx context.Context) error {
	data := filepath.Join(h.dir, "pg")
	if os.Getuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return err
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		h.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := errors.Join(os.Mkdir(data, 0o700), os.Chown(data, int(uid), int(gid)), os.Chmod(h.dir, 0o755)); err != nil {
			return err
		}
	} else if err := os.Mkdir(data, 0o700); err != nil {
		return err
	}
	if out, err := h.pg("initdb", "-D", data+"/db", "-A", "trust", "-U", "coldshelf", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// The pid file of a killed server stays. PostgreSQL itself makes sure that the old server is gone.
	h.start(ctx, "database", "postgres", func() *exec.Cmd {
		return h.pg("postgres", "-D", data+"/db", "-k", data, "-c", "listen_addresses=", "-c", "shared_buffers=32MB", "-c", "max_connections=60")
	})
	return h.until(ctx, time.Minute, func() error { _, err := h.query("SELECT 1"); return err })
}

func (h *house) pg(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, name), args...)
	cmd.Dir = filepath.Join(h.dir, "pg")
	cmd.Env = []string{"LC_ALL=C", "PATH=" + bin}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.cred}
	return cmd
}

// query asks the database directly, bypassing the service.
func (h *house) query(sql string) ([]byte, error) {
	return h.pg("psql", "-h", filepath.Join(h.dir, "pg"), "-U", "coldshelf", "-d", "postgres", "-At", "-F", "\t", "-c", sql).Output()
}

func (h *house) startBroker(ctx context.Context) (err error) {
	if h.broker, err = freeAddr(); err != nil {
		return err
	}
	host, port, _ := net.SplitHostPort(h.broker)
	dir := filepath.Join(h.dir, "mosquitto")
	conf := filepath.Join(dir, "conf")
	text := fmt.Sprintf("listener %s %s\nallow_anonymous true\npersistence true\npersistence_location %s/\nautosave_interval 1\nmax_inflight_messages 1000\nmax_queued_messages 0\n", port, host, dir)
	if os.Getuid() == 0 {
		text += "user root\n"
	}
	if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(conf, []byte(text), 0o600)); err != nil {
		return err
	}
	h.start(ctx, "broker", "mosquitto", func() *exec.Cmd { return exec.Command("/usr/sbin/mosquitto", "-c", conf) })
	return nil
}

func (h *house) startCloud(ctx context.Context) (err error) {
	if h.addr, err = freeAddr(); err != nil {
		return err
	}
	conf := filepath.Join(h.dir, "cloud.yml")
	text := fmt.Sprintf("listen: %s\ndata_dir: %s\nstate: postgres://coldshelf@/postgres?host=%s\ntenant: %s\nmqtt:\n  broker: mqtt://%s\n  client_id: chaos-ingest\nalerts:\n  private_webhooks: true\n",
		h.addr, filepath.Join(h.dir, "cloud"), filepath.Join(h.dir, "pg"), tenant, h.broker)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	h.start(ctx, "ingester", "cooler-cloud", func() *exec.Cmd { return exec.Command(h.o.Cloud, "serve", "--config", conf) })
	return h.until(ctx, time.Minute, func() error {
		resp, err := http.Get("http://" + h.addr + "/readyz")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("readyz: status %d", resp.StatusCode)
		}
		return nil
	})
}

// startTail starts a subscriber that keeps its cursor in one file and its output in another.
func (h *house) startTail(ctx context.Context, i int) {
	file := filepath.Join(h.dir, fmt.Sprintf("tail-%d", i))
	h.tails = append(h.tails, file)
	out, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	err = errors.Join(err, os.WriteFile(file+".cursor", []byte("0\n"), 0o600))
	if err != nil {
		fmt.Fprintf(h.log, "subscriber %d: %v\n", i, err) // the verdict will show that it misses every event
	}
	h.start(ctx, "subscriber", fmt.Sprintf("tail-%d", i), func() *exec.Cmd {
		cmd := exec.Command(h.o.Cloud, "tail", "--json", "--url", "http://"+h.addr, "--cursor", file+".cursor")
		cmd.Stdout = out
		return cmd
	})
}

// startTakers starts the webhook's receiver and the MQTT subscriber, and waits until both can be told of
// alerts.
func (h *house) startTakers(ctx context.Context) error {
	listen, err := freeAddr()
	if err != nil {
		return err
	}
	for _, kind := range takers {
		h.start(ctx, "subscriber", kind, func() *exec.Cmd {
			return exec.Command(h.self, "-subscriber", kind, "-file", h.taken(kind), "-broker", h.broker, "-service", h.addr, "-listen", listen,
				"-seed", strconv.FormatUint(h.o.Seed, 10))
		})
		if err := h.until(ctx, time.Minute, func() error { _, err := os.Stat(h.taken(kind) + ".again"); return err }); err != nil {
			return fmt.Errorf("%s: %w", kind, err)
		}
	}
	if err := h.post(ctx, "/v1/webhooks", map[string]string{"url": "http://" + listen + "/alerts"}); err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	return nil
}

func (h *house) start(ctx context.Context, kind, name string, command func() *exec.Cmd) {
	h.programs = append(h.programs, supervise(ctx, kind, name, h.log, command))
}

// killAll makes all the kills: each time it chooses a kind of program first, and then one of that kind.
func (h *house) killAll(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(h.o.Seed, 77))
	byKind := map[string][]*program{}
	var kinds []string
	for _, p := range h.programs {
		if byKind[p.kind] == nil {
			kinds = append(kinds, p.kind)
		}
		byKind[p.kind] = append(byKind[p.kind], p)
	}
	for done := 0; done < h.o.Kills; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200*time.Millisecond + time.Duration(rng.Int64N(int64(800*time.Millisecond)))):
		}
		of := byKind[kinds[rng.IntN(len(kinds))]]
		if of[rng.IntN(len(of))].kill() {
			done++
		}
	}
	return nil
}

// patience is how long everything may take to come to rest after the last kill.
const patience = 5 * time.Minute

// settle waits until every board has made its looks and had them stored, and until every subscriber has the
// whole log.
func (h *house) settle(ctx context.Context) error {
	late := time.After(patience + time.Duration(h.o.Looks)*h.o.Pace)
	for _, b := range h.boards {
		select {
		case <-b.done:
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			return fmt.Errorf("%s has not had its looks stored", b.name)
		}
	}
	// The verdict reports what is still missing after this. A webhook that was down is only tried again after a
	// pause.
	_ = h.until(ctx, patience, func() error {
		log, err := h.readLog()
		if err != nil {
			return err
		}
		for _, s := range h.subscribers() {
			if held, _, err := s.held(); err != nil || len(held) < len(log) {
				return fmt.Errorf("%s holds %d of %d events: %w", s.name, len(held), len(log), err)
			}
		}
		return nil
	})
	return ctx.Err()
}

// until calls try until it succeeds or patience has passed.
func (h *house) until(ctx context.Context, patience time.Duration, try func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func (h *house) post(ctx context.Context, path string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+h.addr+path, bytes.NewReader(data))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode/100 != 2 {
		return fmt.Errorf("status %d: %s", resp.StatusCode, answer)
	}
	return nil
}

// close ends the sources before the sinks.
func (h *house) close() {
	for i := len(h.programs) - 1; i >= 0; i-- {
		h.programs[i].end()
	}
	if h.log != nil {
		h.log.Close()
	}
}

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

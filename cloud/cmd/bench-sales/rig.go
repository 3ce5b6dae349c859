package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/cmd/internal/benchdb"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// rig is the service on a fresh database, in a process of its own, and the database for the peer.
type rig struct {
	dir     string
	url     string // of the service's state
	peer    string // of the peer's
	base    string
	service *exec.Cmd
	server  *benchdb.Postgres // nil with SQLite
}

// serve is the child: the service until it is told to stop.
func serve(ctx context.Context, stateURL string) error {
	dir, err := os.MkdirTemp("", "bench-sales-data")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	c := config.Defaults()
	c.Listen, c.MQTT.Listen, c.DataDir, c.State = "127.0.0.1:0", "127.0.0.1:0", dir, stateURL
	s, err := cloud.Open(ctx, c, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	fmt.Println(s.Addr())
	return s.Run(ctx)
}

func newRig(ctx context.Context, database string) (_ *rig, err error) {
	r := &rig{}
	defer func() {
		if err != nil {
			r.close()
		}
	}()
	if r.dir, err = os.MkdirTemp("", "bs"); err != nil {
		return nil, err
	}
	r.url, r.peer = "sqlite:"+filepath.Join(r.dir, "state.db"), "sqlite:"+filepath.Join(r.dir, "peer.db")
	if database == "postgres" {
		if r.server, err = benchdb.StartPostgres(ctx, r.dir, "service", "peer"); err != nil {
			return nil, err
		}
		r.url, r.peer = r.server.URL("service"), r.server.URL("peer")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	r.service = exec.CommandContext(ctx, self, "-child", r.url)
	r.service.Cancel = func() error { return r.service.Process.Signal(syscall.SIGTERM) }
	r.service.Stderr = os.Stderr
	r.service.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := r.service.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := r.service.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the service does not start: %w", err)
	}
	r.base = "http://" + strings.TrimSpace(line)
	return r, nil
}

func (r *rig) close() {
	if r.service != nil && r.service.Process != nil {
		r.service.Process.Signal(syscall.SIGTERM)
		r.service.Wait()
	}
	if r.server != nil {
		r.server.Stop()
	}
	os.RemoveAll(r.dir)
}

// ask sends a request and decodes the answer.
func (r *rig) ask(ctx context.Context, c *http.Client, method, path, kind string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	resp, err := c.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 500))
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// send posts JSON.
func (r *rig) send(ctx context.Context, path string, v, into any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return r.ask(ctx, http.DefaultClient, http.MethodPost, path, "application/json", bytes.NewReader(data), into)
}

package benchdb

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd/conf"
)

// Influxd is an InfluxDB 1.8 with Flux on.
type Influxd struct {
	server *exec.Cmd
	addr   string
}

// StartInfluxd starts a program in dir, on loopback, with an empty database, and waits until it answers.
func StartInfluxd(ctx context.Context, program, dir, database string) (_ *Influxd, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Influxd{addr: l.Addr().String()}
	if err := l.Close(); err != nil {
		return nil, err
	}
	config, err := conf.Write(dir, s.addr)
	if err != nil {
		return nil, err
	}
	s.server = exec.CommandContext(ctx, program, "-config", config)
	s.server.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.server.Start(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Stop()
		}
	}()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); ; {
		if err = s.create(ctx, database); err == nil || time.Now().After(end) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// create reads the whole answer: influxd gives a statement up whose client hangs up.
func (s *Influxd) create(ctx context.Context, database string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/query?"+url.Values{"q": {"CREATE DATABASE " + database}}.Encode(), nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || strings.Contains(string(body), `"error"`)) {
		err = fmt.Errorf("create database: %s: %s", resp.Status, body)
	}
	return err
}

// URL is that of a database, for influx.Open.
func (s *Influxd) URL(database string) string {
	return "influx://" + s.addr + "/?bucket=" + database + "/autogen"
}

// Stop ends the server.
func (s *Influxd) Stop() {
	s.server.Process.Signal(syscall.SIGTERM)
	s.server.Wait()
}

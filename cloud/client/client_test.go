package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/api"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// service is the API and the live stream on one address, which stays the same over restarts.
type service struct {
	t      *testing.T
	db     *state.DB
	engine *alert.Engine
	addr   string
	stop   func()
	n      int
}

func newService(t *testing.T) *service {
	s := &service{t: t, db: statetest.SQLite(t, alert.Tables, deliver.Tables)}
	rules := alert.Rules{alert.Stockout: {Bad: 1, Of: 1, Good: 1, Severity: alert.Critical}}
	s.engine = alert.NewEngine(alert.Config{Rules: rules, Log: slog.New(slog.DiscardHandler)})
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *service) start() {
	s.t.Helper()
	if s.addr == "" {
		s.addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	tenant := func(r *http.Request) (string, error) {
		if h := r.Header.Get("Authorization"); h != "" && h != "Bearer good" {
			return "", errors.New("the token is not known")
		}
		return "t", nil
	}
	hub := live.NewHub(live.Config{DB: s.db, Tenant: tenant, Coalesce: time.Millisecond, Poll: 10 * time.Millisecond, Log: slog.New(slog.DiscardHandler)}, live.NewMetrics(prometheus.NewRegistry()))
	mux := http.NewServeMux()
	mux.Handle("GET /v1/live", hub)
	mux.Handle("/v1/", api.New(api.Config{DB: s.db, Alerts: s.engine, Changed: hub.Committed, Tenant: tenant, Log: slog.New(slog.DiscardHandler)}))
	server := &http.Server{Handler: mux}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { hub.Run(ctx) })
	running.Go(func() { server.Serve(l) })
	s.stop = sync.OnceFunc(func() { cancel(); server.Close(); running.Wait() })
}

// sellOut opens the next alert.
func (s *service) sellOut() {
	s.t.Helper()
	s.n++
	now := time.Now().UTC()
	env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: fmt.Sprint("d", s.n)}, Boot: 1, Seq: 1, CapturedAt: now, Clock: telemetry.NTP,
		Body: &wire.Observation{Observation: shelf.Observation{CapturedAt: now, PlanogramID: "p", PlanogramVersion: 1,
			Slots: []shelf.SlotReading{{SlotID: "A", GTIN: "4006381333931", State: shelf.Empty, Due: 1}}}}}
	if err := s.db.Write(context.Background(), func(tx *state.Tx) error { return s.engine.Step(context.Background(), tx, env) }); err != nil {
		s.t.Fatal(err)
	}
}

// follow reads until n devices came, and gives them; it keeps its cursor in file.
func (s *service) follow(file string, n int, meanwhile func(k int)) (got []string) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := &client.Client{Base: "http://" + s.addr, Token: "good"}
	enough := errors.New("enough")
	err := c.Follow(ctx, client.Filter{}, client.File(file), client.Handler{
		Standing: func(alerts []client.Alert) error {
			for _, a := range slices.Backward(alerts) {
				got = append(got, "standing "+a.Device)
			}
			return nil
		},
		Changed: func(c client.Change) error {
			got = append(got, fmt.Sprint(c.Kind, " ", c.Alert.Device))
			meanwhile(len(got))
			if len(got) >= n {
				go cancel()
			}
			return nil
		},
	})
	if err != nil && !errors.Is(err, enough) {
		s.t.Fatal(err)
	}
	return got
}

func TestFollowKeepsItsPlace(t *testing.T) {
	s := newService(t)
	file := filepath.Join(t.TempDir(), "cursor")
	if err := os.WriteFile(file, []byte("0\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.sellOut()
	s.sellOut()
	restarted := false
	got := s.follow(file, 4, func(k int) {
		if k == 2 && !restarted { // the service goes and comes while the follower follows
			restarted = true
			go func() {
				s.stop()
				s.sellOut()
				s.start()
				s.sellOut()
			}()
		}
	})
	if want := []string{"opened d1", "opened d2", "opened d3", "opened d4"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	// What was kept before the last frame may come again, never less.
	s.sellOut()
	got = s.follow(file, 1, func(int) {})
	if len(got) == 0 || got[len(got)-1] != "opened d5" && got[0] != "opened d4" {
		t.Errorf("after its own restart: %q", got)
	}
}

func TestFollowBeginsWithWhatStands(t *testing.T) {
	s := newService(t)
	s.sellOut()
	file := filepath.Join(t.TempDir(), "cursor")
	go func() {
		for { // until the snapshot was taken
			if data, _ := os.ReadFile(file); len(data) > 0 {
				s.sellOut()
				return
			}
		}
	}()
	if got, want := s.follow(file, 2, func(int) {}), []string{"standing d1", "opened d2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFollowGivesUp(t *testing.T) {
	s := newService(t)
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("../../etc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		client  client.Client
		filter  client.Filter
		cursors client.Cursors
		want    string
	}{
		{"no address", client.Client{Base: "127.0.0.1"}, client.Filter{}, &client.Memory{}, "not the address of a service"},
		{"nobody there", client.Client{Base: "http://127.0.0.1:1"}, client.Filter{}, &client.Memory{}, "connection refused"},
		{"a wrong token", client.Client{Base: "http://" + s.addr, Token: "bad"}, client.Filter{}, &client.Memory{}, "the token is not known"},
		{"an unknown type", client.Client{Base: "http://" + s.addr}, client.Filter{Types: []string{"stokout"}}, &client.Memory{}, "unknown type"},
		{"a file that holds no cursor", client.Client{Base: "http://" + s.addr}, client.Filter{}, client.File(bad), "holds no cursor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.client.Follow(t.Context(), c.filter, c.cursors, client.Handler{Changed: func(client.Change) error { return nil }})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
	t.Run("the handler's own error", func(t *testing.T) {
		s.sellOut()
		full := errors.New("the disk is full")
		c := client.Client{Base: "http://" + s.addr}
		cursors := &client.Memory{Cursor: "0"}
		if err := c.Follow(t.Context(), client.Filter{}, cursors, client.Handler{Changed: func(client.Change) error { return full }}); !errors.Is(err, full) || cursors.Cursor != "0" {
			t.Errorf("got %v with cursor %s", err, cursors.Cursor)
		}
	})
}

func TestCursorOfAnotherTime(t *testing.T) {
	s := newService(t)
	s.sellOut()
	var again *client.StartsOver
	c := client.Client{Base: "http://" + s.addr, Note: func(err error, _ time.Duration) { errors.As(err, &again) }}
	done := errors.New("done")
	err := c.Follow(t.Context(), client.Filter{}, &client.Memory{Cursor: "777"}, client.Handler{
		Standing: func(alerts []client.Alert) error {
			if len(alerts) != 1 {
				t.Errorf("standing: %v", alerts)
			}
			return done
		},
		Changed: func(client.Change) error { return nil },
	})
	if !errors.Is(err, done) {
		t.Error(err)
	}
	if again == nil || !strings.Contains(again.Reason, "ahead of the log") {
		t.Errorf("nobody was told that it starts over: %v", again)
	}
}

func TestREST(t *testing.T) {
	s := newService(t)
	s.sellOut()
	c := client.Client{Base: "http://" + s.addr}
	alerts, cursor, err := c.Alerts(t.Context(), url.Values{"state": {"open"}})
	if err != nil || len(alerts) != 1 || cursor != "1" {
		t.Fatalf("got %v, %s, %v", alerts, cursor, err)
	}
	if a, err := c.Acknowledge(t.Context(), alerts[0].ID, "Ann", "there"); err != nil || a.State != "acknowledged" {
		t.Errorf("got %+v, %v", a, err)
	}
	var refused *client.Error
	if _, err := c.Acknowledge(t.Context(), "al_x", "", ""); !errors.As(err, &refused) || refused.Status != 404 || refused.Hint == "" {
		t.Errorf("an unknown alert: %v", err)
	}
	if coolers, err := c.Coolers(t.Context()); err != nil || len(coolers) != 0 {
		t.Errorf("coolers: %v, %v", coolers, err)
	}
}

// Package client is a Go client for a Coldshelf service. It follows alerts on behalf of another program, such
// as one that sends people to replenish a cooler, and makes the calls that cooler-cloud's own commands make
// (bundles, desired states, sales).
//
// Follow delivers each event in the order of the log, and again after a restart only if the program ended
// before the cursor was stored; an event's ID is always the same. It reconnects by itself, with growing pauses,
// when the connection or the service is lost. It does not go on after an error of the handler, and does not
// repeat a request that the service has found faulty.
package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
)

// The types of the service's answers.
type (
	Alert  = alert.Alert  // see the schema docs/schema/alert.json
	Event  = alert.Event  // CloudEvents envelope; Data contains an Alert
	Filter = live.Filter  // selects alerts; an empty list selects all
	Kind   = alert.Kind   // what happened to an alert
	Type   = alert.Type   // what is wrong
	Status = alert.Status // where an alert is in its life
)

// Change is one event, with its alert decoded.
type Change struct {
	Event
	Kind  Kind
	Alert Alert
}

// Client talks to one service. Its methods may be used by several goroutines at once.
type Client struct {
	Base  string // address of the service, such as http://127.0.0.1:8080
	Token string // bearer token; "": none
	HTTP  *http.Client

	// Note is called for each connection that ends and will be retried, with the pause until then. It is also
	// called, with a StartsOver and no pause, if the service cannot use the cursor. nil: nothing is called.
	Note func(err error, pause time.Duration)
}

// Error is the service's description of what is wrong with a request.
type Error struct {
	Status     int           `json:"-"` // of HTTP; 0 from the live stream
	Code       string        `json:"code"`
	Text       string        `json:"error"`
	Hint       string        `json:"hint"`
	RetryAfter time.Duration `json:"-"` // how long it asks not to be called; 0: it does not say
}

func (e *Error) Error() string { return e.Text }

// StartsOver says that the service does not know a follower's cursor, for example after it was restored from a
// backup. The present state is passed to Standing next; what happened in between is not reported.
type StartsOver struct{ Reason string }

func (s *StartsOver) Error() string { return "the service starts over: " + s.Reason }

// Passing reports whether the same request may succeed later: there were too many requests, the service is not
// ready, or a proxy in front of it reports that it restarts.
func (e *Error) Passing() bool {
	return e.Status == http.StatusTooManyRequests || e.Status == http.StatusRequestTimeout || e.Status >= 500
}

// Cursors stores how far a follower has come.
type Cursors interface {
	Load() (string, error) // "": nothing is stored
	Save(cursor string) error
}

// Handler receives what a follower reads. If one of its functions returns an error, Follow ends with that
// error.
type Handler struct {
	// Standing receives all alerts that are not over, at the beginning if there is no cursor, and after a
	// StartsOver; nil: they are skipped.
	Standing func(alerts []Alert) error
	// Changed receives each event.
	Changed func(c Change) error
}

// settled is how long a connection must have lasted for the pauses to start small again.
const settled = 10 * time.Second

// longest bounds the pause that the service may ask for.
const longest = 5 * time.Minute

// Follow passes alerts to h from the stored cursor on, until ctx ends; then it returns nil. It reconnects after
// each error that may pass, and returns those that do not: what the service finds wrong with the request and,
// before the first connection, that nobody answers at the address.
func (c *Client) Follow(ctx context.Context, f Filter, cursors Cursors, h Handler) error {
	cursor, err := cursors.Load()
	if err != nil {
		return fmt.Errorf("read cursor: %w", err)
	}
	s := &session{client: c, filter: f, cursors: cursors, handler: h, cursor: cursor}
	pause := time.Second
	for {
		began := time.Now()
		err := s.run(ctx)
		var refused *Error
		switch {
		case ctx.Err() != nil:
			return nil
		case s.fault != nil:
			return s.fault
		case errors.As(err, &refused) && !refused.Passing():
			return err
		case refused == nil && !s.connected:
			return err
		}
		if time.Since(began) > settled {
			pause = time.Second
		}
		wait := pause/2 + rand.N(pause/2)
		if refused != nil {
			wait = max(wait, min(refused.RetryAfter, longest))
		}
		if c.Note != nil {
			c.Note(err, wait)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// session is one call of Follow.
type session struct {
	client    *Client
	filter    Filter
	cursors   Cursors
	handler   Handler
	cursor    string
	log       string  // identity of the service's log
	standing  []Alert // of a snapshot that is not complete yet
	connected bool    // at least once
	fault     error   // of the handler or the cursors: it ends the session
}

// run serves one connection, from beginning to end.
func (s *session) run(ctx context.Context) error {
	ws, err := s.client.dial(ctx)
	if err != nil {
		return err
	}
	defer ws.Close()
	stop := context.AfterFunc(ctx, func() { ws.Close() })
	defer stop()
	s.connected, s.standing = true, nil
	if err := s.subscribe(ws); err != nil {
		return err
	}
	silence := time.Minute
	for {
		ws.SetReadDeadline(time.Now().Add(silence))
		var m message
		if err := ws.ReadJSON(&m); err != nil {
			return fmt.Errorf("live stream: %w", err)
		}
		switch m.Type {
		case "hello":
			if m.Version != live.Version {
				return &Error{Text: fmt.Sprintf("the service speaks version %d of the live stream, this program %d", m.Version, live.Version), Hint: "use a client of the service's version"}
			}
			s.log = m.Log
			silence = 3 * time.Duration(max(1, m.Heartbeat)) * time.Second
		case "error":
			return &Error{Code: m.Code, Text: m.Error, Hint: m.Hint}
		case "resync":
			if s.cursor = ""; s.client.Note != nil {
				s.client.Note(&StartsOver{m.Reason}, 0)
			}
			if err := s.subscribe(ws); err != nil {
				return err
			}
		default:
			if s.fault = s.take(&m); s.fault != nil {
				return s.fault
			}
		}
	}
}

// message is any message from the service.
type message struct {
	Type      string  `json:"type"`
	Version   int     `json:"version"`
	Heartbeat int     `json:"heartbeat_s"`
	Log       string  `json:"log"`
	Cursor    string  `json:"cursor"`
	Alerts    []Alert `json:"alerts"`
	More      bool    `json:"more"`
	Events    []Event `json:"events"`
	Code      string  `json:"code"`
	Reason    string  `json:"reason"`
	Error     string  `json:"error"`
	Hint      string  `json:"hint"`
}

func (s *session) subscribe(ws *websocket.Conn) error {
	ws.SetWriteDeadline(time.Now().Add(10 * time.Second))
	if err := ws.WriteJSON(live.Subscribe{Type: "subscribe", Cursor: s.cursor, Alerts: s.filter}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}

// take passes a message to the handler and stores its cursor.
func (s *session) take(m *message) error {
	if m.Type == "snapshot" && s.handler.Standing != nil {
		if s.standing = append(s.standing, m.Alerts...); m.More {
			return nil
		}
		alerts := s.standing
		s.standing = nil
		if err := s.handler.Standing(alerts); err != nil {
			return err
		}
	}
	for _, e := range m.Events {
		c := Change{Event: e, Kind: Kind(strings.TrimPrefix(e.Type, alert.EventPrefix))}
		if err := json.Unmarshal(e.Data, &c.Alert); err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		if err := s.handler.Changed(c); err != nil {
			return err
		}
	}
	cursor := m.Cursor
	if s.log != "" {
		cursor = s.log + "." + cursor
	}
	if m.Cursor == "" || cursor == s.cursor {
		return nil
	}
	s.cursor = cursor
	if err := s.cursors.Save(cursor); err != nil {
		return fmt.Errorf("keep cursor: %w", err)
	}
	return nil
}

func (c *Client) dial(ctx context.Context) (*websocket.Conn, error) {
	u, err := url.Parse(c.Base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &Error{Status: http.StatusBadRequest, Text: fmt.Sprintf("%q is not the address of a service", c.Base), Hint: "give one such as http://127.0.0.1:8080"}
	}
	u.Scheme = map[string]string{"http": "ws", "https": "wss"}[u.Scheme]
	u = u.JoinPath("/v1/live")
	dialer := websocket.Dialer{HandshakeTimeout: 15 * time.Second, Proxy: http.ProxyFromEnvironment}
	ws, resp, err := dialer.DialContext(ctx, u.String(), c.header()) //nolint:bodyclose // gorilla: it need not be
	if err == nil {
		ws.SetReadLimit(64 << 20)
		return ws, nil
	}
	if resp == nil {
		return nil, fmt.Errorf("connect to %s: %w", c.Base, err)
	}
	return nil, problem(resp)
}

func (c *Client) header() http.Header {
	if c.Token == "" {
		return nil
	}
	return http.Header{"Authorization": {"Bearer " + c.Token}}
}

func problem(resp *http.Response) error {
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10)) // what cannot be read would add nothing
	e := &Error{Status: resp.StatusCode, RetryAfter: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	if json.Unmarshal(data, e) != nil || e.Text == "" {
		e.Text = fmt.Sprintf("the service answers with status %d", resp.StatusCode)
	}
	return e
}

// retryAfter parses the header of that name: seconds, or a date.
func retryAfter(text string, now time.Time) time.Duration {
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

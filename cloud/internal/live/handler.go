package live

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// The limits of a connection.
const (
	maxMessage    = 256 << 10        // a client's message, bytes
	writeWait     = 10 * time.Second // for one message to be sent
	subscribeWait = 15 * time.Second // for the first subscription
	readyWait     = 5 * time.Second  // for the hub to start

	subscribeGap    = 500 * time.Millisecond // between two subscriptions of a connection
	pagesAtOnce     = 32                     // pages of the log in memory, for connections that catch up
	snapshotsAtOnce = 4                      // in memory at once
)

// ServeHTTP upgrades a request to a WebSocket and serves it until either side ends it.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tenant, grant, err := h.tenant(r)
	if err == nil {
		err = h.standing(r.Context(), tenant, grant)
	}
	if err != nil {
		h.turnAway(w, err)
		return
	}
	if !h.awaited(r) || !h.enter() {
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, problem.StreamFull, "the live stream is full, or not ready", "try again in a few seconds")
		return
	}
	defer h.exit()
	upgrader := websocket.Upgrader{
		HandshakeTimeout: writeWait, ReadBufferSize: 1024, WriteBufferSize: 4096, WriteBufferPool: &h.buffers, CheckOrigin: h.origin,
		Error: func(w http.ResponseWriter, r *http.Request, status int, reason error) {
			code, hint := problem.BadMessage, "connect with a WebSocket client"
			if status == http.StatusForbidden {
				code, hint = problem.OtherOrigin, "add the page's origin to alerts.origins in the configuration"
			}
			refuse(w, status, code, reason.Error(), hint)
		},
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // the upgrader has answered
	}
	c := &conn{hub: h, ws: ws, tenant: tenant, grant: grant, asked: time.Now(), subscriptions: make(chan subscription, 1), faults: make(chan Fault, 1), gone: make(chan struct{})}
	c.serve()
}

// turnAway answers a request that is not admitted: its credential is not valid, or cannot be checked at the
// moment.
func (h *Hub) turnAway(w http.ResponseWriter, err error) {
	var d denial
	switch {
	case !errors.As(err, &d) && !errors.Is(err, ErrTicket) && !errors.Is(err, ErrEnded):
		h.cfg.Log.Error("live stream cannot tell who may see it", "err", err)
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable, problem.ServerFailed, "what was shown cannot be checked just now", "try again in a few seconds")
	case errors.Is(err, ErrNoTicket):
		refuse(w, http.StatusForbidden, problem.TicketNeeded, err.Error(), "connect with /v1/live?ticket=…, from POST /v1/live/tickets")
	case h.cfg.Denied != nil:
		h.cfg.Denied(w)
	default:
		refuse(w, http.StatusUnauthorized, problem.SignIn, err.Error(), "send a bearer token, or a ticket of POST /v1/live/tickets")
	}
}

// ErrNoTicket is what Config.Tenant returns for a browser with a session but no ticket. A session cookie is not enough,
// because browsers send it with a connection that any page opens.
var ErrNoTicket = errors.New("a browser's session does not open the live stream, a ticket does")

// denial is an error of Config.Tenant about somebody who may see nothing.
type denial struct{ error }

func (d denial) Unwrap() error { return d.error }

// tenant returns whose stream a request asks for, and the credential that allows it: by its ticket, or as the
// rest of the API decides.
func (h *Hub) tenant(r *http.Request) (tenant, grant string, err error) {
	if ticket := r.URL.Query().Get("ticket"); ticket != "" {
		return redeem(r.Context(), h.cfg.DB, ticket, h.cfg.Now())
	}
	if h.cfg.Grant != nil {
		grant = h.cfg.Grant(r)
	}
	if tenant, err = h.cfg.Tenant(r); err != nil {
		err = denial{err}
	}
	return tenant, grant, err
}

// standing returns ErrEnded if a credential no longer gives access to a tenant's stream.
func (h *Hub) standing(ctx context.Context, tenant, grant string) error {
	if h.cfg.Standing == nil {
		return nil
	}
	return h.cfg.Standing(ctx, tenant, grant)
}

// awaited waits for a while until Run has started, because the server may accept requests a moment earlier.
func (h *Hub) awaited(r *http.Request) bool {
	select {
	case <-h.ready:
		return true
	case <-r.Context().Done():
	case <-time.After(readyWait):
	}
	return false
}

// enter registers a connection, unless there are too many or the hub is not running.
func (h *Hub) enter() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closing:
		return false
	default:
	}
	if !h.serving || h.clients >= h.cfg.Clients {
		return false
	}
	h.clients++
	h.conns.Add(1)
	h.metrics.Clients.Inc()
	return true
}

func (h *Hub) exit() {
	h.mu.Lock()
	h.clients--
	h.mu.Unlock()
	h.metrics.Clients.Dec()
	h.conns.Done()
}

// origin accepts programs (which send no Origin), our own pages, and the configured origins.
func (h *Hub) origin(r *http.Request) bool {
	from := r.Header.Get("Origin")
	if from == "" || slices.Contains(h.cfg.Origins, from) {
		return true
	}
	u, err := url.Parse(from)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

func refuse(w http.ResponseWriter, status int, code problem.Code, text, hint string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"code": string(code), "error": text, "hint": hint})
}

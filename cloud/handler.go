package cloud

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/api"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/kpi"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/web"
	"github.com/coldshelf/coldshelf/models/wire"
)

// notifiers tells each of them.
type notifiers []ingest.Notifier

// Committed passes it on.
func (n notifiers) Committed() {
	for _, one := range n {
		one.Committed()
	}
}

// judges has each of them judge messages, in order.
type judges []ingest.Judge

// Step passes them on.
func (j judges) Step(ctx context.Context, tx *state.Tx, envs ...*wire.Envelope) error {
	for _, one := range j {
		if err := one.Step(ctx, tx, envs...); err != nil {
			return err
		}
	}
	return nil
}

// tenant says whose data a request may see: that of its token, or where none is needed that of the
// configured tenant.
func (s *Server) tenant(r *http.Request) (string, error) {
	if s.gate == nil {
		return s.cfg.Tenant, nil
	}
	p, ok := access.From(r.Context())
	if !ok {
		return "", access.ErrDenied
	}
	return p.Identity.Tenant, nil
}

// grant names what a request has shown, "" where nobody has to show anything.
func (s *Server) grant(r *http.Request) string {
	return access.GrantOf(r.Context())
}

// streamTenant is tenant for the live stream, whose door a cookie does not open.
func (s *Server) streamTenant(r *http.Request) (string, error) {
	if access.BySession(r.Context()) {
		return "", live.ErrNoTicket
	}
	return s.tenant(r)
}

// standing is live.ErrEnded once what was shown gives no right to a tenant's live stream.
func (s *Server) standing(ctx context.Context, tenant, grant string) error {
	if s.gate == nil {
		return nil
	}
	p, err := access.Standing(ctx, s.state, grant, time.Now())
	if errors.Is(err, access.ErrDenied) || err == nil && (p.Identity.Tenant != tenant || !p.May(http.MethodGet, "/v1/live")) {
		return live.ErrEnded
	}
	return err
}

// denied answers whoever comes to the live stream with nothing that gives a right: as everywhere else, and
// counted with them. nil where nobody has to show anything.
func (s *Server) denied() func(http.ResponseWriter) {
	if s.gate == nil {
		return nil
	}
	return s.gate.TurnAway
}

// who names whoever makes a request, "" where nobody has to prove who he is.
func (s *Server) who(r *http.Request) string {
	p, _ := access.From(r.Context())
	return p.Name
}

// routes puts the page, the API and what operators ask for on one port.
func (s *Server) routes() (http.Handler, error) {
	site, err := web.New(web.Built())
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", site)
	mux.Handle("GET /v1/live", s.live)
	mux.Handle("/v1/", api.New(api.Config{DB: s.state, Series: s.series, Alerts: s.engine, Webhooks: s.deliver, PublicWebhooks: !s.cfg.Alerts.PrivateWebhooks, Sales: s.sales, Rates: merge.NewRateReader(s.state), KeepPoints: s.cfg.Keep.Points, Book: s.book, Orders: s.router, Boards: s.boards, Rules: s.rules, Operator: s.operator, Releases: &release.Store{DB: s.state, Scratch: s.cfg.DataDir}, BoardsURL: s.boardsURL(), TryRules: s.tryRules,
		KPIs: &kpi.Desk{DB: s.state}, Changed: notifiers{s.live, s.deliver}.Committed, Decided: s.planner.Decided, Tenant: s.tenant, Who: s.who, Grant: s.grant, Log: s.log}))
	mux.Handle(release.Pattern, &release.Server{DB: s.state, Log: s.log})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, health{Status: "ok"}) })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{Registry: s.registry}))
	if s.gate == nil {
		mux.HandleFunc("GET /v1/session", func(w http.ResponseWriter, _ *http.Request) {
			answer(w, http.StatusOK, access.Session{Tenant: s.cfg.Tenant, Role: access.Admin, Kind: "open"})
		})
		open := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mux.ServeHTTP(w, r.WithContext(state.ForTenant(r.Context(), s.cfg.Tenant)))
		})
		if s.cfg.Access.Mode == "open" {
			return open, nil // by choice, also to others: by whatever name they know
		}
		return s.ours(open), nil
	}
	guarded := s.gate.Wrap(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.Path == "/v1/live" && r.URL.Query().Has("ticket") {
			s.live.ServeHTTP(w, r) // the ticket is the proof; a wrong one goes back to the gate
			return
		}
		guarded.ServeHTTP(w, r)
	}), nil
}

// readyTime bounds how long a store may take to say that it is there.
const readyTime = 2 * time.Second

// ready says 200 while both stores and the broker answer, else 503 and which does not.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyTime)
	defer cancel()
	faults := map[string]string{}
	if err := s.state.Ping(ctx); err != nil {
		faults["state"] = err.Error()
	}
	if err := s.series.Ping(ctx); err != nil {
		faults["series"] = err.Error()
	}
	if s.elsewhere != nil && !s.elsewhere.Online() {
		faults["broker"] = s.elsewhere.Why()
	}
	if len(faults) > 0 {
		answer(w, http.StatusServiceUnavailable, health{"failing", faults})
		return
	}
	answer(w, http.StatusOK, health{Status: "ok"})
}

// health is what /healthz and /readyz say.
type health struct {
	Status string            `json:"status"`
	Faults map[string]string `json:"faults"`
}

func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	// A client that has gone cannot be told anything.
	_ = json.NewEncoder(w).Encode(v)
}

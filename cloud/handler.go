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

// notifiers is several notifiers as one.
type notifiers []ingest.Notifier

// Committed tells each of them.
func (n notifiers) Committed() {
	for _, one := range n {
		one.Committed()
	}
}

// judges is several judges as one.
type judges []ingest.Judge

// Step has each of them judge the messages, in order.
func (j judges) Step(ctx context.Context, tx *state.Tx, envs ...*wire.Envelope) error {
	for _, one := range j {
		if err := one.Step(ctx, tx, envs...); err != nil {
			return err
		}
	}
	return nil
}

// tenant says whose data a request may see: its token's tenant, or the configured one if no token is needed.
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

// grant names the credential of a request, "" if none is needed.
func (s *Server) grant(r *http.Request) string {
	return access.GrantOf(r.Context())
}

// streamTenant is tenant for the live stream, which a cookie alone does not open: browsers send it from any page.
func (s *Server) streamTenant(r *http.Request) (string, error) {
	if access.BySession(r.Context()) {
		return "", live.ErrNoTicket
	}
	return s.tenant(r)
}

// standing is live.ErrEnded once a credential no longer gives access to a tenant's live stream.
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

// denied answers requests to the live stream without a valid credential, as the rest of the API does and counted with
// them; nil if no credential is needed.
func (s *Server) denied() func(http.ResponseWriter) {
	if s.gate == nil {
		return nil
	}
	return s.gate.TurnAway
}

// who names the person or program behind a request, "" if nobody has to sign in.
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

// readyTime bounds how long a store may take to answer.
const readyTime = 2 * time.Second

// ready answers 200 while both stores and the broker answer, else 503 and which of them does not; 503 too from when the
// service was told to stop, so that nobody is sent here any more.
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
	if s.stopping.Load() {
		faults["service"] = "is stopping"
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

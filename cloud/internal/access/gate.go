package access

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"golang.org/x/time/rate"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Gate stands before the API and the page: it asks for a token, in the Authorization header or in the
// cookie that its login page sets.
type Gate struct {
	db        *state.DB
	authority *Authority
	log       *slog.Logger
	now       func() time.Time
	failures  *rate.Limiter // of wrong tokens and codes, from all together
}

// Guesses of a 256-bit token lead nowhere; the limit keeps them from costing much.
const (
	failuresPerSecond = 5
	failuresAtOnce    = 50
)

// NewGate makes a gate on the tables of this package.
func NewGate(db *state.DB, authority *Authority, log *slog.Logger) *Gate {
	return &Gate{db: db, authority: authority, log: log, now: time.Now, failures: rate.NewLimiter(failuresPerSecond, failuresAtOnce)}
}

type principalKey struct{}

// From gives who makes a request that came through a Gate.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

const cookie = "coldshelf"

// Wrap lets through to next what somebody has the right to ask, and answers on the addresses of its
// own: /login, /logout, /setup, /v1/tokens, /v1/enrolments, /v1/enrol and /v1/audit.
func (g *Gate) Wrap(next http.Handler) http.Handler {
	own := http.NewServeMux()
	for pattern, h := range map[string]http.HandlerFunc{
		"GET /v1/tokens":                 g.listTokens,
		"POST /v1/tokens":                g.issueToken,
		"DELETE /v1/tokens/{id}":         g.revokeToken,
		"POST /v1/enrolments":            g.makeEnrolment,
		"DELETE /v1/enrolments/{device}": g.revokeDevice,
		"POST /v1/enrol/renew":           g.renew,
		"GET /v1/audit":                  g.audit,
	} {
		own.HandleFunc(pattern, h)
	}
	own.Handle("/", next)
	asked := http.NewServeMux()
	asked.HandleFunc("GET /healthz", next.ServeHTTP)
	asked.HandleFunc("GET /readyz", next.ServeHTTP)
	asked.HandleFunc("GET /login", g.loginPage)
	asked.HandleFunc("POST /login", g.login)
	asked.HandleFunc("POST /logout", g.logout)
	asked.HandleFunc("GET /setup", g.setupPage)
	asked.HandleFunc("POST /setup", g.setup)
	asked.HandleFunc("POST /v1/enrol", g.enrol)
	asked.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { g.check(w, r, own) })
	// A page of another origin must not use our cookie for changes.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, "a page of another origin must not change anything here", "send the request from a program, or from our own page")
	}))
	return guard.Handler(asked)
}

func (g *Gate) check(w http.ResponseWriter, r *http.Request, next http.Handler) {
	p, err := g.who(r)
	switch {
	case errors.Is(err, ErrDenied):
		g.turnAway(w, r)
	case err != nil:
		g.log.Error("check a token", "err", err)
		fail(w, http.StatusInternalServerError, "the token could not be checked", "try again")
	case !p.May(r.Method, r.URL.Path):
		fail(w, http.StatusForbidden, "a "+string(p.Role)+" may not do this", "ask an admin for a token with another role")
	default:
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), principalKey{}, p)))
	}
}

// who reads a request's token.
func (g *Gate) who(r *http.Request) (Principal, error) {
	if text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		return Check(r.Context(), g.db, text)
	}
	if c, err := r.Cookie(cookie); err == nil {
		return Check(r.Context(), g.db, c.Value)
	}
	return Principal{}, ErrDenied
}

// turnAway sends a person to the login page and tells a program what is missing.
func (g *Gate) turnAway(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.Contains(r.Header.Get("Accept"), "text/html") {
		http.Redirect(w, r, "/login", http.StatusSeeOther)
		return
	}
	if !g.failures.AllowN(g.now(), 1) {
		w.Header().Set("Retry-After", "10")
		fail(w, http.StatusTooManyRequests, "too many requests without a good token", "wait a little")
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="coldshelf"`)
	fail(w, http.StatusUnauthorized, "a token is needed", "send it as Authorization: Bearer …; an admin makes one with cooler-cloud token create")
}

func fail(w http.ResponseWriter, status int, problem, hint string) {
	reply(w, status, map[string]string{"error": problem, "hint": hint})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has gone cannot be told anything.
	_ = json.NewEncoder(w).Encode(v)
}

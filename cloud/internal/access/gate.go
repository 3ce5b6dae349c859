package access

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/coldshelf/coldshelf/cloud/internal/pace"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/upload"
)

// Gate stands in front of the API. It expects a token in the Authorization header of a program, and from a
// person the session cookie that signing in sets. The page itself is the same for everybody and needs no
// credential: it asks for the password.
type Gate struct {
	db        *state.DB
	authority *Authority
	log       *slog.Logger
	now       func() time.Time
	failures  *rate.Limiter // of wrong tokens, sessions and codes, from everybody together

	mu    sync.Mutex
	tries *pace.Keys // attempts at the password of each address
}

// Guessing a 256-bit secret is hopeless; the limit keeps guesses from costing much.
const (
	failuresPerSecond = 5
	failuresAtOnce    = 50
)

// Guessing a password is not: an address has ten attempts, and one more every twelve seconds.
const (
	triesPerSecond = 1.0 / 12
	triesAtOnce    = 10
)

// NewGate returns a gate that uses the tables of this package.
func NewGate(db *state.DB, authority *Authority, log *slog.Logger) *Gate {
	return &Gate{db: db, authority: authority, log: log, now: time.Now,
		failures: rate.NewLimiter(failuresPerSecond, failuresAtOnce), tries: pace.New(triesPerSecond, triesAtOnce)}
}

type principalKey struct{}

// From returns who makes a request that came through a Gate.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(Principal)
	return p, ok
}

// handlers returns the gate's own addresses: asking those that need a credential, open those that do not.
func (g *Gate) handlers() (asking, open map[string]http.HandlerFunc) {
	return map[string]http.HandlerFunc{
			"GET /v1/session":                g.showSession,
			"PUT /v1/session/password":       g.newPassword,
			"GET /v1/users":                  g.listUsers,
			"POST /v1/users":                 g.addUser,
			"PUT /v1/users/{id}":             g.changeUser,
			"DELETE /v1/users/{id}":          g.removeUser,
			"POST /v1/users/{id}/link":       g.invite,
			"GET /v1/tokens":                 g.listTokens,
			"POST /v1/tokens":                g.issueToken,
			"DELETE /v1/tokens/{id}":         g.revokeToken,
			"POST /v1/enrolments":            g.makeEnrolment,
			"DELETE /v1/enrolments/{device}": g.revokeDevice,
			"POST /v1/enrol/renew":           g.renew,
			"GET /v1/revoked":                g.revoked,
			"GET /v1/audit":                  g.audit,
		}, map[string]http.HandlerFunc{
			"POST /v1/session":   g.signIn,
			"DELETE /v1/session": g.signOut,
			"POST /v1/setup":     g.setup,
			"POST /v1/password":  g.choosePassword,
			"POST /v1/enrol":     g.enrol,
		}
}

// Patterns lists the gate's own addresses, as method and path.
func Patterns() (list []string) {
	asking, open := (&Gate{}).handlers()
	for _, m := range []map[string]http.HandlerFunc{asking, open} {
		for pattern := range m {
			list = append(list, pattern)
		}
	}
	return list
}

// Wrap passes to next the requests that somebody has the right to make, and serves the gate's own addresses.
func (g *Gate) Wrap(next http.Handler) http.Handler {
	asking, open := g.handlers()
	own := http.NewServeMux()
	for pattern, h := range asking {
		own.HandleFunc(pattern, h)
	}
	own.Handle("/", next)
	all := http.NewServeMux()
	for pattern, h := range open {
		all.HandleFunc(pattern, h)
	}
	all.HandleFunc("POST /v1/sales/hooks/{tenant}/{channel}", next.ServeHTTP) // its signature is the proof
	all.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if guarded(r.URL.Path) {
			g.check(w, r, own)
			return
		}
		next.ServeHTTP(w, r)
	})
	// A page of another origin must not use our cookie for changes.
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusForbidden, problem.OtherOrigin, "a page of another origin must not change anything here", "send the request from a program, or from our own page")
	}))
	return guard.Handler(all)
}

// guarded reports whether an address needs a credential, as everything that contains data does.
func guarded(path string) bool {
	return path == "/metrics" || path == "/v1" || strings.HasPrefix(path, "/v1/")
}

func (g *Gate) check(w http.ResponseWriter, r *http.Request, next http.Handler) {
	p, grant, err := g.who(r)
	if say := g.refusal(r, p, err); say != nil {
		say(w)
		return
	}
	upload.While(r, func() func(http.ResponseWriter) {
		now, err := Standing(state.ForAll(r.Context()), g.db, grant, g.now())
		return g.refusal(r, now, err)
	})
	ctx := state.ForTenant(context.WithValue(context.WithValue(r.Context(), principalKey{}, p), grantKey{}, grant), p.Identity.Tenant)
	next.ServeHTTP(w, r.WithContext(ctx))
}

// refusal returns the answer to a request without the right credential, given the result of checking it; nil:
// it may proceed.
func (g *Gate) refusal(r *http.Request, p Principal, err error) func(http.ResponseWriter) {
	switch {
	case errors.Is(err, ErrDenied):
		return g.TurnAway
	case err != nil:
		return func(w http.ResponseWriter) {
			g.log.Error("check a token", "err", err)
			w.Header().Set("Retry-After", "5")
			fail(w, http.StatusServiceUnavailable, problem.ServerFailed, "the token could not be checked", "try again in a few seconds")
		}
	case !p.May(r.Method, r.URL.Path):
		return func(w http.ResponseWriter) {
			fail(w, http.StatusForbidden, problem.RoleMayNot, "a "+string(p.Role)+" may not do this", "ask an admin for another role")
		}
	}
	return nil
}

// change does what a request asks for, unless its credential has been invalidated since its body arrived.
func (g *Gate) change(r *http.Request, do func(tx *state.Tx) error) error {
	if _, err := Standing(state.ForAll(r.Context()), g.db, GrantOf(r.Context()), g.now()); errors.Is(err, ErrDenied) {
		return errEnded
	} else if err != nil {
		return err
	}
	return g.db.Write(r.Context(), do)
}

// who checks the token or session of a request.
func (g *Gate) who(r *http.Request) (p Principal, grant string, err error) {
	if text, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		p, err = Check(r.Context(), g.db, text)
		return p, tokenGrant + digest(text), err
	}
	if c, err := r.Cookie(cookie); err == nil {
		p, err = SessionOf(r.Context(), g.db, c.Value, g.now())
		return p, sessionGrant + digest(c.Value), err
	}
	return Principal{}, "", ErrDenied
}

// TurnAway tells somebody without a valid token, session or ticket what is missing, and counts the attempt.
func (g *Gate) TurnAway(w http.ResponseWriter) {
	if !g.failures.AllowN(g.now(), 1) {
		slowDown(w, "too many requests without a good token")
		return
	}
	w.Header().Set("WWW-Authenticate", `Bearer realm="coldshelf"`)
	fail(w, http.StatusUnauthorized, problem.SignIn, "sign in, or send a token", "people sign in on the page; programs send Authorization: Bearer …, which an admin makes with cooler-cloud token create")
}

func slowDown(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "12")
	fail(w, http.StatusTooManyRequests, problem.SlowDown, why, "wait a little")
}

func fail(w http.ResponseWriter, status int, code problem.Code, text, hint string) {
	reply(w, status, map[string]string{"code": string(code), "error": text, "hint": hint})
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has gone cannot be told anything.
	_ = json.NewEncoder(w).Encode(v)
}

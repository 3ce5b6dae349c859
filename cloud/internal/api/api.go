// Package api is the REST interface under /v1: coolers, stores, planograms, products, alerts, and messages that
// were put aside. With package live it is where alerts reach people and programs that ask for them. Its
// contract for clients is docs/openapi.yaml, and a test checks that both agree.
//
// All answers are JSON, including errors ({"error","hint"} with a fitting status). Times are in RFC 3339, UTC.
// A list that can be long has a limit. A GET returns an ETag, so that a client that asks again only pays for
// what has changed.
//
// It refuses bodies that are too large or have an unknown field, changes sent by a page of another origin, and
// access to another tenant's data. It does not stream: package live does.
package api

import (
	"context"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/kpi"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/book"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/route"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Series is what charts are read from; see package series for what it promises.
type Series interface {
	Messages(ctx context.Context, r series.Range, limit int) ([]series.Message, error)
	Hours(ctx context.Context, r series.Range) ([]series.Rollup, error)
	Days(ctx context.Context, r series.Range) ([]series.Rollup, error)
}

// Teller takes what a person says about an alert.
type Teller interface {
	Say(ctx context.Context, db *state.DB, tenant, id string, w alert.Word) (*alert.Alert, error)
}

// Webhooks delivers alerts to targets.
type Webhooks interface {
	// Changed must be called when the list of webhooks has changed.
	Changed()
	TryWebhook(ctx context.Context, tenant, id, who string) (*deliver.Trial, error)
	TryRecipient(ctx context.Context, tenant string, r *alert.Recipient, who string) *deliver.Trial
}

// Config configures an API.
type Config struct {
	DB       *state.DB
	Series   Series
	Alerts   Teller
	Webhooks Webhooks // nil: there are no webhooks
	// PublicWebhooks refuses webhooks into private networks when they are created; deliver never calls them
	// then.
	PublicWebhooks bool
	KPIs           *kpi.Desk
	Book           *book.Desk
	Orders         *route.Router
	Rates          *merge.RateReader
	// KeepPoints is how long single looks are kept, from which hours can be computed again; 0: for ever.
	KeepPoints time.Duration
	Sales      *sales.Ledger
	Boards     Boards // nil: none can be reached
	Rules      Rules  // nil: none
	// Operator reports whether a tenant runs the service, and may see its rule file; nil: every tenant does.
	Operator func(tenant string) bool
	// Releases stores signed bundles. BoardsURL is the address at which boards fetch them; "": they cannot.
	Releases  *release.Store
	BoardsURL string
	// TryRules judges a tenant's history by a rule file; nil: there is no history.
	TryRules func(ctx context.Context, tenant string, file []byte, since time.Duration) (any, error)
	Changed  func() // called after a change that the live stream should report
	Decided  func() // called after somebody has decided about suggested orders; nil: nobody sends them

	// Tenant returns whose data a request may see. Its error is sent to the client with status 401.
	Tenant func(*http.Request) (string, error)
	// Who returns the name of whoever makes a request, as others read it beside what they say about an alert;
	// what the request itself claims is then ignored. "" or nil: nobody has to prove who they are.
	Who func(*http.Request) string
	// Grant names the credential of a request, for what outlasts it; nil: no credential is needed.
	Grant func(*http.Request) string
	Now   func() time.Time // nil: time.Now
	Log   *slog.Logger
}

// api is the handlers' receiver.
type api struct{ Config }

// handlers maps every method and path to its handler.
func (a *api) handlers() map[string]handler {
	all := map[string]handler{
		"GET /v1/coolers":                       a.coolers,
		"GET /v1/coolers/{device}":              a.cooler,
		"PUT /v1/coolers/{device}":              a.putCooler,
		"GET /v1/coolers/{device}/picture":      a.picture,
		"GET /v1/coolers/{device}/observations": a.observations,
		"GET /v1/coolers/{device}/series":       a.series,
		"POST /v1/coolers/{device}/commands":    a.command,
		"GET /v1/fleet":                         a.boards,
		"GET /v1/stores":                        a.stores,
		"GET /v1/stores/{store}":                a.store,
		"PUT /v1/stores/{store}":                a.putStore,
		"GET /v1/planograms":                    a.planograms,
		"GET /v1/planograms/{id}":               a.planogram,
		"PUT /v1/planograms/{id}":               a.putPlanogram,
		"GET /v1/products":                      a.products,
		"GET /v1/alerts":                        a.alerts,
		"GET /v1/alerts/{id}":                   a.alert,
		"GET /v1/alerts/{id}/proof":             a.proof,
		"GET /v1/alerts/{id}/proof/{moment}":    a.proofCrop,
		"GET /v1/events":                        a.events,
		"POST /v1/alerts/{id}/ack":              a.acknowledge,
		"POST /v1/alerts/{id}/assign":           a.assign,
		"POST /v1/alerts/{id}/mute":             a.mute,
		"POST /v1/alerts/{id}/comments":         a.comment,
		"POST /v1/alerts/bulk":                  a.bulk,
		"GET /v1/rules":                         a.rules,
		"PUT /v1/rules":                         a.putRules,
		"POST /v1/rules/test":                   a.testRules,
		"GET /v1/rules/versions":                a.ruleVersions,
		"GET /v1/rules/versions/{version}":      a.ruleVersion,
		"GET /v1/webhooks":                      a.webhooks,
		"POST /v1/webhooks":                     a.postWebhook,
		"DELETE /v1/webhooks/{id}":              a.deleteWebhook,
		"POST /v1/webhooks/{id}/replay":         a.replayWebhook,
		"GET /v1/webhooks/{id}/dead":            a.deadLetters,
		"POST /v1/webhooks/{id}/test":           a.testWebhook,
		"POST /v1/rules/recipients/test":        a.testRecipient,
		"GET /v1/notices":                       a.notices,
		"POST /v1/live/tickets":                 a.ticket,
		"GET /v1/quarantine":                    a.quarantine,
		"GET /v1/quarantine/{id}":               a.quarantined,
	}
	maps.Copy(all, a.care())
	maps.Copy(all, a.stagedUpdates())
	maps.Copy(all, a.kpis())
	maps.Copy(all, a.trade())
	maps.Copy(all, a.replenishment())
	maps.Copy(all, a.campaigns())
	maps.Copy(all, a.lessons())
	return all
}

// Patterns lists what New serves, as method and path, in alphabetical order.
func Patterns() []string { return slices.Sorted(maps.Keys((&api{}).handlers())) }

// New returns the handler for everything under /v1 that is not a stream.
func New(c Config) http.Handler {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Changed == nil {
		c.Changed = func() {}
	}
	if c.Who == nil {
		c.Who = func(*http.Request) string { return "" }
	}
	a := &api{c}
	mux := http.NewServeMux()
	for pattern, h := range a.handlers() {
		tenant := a.Tenant
		if pattern == hookPattern { // its signature is the proof
			tenant = func(*http.Request) (string, error) { return "", nil }
		}
		if action, ok := audited[pattern]; ok {
			h = a.audit(pattern, action, h)
		}
		mux.Handle(pattern, a.serve(tenant, h))
	}
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		// The mux would answer a wrong method in plain text; answer in JSON like everywhere else.
		other := *r
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete} {
			other.Method = method
			if _, pattern := mux.Handler(&other); pattern != "/v1/" {
				w.Header().Add("Allow", method)
			}
		}
		if w.Header().Get("Allow") != "" {
			a.fail(w, r, &Problem{http.StatusMethodNotAllowed, problem.WrongMethod, r.Method + " is not for this address", "see docs/openapi.yaml"})
			return
		}
		a.fail(w, r, &Problem{http.StatusNotFound, problem.NotFound, "there is nothing at " + r.URL.Path, "see docs/openapi.yaml"})
	})
	guard := http.NewCrossOriginProtection()
	guard.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, &Problem{http.StatusForbidden, problem.OtherOrigin, "a page of another origin must not change anything here", "send the request from a program, or from our own page"})
	}))
	return guard.Handler(mux)
}

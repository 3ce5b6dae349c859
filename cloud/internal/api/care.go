package api

import (
	"cmp"
	"errors"
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// care returns the addresses for managing boards remotely.
func (a *api) care() map[string]handler {
	return map[string]handler{
		"GET /v1/bundles":                            a.bundles,
		"POST /v1/bundles":                           a.postBundle,
		"DELETE /v1/bundles/{sha256}":                a.deleteBundle,
		"GET /v1/bundles/root":                       a.bundleRoot,
		"PUT /v1/bundles/root":                       a.putBundleRoot,
		"GET /v1/desired":                            a.wishes,
		"PUT /v1/desired":                            a.putWish(care.Tenant, ""),
		"PUT /v1/desired/stores/{store}":             a.putWish(care.Store, "store"),
		"PUT /v1/desired/coolers/{device}":           a.putWish(care.Cooler, "device"),
		"GET /v1/coolers/{device}/desired":           a.desired,
		"POST /v1/coolers/{device}/desired/attempts": a.retryDesired,
	}
}

// recordedAs returns the name of whoever makes a request, for the records.
func (a *api) recordedAs(r *http.Request) string {
	return cmp.Or(a.Who(r), "somebody, without signing in")
}

func (a *api) wishes(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	list, err := care.Wishes(r.Context(), a.DB, tenant)
	return map[string]any{"wishes": list}, err
}

// putWish takes over the parts that the body contains. A part that is left out stays as it is, and null leaves
// it to the wish of the wider scope.
func (a *api) putWish(scope care.Scope, place string) handler {
	return func(r *http.Request, tenant string) (any, error) {
		data, err := readText(r, maxBody)
		if err != nil {
			return nil, err
		}
		var w *care.Wish
		err = a.DB.Write(r.Context(), func(tx *state.Tx) error {
			at := ""
			if place != "" {
				at = r.PathValue(place)
			}
			w, err = care.Change(r.Context(), tx, tenant, scope, at, a.recordedAs(r), data, a.Now())
			return err
		})
		if errors.Is(err, care.ErrParts) {
			return nil, &Problem{http.StatusBadRequest, problem.BadWish, err.Error(), "see docs/openapi.yaml"}
		}
		return w, err
	}
}

// boardCare shows people how a board stands to what is wanted of it.
type boardCare struct {
	State       care.State        `json:"state"`
	Version     uint64            `json:"version"` // number of what is wanted; 0: nothing was ever wanted
	Since       *time.Time        `json:"since,omitempty"`
	Wanted      care.Wanted       `json:"wanted"`
	Applied     care.Wanted       `json:"applied"`
	InForce     uint64            `json:"in_force"`
	Reported    uint64            `json:"reported"`
	Outcome     string            `json:"outcome,omitempty"`
	Detail      string            `json:"detail,omitempty"`
	ReportedAt  *time.Time        `json:"reported_at,omitempty"`
	Differences []care.Difference `json:"differences"`
}

func careFor(b *care.Board) boardCare {
	c := boardCare{State: b.State, Version: b.Version, Wanted: b.Wanted.Shown(), Applied: b.Applied.Shown(), InForce: b.InForce,
		Reported: b.Reported, Outcome: b.Outcome, Detail: b.Detail, ReportedAt: b.ToldAt, Differences: b.Differences()}
	if !b.Since.IsZero() {
		c.Since = &b.Since
	}
	return c
}

func (a *api) desired(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	b, err := care.GetBoard(r.Context(), a.DB, tenant, r.PathValue("device"))
	if err != nil {
		return nil, err
	}
	return careFor(b), nil
}

// retryDesired makes a board try once more what it has refused.
func (a *api) retryDesired(r *http.Request, tenant string) (any, error) {
	var b *care.Board
	err := a.DB.Write(r.Context(), func(tx *state.Tx) (err error) {
		b, err = care.Retry(r.Context(), tx, tenant, r.PathValue("device"), a.recordedAs(r), a.Now())
		return err
	})
	if errors.Is(err, care.ErrNotRefused) {
		return nil, &Problem{http.StatusConflict, problem.NothingToRetry, err.Error(), "there is nothing to try again"}
	}
	if err != nil {
		return nil, err
	}
	return created{careFor(b)}, nil
}

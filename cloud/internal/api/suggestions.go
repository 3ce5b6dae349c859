package api

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/replenish"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// replenishment returns the addresses of suggested orders.
func (a *api) replenishment() map[string]handler {
	return map[string]handler{
		"GET /v1/suggestions":          a.suggestions,
		"GET /v1/suggestions/outcomes": a.outcomes,
		"POST /v1/suggestions/{id}":    a.decide,
		"POST /v1/suggestions/bulk":    a.decideMany,
		"GET /v1/deliveries":           a.deliveries,
		"PUT /v1/deliveries/{store}":   a.putDelivery,
		"GET /v1/ordering":             a.ordering,
		"PUT /v1/ordering":             a.putOrdering,
	}
}

func (a *api) suggestions(r *http.Request, tenant string) (any, error) {
	p := query(r, "stores", "status", "limit", "format")
	f := replenish.Filter{Stores: p.list("stores"), Limit: int(p.number("limit", 500, 1, 100_000))}
	for _, s := range p.list("status") {
		switch status := replenish.Status(s); status {
		case replenish.Suggested, replenish.Approved, replenish.Paused, replenish.Sent, replenish.Expired:
			f.Statuses = append(f.Statuses, status)
		default:
			p.fault("status %q is not suggested, approved, paused, sent or expired", s)
		}
	}
	p.format()
	if p.err != nil {
		return nil, p.err
	}
	list, err := replenish.List(r.Context(), a.DB, tenant, f)
	if err != nil {
		return nil, err
	}
	return formatted(p, "suggestions", map[string]any{"suggestions": list}, list)
}

// outcomes summarises how the suggestions of the last quarter did, or of another stretch of time.
func (a *api) outcomes(r *http.Request, tenant string) (any, error) {
	p := query(r, "from", "to", "stores", "format")
	to := p.time("to", a.Now())
	from := p.time("from", to.Add(-91*24*time.Hour))
	if !from.Before(to) {
		p.fault("from is not before to")
	}
	p.format()
	if p.err != nil {
		return nil, p.err
	}
	list, err := replenish.Track(r.Context(), a.DB, tenant, p.list("stores"), from, to)
	if err != nil {
		return nil, err
	}
	return formatted(p, "outcomes", map[string]any{"from": from, "to": to, "outcomes": list}, list)
}

func wordFault(err error) error {
	switch {
	case errors.Is(err, replenish.ErrDecided):
		return &Problem{http.StatusConflict, problem.SuggestionSent, err.Error(), "what was sent is changed in the ordering system"}
	case errors.Is(err, replenish.ErrChanged):
		return &Problem{http.StatusConflict, problem.SuggestionChanged, err.Error(), "read it again, and approve what it is now or change it"}
	case errors.Is(err, replenish.ErrCases), errors.Is(err, replenish.ErrWord):
		return &Problem{http.StatusBadRequest, problem.BadSuggestion, err.Error(), "see docs/openapi.yaml"}
	}
	return err
}

func (a *api) decide(r *http.Request, tenant string) (any, error) {
	var w replenish.Word
	if err := decode(r, &w); err != nil {
		return nil, err
	}
	w.By = a.by(r, w.By)
	s, err := replenish.Decide(r.Context(), a.DB, tenant, r.PathValue("id"), w)
	if err == nil {
		a.decided()
	}
	return s, wordFault(err)
}

// decided has what was approved sent.
func (a *api) decided() {
	if a.Decided != nil {
		a.Decided()
	}
}

// by returns who decides: if people sign in, whoever is signed in, whatever the body claims.
func (a *api) by(r *http.Request, claimed string) string {
	if a.Who != nil {
		if name := a.Who(r); name != "" {
			return name
		}
	}
	return claimed
}

// bulkAtOnce bounds one request.
const bulkAtOnce = 1000

func (a *api) decideMany(r *http.Request, tenant string) (any, error) {
	var body struct {
		IDs  []string         `json:"ids"`
		Seen map[string]int64 `json:"seen_cases"` // by id
		replenish.Word
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	if len(body.IDs) == 0 || len(body.IDs) > bulkAtOnce {
		return nil, &Problem{http.StatusBadRequest, problem.TooMany, "ids holds none, or more than 1000", "send them in parts"}
	}
	body.By = a.by(r, body.By)
	type result struct {
		ID    string           `json:"id"`
		State replenish.Status `json:"status,omitempty"`
		Code  problem.Code     `json:"code,omitempty"`
		Error string           `json:"error,omitempty"`
	}
	out := []result{}
	defer a.decided()
	for _, id := range body.IDs {
		body.Word.Seen = nil
		if n, ok := body.Seen[id]; ok {
			body.Word.Seen = &n
		}
		s, err := replenish.Decide(r.Context(), a.DB, tenant, id, body.Word)
		var p *Problem
		switch {
		case err == nil:
			out = append(out, result{ID: id, State: s.Status})
		case errors.As(told(wordFault(err)), &p):
			out = append(out, result{ID: id, Code: p.Code, Error: p.Text})
		default:
			return nil, err
		}
	}
	return map[string]any{"results": out}, nil
}

func (a *api) deliveries(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	all, err := replenish.Calendars(r.Context(), a.DB, tenant)
	return map[string]any{"without": replenish.Daily(), "stores": all}, err
}

func (a *api) putDelivery(r *http.Request, tenant string) (any, error) {
	var c replenish.Calendar
	if err := decode(r, &c); err != nil {
		return nil, err
	}
	if err := c.Validate(); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadDelivery, err.Error(), "see docs/openapi.yaml"}
	}
	store := r.PathValue("store")
	if _, err := state.GetStore(r.Context(), a.DB, tenant, store); err != nil {
		return nil, err
	}
	return c, a.DB.Write(r.Context(), func(tx *state.Tx) error {
		return replenish.PutCalendar(r.Context(), tx, tenant, store, c)
	})
}

func (a *api) ordering(r *http.Request, tenant string) (any, error) {
	o, err := replenish.ReadOrdering(r.Context(), a.DB, tenant)
	o.Secret = "" // it is only shown once
	return o, err
}

// putOrdering sets where orders are sent, with a new secret that only this answer contains.
func (a *api) putOrdering(r *http.Request, tenant string) (any, error) {
	var o replenish.Ordering
	if err := decode(r, &o); err != nil {
		return nil, err
	}
	if o.Secret != "" {
		return nil, &Problem{http.StatusBadRequest, problem.BadOrdering, "a secret is made here", "leave secret out; the answer tells it once"}
	}
	key := make([]byte, 32)
	rand.Read(key)
	o.Secret = "whsec_" + base64.StdEncoding.EncodeToString(key)
	err := a.DB.Write(r.Context(), func(tx *state.Tx) error { return replenish.PutOrdering(r.Context(), tx, tenant, o) })
	var fault *Problem
	if err != nil && !errors.As(err, &fault) && o.URL != "" {
		return nil, &Problem{http.StatusBadRequest, problem.BadOrdering, err.Error(), "give an address such as https://orders.example/coldshelf"}
	}
	a.decided()
	return o, err
}

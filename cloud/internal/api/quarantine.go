package api

import (
	"net/http"
	"strconv"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// refused is a message that could not be stored.
type refused struct {
	ID         int64     `json:"id"`
	ReceivedAt time.Time `json:"received_at"`
	Topic      string    `json:"topic"`
	Reason     string    `json:"reason"`
	Detail     string    `json:"detail"`
	Times      int64     `json:"times"`
	Size       int64     `json:"size"`
}

func (a *api) quarantine(r *http.Request, tenant string) (any, error) {
	p := query(r, "limit")
	limit := p.number("limit", 100, 1, 1000)
	if p.err != nil {
		return nil, p.err
	}
	list, err := state.ListQuarantine(r.Context(), a.DB, tenant, int(limit))
	if err != nil {
		return nil, err
	}
	out := make([]refused, len(list))
	for i, q := range list {
		out[i] = refused{q.ID, q.ReceivedAt, q.Topic, q.Reason, q.Detail, q.Times, q.Size}
	}
	return map[string]any{"messages": out}, nil
}

// quarantined returns a message's bytes as they came.
func (a *api) quarantined(r *http.Request, tenant string) (any, error) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadQuery, "a quarantined message is named by a number", "GET /v1/quarantine lists them"}
	}
	q, err := state.GetQuarantined(r.Context(), a.DB, id)
	if err != nil {
		return nil, err
	}
	if q.Tenant != tenant {
		return nil, state.ErrNotFound
	}
	return &blob{contentType: "application/octet-stream", etag: strconv.FormatInt(id, 10), maxAge: "no-cache", bytes: q.Bytes}, nil
}

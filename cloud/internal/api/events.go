package api

import (
	"net/http"
	"strconv"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// eventsAnswer is a part of the alert log. Asking again from Cursor continues without a gap.
type eventsAnswer struct {
	Events []alert.Event `json:"events"`
	Cursor string        `json:"cursor"`
	More   bool          `json:"more"` // there is more already
}

// events reads the alert log after a cursor: for a client without an open connection, or one that wants what a
// broker may have lost.
func (a *api) events(r *http.Request, tenant string) (any, error) {
	p := query(r, "after", "limit")
	after := int64(p.number("after", 0, 0, 1<<63-1))
	limit := int(p.number("limit", 500, 1, 1000))
	if p.err != nil {
		return nil, p.err
	}
	head, err := alert.LogHead(r.Context(), a.DB)
	if err != nil {
		return nil, err
	}
	known, err := alert.Known(r.Context(), a.DB, "", after)
	if err != nil {
		return nil, err
	}
	const hint = "take a cursor that you were given; where the service was restored from a backup, begin with GET /v1/alerts?state=open,acknowledged"
	switch {
	case !known:
		return nil, &Problem{http.StatusBadRequest, problem.BadCursor, "cursor " + strconv.FormatInt(after, 10) + " is of what was lost when the service was restored from a backup", hint}
	case after > head:
		return nil, &Problem{http.StatusBadRequest, problem.BadCursor, "cursor " + strconv.FormatInt(after, 10) + " is ahead of the log, which is at " + strconv.FormatInt(head, 10), hint}
	}
	entries, err := alert.ReadTenantLog(r.Context(), a.DB, tenant, after, head, limit)
	if err != nil {
		return nil, err
	}
	out := eventsAnswer{Events: make([]alert.Event, len(entries)), More: len(entries) == limit}
	for i, e := range entries {
		out.Events[i] = e.Event()
	}
	if out.More {
		head = entries[limit-1].Cursor
	}
	out.Cursor = strconv.FormatInt(head, 10)
	return out, nil
}

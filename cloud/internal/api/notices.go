package api

import (
	"net/http"

	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
)

// notices lists which people were told of alerts, will be told, or could not be told.
func (a *api) notices(r *http.Request, tenant string) (any, error) {
	p := query(r, "alert", "state", "limit")
	limit := p.number("limit", 100, 1, 1000)
	in := p.text("state")
	if in != "" && in != "pending" && in != "sent" && in != "moot" && in != "dead" {
		p.fault("state is pending, sent, moot or dead")
	}
	if p.err != nil {
		return nil, p.err
	}
	list, err := deliver.Notices(r.Context(), a.DB, tenant, p.text("alert"), in, int(limit))
	return map[string]any{"notices": list}, err
}

package api

import (
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/live"
)

// ticketAnswer lets a page connect to the live stream once, without its token in the address.
type ticketAnswer struct {
	Ticket    string    `json:"ticket"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *api) ticket(r *http.Request, tenant string) (any, error) {
	ticket, expires, err := live.IssueTicket(r.Context(), a.DB, tenant, a.grant(r), a.Now())
	return created{ticketAnswer{ticket, expires}}, err
}

// grant names the credential of a request; "" if none is needed.
func (a *api) grant(r *http.Request) string {
	if a.Grant == nil {
		return ""
	}
	return a.Grant(r)
}

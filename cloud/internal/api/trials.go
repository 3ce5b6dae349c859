package api

import (
	"net/http"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

var noDelivery = &Problem{http.StatusNotFound, problem.NotHere, "nothing is delivered from here", "ask the service itself"}

// testWebhook sends a test message to a webhook, and returns what its target answered.
func (a *api) testWebhook(r *http.Request, tenant string) (any, error) {
	if a.Webhooks == nil {
		return nil, noDelivery
	}
	return a.Webhooks.TryWebhook(r.Context(), tenant, r.PathValue("id"), a.Who(r))
}

// recipientBody is who is to be sent a test message; they need not be in the rules yet.
type recipientBody struct {
	Format      string `json:"format"`
	URL         string `json:"url"`
	RobotSecret string `json:"robot_secret"`
	Secret      string `json:"secret"`
}

// testRecipient sends somebody a test message, and returns the outcome.
func (a *api) testRecipient(r *http.Request, tenant string) (any, error) {
	var b recipientBody
	if err := decode(r, &b); err != nil {
		return nil, err
	}
	if a.Webhooks == nil {
		return nil, noDelivery
	}
	to := &alert.Recipient{Format: b.Format, URL: b.URL, RobotSecret: b.RobotSecret, Secret: b.Secret}
	if err := to.Check(); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadRecipient, err.Error(), "see docs/rules.md"}
	}
	return a.Webhooks.TryRecipient(r.Context(), tenant, to, a.Who(r)), nil
}

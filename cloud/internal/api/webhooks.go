package api

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

func (a *api) webhooks(r *http.Request, tenant string) (any, error) {
	if p := query(r); p.err != nil {
		return nil, p.err
	}
	list, err := deliver.List(r.Context(), a.DB, tenant)
	if err != nil {
		return nil, err
	}
	health, err := deliver.Fares(r.Context(), a.DB, list)
	if err != nil {
		return nil, err
	}
	rows := make([]webhookRow, len(list))
	for i, w := range list {
		rows[i] = webhookRow{w, health[w.ID]}
		rows[i].Secret, rows[i].RobotSecret = "", "" // they are only shown once, when the webhook is created
	}
	return map[string]any{"webhooks": rows}, nil
}

// webhookRow is a webhook with its state of delivery.
type webhookRow struct {
	deliver.Webhook
	deliver.Health
}

// webhookBody describes the webhook that somebody asks for.
type webhookBody struct {
	URL         string   `json:"url"`
	Format      string   `json:"format"` // "": events
	Types       []string `json:"types"`
	Stores      []string `json:"stores"`
	Severities  []string `json:"severities"`
	RobotSecret string   `json:"robot_secret"`
}

func (a *api) postWebhook(r *http.Request, tenant string) (any, error) {
	var b webhookBody
	if err := decode(r, &b); err != nil {
		return nil, err
	}
	w := deliver.Webhook{Tenant: tenant, URL: b.URL, Format: b.Format, Types: b.Types, Stores: b.Stores, Severities: b.Severities, RobotSecret: b.RobotSecret}
	if w.Format == "" {
		w.Format = deliver.FormatEvents
	}
	if err := w.Validate(); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadWebhook, err.Error(), "see docs/openapi.yaml"}
	}
	if a.PublicWebhooks {
		if err := deliver.Reach(r.Context(), w.URL); err != nil {
			return nil, &Problem{http.StatusBadRequest, problem.BadWebhook, err.Error(),
				"give an address of the internet, or have whoever runs the service set alerts.private_webhooks: true"}
		}
	}
	if u, err := url.Parse(w.URL); err == nil {
		remark(r, w.Format+" "+u.Scheme+":"+u.Host) // the rest may contain a robot's key
	}
	w, err := deliver.Create(r.Context(), a.DB, w, a.Now())
	if err != nil {
		return nil, err
	}
	a.reload()
	w.RobotSecret = ""
	return created{w}, nil
}

func (a *api) deleteWebhook(r *http.Request, tenant string) (any, error) {
	if err := deliver.Delete(r.Context(), a.DB, tenant, r.PathValue("id")); err != nil {
		return nil, err
	}
	a.reload()
	return map[string]any{"deleted": r.PathValue("id")}, nil
}

// replayWebhook makes a webhook receive again everything after a cursor.
func (a *api) replayWebhook(r *http.Request, tenant string) (any, error) {
	var body struct {
		Cursor string `json:"cursor"`
	}
	if err := decode(r, &body); err != nil {
		return nil, err
	}
	after, err := strconv.ParseInt(body.Cursor, 10, 64)
	if err != nil || after < 0 {
		return nil, &Problem{http.StatusBadRequest, problem.BadCursor, "cursor " + strconv.Quote(body.Cursor) + " is not a position in the log", `send {"cursor":"0"} to be told everything`}
	}
	head, err := alert.LogHead(r.Context(), a.DB)
	if err != nil {
		return nil, err
	}
	if after > head {
		return nil, &Problem{http.StatusBadRequest, problem.BadCursor, "cursor " + body.Cursor + " is ahead of the log, which is at " + strconv.FormatInt(head, 10), "take a cursor that you were given"}
	}
	if err := deliver.Replay(r.Context(), a.DB, tenant, r.PathValue("id"), after); err != nil {
		return nil, err
	}
	a.reload()
	return map[string]any{"cursor": body.Cursor, "head": strconv.FormatInt(head, 10)}, nil
}

func (a *api) deadLetters(r *http.Request, tenant string) (any, error) {
	p := query(r, "limit")
	limit := p.number("limit", 100, 1, 1000)
	if p.err != nil {
		return nil, p.err
	}
	list, err := deliver.DeadLetters(r.Context(), a.DB, tenant, r.PathValue("id"), int(limit))
	return map[string]any{"dead_letters": list}, err
}

func (a *api) reload() {
	if a.Webhooks != nil {
		a.Webhooks.Changed()
		a.Changed()
	}
}

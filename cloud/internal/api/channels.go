package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// maxHook bounds the body of a webhook.
const maxHook = 5 << 20

func (a *api) channel(r *http.Request, tenant, name string) (c intake.Channel, err error) {
	body, err := a.Sales.Channel(r.Context(), tenant, name)
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal([]byte(body), &c)
}

// shown returns a channel without its secret, which is never sent to anybody.
func shown(c intake.Channel) intake.Channel {
	if c.Secret != "" {
		c.Secret = "***"
	}
	return c
}

func (a *api) channels(r *http.Request, tenant string) (any, error) {
	bodies, err := a.Sales.Channels(r.Context(), tenant)
	if err != nil {
		return nil, err
	}
	list := make([]intake.Channel, len(bodies))
	for i, body := range bodies {
		if err := json.Unmarshal([]byte(body), &list[i]); err != nil {
			return nil, err
		}
		list[i] = shown(list[i])
	}
	return map[string]any{"channels": list}, nil
}

func (a *api) putChannel(r *http.Request, tenant string) (any, error) {
	data, err := readText(r, maxBody)
	if err != nil {
		return nil, err
	}
	var c intake.Channel
	if err := strictly(data, &c); err != nil {
		return nil, err
	}
	name := r.PathValue("channel")
	if c.Channel == "" {
		c.Channel = name
	}
	if c.Channel != name {
		return nil, &Problem{http.StatusBadRequest, problem.AddressDiffers, "the body is about channel " + c.Channel + ", the address about " + name, "leave channel out of the body"}
	}
	if c.Secret == "***" || c.Secret == "" { // as it was shown: it stays
		if was, err := a.channel(r, tenant, name); err == nil {
			c.Secret = was.Secret
		}
	}
	if err := c.Validate(); err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadChannel, err.Error(), "see docs/sales.md"}
	}
	body, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	return shown(c), a.Sales.PutChannel(r.Context(), tenant, name, string(body))
}

func (a *api) deleteChannel(r *http.Request, tenant string) (any, error) {
	name := r.PathValue("channel")
	return map[string]string{"channel": name}, a.Sales.DropChannel(r.Context(), tenant, name)
}

// hookPattern is where others send their sales. The signature proves who they are, so no token is needed, and
// the address says whose sales they are.
const hookPattern = "POST /v1/sales/hooks/{tenant}/{channel}"

// hook takes a webhook. The sender gets status 200 when its lines are stored, parked, or kept for repair.
func (a *api) hook(r *http.Request, _ string) (any, error) {
	tenant, name := r.PathValue("tenant"), r.PathValue("channel")
	unknown := &Problem{http.StatusUnauthorized, problem.BadSignature, "the webhook is not signed as this channel signs, or there is no such channel", "look at the secret, and at GET /v1/sales/channels"}
	// The address says whose it is, and the database enforces that.
	r = r.WithContext(state.ForTenant(r.Context(), tenant))
	body, err := read(r, maxHook)
	if err != nil {
		return nil, err
	}
	c, err := a.channel(r, tenant, name)
	if err != nil {
		if told(err) != err { //nolint:errorlint // the very same: whether it was given other words; whether a channel exists is not told to whom nobody knows
			return nil, unknown
		}
		return nil, err
	}
	if c.Kind != "shopify" && c.Kind != "webhook" {
		return nil, unknown
	}
	report, err := c.Receive(r.Context(), a.Sales, tenant, intake.Delivery{Header: r.Header, Query: r.URL.Query(), Body: body, Now: a.Now()})
	if errors.Is(err, intake.ErrSignature) {
		return nil, unknown
	}
	if err != nil {
		return nil, charsetProblem(err)
	}
	if len(c.Reply) > 0 {
		return c.Reply, nil
	}
	for i := range report.Problems {
		report.Problems[i].Input = "" // the sender has it
	}
	return report, nil
}

// reread is the outcome of reading webhooks again.
type reread struct {
	Messages  int `json:"messages"` // number that were read
	Taken     int `json:"taken"`    // number of which nothing is rejected any more
	Stored    int `json:"stored"`
	Corrected int `json:"corrected"`
	Duplicate int `json:"duplicate"`
	Late      int `json:"late"`
	Parked    int `json:"parked"`
	Rejected  int `json:"rejected"`
	Skipped   int `json:"skipped"`
}

// rereadBatch is how many messages are read at once.
const rereadBatch = 20

// rereadWebhooks reads again each webhook of which something was rejected, using its channel's present mapping.
func (a *api) rereadWebhooks(r *http.Request, tenant string) (any, error) {
	p := query(r, "channel")
	only := p.text("channel")
	if p.err != nil {
		return nil, p.err
	}
	if only != "" {
		if _, err := a.channel(r, tenant, only); err != nil {
			return nil, err
		}
	}
	out := reread{}
	for after := ""; ; {
		list, last, err := a.Sales.Messages(r.Context(), tenant, only, after, rereadBatch)
		if err != nil || len(list) == 0 {
			return out, err
		}
		for _, m := range list {
			c, err := a.channel(r, tenant, m.Channel)
			if errors.Is(err, state.ErrNotFound) {
				continue // the channel was deleted; what is kept of it stays
			}
			if err == nil {
				err = out.read(r.Context(), a, &c, tenant, m)
			}
			if err != nil {
				return out, err
			}
		}
		after = last
	}
}

func (o *reread) read(ctx context.Context, a *api, c *intake.Channel, tenant string, m sales.Message) error {
	r, refused, err := c.Reread(ctx, a.Sales, tenant, m, a.Now())
	if err != nil {
		return err
	}
	o.Messages++
	if !refused {
		o.Taken++
	}
	o.Stored, o.Corrected, o.Duplicate, o.Late = o.Stored+r.Stored, o.Corrected+r.Corrected, o.Duplicate+r.Duplicate, o.Late+r.Late
	o.Parked, o.Rejected, o.Skipped = o.Parked+r.Parked, o.Rejected+r.Rejected, o.Skipped+r.Skipped
	return nil
}

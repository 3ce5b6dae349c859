package deliver

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
)

// hook delivers to a Webhook.
type hook struct {
	Webhook
	client *http.Client
	signer *standardwebhooks.Webhook
	now    func() time.Time
}

func newHook(w Webhook, client *http.Client, now func() time.Time) (*hook, error) {
	signer, err := standardwebhooks.NewWebhook(w.Secret)
	if err != nil {
		return nil, fmt.Errorf("secret of webhook %s: %w", w.ID, err)
	}
	return &hook{w, client, signer, now}, nil
}

// Wants reports whether the webhook's owner has selected the entry.
func (h *hook) Wants(e *alert.Entry) bool {
	in := func(list []string, v string) bool { return len(list) == 0 || slices.Contains(list, v) }
	return e.Tenant == h.Tenant && in(h.Types, string(e.Type)) && e.AnyStore(func(s string) bool { return in(h.Stores, s) }) && e.AnySeverity(func(s alert.Severity) bool { return in(h.Severities, string(s)) }) &&
		(h.Format == FormatEvents || e.Kind == alert.Opened || e.Kind == alert.Resolved || e.Graver() || e.Withdrawn())
}

// Deliver posts one event.
func (h *hook) Deliver(ctx context.Context, e *alert.Entry) error {
	if quiet, err := h.quiet(e); quiet || err != nil {
		return err
	}
	body, contentType, err := h.body(e)
	if err != nil {
		return err
	}
	return h.post(ctx, e.EventID, body, contentType)
}

// post sends a message that has an ID. Any status of 2xx means that it was accepted, whatever may be wrong with
// the rest of the answer; only the answers of robots have to be read.
func (h *hook) post(ctx context.Context, id string, body []byte, contentType string) error {
	resp, err := h.send(ctx, id, body, contentType)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if h.Format == FormatEvents || resp.StatusCode/100 != 2 {
		return h.judge(resp, nil)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("webhook %s: read answer: %w", h.ID, err)
	}
	return h.judge(resp, answer)
}

// maxAnswer bounds how much of a target's answer is read.
const maxAnswer = 4096

func (h *hook) send(ctx context.Context, id string, body []byte, contentType string) (*http.Response, error) {
	target, body, err := h.address(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("webhook %s: %w", h.ID, withoutURL(err))
	}
	req.Header.Set("Content-Type", contentType)
	req.Header.Set("User-Agent", "coldshelf-webhooks/1")
	if h.Format == FormatEvents {
		at := h.now()
		signature, err := h.signer.Sign(id, at, body)
		if err != nil {
			return nil, fmt.Errorf("sign for webhook %s: %w", h.ID, err)
		}
		req.Header.Set(standardwebhooks.HeaderWebhookID, id)
		req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
		req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	}
	resp, err := h.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("webhook %s: %w", h.ID, withoutURL(err))
	}
	return resp, nil
}

// judge returns nil if an answer means that the message was accepted.
func (h *hook) judge(resp *http.Response, answer []byte) error {
	switch status := resp.StatusCode; {
	case status == http.StatusGone:
		return fmt.Errorf("webhook %s: %w", h.ID, ErrGone)
	case status/100 != 2:
		return fmt.Errorf("webhook %s: %w", h.ID, &statusError{status, waitFor(resp.Header.Get("Retry-After"), h.now())})
	case h.Format == FormatEvents:
		return nil
	}
	return robotAnswer(h.Webhook, answer)
}

// quiet reports whether the target is for people and somebody has muted the alert.
func (h *hook) quiet(e *alert.Entry) (bool, error) {
	if h.Format == FormatEvents {
		return false, nil
	}
	var a alert.Alert
	if err := json.Unmarshal(e.Alert, &a); err != nil {
		return false, fmt.Errorf("stored alert %s: %w", e.AlertID, err)
	}
	return a.MutedAt(h.now()), nil
}

// body returns the event in the target's format.
func (h *hook) body(e *alert.Entry) (body []byte, contentType string, err error) {
	if h.Format == FormatEvents {
		body, err = json.Marshal(e.Event())
		contentType = cloudEventMedia
	} else {
		var title, text string
		if title, text, err = tell(e); err == nil {
			body, err = robotMessage(h.Format, title, text)
		}
		contentType = "application/json"
	}
	if err != nil {
		err = fmt.Errorf("encode event %s: %w", e.EventID, err)
	}
	return body, contentType, err
}

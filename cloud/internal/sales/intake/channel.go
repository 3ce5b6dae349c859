package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Channel is how somebody sends: what he signs with, and what his messages look like.
type Channel struct {
	Channel string          `json:"channel"`
	Kind    string          `json:"kind"`             // shopify; webhook: foreign JSON by the mapping; file: CSV by the mapping; poslog
	Secret  string          `json:"secret,omitempty"` // told to us, and never told again
	Store   string          `json:"store,omitempty"`  // shopify: of orders that name no place
	Sign    *Signature      `json:"sign,omitempty"`   // webhook
	Mapping json.RawMessage `json:"mapping,omitempty"`
	ID      string          `json:"id_header,omitempty"` // webhook: the header that numbers deliveries
	Reply   json.RawMessage `json:"reply,omitempty"`     // webhook: what the sender wants to hear, such as {"data":"ok"}
}

// Validate says what is wrong.
func (c *Channel) Validate() error {
	if err := (wire.Identity{Tenant: "t", Store: "s", Device: c.Channel}).Validate(); err != nil {
		return fmt.Errorf("channel %q: its name has 1 to 64 of A-Z a-z 0-9 . _ -", c.Channel)
	}
	kinds := []string{"shopify", "webhook", "file", "poslog"}
	if !slices.Contains(kinds, c.Kind) {
		return fmt.Errorf("kind is %q, want one of %s", c.Kind, strings.Join(kinds, ", "))
	}
	hook := c.Kind == "shopify" || c.Kind == "webhook"
	if hook && len(c.Secret) < 8 {
		return errors.New("secret is missing or shorter than 8 characters: anybody could send sales")
	}
	if (c.Kind == "webhook") != (c.Sign != nil) {
		return errors.New("sign is there for the kind webhook, and for no other")
	}
	if c.Sign != nil {
		if err := c.Sign.validate(); err != nil {
			return err
		}
	}
	if (c.Kind == "webhook" || c.Kind == "file") != (len(c.Mapping) > 0) {
		return errors.New("mapping is there for the kinds webhook and file, and for no other")
	}
	if len(c.Mapping) == 0 {
		return nil
	}
	m, err := DecodeMapping(c.Mapping)
	if err != nil {
		return err
	}
	if want := map[string]string{"webhook": "json", "file": "csv"}[c.Kind]; m.Format != want {
		return fmt.Errorf("the mapping is for %s, want %s", m.Format, want)
	}
	return nil
}

// ErrSignature says that a webhook is not signed by who knows the secret. Nothing of it is kept.
var ErrSignature = errors.New("the signature is wrong")

// Delivery is a webhook as it came, its body untouched.
type Delivery struct {
	Header http.Header
	Query  url.Values
	Body   []byte
	Now    time.Time
}

// Receive takes a webhook: proves who sent it, passes over one that came before, reads it and puts its
// lines into the ledger; what is wrong in them is kept to be mended, because the sender would only
// send it again as it is.
func (c *Channel) Receive(ctx context.Context, l *sales.Ledger, tenant string, d Delivery) (Report, error) {
	r := Report{Problems: []Problem{}}
	id, topic := d.Header.Get(c.ID), ""
	if c.Kind == "shopify" {
		if err := shopifySignature.verify(c.Secret, d); err != nil {
			return r, err
		}
		id, topic = either(d.Header.Get("X-Shopify-Event-Id"), d.Header.Get("X-Shopify-Webhook-Id")), d.Header.Get("X-Shopify-Topic")
		id += separatorIf(id, topic)
	} else if err := c.Sign.verify(c.Secret, d); err != nil {
		return r, err
	}
	if id != "" {
		before, err := l.Delivered(ctx, tenant, c.Channel, id)
		if before || err != nil {
			return r, err
		}
	}
	skipped := 0
	items, err := c.items(ctx, l, tenant, topic, d, &skipped)
	if err != nil {
		return r, err
	}
	r, err = Intake{Ledger: l, Tenant: tenant, Keep: "webhook/" + c.Channel}.Take(ctx, items)
	r.Skipped = skipped
	if err == nil && id != "" {
		err = l.Deliver(ctx, tenant, c.Channel, id)
	}
	return r, err
}

// separatorIf joins a topic to an id: one event of Shopify comes under several topics.
func separatorIf(id, topic string) string {
	if id == "" {
		return ""
	}
	return "/" + topic
}

func (c *Channel) items(ctx context.Context, l *sales.Ledger, tenant, topic string, d Delivery, skipped *int) (iter.Seq[Item], error) {
	if c.Kind == "shopify" {
		return Shopify(topic, d.Body, c.Channel, c.Store), nil
	}
	m, err := DecodeMapping(c.Mapping)
	if err != nil {
		return nil, err
	}
	if m.Channel == "" {
		m.Channel = c.Channel
	}
	kind := d.Header.Get("Content-Type")
	if o, revision, ok := m.calledOff(kind, d.Body); ok {
		lines, err := l.Lines(ctx, tenant, sales.LineQuery{Channel: o.Channel, Order: o.Order})
		if err != nil {
			return nil, err
		}
		if len(lines) > 0 {
			return unsold(lines, revision, d.Body), nil
		}
		return whole(&sales.Fault{Code: sales.Missing, Field: "lines", Text: fmt.Sprintf("order %s of %s is cancelled without its lines, and none of them is known", o.Order, o.Channel),
			Hint: "when its lines have come, send them with quantity 0 and a higher revision"}, string(d.Body)), nil
	}
	return Mapped(kind, d.Body, m, skipped), nil
}

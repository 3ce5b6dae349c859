package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
// send it again as it is. ErrSignature, ErrCharset.
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
	kind := topic
	if c.Kind != "shopify" {
		kind = strings.ToValidUTF8(d.Header.Get("Content-Type"), "") // else PostgreSQL keeps nothing of the message
		if _, _, err := MediaType(kind); err != nil {
			return r, err
		}
	}
	r, err := c.Read(ctx, l, tenant, sales.Message{Channel: c.Channel, Kind: kind, Body: d.Body})
	if err == nil && id != "" {
		err = l.Deliver(ctx, tenant, c.Channel, id)
	}
	return r, err
}

// Read puts the lines of a webhook into the ledger; what is wrong in them is kept to be mended, with the message.
func (c *Channel) Read(ctx context.Context, l *sales.Ledger, tenant string, m sales.Message) (Report, error) {
	in := Intake{Ledger: l, Tenant: tenant, Keep: "webhook/" + c.Channel, From: &m}
	if c.Kind == "shopify" {
		return in.Take(ctx, Shopify(m.Kind, m.Body, c.Channel, c.Store))
	}
	mapping, err := DecodeMapping(c.Mapping)
	if err != nil {
		return Report{}, err
	}
	if mapping.Channel == "" {
		mapping.Channel = c.Channel
	}
	if o, revision, ok := mapping.calledOff(m.Kind, m.Body); ok {
		return in.callOff(ctx, l, o, revision)
	}
	skipped := 0
	r, err := in.Take(ctx, Mapped(m.Kind, m.Body, mapping, &skipped))
	r.Skipped = skipped
	return r, err
}

// Reread reads a message again by the channel as it is now. It tells whether something of it is still refused.
func (c *Channel) Reread(ctx context.Context, l *sales.Ledger, tenant string, m sales.Message, now time.Time) (r Report, refused bool, err error) {
	if r, err = c.Read(ctx, l, tenant, m); err != nil {
		return r, false, err
	}
	refused, err = l.Reread(ctx, tenant, m, now)
	return r, refused, err
}

// callOff takes a cancellation that names no lines: what is known of its order counts as nothing, and so does what comes
// later of revisions before it.
func (in Intake) callOff(ctx context.Context, l *sales.Ledger, o sales.OrderName, revision int64) (Report, error) {
	r := Report{Problems: []Problem{}}
	drafts, verdicts, err := l.CallOff(ctx, in.Tenant, o, revision)
	if err != nil {
		return r, err
	}
	if len(drafts) == 0 {
		r.count(Item{Place: 1}, sales.Verdict{Status: sales.Parked, Fault: &sales.Fault{Code: sales.UnknownOriginal, Field: "order",
			Text: fmt.Sprintf("order %s of %s is cancelled, and none of its lines is known", o.Order, o.Channel), Hint: "when they come they count as nothing"}})
		return r, nil
	}
	var refusals []sales.Refusal
	for i, d := range drafts {
		it := Item{Place: int64(i + 1), Draft: d}
		it.mendable()
		r.count(it, verdicts[i])
		if verdicts[i].Status == sales.Rejected {
			refusals = append(refusals, sales.Refusal{Source: in.Keep, Place: it.Place, Fault: *verdicts[i].Fault, Input: it.Input, From: in.From})
		}
	}
	return r, l.Reject(ctx, in.Tenant, refusals)
}

// separatorIf joins a topic to an id: one event of Shopify comes under several topics.
func separatorIf(id, topic string) string {
	if id == "" {
		return ""
	}
	return "/" + topic
}

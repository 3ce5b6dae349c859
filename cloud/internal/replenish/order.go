package replenish

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Ordering is the system to which approved orders are posted. Its secret signs them according to Standard
// Webhooks.
type Ordering struct {
	URL    string `json:"url"` // "": none
	Secret string `json:"secret,omitempty"`
}

// Order is what is posted to an ordering system.
type Order struct {
	Type     string     `json:"type"` // replenishment.order
	ID       string     `json:"id"`   // the same for a repetition
	Store    string     `json:"store"`
	GLN      string     `json:"gln,omitempty"`
	GTIN     shelf.GTIN `json:"gtin"` // of what is ordered
	Quantity int64      `json:"quantity"`
	Unit     shelf.GTIN `json:"unit_gtin"`
	Units    int64      `json:"units"`
	Delivery time.Time  `json:"delivery"`
	By       string     `json:"approved_by,omitempty"`
	Note     string     `json:"note,omitempty"`
}

// ReadOrdering returns a tenant's ordering system; if there is none, its URL is "".
func ReadOrdering(ctx context.Context, q state.Querier, tenant string) (o Ordering, err error) {
	err = q.QueryRow(ctx, "SELECT url, secret FROM replenish_ordering WHERE tenant = ?", tenant).Scan(&o.URL, &o.Secret)
	if errors.Is(err, sql.ErrNoRows) {
		return Ordering{}, nil
	}
	if err != nil {
		return o, fmt.Errorf("read ordering system: %w", err)
	}
	return o, nil
}

// PutOrdering sets a tenant's ordering system.
func PutOrdering(ctx context.Context, tx *state.Tx, tenant string, o Ordering) error {
	if u, err := url.Parse(o.URL); o.URL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil) {
		return fmt.Errorf("url %q: want https://host/path", o.URL)
	}
	if _, err := standardwebhooks.NewWebhook(o.Secret); err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	_, err := tx.Exec(ctx, `INSERT INTO replenish_ordering (tenant, url, secret) VALUES (?, ?, ?)
		ON CONFLICT (tenant) DO UPDATE SET url = excluded.url, secret = excluded.secret`, tenant, o.URL, o.Secret)
	if err != nil {
		return fmt.Errorf("store ordering system: %w", err)
	}
	return nil
}

// sentAtOnce bounds how many orders one step posts.
const sentAtOnce = 1000

// silences is the number of orders in a row without any answer after which the others wait for the next step:
// the system is away, and each order would wait for its timeout.
const silences = 3

// Send posts a tenant's approved orders, each until the other side has accepted it (2xx). An order that fails
// stays approved, records why, and does not hold up the others. One that was not accepted before its delivery
// was due expires, and is never sent.
func (p *Planner) Send(ctx context.Context, tenant string) error {
	o, err := ReadOrdering(ctx, p.DB, tenant)
	if err != nil || o.URL == "" {
		return err
	}
	list, err := List(ctx, p.DB, tenant, Filter{Statuses: []Status{Approved}, Limit: sentAtOnce})
	if err != nil {
		return err
	}
	silent := 0
	for i := range list {
		s := &list[i]
		fault := ""
		if s.Cases > 0 {
			if !p.Now().Before(s.Delivery) {
				if err := p.tooLate(ctx, tenant, s); err != nil {
					return err
				}
				continue
			}
			if silent == silences {
				continue // orders that are too late are ended all the same
			}
			answered, err := p.post(ctx, o, s)
			if err != nil {
				if ctx.Err() != nil {
					return nil
				}
				fault = err.Error()
			}
			if silent++; answered {
				silent = 0
			}
		}
		if err := p.settle(ctx, tenant, s, fault); err != nil {
			return err
		}
	}
	return nil
}

// post sends an order; answered reports whether there was any answer.
func (p *Planner) post(ctx context.Context, o Ordering, s *Suggestion) (answered bool, err error) {
	body, err := json.Marshal(Order{"replenishment.order", s.ID, s.Store, s.GLN, s.Case, s.Cases, s.GTIN, s.Cases * s.Pack, s.Delivery, s.By, s.Note})
	if err != nil {
		return false, err
	}
	signer, err := standardwebhooks.NewWebhook(o.Secret)
	if err != nil {
		return false, err
	}
	at := p.Now()
	signature, err := signer.Sign(s.ID, at, body)
	if err != nil {
		return false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.URL, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "coldshelf-orders/1")
	req.Header.Set(standardwebhooks.HeaderWebhookID, s.ID)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, fmt.Sprint(at.Unix()))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	resp, err := p.Client.Do(req)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 4096)) // so that the connection can be reused
	if resp.StatusCode/100 != 2 {
		return true, fmt.Errorf("status %d", resp.StatusCode)
	}
	return true, nil
}

// settle records that an order was accepted, or why not. Somebody may have paused it while it was being sent:
// it was sent all the same.
func (p *Planner) settle(ctx context.Context, tenant string, sent *Suggestion, fault string) error {
	return p.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "replenish/"+tenant); err != nil {
			return err
		}
		s, err := get(ctx, tx, tenant, sent.ID)
		if err != nil {
			return err
		}
		if s.Fault = fault; fault == "" {
			now := p.Now().UTC()
			s.Status, s.SentAt, s.Cases = Sent, &now, sent.Cases
		}
		return put(ctx, tx, tenant, s)
	})
}

// tooLate ends an approved order that was not sent before its delivery.
func (p *Planner) tooLate(ctx context.Context, tenant string, late *Suggestion) error {
	return p.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "replenish/"+tenant); err != nil {
			return err
		}
		s, err := get(ctx, tx, tenant, late.ID)
		if err != nil || s.Status != Approved {
			return err
		}
		p.Log.Warn("an approved order was not sent before its delivery", "tenant", tenant, "order", s.ID, "store", s.Store, "gtin", s.GTIN, "delivery", s.Delivery, "fault", s.Fault)
		why := "not sent before its delivery was due"
		if s.Fault != "" {
			why += ": " + s.Fault
		}
		s.Status, s.Fault = Expired, why
		return put(ctx, tx, tenant, s)
	})
}

// closeBack is how long after its cycle a suggestion still gets its outcome.
const closeBack = 14 * 24 * time.Hour

// Close ends what is over: it expires suggestions that can no longer be ordered, and records the outcome of
// those whose cycle has passed.
func (p *Planner) Close(ctx context.Context, tenant string) error {
	now := p.Now().UTC()
	list, err := List(ctx, p.DB, tenant, Filter{Since: now.Add(-closeBack), Limit: 1_000_000})
	if err != nil {
		return err
	}
	masters, err := merge.ReadMasters(ctx, p.DB, tenant)
	if err != nil {
		return err
	}
	for i := range list {
		s := &list[i]
		late := (s.Status == Suggested || s.Status == Paused) && now.After(s.OrderBy)
		// Allow an hour, so that the cycle's last hour is merged.
		over := s.Outcome == nil && now.After(s.Next.Add(time.Hour+merge.Grace))
		if !late && !over {
			continue
		}
		var outcome *Outcome
		if over {
			if outcome, err = p.outcome(ctx, tenant, masters.Place(s.Store), s); err != nil {
				return err
			}
		}
		err := p.DB.Write(ctx, func(tx *state.Tx) error {
			if err := tx.Exclusive(ctx, "replenish/"+tenant); err != nil {
				return err
			}
			is, err := get(ctx, tx, tenant, s.ID)
			if err != nil {
				return err
			}
			if late && (is.Status == Suggested || is.Status == Paused) {
				is.Status = Expired
			}
			if outcome != nil {
				is.Outcome = outcome
			}
			return put(ctx, tx, tenant, is)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Planner) outcome(ctx context.Context, tenant string, place *merge.Place, s *Suggestion) (*Outcome, error) {
	sum := merge.Cell{GTIN: s.GTIN}
	err := merge.Read(ctx, p.DB, merge.Stretch{Tenant: tenant, From: s.Delivery, To: s.Next, ByHour: true, Stores: []string{s.Store}},
		func(string) *time.Location { return place.Zone },
		func(_ string, h *merge.Hour, _ time.Time) { sum.Add(h.Cell(s.GTIN)) })
	if err != nil {
		return nil, err
	}
	o := &Outcome{Sold: sum.Units(), OutHours: round1(float64(sum.OutTime()) / 3_600_000), LostUnits: round1(float64(sum.LostUnits()) / merge.Micro), At: p.Now().UTC()}
	if sum.Open > 0 {
		o.Watched = float64(sum.Watched) / float64(sum.Open)
	}
	demand := float64(sum.Units()) + o.LostUnits
	o.Error = round1(s.Demand.Mean - demand)
	o.InRange = demand >= s.Demand.P10 && demand <= s.Demand.P90
	return o, nil
}

func isNotFound(err error) bool { return errors.Is(err, state.ErrNotFound) }

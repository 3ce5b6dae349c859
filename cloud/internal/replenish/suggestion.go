package replenish

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Tables are the tables of this package.
var Tables = state.Migrations{Name: "replenish", Steps: []string{`
CREATE TABLE replenish_calendars (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	body   TEXT NOT NULL,
	PRIMARY KEY (tenant, store)
);
CREATE TABLE replenish_suggestions (
	tenant   TEXT NOT NULL,
	id       TEXT NOT NULL,
	store    TEXT NOT NULL,
	status   TEXT NOT NULL,
	delivery BIGINT NOT NULL,
	next     BIGINT NOT NULL,
	gain     BIGINT NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX replenish_suggestions_by_status ON replenish_suggestions (tenant, status, gain);
CREATE TABLE replenish_ordering (
	tenant TEXT PRIMARY KEY,
	url    TEXT NOT NULL,
	secret TEXT NOT NULL
);
`, `
CREATE TABLE replenish_paused (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	gtin   TEXT NOT NULL,
	who    TEXT NOT NULL,
	note   TEXT NOT NULL,
	PRIMARY KEY (tenant, store, gtin)
);
`}}

// Status is the status of a suggestion.
type Status string

// The statuses. A suggestion about which nobody decided before its order was due is expired; so is an approved
// one that the ordering system had not accepted when its delivery was due.
const (
	Suggested Status = "suggested"
	Approved  Status = "approved"
	Paused    Status = "paused"
	Sent      Status = "sent"
	Expired   Status = "expired"
)

// Suggestion is one suggested order.
type Suggestion struct {
	ID     string     `json:"id"`
	Store  string     `json:"store"`
	GLN    string     `json:"gln,omitempty"`
	GTIN   shelf.GTIN `json:"gtin"` // the unit
	Name   string     `json:"name,omitempty"`
	Case   shelf.GTIN `json:"case"` // what is ordered; the unit itself if it comes singly
	Pack   int64      `json:"units_per_case"`
	Cases  int64      `json:"cases"`
	Advice int64      `json:"cases_suggested"`
	Status Status     `json:"status"`
	Cycle
	Stock       float64    `json:"stock"`
	StockSource string     `json:"stock_source"` // book or shelf
	Arrival     float64    `json:"stock_at_delivery"`
	Demand      Demand     `json:"demand"`
	Capacity    int64      `json:"capacity,omitempty"`
	Capped      bool       `json:"capped_by_cooler"`
	Over        int64      `json:"over_capacity,omitempty"` // units of the order for which there is no room in the coolers, because they hold less than a case
	GainMinor   int64      `json:"gain_minor"`
	Currency    string     `json:"currency"`
	GainUnits   float64    `json:"gain_units"`
	By          string     `json:"by,omitempty"` // who decided
	Note        string     `json:"note,omitempty"`
	MadeAt      time.Time  `json:"made_at"`
	SentAt      *time.Time `json:"sent_at,omitempty"`
	Fault       string     `json:"fault,omitempty"` // why it could not be sent yet, or was never sent
	Outcome     *Outcome   `json:"outcome,omitempty"`
}

// Demand is the forecast of a cycle, in units.
type Demand struct {
	Mean   float64 `json:"mean"`
	P10    float64 `json:"p10"`
	P50    float64 `json:"p50"`
	P90    float64 `json:"p90"`
	Lift   float64 `json:"lift"`   // of the mean: what planned promotions add
	Online float64 `json:"online"` // of the mean: online orders that the store picks
}

// Outcome is how a suggestion turned out, once its cycle is over.
type Outcome struct {
	Sold      int64     `json:"sold"` // units in the cycle, all channels
	OutHours  float64   `json:"out_hours"`
	LostUnits float64   `json:"lost_units"`
	Watched   float64   `json:"watched"`  // share of the cycle's opening hours
	InRange   bool      `json:"in_range"` // what was sold and lost is within the forecast's p10 to p90
	Error     float64   `json:"error"`    // forecast's mean less what was sold and lost
	At        time.Time `json:"at"`
}

// Errors that a caller may branch on.
var (
	ErrDecided = errors.New("the suggestion was sent or is over")
	ErrCases   = errors.New("cases is a whole number from 0 to 100000")
	ErrChanged = errors.New("the suggestion is another one by now")
)

// Filter selects suggestions; zero fields select all.
type Filter struct {
	Stores   []string
	Statuses []Status
	Since    time.Time // whose cycle ends after it
	Limit    int
}

// List returns suggestions, those worth the most money first.
func List(ctx context.Context, q state.Querier, tenant string, f Filter) ([]Suggestion, error) {
	where, args := "tenant = ?", []any{tenant}
	in := func(column string, values []string) {
		if len(values) > 0 {
			where += " AND " + column + " IN (?" + strings.Repeat(",?", len(values)-1) + ")"
			for _, v := range values {
				args = append(args, v)
			}
		}
	}
	in("store", f.Stores)
	if !f.Since.IsZero() {
		where, args = where+" AND next > ?", append(args, f.Since.Unix())
	}
	statuses := make([]string, len(f.Statuses))
	for i, s := range f.Statuses {
		statuses[i] = string(s)
	}
	in("status", statuses)
	bodies, err := state.Texts(ctx, q, "SELECT body FROM replenish_suggestions WHERE "+where+" ORDER BY gain DESC, id LIMIT ?", append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("list suggestions: %w", err)
	}
	list := []Suggestion{}
	for _, body := range bodies {
		var s Suggestion
		if err := json.Unmarshal([]byte(body), &s); err != nil {
			return nil, fmt.Errorf("stored suggestion: %w", err)
		}
		list = append(list, s)
	}
	return list, nil
}

func get(ctx context.Context, q state.Querier, tenant, id string) (*Suggestion, error) {
	var body string
	err := q.QueryRow(ctx, "SELECT body FROM replenish_suggestions WHERE tenant = ? AND id = ?", tenant, id).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("suggestion %s: %w", id, state.ErrNotFound)
	}
	s := &Suggestion{}
	if err == nil {
		err = json.Unmarshal([]byte(body), s)
	}
	if err != nil {
		return nil, fmt.Errorf("read suggestion %s: %w", id, err)
	}
	return s, nil
}

func put(ctx context.Context, tx *state.Tx, tenant string, s *Suggestion) error {
	body, err := json.Marshal(s)
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO replenish_suggestions (tenant, id, store, status, delivery, next, gain, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, id) DO UPDATE SET status = excluded.status, delivery = excluded.delivery, next = excluded.next, gain = excluded.gain, body = excluded.body`,
			tenant, s.ID, s.Store, string(s.Status), s.Delivery.Unix(), s.Next.Unix(), s.GainMinor, string(body))
	}
	if err != nil {
		return fmt.Errorf("store suggestion %s: %w", s.ID, err)
	}
	return nil
}

// Word is a person's decision.
type Word struct {
	Action string `json:"action"`     // approve, change, pause or resume
	Cases  *int64 `json:"cases"`      // of change, which also approves
	Seen   *int64 `json:"seen_cases"` // for approve: the number of cases that the person has seen; nil: whatever it is
	By     string `json:"by"`
	Note   string `json:"note"`
}

// Decide applies a person's decision. For a suggestion that was sent or is over, the error is ErrDecided. If
// one is approved that differs from what was seen, because it was planned again or somebody has changed it
// meanwhile, the error is ErrChanged. If it is approved twice, the first approval counts. A pause applies to
// the product in the store: its suggestions for later deliveries are paused too, until one of them is resumed,
// approved or changed.
func Decide(ctx context.Context, db *state.DB, tenant, id string, w Word) (s *Suggestion, err error) {
	err = db.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, "replenish/"+tenant); err != nil {
			return err
		}
		if s, err = get(ctx, tx, tenant, id); err != nil {
			return err
		}
		if s.Status == Sent || s.Status == Expired {
			return fmt.Errorf("suggestion %s is %s: %w", id, s.Status, ErrDecided)
		}
		was := s.Status
		if err := s.take(w); err != nil {
			return err
		}
		if was == Approved && w.Action == "approve" {
			return nil
		}
		s.By, s.Note = w.By, w.Note
		if err := setPause(ctx, tx, tenant, s); err != nil {
			return err
		}
		return put(ctx, tx, tenant, s)
	})
	return s, err
}

// take changes the suggestion as a person has decided.
func (s *Suggestion) take(w Word) error {
	switch w.Action {
	case "approve":
		if w.Seen != nil && *w.Seen != s.Cases {
			return fmt.Errorf("suggestion %s is of %d cases, not of %d: %w", s.ID, s.Cases, *w.Seen, ErrChanged)
		}
		s.Status = Approved
	case "change":
		if w.Cases == nil || *w.Cases < 0 || *w.Cases > 100_000 {
			return ErrCases
		}
		s.Cases, s.Status = *w.Cases, Approved
	case "pause":
		s.Status = Paused
	case "resume":
		s.Status = Suggested
	default:
		return fmt.Errorf("%w: action %q, want approve, change, pause or resume", ErrWord, w.Action)
	}
	return nil
}

// setPause records whether a suggestion's product is paused in its store.
func setPause(ctx context.Context, tx *state.Tx, tenant string, s *Suggestion) (err error) {
	if s.Status == Paused {
		_, err = tx.Exec(ctx, `INSERT INTO replenish_paused (tenant, store, gtin, who, note) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (tenant, store, gtin) DO UPDATE SET who = excluded.who, note = excluded.note`, tenant, s.Store, string(s.GTIN), s.By, s.Note)
	} else {
		_, err = tx.Exec(ctx, "DELETE FROM replenish_paused WHERE tenant = ? AND store = ? AND gtin = ?", tenant, s.Store, string(s.GTIN))
	}
	if err != nil {
		return fmt.Errorf("pause %s in %s: %w", s.GTIN, s.Store, err)
	}
	return nil
}

// paused says by whom a product was paused.
type paused struct{ by, note string }

// readPaused returns what is paused in a store.
func readPaused(ctx context.Context, q state.Querier, tenant, store string) (map[shelf.GTIN]paused, error) {
	rows, err := q.Query(ctx, "SELECT gtin, who, note FROM replenish_paused WHERE tenant = ? AND store = ?", tenant, store)
	if err != nil {
		return nil, fmt.Errorf("read what is paused: %w", err)
	}
	defer rows.Close()
	out := map[shelf.GTIN]paused{}
	for rows.Next() {
		var g shelf.GTIN
		var p paused
		if err := rows.Scan(&g, &p.by, &p.note); err != nil {
			return nil, fmt.Errorf("read what is paused: %w", err)
		}
		out[g] = p
	}
	return out, rows.Err()
}

// ErrWord says that an action is unknown.
var ErrWord = errors.New("not understood")

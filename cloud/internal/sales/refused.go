package sales

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Refusal is an input that has to be mended and sent again.
type Refusal struct {
	ID     int64     `json:"id"`
	Source string    `json:"source"`          // webhook/shopify, mqtt/…, drop/file.csv, parked
	Place  int64     `json:"place,omitempty"` // line of the file or message, from 1; 0: the whole
	Fault            // what is wrong
	Input  string    `json:"input"` // as it came
	Times  int64     `json:"times"` // how often it came
	LastAt time.Time `json:"last_at"`

	Message string   `json:"message,omitempty"` // the webhook that it came in, which can be read again
	From    *Message `json:"-"`                 // the same, when it is refused
}

// maxInput is how much of an input is kept.
const maxInput = 64 << 10

// reject keeps a refusal; the same input from the same source counts.
func (t *turn) reject(ctx context.Context, r Refusal) error {
	if len(r.Input) > maxInput {
		r.Input = r.Input[:maxInput]
	}
	r.Input = strings.ReplaceAll(strings.ToValidUTF8(r.Input, "\ufffd"), "\x00", "\ufffd") // else PostgreSQL keeps nothing of it
	if r.From != nil {
		var err error
		if r.Message, err = t.keep(ctx, r.From); err != nil {
			return err
		}
	}
	digest := sha256.Sum256([]byte(r.Source + separator + r.Input))
	sum, before := hex.EncodeToString(digest[:]), ""
	err := t.QueryRow(ctx, "SELECT message FROM sales_rejected WHERE tenant = ? AND sha256 = ?", t.tenant, sum).Scan(&before)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("keep a rejected line: %w", err)
	}
	_, err = t.Exec(ctx, `INSERT INTO sales_rejected (tenant, source, place, code, field, detail, hint, input, sha256, times, last_at, message)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?) ON CONFLICT (tenant, sha256) DO UPDATE SET times = sales_rejected.times + 1,
		last_at = excluded.last_at, code = excluded.code, field = excluded.field, detail = excluded.detail, hint = excluded.hint, message = excluded.message`,
		t.tenant, r.Source, r.Place, r.Code, r.Field, r.Text, r.Hint, r.Input, sum, state.Micros(t.now), r.Message)
	if err == nil && before != "" && before != r.Message {
		_, err = t.dropMessage(ctx, before) // the later one has all that was refused of it
	}
	if err != nil {
		return fmt.Errorf("keep a rejected line: %w", err)
	}
	return nil
}

// Reject keeps what a sender will not keep, so that it can be mended.
func (l *Ledger) Reject(ctx context.Context, tenant string, refusals []Refusal) error {
	if len(refusals) == 0 {
		return nil
	}
	return l.write(ctx, tenant, func(t *turn) error {
		for _, r := range refusals {
			if err := t.reject(ctx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// Refused lists up to limit refusals with a number above after.
func (l *Ledger) Refused(ctx context.Context, tenant string, after int64, limit int) ([]Refusal, error) {
	rows, err := l.db.Query(ctx, `SELECT id, source, place, code, field, detail, hint, input, times, last_at, message FROM sales_rejected
		WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?`, tenant, after, limit)
	if err != nil {
		return nil, fmt.Errorf("read rejected lines: %w", err)
	}
	defer rows.Close()
	list := []Refusal{}
	for rows.Next() {
		var r Refusal
		var at int64
		if err := rows.Scan(&r.ID, &r.Source, &r.Place, &r.Code, &r.Field, &r.Text, &r.Hint, &r.Input, &r.Times, &at, &r.Message); err != nil {
			return nil, fmt.Errorf("read rejected lines: %w", err)
		}
		r.LastAt = state.Time(at)
		list = append(list, r)
	}
	return list, rows.Err()
}

// Mended forgets a refusal; state.ErrNotFound.
func (l *Ledger) Mended(ctx context.Context, tenant string, id int64) error {
	return l.write(ctx, tenant, func(t *turn) error {
		var message string
		err := t.QueryRow(ctx, "DELETE FROM sales_rejected WHERE tenant = ? AND id = ? RETURNING message", tenant, id).Scan(&message)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("rejected line %d: %w", id, state.ErrNotFound)
		}
		if err == nil && message != "" {
			_, err = t.dropMessage(ctx, message)
		}
		if err != nil {
			return fmt.Errorf("forget a rejected line: %w", err)
		}
		return nil
	})
}

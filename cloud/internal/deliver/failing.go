package deliver

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Failing is the state of a target that did not accept what it was offered last. It is kept across restarts, so
// that a restarted service does not begin with new patience.
type Failing struct {
	Since   time.Time `json:"since"`
	Error   string    `json:"error"` // of the last attempt
	TriedAt time.Time `json:"tried_at"`
	NextTry time.Time `json:"next_try"` // as planned then; the service may have stopped since

	patience time.Duration // the time for which it had been tried by TriedAt
}

// begin returns when the target began to fail. Only time in which it was tried counts: the time after the last
// attempt, while nobody tried, is left out.
func (f *Failing) begin(now time.Time) time.Time { return now.Add(-f.patience) }

// recipientName returns the name of a recipient's row.
func recipientName(tenant, recipient string) string { return "recipient/" + tenant + "/" + recipient }

// putFailing records another failure of a target; the beginning stays what it was.
func putFailing(ctx context.Context, tx *state.Tx, reader string, f Failing) error {
	_, err := tx.Exec(ctx, `INSERT INTO delivery_failing (reader, since, patience, reason, tried_at, next_try) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (reader) DO UPDATE SET patience = excluded.patience, reason = excluded.reason, tried_at = excluded.tried_at, next_try = excluded.next_try`,
		reader, state.Micros(f.Since), f.patience.Microseconds(), f.Error, state.Micros(f.TriedAt), state.Micros(f.NextTry))
	if err != nil {
		return fmt.Errorf("keep that %s fails: %w", reader, err)
	}
	return nil
}

// endFailing records that a target accepts what it is offered.
func endFailing(ctx context.Context, tx *state.Tx, reader string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM delivery_failing WHERE reader = ?", reader); err != nil {
		return fmt.Errorf("keep that %s works: %w", reader, err)
	}
	return nil
}

const failingColumns = "since, patience, reason, tried_at, next_try"

func scanFailing(scan func(...any) error, more ...any) (*Failing, error) {
	var f Failing
	var since, patience, tried, next int64
	if err := scan(append(more, &since, &patience, &f.Error, &tried, &next)...); err != nil {
		return nil, err
	}
	f.Since, f.patience, f.TriedAt, f.NextTry = state.Time(since), time.Duration(patience)*time.Microsecond, state.Time(tried), state.Time(next)
	return &f, nil
}

// getFailing returns a target's failure, or nil if it accepted what it was offered last.
func getFailing(ctx context.Context, q state.Querier, reader string) (*Failing, error) {
	f, err := scanFailing(q.QueryRow(ctx, "SELECT "+failingColumns+" FROM delivery_failing WHERE reader = ?", reader).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how %s fares: %w", reader, err)
	}
	return f, nil
}

// Health is the state of a webhook.
type Health struct {
	Failing     *Failing `json:"failing"`      // null: it accepted what it was offered last
	DeadLetters int      `json:"dead_letters"` // number of events that it never accepted
	Waiting     bool     `json:"waiting"`      // there are events in the log that it has not received yet
}

// Fares returns the health of webhooks, by their IDs.
func Fares(ctx context.Context, q state.Querier, hooks []Webhook) (map[string]Health, error) {
	health := make(map[string]Health, len(hooks))
	head, err := alert.LogHead(ctx, q)
	if err != nil {
		return nil, err
	}
	for _, w := range hooks {
		var h Health
		if h.Failing, err = getFailing(ctx, q, w.reader()); err != nil {
			return nil, err
		}
		if h.Failing != nil {
			h.Failing.Error = w.masked(h.Failing.Error)
		}
		if err := q.QueryRow(ctx, "SELECT COUNT(*) FROM dead_letters WHERE reader = ?", w.reader()).Scan(&h.DeadLetters); err != nil {
			return nil, fmt.Errorf("count dead letters of %s: %w", w.ID, err)
		}
		cursor, err := alert.ReaderCursor(ctx, q, w.reader())
		if err != nil {
			return nil, err
		}
		h.Waiting = w.Disabled == "" && cursor < head
		health[w.ID] = h
	}
	return health, nil
}

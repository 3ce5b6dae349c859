package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// The kinds of notices.
const (
	noticeOpened    = "opened"
	noticeDigest    = "digest"    // opened too, but told together with others
	noticeEscalated = "escalated" // nobody has acknowledged it
	noticeOver      = "over"
)

// The states of a notice.
const (
	noticePending = "pending"
	noticeSent    = "sent"
	noticeMoot    = "moot" // there was nothing left to tell
	noticeDead    = "dead" // the other side never accepted it
)

// Notice is one message to one recipient about one alert: who is told, when, and with what outcome.
type Notice struct {
	ID        string     `json:"id"`
	Alert     string     `json:"alert"`
	Recipient string     `json:"recipient"` // derived from the recipient's address
	Name      string     `json:"name"`
	Role      string     `json:"role"`
	Stage     int        `json:"stage"` // 0: told first; n: told by the n-th step of an escalation
	Kind      string     `json:"kind"`
	State     string     `json:"state"`
	PlannedAt time.Time  `json:"planned_at"`
	DueAt     time.Time  `json:"due_at"`
	DoneAt    *time.Time `json:"done_at"`          // null while it is pending
	Attempts  int        `json:"attempts"`         //
	Reason    string     `json:"reason,omitempty"` // why it is moot or dead, or was not accepted last

	tenant string
	leased time.Time
	round  int // how often the alert had been reopened
}

const noticeColumns = "id, tenant, alert_id, recipient, name, role, stage, kind, planned_at, due_at, leased_until, attempts, state, done_at, reason, round"

func readNotices(ctx context.Context, q state.Querier, where string, args ...any) ([]Notice, error) {
	rows, err := q.Query(ctx, "SELECT "+noticeColumns+" FROM notices "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read notices: %w", err)
	}
	defer rows.Close()
	list := []Notice{}
	for rows.Next() {
		var n Notice
		var planned, due, leased, done int64
		if err := rows.Scan(&n.ID, &n.tenant, &n.Alert, &n.Recipient, &n.Name, &n.Role, &n.Stage, &n.Kind, &planned, &due, &leased, &n.Attempts, &n.State, &done, &n.Reason, &n.round); err != nil {
			return nil, fmt.Errorf("read notices: %w", err)
		}
		n.PlannedAt, n.DueAt, n.leased = state.Time(planned), state.Time(due), state.Time(leased)
		if done > 0 {
			at := state.Time(done)
			n.DoneAt = &at
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// Notices lists a tenant's notices, those planned last first. alertID and in select one alert and one state
// unless they are "".
func Notices(ctx context.Context, q state.Querier, tenant, alertID, in string, limit int) ([]Notice, error) {
	return readNotices(ctx, q, "WHERE tenant = ? AND (alert_id = ? OR ? = '') AND (state = ? OR ? = '') ORDER BY planned_at DESC, id LIMIT ?",
		tenant, alertID, alertID, in, in, limit)
}

// plan stores a notice. An existing one stays as it is, unless it waits for a digest and must now go sooner.
func (n Notice) plan(ctx context.Context, tx *state.Tx) error {
	kind := n.Kind
	if kind == noticeDigest {
		kind = noticeOpened // so that a change of rules does not cause a second notice
	}
	named := []string{n.tenant, n.Alert, n.Recipient, kind, fmt.Sprint(n.Stage)}
	if n.round > 0 {
		named = append(named, fmt.Sprint(n.round))
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q", named))
	n.ID = "no_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:15]))
	_, err := tx.Exec(ctx, `INSERT INTO notices (id, tenant, alert_id, recipient, name, role, stage, kind, planned_at, due_at, state, round)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, due_at = excluded.due_at
			WHERE notices.state = excluded.state AND notices.kind = ? AND excluded.due_at < notices.due_at`,
		n.ID, n.tenant, n.Alert, n.Recipient, n.Name, n.Role, n.Stage, n.Kind, state.Micros(n.PlannedAt), state.Micros(n.DueAt), noticePending, n.round, noticeDigest)
	if err != nil {
		return fmt.Errorf("plan notice: %w", err)
	}
	return nil
}

// peopleReader is the name of the cursor up to which notices are planned.
const peopleReader = "people"

// Begin sets the cursor of notices to the log's head if there is none yet, so that nobody is told of older
// alerts. It must be called before there can be alerts.
func Begin(ctx context.Context, db *state.DB) error {
	return db.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, peopleReader); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM alert_readers WHERE reader = ?", peopleReader).Scan(&n); err != nil || n > 0 {
			return err
		}
		head, err := alert.LogHead(ctx, tx)
		if err != nil {
			return err
		}
		return alert.PutReaderCursor(ctx, tx, peopleReader, head)
	})
}

// claim reserves notices for the time of a call, so that no other program sends them too. It returns false if
// another program has them.
func claim(ctx context.Context, db *state.DB, batch []Notice, now, until time.Time) (bool, error) {
	err := db.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, peopleReader+"/"+batch[0].Recipient); err != nil {
			return err
		}
		for _, n := range batch {
			r, err := tx.Exec(ctx, "UPDATE notices SET leased_until = ?, attempts = attempts + 1 WHERE id = ? AND state = ? AND leased_until <= ?",
				state.Micros(until), n.ID, noticePending, state.Micros(now))
			if err != nil {
				return err
			}
			if rows, err := r.RowsAffected(); err != nil || rows != 1 {
				return errors.Join(errTaken, err)
			}
		}
		return nil
	})
	if errors.Is(err, errTaken) {
		return false, nil
	}
	return err == nil, err
}

// errTaken says that another program is sending the notice, or has sent it.
var errTaken = errors.New("the notice is taken")

// settle records the outcome of notices.
func settle(ctx context.Context, db *state.DB, batch []Notice, to, reason string, now time.Time) error {
	if len(batch) == 0 {
		return nil
	}
	done := int64(0)
	if to != noticePending {
		done = state.Micros(now)
	}
	// What was sent is recorded even while the service stops: otherwise it would be sent again.
	ctx = context.WithoutCancel(ctx)
	return db.Write(ctx, func(tx *state.Tx) error {
		for _, n := range batch {
			if _, err := tx.Exec(ctx, "UPDATE notices SET state = ?, reason = ?, done_at = ?, leased_until = 0 WHERE id = ?", to, reason, done, n.ID); err != nil {
				return fmt.Errorf("settle notice: %w", err)
			}
		}
		if to == noticeSent {
			return endFailing(ctx, tx, recipientName(batch[0].tenant, batch[0].Recipient))
		}
		return nil
	})
}

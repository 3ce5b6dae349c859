package deliver

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/channel"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Tables are the tables of this package. They must be passed to state.Migrate after alert.Tables.
var Tables = state.Migrations{Name: "deliver", Steps: []string{`
CREATE TABLE webhooks (
	id         TEXT PRIMARY KEY,
	tenant     TEXT NOT NULL,
	body       TEXT NOT NULL,
	disabled   TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL
);
CREATE TABLE dead_letters (
	id       AUTOID,
	reader   TEXT NOT NULL,
	cursor   BIGINT NOT NULL,
	event_id TEXT NOT NULL,
	reason   TEXT NOT NULL,
	died_at  BIGINT NOT NULL
);
CREATE INDEX dead_letters_by_reader ON dead_letters (reader, cursor);
`, `
CREATE TABLE notices (
	id           TEXT PRIMARY KEY,
	tenant       TEXT NOT NULL,
	alert_id     TEXT NOT NULL,
	recipient    TEXT NOT NULL,
	name         TEXT NOT NULL,
	role         TEXT NOT NULL,
	stage        BIGINT NOT NULL,
	kind         TEXT NOT NULL,
	planned_at   BIGINT NOT NULL,
	due_at       BIGINT NOT NULL,
	leased_until BIGINT NOT NULL DEFAULT 0,
	attempts     BIGINT NOT NULL DEFAULT 0,
	state        TEXT NOT NULL,
	done_at      BIGINT NOT NULL DEFAULT 0,
	reason       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX notices_by_due ON notices (state, due_at);
CREATE INDEX notices_by_alert ON notices (tenant, alert_id);
CREATE INDEX notices_by_recipient ON notices (tenant, recipient, state, due_at);
`, `
CREATE TABLE deliver_leases (
	name   TEXT PRIMARY KEY,
	holder TEXT NOT NULL,
	epoch  BIGINT NOT NULL,
	beat   BIGINT NOT NULL
);
`, `
ALTER TABLE webhooks ADD COLUMN kicks BIGINT NOT NULL DEFAULT 0;
`, `
ALTER TABLE notices ADD COLUMN round BIGINT NOT NULL DEFAULT 0;
`, `
CREATE TABLE delivery_failing (
	reader   TEXT PRIMARY KEY,
	since    BIGINT NOT NULL,
	patience BIGINT NOT NULL,
	reason   TEXT NOT NULL,
	tried_at BIGINT NOT NULL,
	next_try BIGINT NOT NULL
);
`}, Visible: map[string]string{"dead_letters": ofWebhook, "alert_readers": ofWebhook, "delivery_failing": ofWebhook}}

// ofWebhook is the condition for the cursors and dead letters of a tenant; see reader.
const ofWebhook = "reader IN (SELECT 'webhook/' || id FROM webhooks)"

// Webhook describes who is told of alerts by HTTP, and how.
type Webhook struct {
	ID          string    `json:"id"`
	Tenant      string    `json:"-"`
	URL         string    `json:"url"`
	Format      string    `json:"format"` // one of channel.Formats
	Types       []string  `json:"types"`  // of alerts; empty: all types
	Stores      []string  `json:"stores"`
	Severities  []string  `json:"severities"`
	Secret      string    `json:"secret,omitempty"`       // whsec_…, shown only once, when the webhook is created
	RobotSecret string    `json:"robot_secret,omitempty"` // DingTalk's or Feishu's, if the robot has one
	Disabled    string    `json:"disabled,omitempty"`     // why it is not called any more
	CreatedAt   time.Time `json:"created_at"`

	kicks int64 // how often somebody had reason to believe that the target works again
}

// reader returns the name of a webhook's cursor.
func (w Webhook) reader() string { return "webhook/" + w.ID }

// Validate returns an error that names what is wrong with the webhook.
func (w Webhook) Validate() error {
	if err := channel.Check(w.Format, w.URL); err != nil {
		return err
	}
	for _, t := range w.Types {
		if !slices.Contains(alert.Types(), alert.Type(t)) {
			return fmt.Errorf("unknown alert type %q, want one of %s", t, alert.TypeList())
		}
	}
	for _, s := range w.Severities {
		if !slices.Contains([]alert.Severity{alert.Critical, alert.Warning, alert.Info}, alert.Severity(s)) {
			return fmt.Errorf("unknown severity %q", s)
		}
	}
	return nil
}

// Create stores a valid webhook under a new ID with a new secret. It is told what happens from now on.
func Create(ctx context.Context, db *state.DB, w Webhook, now time.Time) (Webhook, error) {
	if err := w.Validate(); err != nil {
		return Webhook{}, err
	}
	var b [40]byte
	rand.Read(b[:])
	w.ID, w.Secret = "wh_"+hex.EncodeToString(b[:8]), "whsec_"+base64.StdEncoding.EncodeToString(b[8:])
	w.CreatedAt, w.Disabled = now.UTC(), ""
	body, err := json.Marshal(w)
	if err != nil {
		return Webhook{}, fmt.Errorf("store webhook: %w", err)
	}
	err = db.Write(ctx, func(tx *state.Tx) error {
		if _, err := tx.Exec(ctx, "INSERT INTO webhooks (id, tenant, body, created_at) VALUES (?, ?, ?, ?)", w.ID, w.Tenant, string(body), state.Micros(now)); err != nil {
			return err
		}
		head, err := alert.LogHead(ctx, tx)
		if err != nil {
			return err
		}
		return alert.PutReaderCursor(ctx, tx, w.reader(), head)
	})
	if err != nil {
		return Webhook{}, fmt.Errorf("store webhook: %w", err)
	}
	return w, nil
}

// List returns a tenant's webhooks with their secrets; tenant "" returns all of them.
func List(ctx context.Context, q state.Querier, tenant string) ([]Webhook, error) {
	rows, err := q.Query(ctx, "SELECT tenant, body, disabled, kicks FROM webhooks WHERE tenant = ? OR ? = '' ORDER BY created_at, id", tenant, tenant)
	if err != nil {
		return nil, fmt.Errorf("list webhooks: %w", err)
	}
	defer rows.Close()
	list := []Webhook{}
	for rows.Next() {
		var w Webhook
		var owner, body, disabled string
		if err := rows.Scan(&owner, &body, &disabled, &w.kicks); err != nil {
			return nil, fmt.Errorf("list webhooks: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &w); err != nil {
			return nil, fmt.Errorf("stored webhook: %w", err)
		}
		w.Tenant, w.Disabled = owner, disabled
		list = append(list, w)
	}
	return list, rows.Err()
}

// Get returns one webhook of a tenant. The error is state.ErrNotFound if there is none.
func Get(ctx context.Context, q state.Querier, tenant, id string) (Webhook, error) {
	list, err := List(ctx, q, tenant)
	if err != nil {
		return Webhook{}, err
	}
	for _, w := range list {
		if w.ID == id {
			return w, nil
		}
	}
	return Webhook{}, fmt.Errorf("webhook %s: %w", id, state.ErrNotFound)
}

// Delete removes a webhook of a tenant with its dead letters. The error is state.ErrNotFound if there is none.
func Delete(ctx context.Context, db *state.DB, tenant, id string) error {
	w, err := Get(ctx, db, tenant, id)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *state.Tx) error {
		var errs []error
		for _, q := range []string{"DELETE FROM dead_letters WHERE reader = ?", "DELETE FROM alert_readers WHERE reader = ?", "DELETE FROM delivery_failing WHERE reader = ?"} {
			_, err := tx.Exec(ctx, q, w.reader())
			errs = append(errs, err)
		}
		_, err := tx.Exec(ctx, "DELETE FROM webhooks WHERE id = ?", id)
		return errors.Join(append(errs, err)...)
	})
}

// Replay makes a webhook receive again everything after a cursor, and re-enables it.
func Replay(ctx context.Context, db *state.DB, tenant, id string, after int64) error {
	w, err := Get(ctx, db, tenant, id)
	if err != nil {
		return err
	}
	return db.Write(ctx, func(tx *state.Tx) error {
		err := changed(tx.Exec(ctx, "UPDATE webhooks SET disabled = '', kicks = kicks + 1 WHERE id = ?", id))
		if errors.Is(err, errLost) {
			err = state.ErrNotFound // it was deleted meanwhile and must not get a cursor again
		}
		if err != nil {
			return fmt.Errorf("enable webhook %s: %w", id, err)
		}
		if _, err := tx.Exec(ctx, "DELETE FROM dead_letters WHERE reader = ? AND cursor > ?", w.reader(), after); err != nil {
			return fmt.Errorf("take back dead letters of %s: %w", id, err)
		}
		if err := tx.Exclusive(ctx, readerLock(w.reader())); err != nil {
			return err
		}
		return alert.PutReaderCursor(ctx, tx, w.reader(), after)
	})
}

// kick makes whichever service delivers to a webhook try at once what waits for the target.
func kick(ctx context.Context, db *state.DB, id string) error {
	return db.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE webhooks SET kicks = kicks + 1 WHERE id = ?", id)
		return err
	})
}

func disable(ctx context.Context, db *state.DB, id, why string) error {
	return db.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE webhooks SET disabled = ? WHERE id = ?", why, id)
		return errors.Join(err, endFailing(ctx, tx, Webhook{ID: id}.reader()))
	})
}

// DeadLetter is an event that a target never accepted.
type DeadLetter struct {
	Cursor  string    `json:"cursor"`
	EventID string    `json:"event_id"`
	Reason  string    `json:"reason"`
	DiedAt  time.Time `json:"died_at"`
}

// reason returns an error as text that every database stores: it may contain a target's own words, and
// PostgreSQL accepts neither a NUL nor invalid UTF-8.
func reason(err error) string {
	return strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "\uFFFD"), "\x00", "\uFFFD")
}

func bury(ctx context.Context, tx *state.Tx, reader string, e *alert.Entry, reason string, now time.Time) error {
	_, err := tx.Exec(ctx, "INSERT INTO dead_letters (reader, cursor, event_id, reason, died_at) VALUES (?, ?, ?, ?, ?)",
		reader, e.Cursor, e.EventID, reason, state.Micros(now))
	if err != nil {
		return fmt.Errorf("keep dead letter: %w", err)
	}
	return nil
}

// DeadLetters returns a webhook's dead letters, in the order of the log.
func DeadLetters(ctx context.Context, q state.Querier, tenant, id string, limit int) ([]DeadLetter, error) {
	w, err := Get(ctx, q, tenant, id)
	if err != nil {
		return nil, err
	}
	rows, err := q.Query(ctx, "SELECT cursor, event_id, reason, died_at FROM dead_letters WHERE reader = ? ORDER BY cursor LIMIT ?", w.reader(), limit)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	defer rows.Close()
	list := []DeadLetter{}
	for rows.Next() {
		var d DeadLetter
		var at int64
		if err := rows.Scan(&d.Cursor, &d.EventID, &d.Reason, &at); err != nil {
			return nil, fmt.Errorf("list dead letters: %w", err)
		}
		d.DiedAt, d.Reason = state.Time(at), w.masked(d.Reason) // an earlier version stored the URL in it
		list = append(list, d)
	}
	return list, rows.Err()
}

// logReader stores the log's own name, as a number, beside the cursors.
const logReader = "log"

// logName names the log of this database, so that two of them can share a broker.
func logName(ctx context.Context, db *state.DB) (string, error) {
	var name int64
	err := db.Write(ctx, func(tx *state.Tx) (err error) {
		if err := tx.Exclusive(ctx, logReader); err != nil {
			return err
		}
		if name, err = alert.ReaderCursor(ctx, tx, logReader); err != nil || name != 0 {
			return err
		}
		var b [8]byte
		rand.Read(b[:])
		name = int64(binary.BigEndian.Uint64(b[:])>>1) | 1
		return alert.PutReaderCursor(ctx, tx, logReader, name)
	})
	return strconv.FormatInt(name, 36), err
}

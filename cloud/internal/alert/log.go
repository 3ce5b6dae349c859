package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// logLock is held by whoever appends to the log, so that cursors become visible in order.
const logLock = "alert_log"

// record brings an alert's row up to date with a transition and appends it to the log.
func (e *Engine) record(ctx context.Context, tx *state.Tx, id wire.Identity, tr Transition) error {
	a, _, err := readAlert(ctx, tx, alertID(id, tr.Episode))
	if errors.Is(err, state.ErrNotFound) {
		a = &Alert{}
		a.Product, err = productOf(ctx, tx, id.Tenant, string(tr.Episode.GTIN))
	}
	if err != nil {
		return err
	}
	a.tell(id, tr.Episode)
	if err := writeAlert(ctx, tx, a, tr.Episode); err != nil {
		return err
	}
	if err := e.prove(ctx, tx, a); err != nil {
		return err
	}
	return appendLog(ctx, tx, a, tr.Kind, tr.At)
}

func productOf(ctx context.Context, tx *state.Tx, tenant, gtin string) (*Product, error) {
	if gtin == "" {
		return nil, nil
	}
	var p Product
	err := tx.QueryRow(ctx, "SELECT name, name_zh, brand FROM products WHERE tenant = ? AND gtin = ?", tenant, gtin).
		Scan(&p.Name, &p.NameZH, &p.Brand)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read product %s: %w", gtin, err)
	}
	return &p, nil
}

func readAlert(ctx context.Context, q state.Querier, id string) (*Alert, *Episode, error) {
	var alert, episode string
	err := q.QueryRow(ctx, "SELECT alert, episode FROM alerts WHERE id = ?", id).Scan(&alert, &episode)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil, fmt.Errorf("alert %s: %w", id, state.ErrNotFound)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read alert %s: %w", id, err)
	}
	var a Alert
	var e Episode
	if err := errors.Join(json.Unmarshal([]byte(alert), &a), json.Unmarshal([]byte(episode), &e)); err != nil {
		return nil, nil, fmt.Errorf("stored alert %s: %w", id, err)
	}
	return &a, &e, nil
}

func writeAlert(ctx context.Context, tx *state.Tx, a *Alert, e Episode) error {
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("store alert %s: %w", a.ID, err)
	}
	episode, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("store alert %s: %w", a.ID, err)
	}
	_, err = tx.Exec(ctx, `INSERT INTO alerts (id, tenant, store, device, type, severity, status, opened_at, closed_boot, closed_seq, alert, episode)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET store = excluded.store, severity = excluded.severity, status = excluded.status,
			opened_at = excluded.opened_at, closed_boot = excluded.closed_boot, closed_seq = excluded.closed_seq,
			alert = excluded.alert, episode = excluded.episode`,
		a.ID, a.Tenant, a.Store, a.Device, string(a.Type), string(a.Severity), string(a.State),
		state.Micros(a.OpenedAt), int64(e.Closed.Boot), int64(e.Closed.Seq), string(body), string(episode))
	if err != nil {
		return fmt.Errorf("store alert %s: %w", a.ID, err)
	}
	return nil
}

func appendLog(ctx context.Context, tx *state.Tx, a *Alert, kind Kind, at time.Time) error {
	if err := tx.Exclusive(ctx, logLock); err != nil {
		return err
	}
	body, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("log alert %s: %w", a.ID, err)
	}
	after, err := lastSeam(ctx, tx)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO alert_log (event_id, kind, at, alert_id, tenant, store, device, slot, gtin, type, severity, was, alert, logged_at, store_was)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		eventID(a, kind, after), string(kind), state.Micros(at), a.ID,
		a.Tenant, a.Store, a.Device, a.Slot, string(a.GTIN), string(a.Type), string(a.Severity), severityList(a.Was), string(body), state.Micros(time.Now()), strings.Join(a.StoreWas, "/"))
	if err != nil {
		return fmt.Errorf("log alert %s: %w", a.ID, err)
	}
	return nil
}

func severityList(list []Severity) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	return strings.Join(names, ",")
}

const logColumns = "cursor, event_id, kind, at, alert_id, tenant, store, device, slot, gtin, type, severity, was, alert, logged_at, store_was"

// ReadLog returns up to limit entries after a cursor, of all tenants, in order. Called again with the last entry's cursor
// it continues without a gap or a repeat.
func ReadLog(ctx context.Context, q state.Querier, after int64, limit int) ([]Entry, error) {
	return readLog(ctx, q, "WHERE cursor > ? ORDER BY cursor LIMIT ?", after, limit)
}

// ReadTenantLog is ReadLog for one tenant, up to and including the cursor upTo.
func ReadTenantLog(ctx context.Context, q state.Querier, tenant string, after, upTo int64, limit int) ([]Entry, error) {
	return readLog(ctx, q, "WHERE cursor > ? AND cursor <= ? AND tenant = ? ORDER BY cursor LIMIT ?", after, upTo, tenant, limit)
}

func readLog(ctx context.Context, q state.Querier, where string, args ...any) ([]Entry, error) {
	rows, err := q.Query(ctx, "SELECT "+logColumns+" FROM alert_log "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read alert log: %w", err)
	}
	defer rows.Close()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var at, logged int64
		var body, storeWas string
		err := rows.Scan(&e.Cursor, &e.EventID, &e.Kind, &at, &e.AlertID, &e.Tenant, &e.Store, &e.Device, &e.Slot, &e.GTIN, &e.Type, &e.Severity, &e.Was, &body, &logged, &storeWas)
		if err != nil {
			return nil, fmt.Errorf("read alert log: %w", err)
		}
		if storeWas != "" {
			e.StoreWas = strings.Split(storeWas, "/")
		}
		e.At, e.LoggedAt, e.Alert = state.Time(at), state.Time(logged), []byte(body)
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

// newestPlace selects the cursor of the newest entry, or of a seam with nothing behind it yet; 0 while the log is empty.
const newestPlace = `SELECT COALESCE(MAX(place), 0) FROM (SELECT MAX(cursor) AS place FROM alert_log UNION ALL SELECT MAX(above) FROM alert_log_seams) places`

// LogHead returns the cursor of the log's newest entry, or 0 while it is empty.
func LogHead(ctx context.Context, q state.Querier) (int64, error) {
	var head int64
	if err := q.QueryRow(ctx, newestPlace).Scan(&head); err != nil {
		return 0, fmt.Errorf("read alert log: %w", err)
	}
	return head, nil
}

// ErrNoReader says that nobody of that name reads the log, or does so any more.
var ErrNoReader = errors.New("there is no such reader of the log")

// ReaderCursor returns how far a named reader has come, 0 for one that has not begun.
func ReaderCursor(ctx context.Context, q state.Querier, reader string) (int64, error) {
	cursor, err := KnownReaderCursor(ctx, q, reader)
	if errors.Is(err, ErrNoReader) {
		return 0, nil
	}
	return cursor, err
}

// KnownReaderCursor is ReaderCursor, but returns ErrNoReader for a reader that has not begun.
func KnownReaderCursor(ctx context.Context, q state.Querier, reader string) (cursor int64, err error) {
	err = q.QueryRow(ctx, "SELECT cursor FROM alert_readers WHERE reader = ?", reader).Scan(&cursor)
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNoReader
	}
	if err != nil {
		return 0, fmt.Errorf("read cursor of %s: %w", reader, err)
	}
	return cursor, nil
}

// PutReaderCursor stores how far a named reader has come.
func PutReaderCursor(ctx context.Context, tx *state.Tx, reader string, cursor int64) error {
	_, err := tx.Exec(ctx, `INSERT INTO alert_readers (reader, cursor) VALUES (?, ?)
		ON CONFLICT (reader) DO UPDATE SET cursor = excluded.cursor`, reader, cursor)
	if err != nil {
		return fmt.Errorf("keep cursor of %s: %w", reader, err)
	}
	return nil
}

// questionMarks returns n question marks for an IN list.
func questionMarks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// kinds lists all kinds.
var kinds = [...]Kind{Opened, Resolved, Restated, Regraded, Acknowledged, Assigned, Muted, Commented}

// Standing returns the newest entry of each alert, of any tenant, that is not over: up to limit alerts after a
// given one, in the order of their IDs. last is the ID of the last alert read, "" at the end.
func Standing(ctx context.Context, q state.Querier, after string, limit int) (entries []Entry, last string, err error) {
	seams, err := Seams(ctx, q)
	if err != nil {
		return nil, "", err
	}
	rows, err := q.Query(ctx, "SELECT id, alert FROM alerts WHERE status <> 'resolved' AND id > ? ORDER BY id LIMIT ?", after, limit)
	if err != nil {
		return nil, "", fmt.Errorf("read standing alerts: %w", err)
	}
	defer rows.Close()
	var names []any // an entry's ID contains the kind and the seam, which the alert does not: one of these is in the log
	for rows.Next() {
		var body string
		var a Alert
		if err := rows.Scan(&last, &body); err != nil {
			return nil, "", fmt.Errorf("read standing alerts: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			return nil, "", fmt.Errorf("stored alert %s: %w", last, err)
		}
		for _, kind := range kinds {
			names = append(names, eventID(&a, kind, 0))
			for _, s := range seams {
				names = append(names, eventID(&a, kind, s.Above))
			}
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || last == "" {
		return nil, "", err
	}
	entries, err = readLog(ctx, q, "WHERE event_id IN ("+questionMarks(len(names))+") ORDER BY cursor", names...)
	return entries, last, err
}

// eventID names an alert's newest event. It depends on the seam, because after a restore an alert may reach the same
// revision again by another event, which a reader of the first must not take for a repeat.
func eventID(a *Alert, kind Kind, seam int64) string {
	if seam == 0 {
		return nameID("ev_", a.ID, string(kind), a.Revision)
	}
	return nameID("ev_", a.ID, string(kind), a.Revision, seam)
}

package state

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"
)

// Quarantined is a message that cannot be stored, with its bytes as they came.
type Quarantined struct {
	ID         int64
	ReceivedAt time.Time // of the last of Times arrivals
	Tenant     string    // as its topic claims; "" if the topic cannot be parsed
	Topic      string
	Reason     string // one word, such as "malformed"
	Detail     string // the error in full
	Times      int64  // how often exactly this message has come
	Size       int64  // of the message, in bytes; 0: the length of Bytes
	Bytes      []byte // only the beginning if the message is too large
}

const quarantineColumns = "id, received_at, tenant, topic, reason, detail, times, size"

// Whole reports whether all of the message's bytes were kept.
func (q *Quarantined) Whole() bool { return q.Size == int64(len(q.Bytes)) }

// Quarantine stores q and returns its ID. The same bytes on the same topic are stored once and counted.
func Quarantine(ctx context.Context, tx *Tx, q Quarantined) (int64, error) {
	h := sha256.New()
	fmt.Fprintf(h, "%d:%s", len(q.Topic), q.Topic)
	h.Write(q.Bytes)
	if q.Size == 0 {
		q.Size = int64(len(q.Bytes))
	}
	if !q.Whole() {
		fmt.Fprintf(h, "%d", q.Size)
	}
	if q.Bytes == nil {
		q.Bytes = []byte{}
	}
	var id int64
	err := tx.QueryRow(ctx, `INSERT INTO quarantine (received_at, tenant, topic, reason, detail, sha256, times, size, bytes)
		VALUES (?, ?, ?, ?, ?, ?, 1, ?, ?)
		ON CONFLICT (sha256) DO UPDATE SET times = quarantine.times + 1, received_at = excluded.received_at,
			reason = excluded.reason, detail = excluded.detail RETURNING id`,
		Micros(q.ReceivedAt), q.Tenant, q.Topic, q.Reason, q.Detail, hex.EncodeToString(h.Sum(nil)), q.Size, q.Bytes).Scan(&id)
	if err != nil {
		return 0, fmt.Errorf("quarantine a message of %s: %w", q.Topic, err)
	}
	return id, nil
}

// ListQuarantine returns up to limit rows without their bytes, the newest first; tenant "" means all tenants.
func ListQuarantine(ctx context.Context, q Querier, tenant string, limit int) ([]Quarantined, error) {
	query, args := "SELECT "+quarantineColumns+" FROM quarantine ORDER BY id DESC LIMIT ?", []any{limit}
	if tenant != "" {
		query, args = "SELECT "+quarantineColumns+" FROM quarantine WHERE tenant = ? ORDER BY id DESC LIMIT ?", []any{tenant, limit}
	}
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list quarantine: %w", err)
	}
	defer rows.Close()
	var list []Quarantined
	for rows.Next() {
		var x Quarantined
		var at int64
		if err := rows.Scan(&x.ID, &at, &x.Tenant, &x.Topic, &x.Reason, &x.Detail, &x.Times, &x.Size); err != nil {
			return nil, fmt.Errorf("list quarantine: %w", err)
		}
		x.ReceivedAt = Time(at)
		list = append(list, x)
	}
	return list, rows.Err()
}

// GetQuarantined returns one row with its bytes. The error is ErrNotFound if there is none.
func GetQuarantined(ctx context.Context, q Querier, id int64) (*Quarantined, error) {
	var x Quarantined
	var at int64
	err := q.QueryRow(ctx, "SELECT "+quarantineColumns+", bytes FROM quarantine WHERE id = ?", id).
		Scan(&x.ID, &at, &x.Tenant, &x.Topic, &x.Reason, &x.Detail, &x.Times, &x.Size, &x.Bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("quarantined message %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read quarantined message %d: %w", id, err)
	}
	x.ReceivedAt = Time(at)
	return &x, nil
}

// DropQuarantined deletes one row.
func DropQuarantined(ctx context.Context, tx *Tx, id int64) error {
	if _, err := tx.Exec(ctx, "DELETE FROM quarantine WHERE id = ?", id); err != nil {
		return fmt.Errorf("drop quarantined message %d: %w", id, err)
	}
	return nil
}

// PruneQuarantine keeps the newest rows, up to a number of rows and of bytes, and returns how many it deleted.
func PruneQuarantine(ctx context.Context, tx *Tx, keep int, bytes int64) (int64, error) {
	r, err := tx.Exec(ctx, `DELETE FROM quarantine WHERE id IN (SELECT id FROM (
		SELECT id, ROW_NUMBER() OVER newest AS n, SUM(LENGTH(bytes)) OVER newest AS total FROM quarantine
		WINDOW newest AS (ORDER BY id DESC)) AS counted WHERE n > ? OR total > ?)`, keep, bytes)
	if err != nil {
		return 0, fmt.Errorf("prune quarantine: %w", err)
	}
	return r.RowsAffected()
}

package sales

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Message is a webhook of which something was refused, kept whole as long as that is, so that it can be read again
// once the channel's mapping is mended.
type Message struct {
	Channel string
	Kind    string // its Content-Type; of Shopify its topic
	Body    []byte
}

// sum names a message by what is in it.
func (m *Message) sum() string {
	h := sha256.New()
	h.Write([]byte(m.Channel + separator + m.Kind + separator))
	h.Write(m.Body)
	return hex.EncodeToString(h.Sum(nil))
}

// keep stores a message once.
func (t *turn) keep(ctx context.Context, m *Message) (sum string, err error) {
	sum = m.sum()
	_, err = t.Exec(ctx, "INSERT INTO sales_messages (tenant, sha256, channel, kind, body, at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
		t.tenant, sum, m.Channel, m.Kind, base64.StdEncoding.EncodeToString(m.Body), state.Micros(t.now))
	if err != nil {
		return "", fmt.Errorf("keep a message: %w", err)
	}
	return sum, nil
}

// Messages gives up to limit messages of which something is refused, the oldest first; channel "" is any, after the
// name of the last one seen.
func (l *Ledger) Messages(ctx context.Context, tenant, channel, after string, limit int) (list []Message, last string, err error) {
	where, args := "tenant = ? AND sha256 > ?", []any{tenant, after}
	if channel != "" {
		where, args = where+" AND channel = ?", append(args, channel)
	}
	rows, err := l.db.Query(ctx, "SELECT sha256, channel, kind, body FROM sales_messages WHERE "+where+" ORDER BY sha256 LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, "", fmt.Errorf("read messages: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var m Message
		var body string
		if err := rows.Scan(&last, &m.Channel, &m.Kind, &body); err != nil {
			return nil, "", fmt.Errorf("read messages: %w", err)
		}
		if m.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
			return nil, "", fmt.Errorf("stored message: %w", err)
		}
		list = append(list, m)
	}
	return list, last, rows.Err()
}

// Reread forgets what was refused of a message before it was read again at a time, and tells whether something still is.
func (l *Ledger) Reread(ctx context.Context, tenant string, m Message, at time.Time) (refused bool, err error) {
	err = l.write(ctx, tenant, func(t *turn) error {
		_, err := t.Exec(ctx, "DELETE FROM sales_rejected WHERE tenant = ? AND message = ? AND last_at < ?", tenant, m.sum(), state.Micros(at))
		if err != nil {
			return err
		}
		refused, err = t.dropMessage(ctx, m.sum())
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read a message again: %w", err)
	}
	return refused, nil
}

// dropMessage forgets a message of which nothing is refused any more.
func (t *turn) dropMessage(ctx context.Context, sum string) (refused bool, err error) {
	var n int
	if err := t.QueryRow(ctx, "SELECT COUNT(*) FROM sales_rejected WHERE tenant = ? AND message = ?", t.tenant, sum).Scan(&n); err != nil || n > 0 {
		return true, err
	}
	_, err = t.Exec(ctx, "DELETE FROM sales_messages WHERE tenant = ? AND sha256 = ?", t.tenant, sum)
	return false, err
}

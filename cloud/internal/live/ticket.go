package live

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Tables are the tables of this package. They must be passed to state.Migrate after state.Tables.
var Tables = state.Migrations{Name: "live", Steps: []string{`
CREATE TABLE live_tickets (
	ticket     TEXT PRIMARY KEY,
	tenant     TEXT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX live_tickets_by_time ON live_tickets (expires_at);
`, `
ALTER TABLE live_tickets ADD COLUMN holds TEXT NOT NULL DEFAULT '';
`}}

// TicketLife is how long a ticket is valid. A page must not put its token into a WebSocket's address, where logs would
// keep it; it asks for a ticket and connects with /v1/live?ticket=… at once.
const TicketLife = 30 * time.Second

const ticketBytes = 24

// ErrTicket says that a ticket is forged, used or too old, but not which of these.
var ErrTicket = errors.New("the ticket is not good, or not any longer")

// IssueTicket creates a ticket for one connection to a tenant's stream, on any node of the service. Only its
// hash is stored. grant names the credential of whoever asked for it; the stream ends when that does.
func IssueTicket(ctx context.Context, db *state.DB, tenant, grant string, now time.Time) (ticket string, expires time.Time, err error) {
	var b [ticketBytes]byte
	rand.Read(b[:])
	ticket = base64.RawURLEncoding.EncodeToString(b[:])
	expires = now.Add(TicketLife).UTC()
	err = db.Write(ctx, func(tx *state.Tx) error {
		if _, err := tx.Exec(ctx, "DELETE FROM live_tickets WHERE expires_at < ?", state.Micros(now)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO live_tickets (ticket, tenant, holds, expires_at) VALUES (?, ?, ?, ?)", ticketHash(ticket), tenant, grant, state.Micros(expires))
		return err
	})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("issue ticket: %w", err)
	}
	return ticket, expires, nil
}

// redeem uses up a ticket and returns its tenant and grant. Of several connections with one ticket, one is
// admitted. Since anybody may send anything, text that does not look like a ticket is not looked up, and only a
// valid ticket causes a write.
func redeem(ctx context.Context, db *state.DB, ticket string, now time.Time) (tenant, grant string, err error) {
	if b, err := base64.RawURLEncoding.DecodeString(ticket); err != nil || len(b) != ticketBytes {
		return "", "", ErrTicket
	}
	var expires int64
	err = db.QueryRow(ctx, "SELECT expires_at FROM live_tickets WHERE ticket = ?", ticketHash(ticket)).Scan(&expires)
	if errors.Is(err, sql.ErrNoRows) || err == nil && now.After(state.Time(expires)) {
		return "", "", ErrTicket
	}
	if err != nil {
		return "", "", fmt.Errorf("redeem ticket: %w", err)
	}
	err = db.Write(ctx, func(tx *state.Tx) error {
		return tx.QueryRow(ctx, "DELETE FROM live_tickets WHERE ticket = ? RETURNING tenant, holds, expires_at", ticketHash(ticket)).Scan(&tenant, &grant, &expires)
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && now.After(state.Time(expires)) {
		return "", "", ErrTicket
	}
	if err != nil {
		return "", "", fmt.Errorf("redeem ticket: %w", err)
	}
	return tenant, grant, nil
}

func ticketHash(ticket string) string {
	sum := sha256.Sum256([]byte(ticket))
	return hex.EncodeToString(sum[:])
}

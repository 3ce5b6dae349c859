package sales

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// PutChannel keeps how a channel sends; body is the caller's own JSON.
func (l *Ledger) PutChannel(ctx context.Context, tenant, channel, body string) error {
	return l.write(ctx, tenant, func(t *turn) error {
		_, err := t.Exec(ctx, "INSERT INTO sales_channels (tenant, channel, body) VALUES (?, ?, ?) ON CONFLICT (tenant, channel) DO UPDATE SET body = excluded.body", tenant, channel, body)
		return err
	})
}

// Channel gives what PutChannel kept; state.ErrNotFound.
func (l *Ledger) Channel(ctx context.Context, tenant, channel string) (body string, err error) {
	err = l.db.QueryRow(ctx, "SELECT body FROM sales_channels WHERE tenant = ? AND channel = ?", tenant, channel).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("channel %s: %w", channel, state.ErrNotFound)
	}
	return body, err
}

// Channels gives all of a tenant, by name.
func (l *Ledger) Channels(ctx context.Context, tenant string) (bodies []string, err error) {
	bodies, err = state.Texts(ctx, l.db, "SELECT body FROM sales_channels WHERE tenant = ? ORDER BY channel", tenant)
	if err != nil {
		return nil, fmt.Errorf("read channels: %w", err)
	}
	return bodies, nil
}

// DropChannel forgets how a channel sends; its lines stay. state.ErrNotFound.
func (l *Ledger) DropChannel(ctx context.Context, tenant, channel string) error {
	return l.write(ctx, tenant, func(t *turn) error {
		res, err := t.Exec(ctx, "DELETE FROM sales_channels WHERE tenant = ? AND channel = ?", tenant, channel)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("channel %s: %w", channel, state.ErrNotFound)
		}
		return nil
	})
}

// deliveriesKept is for how long a delivery that comes again is known by its id alone; later its lines
// are known by theirs.
const deliveriesKept = 30 * 24 * time.Hour

// Delivered reports whether a delivery was taken before.
func (l *Ledger) Delivered(ctx context.Context, tenant, channel, id string) (bool, error) {
	var n int
	err := l.db.QueryRow(ctx, "SELECT COUNT(*) FROM sales_deliveries WHERE tenant = ? AND channel = ? AND id = ?", tenant, channel, id).Scan(&n)
	return n > 0, err
}

// Deliver notes that a delivery was taken.
func (l *Ledger) Deliver(ctx context.Context, tenant, channel, id string) error {
	return l.write(ctx, tenant, func(t *turn) error {
		_, err := t.Exec(ctx, "INSERT INTO sales_deliveries (tenant, channel, id, at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", tenant, channel, id, state.Micros(t.now))
		if err == nil {
			_, err = t.Exec(ctx, "DELETE FROM sales_deliveries WHERE at < ?", state.Micros(t.now.Add(-deliveriesKept)))
		}
		return err
	})
}

// Tenants gives who has a ledger.
func (l *Ledger) Tenants(ctx context.Context) (names []string, err error) {
	names, err = state.Texts(ctx, l.db, "SELECT tenant FROM sales_tenants ORDER BY tenant")
	if err != nil {
		return nil, fmt.Errorf("read tenants: %w", err)
	}
	return names, nil
}

package access

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Credentials are what a board gets: the certificate for MQTT over TLS, and the token, with which it can
// connect by user name and password, and renews its certificate.
type Credentials struct {
	Tenant      string    `json:"tenant"`
	Store       string    `json:"store"`
	Device      string    `json:"device"`
	Certificate string    `json:"certificate"` // PEM
	CA          string    `json:"ca"`          // PEM
	NotAfter    time.Time `json:"not_after"`
	Username    string    `json:"username"`
	Token       string    `json:"token,omitempty"` // empty at a renewal: the board keeps the one that it has
}

// Enrol exchanges a one-time code and a certificate request for a board's credentials. Everything that the
// device had before, including other codes, is invalidated. The error is ErrDenied for a code that is not
// valid.
func (a *Authority) Enrol(ctx context.Context, db *state.DB, code string, request []byte, now time.Time) (c *Credentials, err error) {
	err = db.Write(ctx, func(tx *state.Tx) error {
		id, _, err := useCode(ctx, tx, purposeEnrol, code, now)
		if err != nil {
			return err
		}
		if n, err := endDevice(ctx, tx, id.Tenant, id.Device, now); err != nil {
			return err
		} else if n > 0 {
			if err := record(ctx, tx, id.Tenant, "enrolment", "device revoked", id.Device, now); err != nil {
				return err
			}
		}
		if c, err = a.issue(ctx, tx, id, request, now); err != nil {
			return err
		}
		c.Token, err = Issue(ctx, tx, Principal{Identity: id, Name: nameOf(id), Role: Device}, "enrolment", now)
		return err
	})
	return c, err
}

// Renew issues another certificate to a board that has shown its token. The one before stays valid until it
// expires, so that a board that loses power in between is not shut out.
func (a *Authority) Renew(ctx context.Context, db *state.DB, p Principal, request []byte, now time.Time) (c *Credentials, err error) {
	if p.Role != Device {
		return nil, ErrDenied
	}
	err = db.Write(ctx, func(tx *state.Tx) error {
		if err := stays(ctx, tx); err != nil {
			return err
		}
		c, err = a.issue(ctx, tx, p.Identity, request, now)
		return err
	})
	return c, err
}

func (a *Authority) issue(ctx context.Context, tx *state.Tx, id wire.Identity, request []byte, now time.Time) (*Credentials, error) {
	cert, number, notAfter, err := a.sign(request, id, now)
	if err != nil {
		return nil, err
	}
	_, err = tx.Exec(ctx, "INSERT INTO certificates (serial, tenant, store, device, issued_at, not_after) VALUES (?, ?, ?, ?, ?, ?)",
		number, id.Tenant, id.Store, id.Device, state.Micros(now), state.Micros(notAfter))
	if err == nil {
		err = record(ctx, tx, id.Tenant, nameOf(id), "certificate issued", number, now)
	}
	if err != nil {
		return nil, fmt.Errorf("issue certificate for %s: %w", id.Device, err)
	}
	return &Credentials{Tenant: id.Tenant, Store: id.Store, Device: id.Device, Certificate: string(cert), CA: string(a.PEM()), NotAfter: notAfter, Username: nameOf(id)}, nil
}

// RevokeDevice invalidates all tokens and certificates of a device, and the codes with which it could get
// others. The error is state.ErrNotFound if it has none.
func RevokeDevice(ctx context.Context, tx *state.Tx, tenant, device, by string, now time.Time) error {
	n, err := endDevice(ctx, tx, tenant, device, now)
	if err == nil && n == 0 {
		err = fmt.Errorf("device %q has neither certificate, token nor code: %w", device, state.ErrNotFound)
	}
	if err != nil {
		return err
	}
	return record(ctx, tx, tenant, by, "device revoked", device, now)
}

// endDevice returns how many it has invalidated.
func endDevice(ctx context.Context, tx *state.Tx, tenant, device string, now time.Time) (ended int64, err error) {
	at := state.Micros(now)
	for _, q := range []struct {
		sql  string
		args []any
	}{
		{"UPDATE tokens SET revoked_at = ? WHERE tenant = ? AND device = ? AND revoked_at = 0", []any{at, tenant, device}},
		{"UPDATE certificates SET revoked_at = ? WHERE tenant = ? AND device = ? AND revoked_at = 0", []any{at, tenant, device}},
		{"DELETE FROM codes WHERE tenant = ? AND device = ? AND purpose = ?", []any{tenant, device, purposeEnrol}},
	} {
		r, err := tx.Exec(ctx, q.sql, q.args...)
		var n int64
		if err == nil {
			n, err = r.RowsAffected()
		}
		if err != nil {
			return 0, fmt.Errorf("revoke %s: %w", device, err)
		}
		ended += n
	}
	return ended, nil
}

// certificate reports whether a certificate that our authority signed is still valid.
func certificate(ctx context.Context, q state.Querier, number string) (bool, error) {
	good, err := standing(ctx, q, "certificates", "serial", []string{number})
	return good[number], err
}

// standing returns which of the given tokens or certificates are known and not revoked.
func standing(ctx context.Context, q state.Querier, table, key string, names []string) (map[string]bool, error) {
	args := make([]any, len(names))
	for i, name := range names {
		args[i] = name
	}
	rows, err := q.Query(ctx, "SELECT "+key+" FROM "+table+" WHERE revoked_at = 0 AND "+key+" IN (?"+strings.Repeat(", ?", len(names)-1)+")", args...)
	if err != nil {
		return nil, fmt.Errorf("look for what was revoked: %w", err)
	}
	defer rows.Close()
	good := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("look for what was revoked: %w", err)
		}
		good[name] = true
	}
	return good, rows.Err()
}

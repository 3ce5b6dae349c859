package access

import (
	"context"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Credentials are what a board gets: with the certificate it speaks MQTT over TLS; with the token it
// speaks as a user and renews.
type Credentials struct {
	Tenant      string    `json:"tenant"`
	Store       string    `json:"store"`
	Device      string    `json:"device"`
	Certificate string    `json:"certificate"` // PEM
	CA          string    `json:"ca"`          // PEM
	NotAfter    time.Time `json:"not_after"`
	Username    string    `json:"username"`
	Token       string    `json:"token,omitempty"` // empty at a renewal: the board keeps the one it has
}

// Enrol turns a one-time code and a certificate request into a board's credentials. What the device
// had before is worthless then. ErrDenied for a code that is not good.
func (a *Authority) Enrol(ctx context.Context, db *state.DB, code string, request []byte, now time.Time) (c *Credentials, err error) {
	err = db.Write(ctx, func(tx *state.Tx) error {
		id, _, err := useCode(ctx, tx, purposeEnrol, code, now)
		if err != nil {
			return err
		}
		if err := RevokeDevice(ctx, tx, id.Tenant, id.Device, "enrolment", now); err != nil {
			return err
		}
		if c, err = a.issue(ctx, tx, id, request, now); err != nil {
			return err
		}
		c.Token, err = Issue(ctx, tx, Principal{Identity: id, Name: nameOf(id), Role: Device}, "enrolment", now)
		return err
	})
	return c, err
}

// Renew gives a board that has shown its token another certificate. The one before stays good until
// it ends, so that a board that loses power in between is not shut out.
func (a *Authority) Renew(ctx context.Context, db *state.DB, p Principal, request []byte, now time.Time) (c *Credentials, err error) {
	if p.Role != Device {
		return nil, ErrDenied
	}
	err = db.Write(ctx, func(tx *state.Tx) error {
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

// RevokeDevice ends all tokens and certificates of a device.
func RevokeDevice(ctx context.Context, tx *state.Tx, tenant, device, by string, now time.Time) error {
	for _, table := range []string{"tokens", "certificates"} {
		if _, err := tx.Exec(ctx, "UPDATE "+table+" SET revoked_at = ? WHERE tenant = ? AND device = ? AND revoked_at = 0", state.Micros(now), tenant, device); err != nil {
			return fmt.Errorf("revoke %s: %w", device, err)
		}
	}
	return record(ctx, tx, tenant, by, "device revoked", device, now)
}

// certificate tells whether a certificate that our authority signed is still good.
func certificate(ctx context.Context, q state.Querier, number string) (bool, error) {
	var n int
	err := q.QueryRow(ctx, "SELECT COUNT(*) FROM certificates WHERE serial = ? AND revoked_at = 0", number).Scan(&n)
	return n == 1, err
}

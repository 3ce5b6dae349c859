package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Purposes of one-time codes.
const (
	purposeSetup = "setup"
	purposeEnrol = "enrol"
)

// How long codes are good.
const (
	setupTime = 24 * time.Hour
	enrolTime = 7 * 24 * time.Hour
)

// SetupCode gives a code for a tenant's first admin, and false where there is an admin. A new one
// makes those before it worthless.
func SetupCode(ctx context.Context, db *state.DB, tenant string, now time.Time) (code string, needed bool, err error) {
	err = db.Write(ctx, func(tx *state.Tx) error {
		var admins int
		if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM tokens WHERE tenant = ? AND role = ? AND revoked_at = 0", tenant, string(Admin)).Scan(&admins); err != nil {
			return err
		}
		if admins > 0 {
			return nil
		}
		needed = true
		if _, err := tx.Exec(ctx, "DELETE FROM codes WHERE tenant = ? AND purpose = ?", tenant, purposeSetup); err != nil {
			return err
		}
		code, err = newCode(ctx, tx, purposeSetup, wire.Identity{Tenant: tenant}, now.Add(setupTime))
		return err
	})
	if err != nil {
		return "", false, fmt.Errorf("make set-up code: %w", err)
	}
	return code, needed, nil
}

// EnrolCode gives a code with which one board can get its credentials, once, within a week.
func EnrolCode(ctx context.Context, tx *state.Tx, id wire.Identity, by string, now time.Time) (string, error) {
	if err := id.Validate(); err != nil {
		return "", fmt.Errorf("enrol: %w", err)
	}
	code, err := newCode(ctx, tx, purposeEnrol, id, now.Add(enrolTime))
	if err == nil {
		err = record(ctx, tx, id.Tenant, by, "enrolment code made", nameOf(id), now)
	}
	if err != nil {
		return "", fmt.Errorf("enrol %s: %w", id.Device, err)
	}
	return code, nil
}

func newCode(ctx context.Context, tx *state.Tx, purpose string, id wire.Identity, expires time.Time) (string, error) {
	code := secret()
	_, err := tx.Exec(ctx, "INSERT INTO codes (sha256, purpose, tenant, store, device, expires_at) VALUES (?, ?, ?, ?, ?, ?)",
		digest(code), purpose, id.Tenant, id.Store, id.Device, state.Micros(expires))
	return code, err
}

// useCode takes a code out and gives what it was for; ErrDenied. Two who use it at once: one gets it.
func useCode(ctx context.Context, tx *state.Tx, purpose, code string, now time.Time) (wire.Identity, error) {
	if len(code) > 200 {
		return wire.Identity{}, ErrDenied
	}
	var id wire.Identity
	var expires int64
	rows, err := tx.Query(ctx, "DELETE FROM codes WHERE sha256 = ? AND purpose = ? RETURNING tenant, store, device, expires_at", digest(code), purpose)
	if err != nil {
		return wire.Identity{}, err
	}
	found := rows.Next()
	if found {
		err = rows.Scan(&id.Tenant, &id.Store, &id.Device, &expires)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return wire.Identity{}, err
	}
	if !found || state.Time(expires).Before(now) {
		return wire.Identity{}, ErrDenied
	}
	return id, nil
}

// Setup turns a set-up code into the tenant's first admin token.
func Setup(ctx context.Context, db *state.DB, code, name string, now time.Time) (token string, err error) {
	err = db.Write(ctx, func(tx *state.Tx) error {
		id, err := useCode(ctx, tx, purposeSetup, code, now)
		if err != nil {
			return err
		}
		token, err = Issue(ctx, tx, Principal{Identity: id, Name: name, Role: Admin}, "set-up link", now)
		return err
	})
	return token, err
}

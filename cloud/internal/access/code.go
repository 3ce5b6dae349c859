package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// The purposes of one-time codes.
const (
	purposeSetup    = "setup"
	purposeEnrol    = "enrol"
	purposePassword = "password"
)

// How long codes are valid.
const (
	setupTime  = 24 * time.Hour
	enrolTime  = 7 * 24 * time.Hour
	inviteTime = 7 * 24 * time.Hour
)

// The addresses of the page that take a code. The code follows the #, which no browser sends and no proxy logs.
const (
	setupLink  = "/welcome#setup="
	inviteLink = "/welcome#password="
)

// SetupLink returns the link for a tenant's first admin, without the host, or "" if there is an admin. A new
// link invalidates earlier ones.
func SetupLink(ctx context.Context, db *state.DB, tenant string, now time.Time) (link string, err error) {
	err = db.Write(ctx, func(tx *state.Tx) error {
		n, err := admins(ctx, tx, tenant)
		if err != nil || n > 0 {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM codes WHERE tenant = ? AND purpose = ?", tenant, purposeSetup); err != nil {
			return err
		}
		code, err := newCode(ctx, tx, purposeSetup, wire.Identity{Tenant: tenant}, 0, now.Add(setupTime))
		link = setupLink + code
		return err
	})
	if err != nil {
		return "", fmt.Errorf("make set-up link: %w", err)
	}
	return link, nil
}

// Setup redeems a set-up code: it creates the tenant's first admin and signs them in. The errors are ErrDenied,
// ErrUser, ErrTaken and ErrPassword; the code stays valid if it fails.
func Setup(ctx context.Context, db *state.DB, code string, u User, password string, now time.Time) (session string, p Principal, err error) {
	if err := checkPassword(password, u.Email, u.Name); err != nil {
		return "", Principal{}, err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return "", Principal{}, err
	}
	err = db.Write(ctx, func(tx *state.Tx) error {
		of, _, err := useCode(ctx, tx, purposeSetup, code, now)
		if err != nil {
			return err
		}
		u.Tenant, u.Role = of.Tenant, Admin
		if u, err = AddUser(ctx, tx, u, "set-up link", now); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE users SET password = ? WHERE id = ?", hash, u.ID); err != nil {
			return err
		}
		session, p, err = startSession(ctx, tx, u, now)
		return err
	})
	return session, p, err
}

// Invite returns the link with which a user can choose a password, the first or another, once, within a week.
// It invalidates an earlier link; the user's present password stays valid until then.
func Invite(ctx context.Context, tx *state.Tx, tenant string, id int64, by string, now time.Time) (link string, err error) {
	u, err := UserOf(ctx, tx, tenant, id)
	if err != nil {
		return "", err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM codes WHERE user_id = ?", id); err != nil {
		return "", fmt.Errorf("make a link: %w", err)
	}
	code, err := newCode(ctx, tx, purposePassword, wire.Identity{Tenant: tenant}, id, now.Add(inviteTime))
	if err == nil {
		err = record(ctx, tx, tenant, by, "password link made", u.Email, now)
	}
	if err != nil {
		return "", fmt.Errorf("make a link: %w", err)
	}
	return inviteLink + code, nil
}

// ChoosePassword redeems a link's code: it sets the user's password, ends their sessions and signs them in. The
// errors are ErrDenied and ErrPassword; the code stays valid if it fails.
func ChoosePassword(ctx context.Context, db *state.DB, code, password string, now time.Time) (session string, p Principal, err error) {
	if err := checkPassword(password, "", ""); err != nil {
		return "", Principal{}, err
	}
	hash, err := hashPassword(ctx, password)
	if err != nil {
		return "", Principal{}, err
	}
	err = db.Write(ctx, func(tx *state.Tx) error {
		of, id, err := useCode(ctx, tx, purposePassword, code, now)
		if err != nil {
			return err
		}
		u, err := UserOf(ctx, tx, of.Tenant, id)
		if err != nil || u.DisabledAt != nil {
			return ErrDenied
		}
		if err := checkPassword(password, u.Email, u.Name); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE users SET password = ? WHERE id = ?", hash, id); err != nil {
			return err
		}
		if err := endSessions(ctx, tx, id, ""); err != nil {
			return err
		}
		session, p, err = startSession(ctx, tx, u, now)
		return err
	})
	return session, p, err
}

// EnrolCode returns a code with which one board can get its credentials, once, within a week.
func EnrolCode(ctx context.Context, tx *state.Tx, id wire.Identity, by string, now time.Time) (string, error) {
	if err := id.Validate(); err != nil {
		return "", fmt.Errorf("enrol: %w", err)
	}
	code, err := newCode(ctx, tx, purposeEnrol, id, 0, now.Add(enrolTime))
	if err == nil {
		err = record(ctx, tx, id.Tenant, by, "enrolment code made", nameOf(id), now)
	}
	if err != nil {
		return "", fmt.Errorf("enrol %s: %w", id.Device, err)
	}
	return code, nil
}

func newCode(ctx context.Context, tx *state.Tx, purpose string, id wire.Identity, user int64, expires time.Time) (string, error) {
	code := secret()
	_, err := tx.Exec(ctx, "INSERT INTO codes (sha256, purpose, tenant, store, device, user_id, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		digest(code), purpose, id.Tenant, id.Store, id.Device, user, state.Micros(expires))
	return code, err
}

// useCode removes a code and returns what it was for, or ErrDenied. If two use it at once, one of them gets it.
func useCode(ctx context.Context, tx *state.Tx, purpose, code string, now time.Time) (id wire.Identity, user int64, err error) {
	if len(code) > 200 {
		return wire.Identity{}, 0, ErrDenied
	}
	var expires int64
	rows, err := tx.Query(ctx, "DELETE FROM codes WHERE sha256 = ? AND purpose = ? RETURNING tenant, store, device, user_id, expires_at", digest(code), purpose)
	if err != nil {
		return wire.Identity{}, 0, err
	}
	found := rows.Next()
	if found {
		err = rows.Scan(&id.Tenant, &id.Store, &id.Device, &user, &expires)
	}
	if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
		return wire.Identity{}, 0, err
	}
	if !found {
		return wire.Identity{}, 0, ErrDenied
	}
	if state.Time(expires).Before(now) {
		return wire.Identity{}, 0, ErrExpired
	}
	return id, user, nil
}

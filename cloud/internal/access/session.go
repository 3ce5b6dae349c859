package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Somebody stays signed in for sessionTime, or until they have been away for idleTime.
const (
	sessionTime = 30 * 24 * time.Hour
	idleTime    = 7 * 24 * time.Hour
	seenEvery   = time.Hour // resolution of the time at which somebody was last here
)

// SignIn checks an e-mail address and a password and returns the secret of a new session. The error is
// ErrDenied, whichever of the two is wrong; it takes as long for an address that nobody has.
func SignIn(ctx context.Context, db *state.DB, email, password string, now time.Time) (secretText string, p Principal, err error) {
	var id int64
	hash, found := nobody, true
	err = db.QueryRow(ctx, "SELECT id, password FROM users WHERE email = ? AND disabled_at = 0 AND password <> ''",
		strings.ToLower(strings.TrimSpace(email))).Scan(&id, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		found, err = false, nil
	}
	if err != nil {
		return "", Principal{}, fmt.Errorf("sign in: %w", err)
	}
	same, err := samePassword(ctx, hash, password)
	if err != nil {
		return "", Principal{}, fmt.Errorf("sign in: %w", err)
	}
	if !same || !found {
		return "", Principal{}, ErrDenied
	}
	err = db.Write(ctx, func(tx *state.Tx) error {
		// Only if the password is still the one that was checked, and the user was not disabled meanwhile.
		u, err := scanUser(tx.QueryRow(ctx, "SELECT "+userColumns+" FROM users WHERE id = ? AND password = ? AND disabled_at = 0", id, hash))
		if errors.Is(err, sql.ErrNoRows) {
			return ErrDenied
		}
		if err != nil {
			return err
		}
		secretText, p, err = startSession(ctx, tx, u, now)
		return err
	})
	return secretText, p, err
}

// startSession starts a session. It also deletes sessions that have ended, whoever's they are.
func startSession(ctx context.Context, tx *state.Tx, u User, now time.Time) (string, Principal, error) {
	text := secret()
	_, err := tx.Exec(ctx, "DELETE FROM sessions WHERE expires_at <= ? OR seen_at <= ?", state.Micros(now), state.Micros(now.Add(-idleTime)))
	if err == nil {
		_, err = tx.Exec(ctx, "INSERT INTO sessions (sha256, user_id, created_at, seen_at, expires_at) VALUES (?, ?, ?, ?, ?)",
			digest(text), u.ID, state.Micros(now), state.Micros(now), state.Micros(now.Add(sessionTime)))
	}
	if err == nil {
		err = record(ctx, tx, u.Tenant, u.Name, "signed in", u.Email, now)
	}
	if err != nil {
		return "", Principal{}, fmt.Errorf("start session: %w", err)
	}
	return text, principalOf(u), nil
}

func principalOf(u User) Principal {
	p := Principal{Name: u.Name, Email: u.Email, Role: u.Role, User: u.ID}
	p.Identity.Tenant = u.Tenant
	return p
}

// SessionOf returns who has a session, or ErrDenied.
func SessionOf(ctx context.Context, db *state.DB, text string, now time.Time) (Principal, error) {
	if text == "" || len(text) > 200 {
		return Principal{}, ErrDenied
	}
	return sessionOf(ctx, db, digest(text), now)
}

// sessionOf finds a session by its digest.
func sessionOf(ctx context.Context, db *state.DB, sum string, now time.Time) (Principal, error) {
	p, role, seen := Principal{}, "", int64(0)
	err := db.QueryRow(ctx, `SELECT u.id, u.tenant, u.email, u.name, u.role, s.seen_at FROM sessions s JOIN users u ON u.id = s.user_id
		WHERE s.sha256 = ? AND s.expires_at > ? AND s.seen_at > ? AND u.disabled_at = 0`,
		sum, state.Micros(now), state.Micros(now.Add(-idleTime))).
		Scan(&p.User, &p.Identity.Tenant, &p.Email, &p.Name, &role, &seen)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, ErrDenied
	}
	if err == nil && now.Sub(state.Time(seen)) > seenEvery {
		err = db.Write(ctx, func(tx *state.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE sessions SET seen_at = ? WHERE sha256 = ?", state.Micros(now), sum)
			return err
		})
	}
	if err != nil {
		return Principal{}, fmt.Errorf("check session: %w", err)
	}
	p.Role = Role(role)
	return p, nil
}

// SignOut ends a session. It is no error if it has ended already.
func SignOut(ctx context.Context, db *state.DB, text string) error {
	return db.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM sessions WHERE sha256 = ?", digest(text))
		return err
	})
}

// endSessions ends all of a user's sessions but one.
func endSessions(ctx context.Context, tx *state.Tx, user int64, but string) error {
	_, err := tx.Exec(ctx, "DELETE FROM sessions WHERE user_id = ? AND sha256 <> ?", user, but)
	if err != nil {
		return fmt.Errorf("end sessions: %w", err)
	}
	return nil
}

// NewPassword changes the password of a user who has shown the old one, and ends their other sessions. The
// error is ErrDenied if the old password is wrong, and ErrPassword if the new one is not accepted.
func NewPassword(ctx context.Context, db *state.DB, p Principal, session, old, password string, now time.Time) error {
	if err := checkPassword(password, p.Email, p.Name); err != nil {
		return err
	}
	var was string
	if err := db.QueryRow(ctx, "SELECT password FROM users WHERE id = ?", p.User).Scan(&was); err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	same, err := samePassword(ctx, was, old)
	if err == nil && !same {
		return ErrDenied
	}
	var hash string
	if err == nil {
		hash, err = hashPassword(ctx, password)
	}
	if err != nil {
		return fmt.Errorf("change password: %w", err)
	}
	return db.Write(ctx, func(tx *state.Tx) error {
		r, err := tx.Exec(ctx, "UPDATE users SET password = ? WHERE id = ? AND password = ?", hash, p.User, was)
		if err != nil {
			return fmt.Errorf("change password: %w", err)
		}
		if n, err := r.RowsAffected(); err != nil || n == 0 {
			return errors.Join(ErrDenied, err) // somebody else changed it meanwhile
		}
		if err := endSessions(ctx, tx, p.User, digest(session)); err != nil {
			return err
		}
		return record(ctx, tx, p.Identity.Tenant, p.Name, "password changed", p.Email, now)
	})
}

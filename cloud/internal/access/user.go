package access

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// User is a person who signs in with a password.
type User struct {
	ID         int64      `json:"id"`
	Tenant     string     `json:"tenant"`
	Email      string     `json:"email"`  // signs in with it; in lower case; unique in the whole service
	Name       string     `json:"name"`   // shown to others
	Role       Role       `json:"role"`   // admin, manager or viewer
	Active     bool       `json:"active"` // has chosen a password
	CreatedAt  time.Time  `json:"created_at"`
	DisabledAt *time.Time `json:"disabled_at,omitempty"`
}

// Errors about users that a caller may branch on.
var (
	ErrTaken     = errors.New("there is a user with this e-mail address")
	ErrLastAdmin = errors.New("this is the last admin who can sign in")
	ErrUser      = errors.New("not a good user") // its text says what is wrong
)

func (u *User) validate() error {
	u.Email, u.Name = strings.ToLower(strings.TrimSpace(u.Email)), strings.TrimSpace(u.Name)
	address, err := mail.ParseAddress(u.Email)
	switch {
	case err != nil || address.Address != u.Email || len(u.Email) > 254:
		return fmt.Errorf("%w: %.80q is no e-mail address", ErrUser, u.Email)
	case u.Name == "" || len(u.Name) > 200:
		return fmt.Errorf("%w: a name has 1 to 200 bytes", ErrUser)
	case u.Role != Admin && u.Role != Manager && u.Role != Viewer:
		return fmt.Errorf("%w: role %q, want admin, manager or viewer; programs and boards have tokens", ErrUser, u.Role)
	}
	return nil
}

// AddUser creates a user without a password; Invite lets them choose one. The errors are ErrUser and ErrTaken.
func AddUser(ctx context.Context, tx *state.Tx, u User, by string, now time.Time) (User, error) {
	if err := u.validate(); err != nil {
		return User{}, err
	}
	u.CreatedAt = now.UTC().Truncate(time.Microsecond)
	// Whether it is taken is for the database to say, because another tenant's users cannot be seen from here.
	err := tx.QueryRow(ctx, "INSERT INTO users (tenant, email, name, role, created_at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (email) DO NOTHING RETURNING id",
		u.Tenant, u.Email, u.Name, string(u.Role), state.Micros(now)).Scan(&u.ID)
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, ErrTaken
	}
	if err == nil {
		err = record(ctx, tx, u.Tenant, by, "user added", fmt.Sprintf("%s %s", u.Role, u.Email), now)
	}
	if err != nil {
		return User{}, fmt.Errorf("add user: %w", err)
	}
	return u, nil
}

const userColumns = "id, tenant, email, name, role, password <> '', created_at, disabled_at"

func scanUser(row interface{ Scan(...any) error }) (u User, err error) {
	var role string
	var created, disabled int64
	if err = row.Scan(&u.ID, &u.Tenant, &u.Email, &u.Name, &role, &u.Active, &created, &disabled); err != nil {
		return User{}, err
	}
	u.Role, u.CreatedAt = Role(role), state.Time(created)
	if disabled != 0 {
		at := state.Time(disabled)
		u.DisabledAt = &at
	}
	return u, nil
}

// Users lists a tenant's users, by e-mail address.
func Users(ctx context.Context, q state.Querier, tenant string) ([]User, error) {
	rows, err := q.Query(ctx, "SELECT "+userColumns+" FROM users WHERE tenant = ? ORDER BY email", tenant)
	if err != nil {
		return nil, fmt.Errorf("list users: %w", err)
	}
	defer rows.Close()
	list := []User{}
	for rows.Next() {
		u, err := scanUser(rows)
		if err != nil {
			return nil, fmt.Errorf("list users: %w", err)
		}
		list = append(list, u)
	}
	return list, rows.Err()
}

// UserOf returns a tenant's user. The error is state.ErrNotFound if there is none.
func UserOf(ctx context.Context, q state.Querier, tenant string, id int64) (User, error) {
	u, err := scanUser(q.QueryRow(ctx, "SELECT "+userColumns+" FROM users WHERE tenant = ? AND id = ?", tenant, id))
	if errors.Is(err, sql.ErrNoRows) {
		return User{}, fmt.Errorf("user %d: %w", id, state.ErrNotFound)
	}
	if err != nil {
		return User{}, fmt.Errorf("read user: %w", err)
	}
	return u, nil
}

// ChangeUser sets a user's name and role, and disables or enables them. Whoever is disabled, or may do
// something else than before, has to sign in again. The errors are ErrUser and ErrLastAdmin.
func ChangeUser(ctx context.Context, tx *state.Tx, tenant string, id int64, name string, role Role, disabled bool, by string, now time.Time) (User, error) {
	if err := tx.Exclusive(ctx, "users"); err != nil {
		return User{}, err
	}
	old, err := UserOf(ctx, tx, tenant, id)
	if err != nil {
		return User{}, err
	}
	u := old
	u.Name, u.Role = name, role
	if err := u.validate(); err != nil {
		return User{}, err
	}
	at := now.UTC().Truncate(time.Microsecond)
	switch {
	case !disabled:
		u.DisabledAt = nil
	case u.DisabledAt == nil:
		u.DisabledAt = &at
	}
	var since int64
	if u.DisabledAt != nil {
		since = state.Micros(*u.DisabledAt)
	}
	if _, err := tx.Exec(ctx, "UPDATE users SET name = ?, role = ?, disabled_at = ? WHERE tenant = ? AND id = ?", u.Name, string(u.Role), since, tenant, id); err != nil {
		return User{}, fmt.Errorf("change user: %w", err)
	}
	if u.Role != old.Role || disabled {
		if err := endSessions(ctx, tx, id, ""); err != nil {
			return User{}, err
		}
	}
	if err := adminLeft(ctx, tx, old); err != nil {
		return User{}, err
	}
	detail := fmt.Sprintf("%s: %s", u.Email, u.Role)
	if disabled {
		detail += ", shut out"
	}
	return u, record(ctx, tx, tenant, by, "user changed", detail, now)
}

// RemoveUser deletes a user with their sessions and links. What they have said about alerts stays. The error is
// ErrLastAdmin for the tenant's last admin.
func RemoveUser(ctx context.Context, tx *state.Tx, tenant string, id int64, by string, now time.Time) error {
	if err := tx.Exclusive(ctx, "users"); err != nil {
		return err
	}
	u, err := UserOf(ctx, tx, tenant, id)
	if err != nil {
		return err
	}
	for _, q := range []string{"DELETE FROM codes WHERE user_id = ?", "DELETE FROM sessions WHERE user_id = ?", "DELETE FROM users WHERE id = ?"} {
		if _, err := tx.Exec(ctx, q, id); err != nil {
			return fmt.Errorf("remove user: %w", err)
		}
	}
	if err := adminLeft(ctx, tx, u); err != nil {
		return err
	}
	return record(ctx, tx, tenant, by, "user removed", u.Email, now)
}

// adminLeft returns an error if a transaction has left a tenant without an admin, which nobody could undo.
func adminLeft(ctx context.Context, tx *state.Tx, before User) error {
	if before.Role != Admin || !before.Active || before.DisabledAt != nil {
		return nil
	}
	n, err := admins(ctx, tx, before.Tenant)
	if err == nil && n == 0 {
		return ErrLastAdmin
	}
	return err
}

// admins counts a tenant's users and tokens that may do everything.
func admins(ctx context.Context, q state.Querier, tenant string) (n int, err error) {
	err = q.QueryRow(ctx, `SELECT (SELECT COUNT(*) FROM tokens WHERE tenant = ? AND role = ? AND revoked_at = 0)
		+ (SELECT COUNT(*) FROM users WHERE tenant = ? AND role = ? AND disabled_at = 0 AND password <> '')`,
		tenant, string(Admin), tenant, string(Admin)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count admins: %w", err)
	}
	return n, nil
}

package access

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// ErrDenied is all that somebody who is turned away is told.
var ErrDenied = errors.New("not allowed")

// ErrExpired is the ErrDenied for a link or code that was once valid: it tells an honest user what to do, and
// nothing to somebody who guesses.
var ErrExpired = fmt.Errorf("%w: its time is over", ErrDenied)

// prefix makes a token recognisable to people, and to programs that look for leaked secrets.
const prefix = "coldshelf_"

// secret returns 256 random bits as text.
func secret() string {
	var b [32]byte
	rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Token is a token as it is listed: without the secret, which is not stored.
type Token struct {
	ID        int64      `json:"id"`
	Tenant    string     `json:"tenant"`
	Name      string     `json:"name"`
	Role      Role       `json:"role"`
	Store     string     `json:"store,omitempty"`
	Device    string     `json:"device,omitempty"`
	CreatedAt time.Time  `json:"created_at"`
	RevokedAt *time.Time `json:"revoked_at,omitempty"`
}

// Issue creates a token and returns its secret, which cannot be retrieved later.
func Issue(ctx context.Context, tx *state.Tx, p Principal, by string, now time.Time) (string, error) {
	if strings.TrimSpace(p.Name) == "" || len(p.Name) > 200 {
		return "", errors.New("issue token: a name of 1 to 200 bytes says who has it")
	}
	id := p.Identity
	if p.Role != Device {
		id.Store, id.Device = "", ""
	}
	text := prefix + secret()
	_, err := tx.Exec(ctx, "INSERT INTO tokens (tenant, name, role, store, device, sha256, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
		id.Tenant, p.Name, string(p.Role), id.Store, id.Device, digest(text), state.Micros(now))
	if err == nil {
		err = record(ctx, tx, id.Tenant, by, "token issued", fmt.Sprintf("%s for %s", p.Role, p.Name), now)
	}
	if err != nil {
		return "", fmt.Errorf("issue token: %w", err)
	}
	return text, nil
}

// Check returns whose token a text is, or ErrDenied.
func Check(ctx context.Context, q state.Querier, text string) (Principal, error) {
	if !strings.HasPrefix(text, prefix) || len(text) > 200 {
		return Principal{}, ErrDenied
	}
	return tokenOf(ctx, q, digest(text))
}

// Tokens lists a tenant's tokens, the newest first.
func Tokens(ctx context.Context, q state.Querier, tenant string) ([]Token, error) {
	rows, err := q.Query(ctx, "SELECT id, tenant, name, role, store, device, created_at, revoked_at FROM tokens WHERE tenant = ? ORDER BY id DESC", tenant)
	if err != nil {
		return nil, fmt.Errorf("list tokens: %w", err)
	}
	defer rows.Close()
	list := []Token{}
	for rows.Next() {
		var t Token
		var role string
		var created, revoked int64
		if err := rows.Scan(&t.ID, &t.Tenant, &t.Name, &role, &t.Store, &t.Device, &created, &revoked); err != nil {
			return nil, fmt.Errorf("list tokens: %w", err)
		}
		t.Role, t.CreatedAt = Role(role), state.Time(created)
		if revoked != 0 {
			at := state.Time(revoked)
			t.RevokedAt = &at
		}
		list = append(list, t)
	}
	return list, rows.Err()
}

// Revoke invalidates a token of a tenant. The error is state.ErrNotFound if there is none.
func Revoke(ctx context.Context, tx *state.Tx, tenant string, id int64, by string, now time.Time) error {
	r, err := tx.Exec(ctx, "UPDATE tokens SET revoked_at = ? WHERE tenant = ? AND id = ? AND revoked_at = 0", state.Micros(now), tenant, id)
	var n int64
	if err == nil {
		n, err = r.RowsAffected()
	}
	if err == nil && n == 0 {
		return fmt.Errorf("token %d: %w", id, state.ErrNotFound)
	}
	if err == nil {
		err = record(ctx, tx, tenant, by, "token revoked", fmt.Sprint(id), now)
	}
	if err != nil {
		return fmt.Errorf("revoke token: %w", err)
	}
	return nil
}

// Entry is one line of the audit log.
type Entry struct {
	N      int64     `json:"n"`
	At     time.Time `json:"at"`
	Who    string    `json:"who"`
	Action string    `json:"action"`
	Detail string    `json:"detail"`
}

// Note writes a line about something outside this package to the audit log, in the caller's transaction.
func Note(ctx context.Context, tx *state.Tx, tenant, who, action, detail string, now time.Time) error {
	return record(ctx, tx, tenant, who, action, detail, now)
}

func record(ctx context.Context, tx *state.Tx, tenant, who, action, detail string, now time.Time) error {
	if err := tx.Exclusive(ctx, "audit"); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO audit (at, tenant, who, action, detail) VALUES (?, ?, ?, ?, ?)", state.Micros(now), tenant, who, action, detail)
	return err
}

// Audit returns up to limit entries of a tenant's audit log, the newest first.
func Audit(ctx context.Context, q state.Querier, tenant string, limit int) ([]Entry, error) {
	rows, err := q.Query(ctx, "SELECT n, at, who, action, detail FROM audit WHERE tenant = ? ORDER BY n DESC LIMIT ?", tenant, limit)
	if err != nil {
		return nil, fmt.Errorf("read audit log: %w", err)
	}
	defer rows.Close()
	list := []Entry{}
	for rows.Next() {
		var e Entry
		var at int64
		if err := rows.Scan(&e.N, &at, &e.Who, &e.Action, &e.Detail); err != nil {
			return nil, fmt.Errorf("read audit log: %w", err)
		}
		e.At = state.Time(at)
		list = append(list, e)
	}
	return list, rows.Err()
}

// identityOf parses "tenant/store/device", the form in which a certificate and a user name contain an identity.
func identityOf(s string) (wire.Identity, bool) {
	parts := strings.Split(s, "/")
	if len(parts) != 3 {
		return wire.Identity{}, false
	}
	id := wire.Identity{Tenant: parts[0], Store: parts[1], Device: parts[2]}
	return id, id.Validate() == nil
}

func nameOf(id wire.Identity) string { return id.Tenant + "/" + id.Store + "/" + id.Device }

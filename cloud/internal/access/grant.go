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

// GrantOf names the credential of a request that came through a Gate, without its secret. A long-lived
// connection uses it to check repeatedly whether the credential is still valid.
func GrantOf(ctx context.Context) string {
	grant, _ := ctx.Value(grantKey{}).(string)
	return grant
}

// BySession reports whether a request that came through a Gate showed a browser's cookie and no token.
func BySession(ctx context.Context) bool { return strings.HasPrefix(GrantOf(ctx), sessionGrant) }

type grantKey struct{}

const (
	tokenGrant   = "token/"
	sessionGrant = "session/"
)

// Standing returns who has a grant now, and in which role. The error is ErrDenied once its token is revoked,
// its session over or its user disabled.
func Standing(ctx context.Context, db *state.DB, grant string, now time.Time) (Principal, error) {
	if sum, ok := strings.CutPrefix(grant, tokenGrant); ok {
		return tokenOf(ctx, db, sum)
	}
	if sum, ok := strings.CutPrefix(grant, sessionGrant); ok {
		return sessionOf(ctx, db, sum, now)
	}
	return Principal{}, ErrDenied
}

// tokenOf finds a token by its digest.
func tokenOf(ctx context.Context, q state.Querier, sum string) (Principal, error) {
	p, role := Principal{}, ""
	// The index finds the digest: how long that takes tells nothing about the secret behind it.
	err := q.QueryRow(ctx, "SELECT tenant, name, role, store, device FROM tokens WHERE sha256 = ? AND revoked_at = 0", sum).
		Scan(&p.Identity.Tenant, &p.Name, &role, &p.Identity.Store, &p.Identity.Device)
	if errors.Is(err, sql.ErrNoRows) {
		return Principal{}, ErrDenied
	}
	if err != nil {
		return Principal{}, fmt.Errorf("check token: %w", err)
	}
	p.Role = Role(role)
	return p, nil
}

// errEnded is the ErrDenied of a request whose token or session was invalidated since it arrived.
var errEnded = fmt.Errorf("%w: it was ended meanwhile", ErrDenied)

// stays returns errEnded if the token of a request has been revoked by now; otherwise it keeps the token from
// being revoked until the transaction ends. A request that did not come through a Gate has no token.
func stays(ctx context.Context, tx *state.Tx) error {
	sum, ok := strings.CutPrefix(GrantOf(ctx), tokenGrant)
	if !ok {
		return nil
	}
	r, err := tx.Exec(ctx, "UPDATE tokens SET revoked_at = 0 WHERE sha256 = ? AND revoked_at = 0", sum)
	var n int64
	if err == nil {
		n, err = r.RowsAffected()
	}
	if err == nil && n == 0 {
		err = errEnded
	}
	if err != nil {
		return fmt.Errorf("check token: %w", err)
	}
	return nil
}

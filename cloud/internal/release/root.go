package release

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Root describes whose bundles a tenant trusts.
type Root struct {
	Version   int64     `json:"version"`
	Expires   time.Time `json:"expires_at"`
	RootKeys  []string  `json:"root_keys"`    // IDs as defined by TUF
	Keys      []string  `json:"release_keys"` // IDs of the keys that sign bundles
	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"`
}

// GetRoot reads a tenant's root. The error is state.ErrNotFound if there is none.
func GetRoot(ctx context.Context, q state.Querier, tenant string) (*Root, error) {
	data, at, by, err := readRoot(ctx, q, tenant)
	if errors.Is(err, ErrNoRoot) {
		return nil, fmt.Errorf("root: %w", state.ErrNotFound)
	}
	if err != nil {
		return nil, err
	}
	r, err := parseRoot(data)
	if err != nil {
		return nil, fmt.Errorf("stored root: %w", err)
	}
	r.ChangedAt, r.ChangedBy = at, by
	return r, nil
}

func readRoot(ctx context.Context, q state.Querier, tenant string) (data []byte, at time.Time, by string, err error) {
	var micros int64
	err = q.QueryRow(ctx, "SELECT root, changed_at, changed_by FROM release_roots WHERE tenant = ?", tenant).Scan(&data, &micros, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, at, "", ErrNoRoot
	}
	if err != nil {
		return nil, at, "", fmt.Errorf("read root: %w", err)
	}
	return data, state.Time(micros), by, nil
}

// parseRoot also checks that the root is signed by itself.
func parseRoot(data []byte) (*Root, error) {
	m, err := metadata.Root().FromBytes(data)
	if err == nil {
		err = m.VerifyDelegate(metadata.ROOT, m)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBadRoot, err)
	}
	r := &Root{Version: m.Signed.Version, Expires: m.Signed.Expires, RootKeys: []string{}, Keys: []string{}}
	if role := m.Signed.Roles[metadata.ROOT]; role != nil {
		r.RootKeys = slices.Clone(role.KeyIDs)
	}
	if role := m.Signed.Roles[metadata.TARGETS]; role != nil {
		r.Keys = slices.Clone(role.KeyIDs)
	}
	return r, nil
}

// SetRoot sets whose bundles a tenant trusts from now on. A root that replaces another one needs replace:
// boards keep the one that they were given, and would refuse bundles of a stranger. The errors are ErrBadRoot
// and ErrRoot.
func SetRoot(ctx context.Context, tx *state.Tx, tenant, by string, data []byte, replace bool, now time.Time) (*Root, error) {
	r, err := parseRoot(data)
	if err != nil {
		return nil, err
	}
	if r.Expires.Before(now) {
		return nil, fmt.Errorf("%w that can be used: it ended at %s", ErrBadRoot, r.Expires.Format(time.DateOnly))
	}
	if err := tx.Exclusive(ctx, lock(tenant)); err != nil {
		return nil, err
	}
	held, _, _, err := readRoot(ctx, tx, tenant)
	switch {
	case errors.Is(err, ErrNoRoot):
	case err != nil:
		return nil, err
	case bytes.Equal(held, data):
		return GetRoot(ctx, tx, tenant)
	case !replace:
		return nil, ErrRoot
	}
	if err := putRoot(ctx, tx, tenant, by, data, now); err != nil {
		return nil, err
	}
	// What was accepted under another root says nothing about the bundles of this one.
	if _, err := tx.Exec(ctx, "DELETE FROM release_trust WHERE tenant = ?", tenant); err != nil {
		return nil, fmt.Errorf("set root: %w", err)
	}
	if err := access.Note(ctx, tx, tenant, by, "bundle root set", fmt.Sprintf("version %d, signed by %v", r.Version, r.RootKeys), now); err != nil {
		return nil, err
	}
	return GetRoot(ctx, tx, tenant)
}

func putRoot(ctx context.Context, tx *state.Tx, tenant, by string, data []byte, now time.Time) error {
	_, err := tx.Exec(ctx, `INSERT INTO release_roots (tenant, root, changed_at, changed_by) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant) DO UPDATE SET root = excluded.root, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
		tenant, data, state.Micros(now), by)
	if err != nil {
		return fmt.Errorf("set root: %w", err)
	}
	return nil
}

// lock names the lock that is held while a tenant's bundles are changed.
func lock(tenant string) string { return "release/" + tenant }

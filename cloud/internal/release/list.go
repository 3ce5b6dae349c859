package release

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
)

const columns = "tenant, sha256, kind, version, arch, size, made_at, expires_at, added_at, added_by"

type scanner interface{ Scan(dest ...any) error }

func scan(row scanner) (*Release, error) {
	var r Release
	var tenant string
	var made, expires, added int64
	if err := row.Scan(&tenant, &r.SHA256, &r.Kind, &r.Version, &r.Arch, &r.Size, &made, &expires, &added, &r.AddedBy); err != nil {
		return nil, err
	}
	r.MadeAt, r.Expires, r.AddedAt = state.Time(made), state.Time(expires), state.Time(added)
	return &r, nil
}

// Get reads one release. The error is state.ErrNotFound if there is none.
func Get(ctx context.Context, q state.Querier, tenant, sum string) (*Release, error) {
	r, err := scan(q.QueryRow(ctx, "SELECT "+columns+" FROM releases WHERE tenant = ? AND sha256 = ?", tenant, sum))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("bundle %s: %w", sum, state.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read bundle: %w", err)
	}
	return r, nil
}

// List returns a tenant's releases by kind, the newest version first.
func List(ctx context.Context, q state.Querier, tenant string) ([]Release, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM releases WHERE tenant = ?", tenant)
	if err != nil {
		return nil, fmt.Errorf("list bundles: %w", err)
	}
	defer rows.Close()
	list := []Release{}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list bundles: %w", err)
		}
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b Release) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), bundle.Compare(b.Version, a.Version), cmp.Compare(a.Arch, b.Arch))
	})
	return list, rows.Err()
}

// Newest returns the highest version of a kind for a processor. The error is state.ErrNotFound if there is
// none.
func Newest(ctx context.Context, q state.Querier, tenant, kind, arch string) (*Release, error) {
	list, err := List(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	for i := range list {
		if list[i].Kind == kind && list[i].Arch == arch {
			return &list[i], nil
		}
	}
	return nil, fmt.Errorf("bundle of kind %s: %w", kind, state.ErrNotFound)
}

// Remove deletes a release. The error is state.ErrNotFound if there is none. The caller must make sure that
// nothing wants it any more.
func Remove(ctx context.Context, tx *state.Tx, tenant, sum, by string, now time.Time) error {
	if err := tx.Exclusive(ctx, lock(tenant)); err != nil {
		return err
	}
	r, err := Get(ctx, tx, tenant, sum)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM releases WHERE tenant = ? AND sha256 = ?", tenant, sum); err != nil {
		return fmt.Errorf("remove bundle: %w", err)
	}
	if err := dropPieces(ctx, tx, tenant, sum); err != nil {
		return fmt.Errorf("remove bundle: %w", err)
	}
	return access.Note(ctx, tx, tenant, by, "bundle removed", fmt.Sprintf("%s %s %s %s", r.Kind, r.Version, r.Arch, sum), now)
}

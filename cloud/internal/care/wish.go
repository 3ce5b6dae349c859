package care

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
)

// Scope says for whom a wish is. A nearer one takes precedence.
type Scope string

// The scopes, from far to near.
const (
	Tenant Scope = "tenant"
	Store  Scope = "store"
	Cooler Scope = "cooler"
)

// Wish is what is wished for one place: a tenant (place ""), a store or a cooler.
type Wish struct {
	Scope     Scope     `json:"scope"`
	Place     string    `json:"place"`
	Parts     Parts     `json:"parts"`
	ChangedAt time.Time `json:"changed_at"`
	ChangedBy string    `json:"changed_by"`
}

const wishColumns = "scope, place, parts, changed_at, changed_by"

func scanWish(row interface{ Scan(...any) error }) (*Wish, error) {
	var w Wish
	var parts string
	var at int64
	if err := row.Scan(&w.Scope, &w.Place, &parts, &at, &w.ChangedBy); err != nil {
		return nil, err
	}
	w.ChangedAt = state.Time(at)
	return &w, json.Unmarshal([]byte(parts), &w.Parts)
}

// Wishes returns all wishes of a tenant, farther ones before nearer ones.
func Wishes(ctx context.Context, q state.Querier, tenant string) ([]Wish, error) {
	rows, err := q.Query(ctx, "SELECT "+wishColumns+" FROM care_wishes WHERE tenant = ? ORDER BY CASE scope WHEN 'tenant' THEN 1 WHEN 'store' THEN 2 ELSE 3 END, place", tenant)
	if err != nil {
		return nil, fmt.Errorf("list wishes: %w", err)
	}
	defer rows.Close()
	list := []Wish{}
	for rows.Next() {
		w, err := scanWish(rows)
		if err != nil {
			return nil, fmt.Errorf("list wishes: %w", err)
		}
		list = append(list, *w)
	}
	return list, rows.Err()
}

// GetWish reads one wish; if nothing is wished for, its parts are empty.
func GetWish(ctx context.Context, q state.Querier, tenant string, scope Scope, place string) (*Wish, error) {
	w, err := scanWish(q.QueryRow(ctx, "SELECT "+wishColumns+" FROM care_wishes WHERE tenant = ? AND scope = ? AND place = ?", tenant, scope, place))
	if errors.Is(err, sql.ErrNoRows) {
		return &Wish{Scope: scope, Place: place}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read wish: %w", err)
	}
	return w, nil
}

func putWish(ctx context.Context, tx *state.Tx, tenant string, w *Wish) (err error) {
	if w.Parts.empty() {
		_, err = tx.Exec(ctx, "DELETE FROM care_wishes WHERE tenant = ? AND scope = ? AND place = ?", tenant, w.Scope, w.Place)
	} else {
		var parts []byte
		if parts, err = json.Marshal(w.Parts); err == nil {
			_, err = tx.Exec(ctx, `INSERT INTO care_wishes (tenant, `+wishColumns+`) VALUES (?, ?, ?, ?, ?, ?)
				ON CONFLICT (tenant, scope, place) DO UPDATE SET parts = excluded.parts, changed_at = excluded.changed_at, changed_by = excluded.changed_by`,
				tenant, w.Scope, w.Place, string(parts), state.Micros(w.ChangedAt), w.ChangedBy)
		}
	}
	if err != nil {
		return fmt.Errorf("store wish: %w", err)
	}
	return nil
}

// wishLock names the lock that is held while a tenant's wishes are changed.
func wishLock(tenant string) string { return "care/" + tenant }

// Change takes over the parts that body, a JSON object, contains, and has the boards told. The error is
// ErrParts for a fault in it, and state.ErrNotFound for a store, a cooler, a bundle or a planogram that does
// not exist.
func Change(ctx context.Context, tx *state.Tx, tenant string, scope Scope, place, by string, body []byte, now time.Time) (*Wish, error) {
	if err := tx.Exclusive(ctx, wishLock(tenant)); err != nil {
		return nil, err
	}
	if err := exists(ctx, tx, tenant, scope, place); err != nil {
		return nil, err
	}
	w, err := GetWish(ctx, tx, tenant, scope, place)
	if err != nil {
		return nil, err
	}
	if err := w.Parts.change(body); err != nil {
		return nil, err
	}
	if err := have(ctx, tx, tenant, &w.Parts); err != nil {
		return nil, err
	}
	w.ChangedAt, w.ChangedBy = now, by
	if err := putWish(ctx, tx, tenant, w); err != nil {
		return nil, err
	}
	if err := enqueue(ctx, tx, tenant, scope, place, false); err != nil {
		return nil, err
	}
	return w, access.Note(ctx, tx, tenant, by, "desired state changed", fmt.Sprintf("%s %s %.500s", scope, place, body), now)
}

func exists(ctx context.Context, q state.Querier, tenant string, scope Scope, place string) error {
	var n int
	var err error
	switch scope {
	case Store:
		err = q.QueryRow(ctx, "SELECT COUNT(*) FROM stores WHERE tenant = ? AND store = ?", tenant, place).Scan(&n)
	case Cooler:
		err = q.QueryRow(ctx, "SELECT COUNT(*) FROM coolers WHERE tenant = ? AND device = ?", tenant, place).Scan(&n)
	default:
		return nil
	}
	if err == nil && n == 0 {
		err = state.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", scope, place, err)
	}
	return nil
}

// have returns an error unless what is wished for can be sent.
func have(ctx context.Context, q state.Querier, tenant string, p *Parts) error {
	if p.Planogram != nil && *p.Planogram != "" && *p.Planogram != Assigned {
		if _, err := state.GetPlanogram(ctx, q, tenant, *p.Planogram, 0); err != nil {
			return err
		}
	}
	for _, kind := range bundle.Kinds() {
		v := p.Version(kind)
		if v == nil || *v == "" {
			continue
		}
		list, err := Bundles(ctx, q, tenant, kind, *v)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return fmt.Errorf("bundle %s %s: %w", kind, *v, state.ErrNotFound)
		}
	}
	return nil
}

// Bundles returns the bundles of one version, one for each processor.
func Bundles(ctx context.Context, q state.Querier, tenant, kind, version string) ([]release.Release, error) {
	list, err := release.List(ctx, q, tenant)
	if err != nil {
		return nil, err
	}
	var of []release.Release
	for _, r := range list {
		if r.Kind == kind && r.Version == version {
			of = append(of, r)
		}
	}
	return of, nil
}

// SetVersion wishes for a version of a bundle at one place on behalf of a staged update; nil leaves it to the
// wish of the wider scope. It returns the wish that was there.
func SetVersion(ctx context.Context, tx *state.Tx, tenant string, scope Scope, place, kind string, version *string, rollout int64, by string, now time.Time) (before *string, err error) {
	if err := tx.Exclusive(ctx, wishLock(tenant)); err != nil {
		return nil, err
	}
	w, err := GetWish(ctx, tx, tenant, scope, place)
	if err != nil {
		return nil, err
	}
	before = w.Parts.Version(kind)
	w.Parts.set(kind, version, rollout)
	w.ChangedAt, w.ChangedBy = now, by
	if err := putWish(ctx, tx, tenant, w); err != nil {
		return nil, err
	}
	return before, enqueue(ctx, tx, tenant, scope, place, false)
}

// InUse describes a wish that names a version of a kind, or returns "".
func InUse(ctx context.Context, q state.Querier, tenant, kind, version string) (string, error) {
	list, err := Wishes(ctx, q, tenant)
	if err != nil {
		return "", err
	}
	for _, w := range list {
		if v := w.Parts.Version(kind); v != nil && *v == version {
			return fmt.Sprintf("%s %s", w.Scope, w.Place), nil
		}
	}
	return "", nil
}

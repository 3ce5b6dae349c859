package state

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// ErrVersion says that a planogram with this or a higher version is published and has other content.
var ErrVersion = errors.New("a published planogram is changed by a higher version")

// PutPlanogram publishes p and enters its products. Publishing the same version again with the same content
// does nothing and returns false; a version that is not higher is ErrVersion.
func PutPlanogram(ctx context.Context, tx *Tx, tenant string, p *shelf.Planogram, now time.Time) (published bool, err error) {
	if err := p.Validate(); err != nil {
		return false, err
	}
	body, err := json.Marshal(p)
	if err != nil {
		return false, fmt.Errorf("publish planogram %s: %w", p.ID, err)
	}
	if err := tx.Exclusive(ctx, "planograms/"+tenant); err != nil {
		return false, err
	}
	var version int64
	var last string
	err = tx.QueryRow(ctx, "SELECT version, body FROM planograms WHERE tenant = ? AND id = ? ORDER BY version DESC LIMIT 1",
		tenant, p.ID).Scan(&version, &last)
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return false, fmt.Errorf("publish planogram %s: %w", p.ID, err)
	case int64(p.Version) == version && last == string(body):
		return false, nil
	case int64(p.Version) <= version:
		return false, fmt.Errorf("planogram %s: version %d is published, this is %d: %w", p.ID, version, p.Version, ErrVersion)
	}
	_, err = tx.Exec(ctx, "INSERT INTO planograms (tenant, id, version, body, published_at) VALUES (?, ?, ?, ?, ?)",
		tenant, p.ID, p.Version, string(body), Micros(now))
	if err != nil {
		return false, fmt.Errorf("publish planogram %s: %w", p.ID, err)
	}
	for _, product := range p.Products {
		if err := PutProduct(ctx, tx, tenant, product); err != nil {
			return false, err
		}
	}
	return true, nil
}

// GetPlanogram reads one version, or the highest if version is 0. The error is ErrNotFound if there is none.
func GetPlanogram(ctx context.Context, q Querier, tenant, id string, version int) (*shelf.Planogram, error) {
	query, args := "SELECT body FROM planograms WHERE tenant = ? AND id = ? ORDER BY version DESC LIMIT 1", []any{tenant, id}
	if version > 0 {
		query, args = "SELECT body FROM planograms WHERE tenant = ? AND id = ? AND version = ?", append(args, version)
	}
	var body string
	err := q.QueryRow(ctx, query, args...).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("planogram %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read planogram %s: %w", id, err)
	}
	return decodePlanogram(id, body)
}

// ListPlanograms returns the highest version of each of a tenant's planograms, by ID.
func ListPlanograms(ctx context.Context, q Querier, tenant string) ([]*shelf.Planogram, error) {
	rows, err := q.Query(ctx, `SELECT p.id, p.body FROM planograms p WHERE p.tenant = ? AND p.version =
		(SELECT MAX(m.version) FROM planograms m WHERE m.tenant = p.tenant AND m.id = p.id) ORDER BY p.id`, tenant)
	if err != nil {
		return nil, fmt.Errorf("list planograms: %w", err)
	}
	defer rows.Close()
	var list []*shelf.Planogram
	for rows.Next() {
		var id, body string
		if err := rows.Scan(&id, &body); err != nil {
			return nil, fmt.Errorf("list planograms: %w", err)
		}
		p, err := decodePlanogram(id, body)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, rows.Err()
}

func decodePlanogram(id, body string) (*shelf.Planogram, error) {
	var p shelf.Planogram
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		return nil, fmt.Errorf("stored planogram %s: %w", id, err)
	}
	return &p, nil
}

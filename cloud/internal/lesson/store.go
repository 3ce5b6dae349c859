package lesson

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const selection = `SELECT l.id, l.gtin, l.name, l.device, l.photos, l.created_at, l.created_by, l.result,
	(SELECT COUNT(*) FROM lesson_photos p WHERE p.tenant = l.tenant AND p.lesson = l.id) FROM lessons l WHERE l.tenant = ?`

func scan(row interface{ Scan(...any) error }) (*Lesson, error) {
	var l Lesson
	var created int64
	var gtin, result string
	if err := row.Scan(&l.ID, &gtin, &l.Name, &l.Device, &l.Photos, &created, &l.CreatedBy, &result, &l.Arrived); err != nil {
		return nil, err
	}
	l.GTIN, l.CreatedAt = shelf.GTIN(gtin), state.Time(created)
	if result != "" {
		if err := json.Unmarshal([]byte(result), &l.Result); err != nil {
			return nil, err
		}
	}
	l.Status = l.status()
	return &l, nil
}

// List returns a tenant's lessons, the newest first; with a status, only those in it.
func List(ctx context.Context, q state.Querier, tenant string, status Status) ([]*Lesson, error) {
	rows, err := q.Query(ctx, selection+" ORDER BY l.id DESC", tenant)
	if err != nil {
		return nil, fmt.Errorf("list lessons: %w", err)
	}
	defer rows.Close()
	list := []*Lesson{}
	for rows.Next() {
		l, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("list lessons: %w", err)
		}
		if status == "" || l.Status == status {
			list = append(list, l)
		}
	}
	return list, rows.Err()
}

// Get reads one lesson. The error is state.ErrNotFound if there is none.
func Get(ctx context.Context, q state.Querier, tenant string, id int64) (*Lesson, error) {
	l, err := scan(q.QueryRow(ctx, selection+" AND l.id = ?", tenant, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("lesson %d: %w", id, state.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read lesson %d: %w", id, err)
	}
	return l, nil
}

// lock names the lock that is held while a tenant's lessons are changed, so that limits are kept.
func lock(tenant string) string { return "lesson/" + tenant }

// Add enters a lesson, with the photos that are there already. Its product is entered as well, unless it is
// known. The errors are ErrLesson and ErrFull.
func Add(ctx context.Context, tx *state.Tx, tenant string, l *Lesson, photos []*Photo, now time.Time) (*Lesson, error) {
	if err := l.validate(); err != nil {
		return nil, err
	}
	if err := tx.Exclusive(ctx, lock(tenant)); err != nil {
		return nil, err
	}
	var count int
	if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM lessons WHERE tenant = ?", tenant).Scan(&count); err != nil {
		return nil, fmt.Errorf("count lessons: %w", err)
	}
	if count >= maxLessons {
		return nil, fmt.Errorf("%w: there are %d", ErrFull, count)
	}
	var id int64
	err := tx.QueryRow(ctx, "INSERT INTO lessons (tenant, gtin, name, device, photos, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
		tenant, string(l.GTIN), l.Name, l.Device, l.Photos, state.Micros(now), l.CreatedBy).Scan(&id)
	if err != nil {
		return nil, fmt.Errorf("store lesson: %w", err)
	}
	for i, p := range photos {
		if err := putPhoto(ctx, tx, tenant, id, i+1, p); err != nil {
			return nil, err
		}
	}
	if err := enterProduct(ctx, tx, tenant, l); err != nil {
		return nil, err
	}
	if err := access.Note(ctx, tx, tenant, l.CreatedBy, "lesson added", fmt.Sprintf("%d: %s %s", id, l.GTIN, l.Name), now); err != nil {
		return nil, err
	}
	return Get(ctx, tx, tenant, id)
}

// enterProduct makes the page know the product's name. What is known about the product stays.
func enterProduct(ctx context.Context, tx *state.Tx, tenant string, l *Lesson) error {
	var known int
	err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM products WHERE tenant = ? AND gtin = ?", tenant, string(l.GTIN)).Scan(&known)
	if err != nil || known > 0 {
		return err
	}
	return state.PutProduct(ctx, tx, tenant, shelf.Product{GTIN: l.GTIN, Name: l.Name})
}

// PutPhoto stores photo number n, from 1, of a lesson that has not been taught, and replaces one with that
// number. The errors are ErrLesson, ErrFull and state.ErrNotFound.
func PutPhoto(ctx context.Context, tx *state.Tx, tenant string, id int64, n int, p *Photo) (*Lesson, error) {
	if err := tx.Exclusive(ctx, lock(tenant)); err != nil {
		return nil, err
	}
	l, err := Get(ctx, tx, tenant, id)
	switch {
	case err != nil:
		return nil, err
	case n < 1 || n > l.Photos:
		return nil, fmt.Errorf("%w: photo %d, and it has %d", ErrLesson, n, l.Photos)
	case l.Result != nil || l.Device != "":
		return nil, fmt.Errorf("%w: it has its photos already", ErrLesson)
	}
	if err := putPhoto(ctx, tx, tenant, id, n, p); err != nil {
		return nil, err
	}
	return Get(ctx, tx, tenant, id)
}

func putPhoto(ctx context.Context, tx *state.Tx, tenant string, id int64, n int, p *Photo) error {
	var used int64
	if err := tx.QueryRow(ctx, "SELECT COALESCE(SUM(LENGTH(bytes)), 0) FROM lesson_photos WHERE tenant = ?", tenant).Scan(&used); err != nil {
		return fmt.Errorf("measure photos: %w", err)
	}
	if used+int64(len(p.Bytes)) > MaxTenant {
		return fmt.Errorf("%w: their photos take %d of %d MiB", ErrFull, used>>20, MaxTenant>>20)
	}
	f := shelf.Box{}
	if p.Facing != nil {
		f = *p.Facing
	}
	_, err := tx.Exec(ctx, `INSERT INTO lesson_photos (tenant, lesson, n, type, x, y, w, h, bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, lesson, n) DO UPDATE SET type = excluded.type, x = excluded.x, y = excluded.y, w = excluded.w, h = excluded.h, bytes = excluded.bytes`,
		tenant, id, n, p.Type, f.X, f.Y, f.W, f.H, p.Bytes)
	if err != nil {
		return fmt.Errorf("store photo %d of lesson %d: %w", n, id, err)
	}
	return nil
}

// GetPhoto reads one photo. The error is state.ErrNotFound if there is none.
func GetPhoto(ctx context.Context, q state.Querier, tenant string, id int64, n int) (*Photo, error) {
	var p Photo
	var f shelf.Box
	err := q.QueryRow(ctx, "SELECT type, x, y, w, h, bytes FROM lesson_photos WHERE tenant = ? AND lesson = ? AND n = ?", tenant, id, n).
		Scan(&p.Type, &f.X, &f.Y, &f.W, &f.H, &p.Bytes)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("photo %d of lesson %d: %w", n, id, state.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read photo %d of lesson %d: %w", n, id, err)
	}
	if f.W > 0 {
		p.Facing = &f
	}
	return &p, nil
}

// Facings returns where a lesson's product is in its photos, by the photo's number. Photos in which it has to
// be found are left out.
func Facings(ctx context.Context, q state.Querier, tenant string, id int64) (map[int]shelf.Box, error) {
	rows, err := q.Query(ctx, "SELECT n, x, y, w, h FROM lesson_photos WHERE tenant = ? AND lesson = ? AND w > 0", tenant, id)
	if err != nil {
		return nil, fmt.Errorf("list facings of lesson %d: %w", id, err)
	}
	defer rows.Close()
	all := map[int]shelf.Box{}
	for rows.Next() {
		var n int
		var f shelf.Box
		if err := rows.Scan(&n, &f.X, &f.Y, &f.W, &f.H); err != nil {
			return nil, fmt.Errorf("list facings of lesson %d: %w", id, err)
		}
		all[n] = f
	}
	return all, rows.Err()
}

// Tell records the outcome of a lesson. The errors are ErrLesson, ErrMissing and state.ErrNotFound.
func Tell(ctx context.Context, tx *state.Tx, tenant string, id int64, r *Result) (*Lesson, error) {
	if err := r.Validate(); err != nil {
		return nil, err
	}
	if err := tx.Exclusive(ctx, lock(tenant)); err != nil {
		return nil, err
	}
	l, err := Get(ctx, tx, tenant, id)
	if err != nil {
		return nil, err
	}
	if l.Arrived < l.Photos {
		return nil, fmt.Errorf("lesson %d: %w: %d of %d are here", id, ErrMissing, l.Arrived, l.Photos)
	}
	body, err := json.Marshal(r)
	if err == nil {
		_, err = tx.Exec(ctx, "UPDATE lessons SET result = ? WHERE tenant = ? AND id = ?", string(body), tenant, id)
	}
	if err != nil {
		return nil, fmt.Errorf("store result of lesson %d: %w", id, err)
	}
	what := fmt.Sprintf("%d: %s, %d references added, %d faults, bundle %q", id, l.GTIN, r.Added, len(r.Faults), r.Bundle)
	if err := access.Note(ctx, tx, tenant, r.By, "lesson taught", what, r.At); err != nil {
		return nil, err
	}
	return Get(ctx, tx, tenant, id)
}

// Remove deletes a lesson with its photos; what a gallery has learnt stays in it. The error is
// state.ErrNotFound if there is none.
func Remove(ctx context.Context, tx *state.Tx, tenant string, id int64, by string, now time.Time) error {
	if err := tx.Exclusive(ctx, lock(tenant)); err != nil {
		return err
	}
	l, err := Get(ctx, tx, tenant, id)
	if err != nil {
		return err
	}
	for _, table := range []string{"lesson_photos WHERE tenant = ? AND lesson", "lessons WHERE tenant = ? AND id"} {
		if _, err := tx.Exec(ctx, "DELETE FROM "+table+" = ?", tenant, id); err != nil {
			return fmt.Errorf("remove lesson %d: %w", id, err)
		}
	}
	return access.Note(ctx, tx, tenant, by, "lesson removed", fmt.Sprintf("%d: %s %s", id, l.GTIN, l.Name), now)
}

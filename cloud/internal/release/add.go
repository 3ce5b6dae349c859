package release

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
)

// piece is the number of bytes of a bundle in one row.
const piece = 256 << 10

// piecesAtOnce is how many pieces are written in one transaction, so that a large bundle does not hold up other
// writers.
const piecesAtOnce = 16

// Store takes in bundles. Scratch is a folder for bundles that are being checked; "": the system's.
type Store struct {
	DB      *state.DB
	Scratch string
}

// Add checks a bundle with every file in it, and stores it. If it is stored already, it is returned with again
// set. The error wraps bundle.ErrRefused, ErrNoRoot, ErrLower, ErrTaken or ErrSize; nothing is stored then.
func (s *Store) Add(ctx context.Context, tenant, by string, from io.Reader, now time.Time) (r *Release, again bool, err error) {
	dir, err := os.MkdirTemp(s.Scratch, "bundle-")
	if err != nil {
		return nil, false, fmt.Errorf("take bundle: %w", err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bundle")
	sum, size, err := receive(path, from)
	if err != nil {
		return nil, false, err
	}
	if r, err := Get(ctx, s.DB, tenant, sum); err == nil {
		return r, true, nil
	} else if !errors.Is(err, state.ErrNotFound) {
		return nil, false, err
	}
	c, err := s.check(ctx, tenant, dir, path)
	if err != nil {
		return nil, false, err
	}
	c.SHA256, c.Size, c.AddedAt, c.AddedBy = sum, size, now.UTC().Truncate(time.Microsecond), by
	if err := fits(ctx, s.DB, tenant, &c.Release); err != nil {
		return nil, false, err
	}
	if err := s.keep(ctx, tenant, path, c, now); err != nil {
		return nil, false, errors.Join(err, s.DB.Write(context.WithoutCancel(ctx), func(tx *state.Tx) error { return dropPieces(ctx, tx, tenant, sum) }))
	}
	return &c.Release, false, nil
}

// receive writes what arrives to a file.
func receive(path string, from io.Reader) (sum string, size int64, err error) {
	f, err := os.Create(path)
	if err != nil {
		return "", 0, fmt.Errorf("take bundle: %w", err)
	}
	hash := sha256.New()
	size, err = io.Copy(io.MultiWriter(f, hash), io.LimitReader(from, bundle.MaxBytes+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", 0, fmt.Errorf("take bundle: %w", err)
	}
	if size > bundle.MaxBytes {
		return "", 0, fmt.Errorf("%w: more than %d bytes", ErrSize, bundle.MaxBytes)
	}
	return hex.EncodeToString(hash.Sum(nil)), size, nil
}

// checked is a release, with the trust on which the check was based.
type checked struct {
	Release
	held  []byte // the root with which it was checked
	trust trust  // the trust after it
}

// check opens a bundle as a board with the tenant's root would do, and checks every file.
func (s *Store) check(ctx context.Context, tenant, dir, path string) (*checked, error) {
	root, _, _, err := readRoot(ctx, s.DB, tenant)
	if err != nil {
		return nil, err
	}
	// The content determines below which metadata it must not go, so it is opened twice.
	first, err := bundle.Open(path, bundle.Trust{Root: root, Dir: filepath.Join(dir, "first")}, time.Now())
	if err != nil {
		return nil, err
	}
	what := first.Release
	if err := first.Close(); err != nil {
		return nil, err
	}
	held, err := readTrust(ctx, s.DB, tenant, what.Kind, what.Arch)
	if err != nil {
		return nil, err
	}
	metadata := filepath.Join(dir, "metadata")
	if err := held.write(metadata); err != nil {
		return nil, err
	}
	b, err := bundle.Open(path, bundle.Trust{Root: root, Dir: metadata}, time.Now())
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if err := b.Unpack(filepath.Join(dir, "files")); err != nil {
		return nil, err
	}
	c := &checked{held: root, Release: Release{Kind: b.Release.Kind, Version: b.Release.Version, Arch: b.Release.Arch,
		MadeAt: b.Release.Made.UTC().Truncate(time.Microsecond), Expires: b.Expires.UTC()}}
	c.trust, err = trustIn(metadata)
	return c, err
}

// fits refuses what boards with the newest bundle of its kind would refuse.
func fits(ctx context.Context, q state.Querier, tenant string, r *Release) error {
	newest, err := Newest(ctx, q, tenant, r.Kind, r.Arch)
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	switch c := bundle.Compare(r.Version, newest.Version); {
	case c < 0:
		return fmt.Errorf("%s %s: %w: %s", r.Kind, r.Version, ErrLower, newest.Version)
	case c == 0 && r.SHA256 != newest.SHA256:
		return fmt.Errorf("%s %s: %w, added by %s", r.Kind, r.Version, ErrTaken, newest.AddedBy)
	}
	return nil
}

// keep writes the pieces and then, in one step, that they are a release.
func (s *Store) keep(ctx context.Context, tenant, path string, c *checked, now time.Time) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	defer f.Close()
	pieces := int((c.Size + piece - 1) / piece)
	for n := 0; n < pieces; n += piecesAtOnce {
		err := s.DB.Write(ctx, func(tx *state.Tx) error {
			for i := n; i < min(n+piecesAtOnce, pieces); i++ {
				if err := putPiece(ctx, tx, tenant, c.SHA256, i, f); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("keep bundle: %w", err)
		}
	}
	return s.DB.Write(ctx, func(tx *state.Tx) error { return s.enter(ctx, tx, tenant, pieces, c, now) })
}

func putPiece(ctx context.Context, tx *state.Tx, tenant, sum string, n int, f io.ReaderAt) error {
	data := make([]byte, piece)
	got, err := f.ReadAt(data, int64(n)*piece)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	_, err = tx.Exec(ctx, "INSERT INTO release_pieces (tenant, sha256, n, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (tenant, sha256, n) DO NOTHING", tenant, sum, n, data[:got])
	return err
}

// enter turns pieces into a release. Meanwhile another one may have come, or the root may have changed.
func (s *Store) enter(ctx context.Context, tx *state.Tx, tenant string, pieces int, c *checked, now time.Time) error {
	if err := tx.Exclusive(ctx, lock(tenant)); err != nil {
		return err
	}
	if err := fits(ctx, tx, tenant, &c.Release); err != nil {
		return err
	}
	var count int
	if err := tx.QueryRow(ctx, "SELECT COUNT(*) FROM release_pieces WHERE tenant = ? AND sha256 = ?", tenant, c.SHA256).Scan(&count); err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	held, _, _, err := readRoot(ctx, tx, tenant)
	if err != nil {
		return err
	}
	if count != pieces || string(held) != string(c.held) {
		return errors.New("keep bundle: something else was changed meanwhile; send it again")
	}
	if string(c.trust.Root) != string(held) { // it brought a newer root, which ours has signed
		if err := putRoot(ctx, tx, tenant, "bundle "+c.Kind+" "+c.Version, c.trust.Root, now); err != nil {
			return err
		}
	}
	if err := c.trust.put(ctx, tx, tenant, c.Kind, c.Arch); err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO releases (`+columns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, sha256) DO NOTHING`, tenant, c.SHA256, c.Kind, c.Version, c.Arch, c.Size,
		state.Micros(c.MadeAt), state.Micros(c.Expires), state.Micros(c.AddedAt), c.AddedBy)
	if err != nil {
		return fmt.Errorf("keep bundle: %w", err)
	}
	return access.Note(ctx, tx, tenant, c.AddedBy, "bundle added", fmt.Sprintf("%s %s %s %s", c.Kind, c.Version, c.Arch, c.SHA256), now)
}

// dropPieces deletes pieces that belong to no release.
func dropPieces(ctx context.Context, tx *state.Tx, tenant, sum string) error {
	_, err := tx.Exec(ctx, `DELETE FROM release_pieces WHERE tenant = ? AND sha256 = ?
		AND NOT EXISTS (SELECT 1 FROM releases r WHERE r.tenant = release_pieces.tenant AND r.sha256 = release_pieces.sha256)`, tenant, sum)
	return err
}

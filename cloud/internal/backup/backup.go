// Package backup makes one file of everything that a service on embedded databases stores, while the service
// runs, and restores it.
//
// A backup is a gzipped tar of the databases, each a consistent copy, and of the certificate authority, with a
// manifest of SHA-256 sums at the end. The state is copied before the series: whatever is stored in between is
// then in the series and not in the state, so boards send those messages again and they overwrite what is
// there. The other way round they would be lost.
//
// It does not restore over existing data, and does not restore a backup that is truncated or changed. A service
// on PostgreSQL or InfluxDB is backed up with their own tools. The file contains the authority's key: whoever
// can read it can impersonate any board.
package backup

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// databases are the names of the files in a data folder, in the order in which they are backed up.
var databases = []string{"state.db", "series.db"}

var others = []string{"authority/ca.pem", "authority/ca.key"}

const manifestName = "MANIFEST.json"

// Manifest describes the other files of a backup; it is the last file.
type Manifest struct {
	Version int               `json:"version"` // 1
	MadeAt  time.Time         `json:"made_at"`
	Files   map[string]string `json:"files"` // name to SHA-256, hexadecimal
}

// ErrBroken says that a backup is truncated or was changed.
var ErrBroken = errors.New("the backup is broken")

// Write copies the data folder of a service that may be running to w.
func Write(ctx context.Context, dir string, w io.Writer, now time.Time) (*Manifest, error) {
	scratch, err := os.MkdirTemp(dir, ".backup-")
	if err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	defer os.RemoveAll(scratch)
	packed := gzip.NewWriter(w)
	archive := tar.NewWriter(packed)
	m := &Manifest{Version: 1, MadeAt: now.UTC(), Files: map[string]string{}}
	for _, name := range databases {
		copied := filepath.Join(scratch, name)
		if err := state.Copy(ctx, filepath.Join(dir, name), copied); err != nil {
			return nil, fmt.Errorf("back up %s: %w", name, err)
		}
		if err := m.add(archive, name, copied, now); err != nil {
			return nil, fmt.Errorf("back up %s: %w", name, err)
		}
		os.Remove(copied) // makes room for the next; anything left is deleted with scratch
	}
	for _, name := range others {
		err := m.add(archive, name, filepath.Join(dir, name), now)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("back up %s: %w", name, err)
		}
	}
	data, err := json.Marshal(m)
	if err == nil {
		err = archive.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(data)), ModTime: now})
	}
	if err == nil {
		_, err = archive.Write(data)
	}
	if err = errors.Join(err, archive.Close(), packed.Close()); err != nil {
		return nil, fmt.Errorf("back up: %w", err)
	}
	return m, nil
}

func (m *Manifest) add(archive *tar.Writer, name, path string, now time.Time) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := archive.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: now}); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(archive, io.TeeReader(f, sum)); err != nil {
		return err
	}
	m.Files[name] = hex.EncodeToString(sum.Sum(nil))
	return nil
}

// Restore creates a data folder from a backup. The folder must not contain a service's data. Nothing is left of
// a backup that is broken.
func Restore(r io.Reader, dir string) (m *Manifest, err error) {
	for _, name := range append(databases, others...) {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return nil, fmt.Errorf("restore: %s is there: %w", filepath.Join(dir, name), fs.ErrExist)
		}
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	scratch, err := os.MkdirTemp(dir, ".restore-")
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	defer os.RemoveAll(scratch)
	m, sums, err := unpack(r, scratch)
	if err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	for name, want := range m.Files {
		if sums[name] != want {
			return nil, fmt.Errorf("restore: %s: %w", name, ErrBroken)
		}
	}
	if err := renewLog(context.Background(), filepath.Join(scratch, databases[0])); err != nil {
		return nil, fmt.Errorf("restore: %w", err)
	}
	for name := range m.Files {
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return nil, fmt.Errorf("restore: %w", err)
		}
		if err := os.Rename(filepath.Join(scratch, name), to); err != nil {
			return nil, fmt.Errorf("restore: %w", err)
		}
	}
	return m, nil
}

// renewLog makes the alert log of a state continue behind a seam: subscribers may have been told more than the
// backup contains, and their cursors must not be taken for places in what is logged from now on.
func renewLog(ctx context.Context, path string) error {
	db, err := state.Open(ctx, "sqlite:"+path)
	if err != nil {
		return err
	}
	if err = state.Migrate(ctx, db, state.Tables, alert.Tables); err == nil { // the backup may be from an older version
		err = db.Write(ctx, func(tx *state.Tx) error { return alert.Restored(ctx, tx, time.Now()) })
	}
	return errors.Join(err, db.Close())
}

// unpack writes the files below scratch and returns their sums. Only names that occur in backups are accepted.
func unpack(r io.Reader, scratch string) (*Manifest, map[string]string, error) {
	packed, err := gzip.NewReader(r)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrBroken, err)
	}
	known := "\n" + strings.Join(append(databases, others...), "\n") + "\n"
	archive := tar.NewReader(packed)
	sums := map[string]string{}
	for {
		h, err := archive.Next()
		if err != nil { // io.EOF too: a backup ends with the manifest
			return nil, nil, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		if h.Name == manifestName {
			var m Manifest
			if err := json.NewDecoder(io.LimitReader(archive, 1<<20)).Decode(&m); err != nil || len(m.Files) != len(sums) {
				return nil, nil, fmt.Errorf("%w: its manifest does not fit", ErrBroken)
			}
			if m.Version != 1 {
				return nil, nil, fmt.Errorf("the backup is of version %d, this program knows 1", m.Version)
			}
			return &m, sums, nil
		}
		if !strings.Contains(known, "\n"+h.Name+"\n") || sums[h.Name] != "" {
			return nil, nil, fmt.Errorf("%w: it holds %.100q", ErrBroken, h.Name)
		}
		sum, err := writeFile(filepath.Join(scratch, h.Name), archive)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", ErrBroken, err)
		}
		sums[h.Name] = sum
	}
}

func writeFile(path string, r io.Reader) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, sum), r)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/coldshelf/coldshelf/models/atomicfile"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// kept lists the metadata that a board keeps, in the order in which they are put into their place: a
// power cut in between leaves an old timestamp with newer files, which the next bundle brings again.
var kept = []string{"root.json", "targets.json", "snapshot.json", "timestamp.json"}

// begin copies what is kept into a scratch folder for one check, and gives the root to begin with: the
// kept one, unless the board was given a later one.
func begin(trust Trust) (scratch string, root []byte, err error) {
	if err := os.MkdirAll(trust.Dir, 0o700); err != nil {
		return "", nil, err
	}
	given, err := metadata.Root().FromBytes(trust.Root)
	if err != nil {
		return "", nil, fmt.Errorf("this board's root: %w", err)
	}
	root = trust.Root
	if data, err := os.ReadFile(filepath.Join(trust.Dir, "root.json")); err == nil {
		if held, err := metadata.Root().FromBytes(data); err == nil && held.Signed.Version > given.Signed.Version {
			root = data
		}
	}
	if scratch, err = os.MkdirTemp(trust.Dir, "check-"); err != nil {
		return "", nil, err
	}
	for _, name := range kept[1:] {
		data, err := os.ReadFile(filepath.Join(trust.Dir, name))
		// The updater would stop at what a power cut tore; without it, it takes the bundle's own.
		if errors.Is(err, fs.ErrNotExist) || err == nil && !json.Valid(data) {
			continue
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(scratch, name), data, 0o600)
		}
		if err != nil {
			return "", nil, errors.Join(err, os.RemoveAll(scratch))
		}
	}
	return scratch, root, nil
}

// keep puts the metadata of a check into their place.
func keep(scratch, dir string) error {
	for _, name := range kept {
		from := filepath.Join(scratch, name)
		f, err := os.Open(from)
		if err != nil {
			return err
		}
		if err := errors.Join(f.Sync(), f.Close(), os.Rename(from, filepath.Join(dir, name))); err != nil {
			return err
		}
	}
	return atomicfile.SyncDir(dir)
}

package gallery

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Floor remembers, in a small file, the highest version of a signed gallery that was in use. It keeps a board
// from being made to go back to an older gallery, with products or photos that were removed since.
type Floor struct{ Path string }

type floorFile struct {
	Version uint64 `json:"gallery_version"`
}

// Version returns the highest version that was in use, or 0 if none was. If the file does not hold what Raise
// writes, that is an error: starting from 0 again would permit a rollback.
func (f Floor) Version() (uint64, error) {
	data, err := os.ReadFile(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the gallery version in use: %w", err)
	}
	var known floorFile
	if err := json.Unmarshal(data, &known); err != nil {
		return 0, fmt.Errorf("read the gallery version in use: %s: %w", f.Path, err)
	}
	return known.Version, nil
}

// Load reads a gallery that must be signed by one of the keys and must not be older than the floor. Otherwise
// the error wraps ErrUnsigned, ErrSignature or ErrRollback.
func (f Floor) Load(path string, keys []ed25519.PublicKey) (*Gallery, error) {
	least, err := f.Version()
	if err != nil {
		return nil, err
	}
	g, err := LoadSigned(path, keys)
	if err != nil {
		return nil, err
	}
	if g.Version < least {
		return nil, fmt.Errorf("gallery %s: %w: it is version %d, version %d has been in use", path, ErrRollback, g.Version, least)
	}
	return g, nil
}

// Raise records that a version is in use. A version below the known one changes nothing.
func (f Floor) Raise(version uint64) error {
	least, err := f.Version()
	if err != nil || version <= least {
		return err
	}
	data, err := json.Marshal(floorFile{version})
	if err != nil {
		return err
	}
	return replaceFile(f.Path, append(data, '\n'), 0o600)
}

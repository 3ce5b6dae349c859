package gallery

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Floor remembers, in a small file, the highest version of a signed gallery that was in use, so that a
// board cannot be made to use an older one again, with products or photos that were taken out of it.
type Floor struct{ Path string }

type floorFile struct {
	Version uint64 `json:"gallery_version"`
}

// Version is the highest that was in use, 0 where none was. A file that cannot be read as what Raise
// writes is an error: to begin at 0 again would open the way back.
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

// Load reads a gallery that must be signed by one of the keys and not be older than the floor; else the
// error wraps ErrUnsigned, ErrSignature or ErrRollback.
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

// Raise notes that a version is in use. A lower one than is known changes nothing.
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

// Package atomicfile replaces small files that a board cannot do without: its credentials, its boot counter, which
// release is in force. Whoever reads one, also after a power cut at any moment, finds the old content or the new
// content whole, never a part and never neither. It is for files that fit into memory and have one writer at a time.
package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path, which nobody but the program's user can read, and makes its folder where
// there is none. When it returns nil the new content is on the disk; after an error the old content is still in
// force, or the new one where only the folder could not be synced, and nothing else is left behind.
func Write(path string, data []byte) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	next := path + ".new"
	if err := fill(next, data); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, remove(next)))
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("write %s: %w", path, errors.Join(err, remove(next)))
	}
	return SyncDir(dir)
}

// fill writes a file and has it on the disk before its name can become another's.
func fill(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// remove takes away what was begun: on a full disk it would keep the room that the next attempt needs.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// SyncDir makes the names in a folder durable, after a file was made, renamed or removed there. File systems that
// cannot sync a folder are left to their own ways.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	if err := errors.Join(d.Sync(), d.Close()); err != nil && !errors.Is(err, fs.ErrInvalid) {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

package client

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Memory keeps a cursor while the program runs. The zero value begins with the present state.
type Memory struct{ Cursor string }

// Load returns the cursor.
func (m *Memory) Load() (string, error) { return m.Cursor, nil }

// Save replaces the cursor.
func (m *Memory) Save(cursor string) error { m.Cursor = cursor; return nil }

// File stores a cursor in a file of its own, which it replaces as a whole, so that a power cut leaves either
// the old one or the new one.
type File string

// wellFormed matches a cursor as Follow stores it: the log's identity and a place in it. Older ones are only
// the place.
var wellFormed = regexp.MustCompile(`^([A-Z0-9]{1,32}\.)?[0-9]{1,19}$`)

// Load returns the cursor in the file, or "" if there is no file yet.
func (f File) Load() (string, error) {
	data, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	cursor := strings.TrimSpace(string(data))
	if cursor != "" && !wellFormed.MatchString(cursor) {
		return "", fmt.Errorf("%s holds no cursor", string(f))
	}
	return cursor, nil
}

// Save replaces the file.
func (f File) Save(cursor string) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(string(f)), ".cursor-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreMissing(os.Remove(tmp.Name())))
		}
	}()
	_, err = tmp.WriteString(cursor + "\n")
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return os.Rename(tmp.Name(), string(f))
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

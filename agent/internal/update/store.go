package update

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/bundle"
)

// ErrRefused marks a bundle that is never accepted, however often it is tried.
var ErrRefused = bundle.ErrRefused

// Config configures a Store.
type Config struct {
	Dir     string
	Root    []byte           // root of trust for bundles; nil: none are accepted
	Running string           // version of this program, used for an agent's bundle if none was installed before
	Now     func() time.Time // zero while the clock is unknown; nil: always unknown
	Log     *slog.Logger     // may be nil
}

// Store belongs to one process. Fetch may run beside everything else, but only once at a time for each kind.
type Store struct{ cfg Config }

// Open returns a store without reading anything yet. The folder's path is resolved to the one that the kernel
// uses, so that a program can tell whether it runs from there.
func Open(cfg Config) *Store {
	if path, err := filepath.Abs(cfg.Dir); err == nil {
		cfg.Dir = path
	}
	if parent, err := filepath.EvalSymlinks(filepath.Dir(cfg.Dir)); err == nil {
		cfg.Dir = filepath.Join(parent, filepath.Base(cfg.Dir))
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return time.Time{} }
	}
	return &Store{cfg}
}

// Installed is an unpacked release.
type Installed struct {
	Release bundle.Release `json:"release"`
	SHA256  string         `json:"sha256"` // of the bundle
	dir     string
}

// Path returns the folder of the networks, the file of the gallery, or the agent's program.
func (i *Installed) Path() string {
	switch i.Release.Kind {
	case bundle.Gallery:
		return filepath.Join(i.dir, bundle.GalleryFile)
	case bundle.Agent:
		return filepath.Join(i.dir, bundle.AgentFile)
	}
	return i.dir
}

// held is a release with what is needed to decide whether it may run.
type held struct {
	Installed
	Program string `json:"program_sha256,omitempty"` // of the agent's program
	Base    base   `json:"base,omitzero"`            // for an agent: the program that the package installed
}

// inForce is the content of current.json.
type inForce struct {
	held
	Previous *held `json:"previous,omitempty"`
}

// Current returns the release of a kind that is in force; nil if nothing was ever sent, or what was sent is
// gone.
func (s *Store) Current(kind string) (*Installed, error) {
	c, err := s.current(kind)
	if c == nil || err != nil {
		return nil, err
	}
	return &c.Installed, nil
}

func (s *Store) current(kind string) (*inForce, error) {
	var c inForce
	if err := readJSON(s.path(kind, "current.json"), &c); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	if !isSHA256(c.SHA256) || c.Release.Kind != kind {
		return nil, fmt.Errorf("%s: is not what was written there", s.path(kind, "current.json"))
	}
	c.dir = s.path(kind, c.SHA256)
	if c.Previous != nil {
		c.Previous.dir = s.path(kind, c.Previous.SHA256)
	}
	return &c, nil
}

// Adopt puts an installed release in force, and removes all others but the one before it.
func (s *Store) Adopt(in *Installed) error { return s.adopt(held{Installed: *in}) }

func (s *Store) adopt(h held) error {
	c := inForce{held: h}
	kind := c.Release.Kind
	was, err := s.current(kind)
	if err != nil {
		s.cfg.Log.Warn("what was in force is unknown", "kind", kind, "err", err)
	}
	if was != nil && was.SHA256 != c.SHA256 {
		c.Previous = &was.held
	} else if was != nil {
		c.Previous = was.Previous
	}
	if err := writeJSON(s.path(kind, "current.json"), c); err != nil {
		return fmt.Errorf("put %s %s in force: %w", kind, c.Release.Version, err)
	}
	s.sweep(kind, c.SHA256, c.Previous)
	return nil
}

// Before returns what FallBack would put in force; nil if there is nothing.
func (s *Store) Before(kind string) (*Installed, error) {
	c, err := s.current(kind)
	if c == nil || err != nil || c.Previous == nil {
		return nil, err
	}
	return &c.Previous.Installed, nil
}

// FallBack puts the previous release in force again, because the current one cannot be used. It returns nil if
// there is none; then the board's own is used.
func (s *Store) FallBack(kind string) (*Installed, error) {
	c, err := s.current(kind)
	if err == nil && c != nil && c.Previous != nil {
		return &c.Previous.Installed, writeJSON(s.path(kind, "current.json"), inForce{held: *c.Previous})
	}
	if err := os.Remove(s.path(kind, "current.json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return nil, nil
}

// sweep removes releases that nobody needs any more, and downloads that were not completed.
func (s *Store) sweep(kind, keep string, previous *held) {
	entries, err := os.ReadDir(s.path(kind))
	if err != nil {
		return
	}
	for _, e := range entries {
		name, suffix, _ := strings.Cut(e.Name(), ".")
		needed := suffix != "part" && (name == keep || previous != nil && name == previous.SHA256)
		if !isSHA256(name) || needed {
			continue
		}
		if err := os.RemoveAll(s.path(kind, e.Name())); err != nil {
			s.cfg.Log.Warn("an old release stays on the disk", "file", e.Name(), "err", err)
		}
	}
}

func (s *Store) path(parts ...string) string {
	return filepath.Join(append([]string{s.cfg.Dir}, parts...)...)
}

func isSHA256(s string) bool {
	data, err := hex.DecodeString(s)
	return err == nil && len(data) == 32
}

func readJSON(path string, to any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, to); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// writeJSON replaces a file so that a power cut leaves either the old or the new content.
func writeJSON(path string, from any) error {
	data, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, data)
}

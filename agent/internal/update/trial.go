package update

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/bundle"
)

// maxStarts of an agent on trial: one that was started so often and did not prove itself gives way.
const maxStarts = 3

// TrialTime is how long a new agent may take to prove itself.
const TrialTime = 10 * time.Minute

// base tells the program that the board's package installed, and notices when the package changes it.
type base struct {
	Path  string    `json:"path"`
	Size  int64     `json:"size"`
	Mtime time.Time `json:"mtime"`
}

func baseOf(path string) (base, error) {
	info, err := os.Stat(path)
	if err != nil {
		return base{}, err
	}
	return base{path, info.Size(), info.ModTime().UTC()}, nil
}

// changed reports that the package has replaced its program since; a newer package counts more than an update.
func (b base) changed() bool {
	now, err := baseOf(b.Path)
	return err != nil || now.Size != b.Size || !now.Mtime.Equal(b.Mtime)
}

// trial is trial.json.
type trial struct {
	Installed
	Program string `json:"program_sha256"`
	Base    base   `json:"base"`
	Desired uint64 `json:"desired_version"` // that brought it
	Starts  int    `json:"starts"`
}

// RolledBack tells of an agent that did not prove itself.
type RolledBack struct {
	Desired uint64 `json:"desired_version"`
	Version string `json:"version"`
	Reason  string `json:"reason"`
	Base    base   `json:"base"` // what to run instead
}

// Try prepares a trial of an installed agent: the next start runs it instead of self. First it must be able to print its
// version, in a child process.
func (s *Store) Try(ctx context.Context, in *Installed, desired uint64, self string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, in.Path(), "version", "--json")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w: agent %s does not start here: %w: %.300s", ErrRefused, in.Release.Version, err, errs.Bytes())
	}
	program, err := hashFile(in.Path())
	if err != nil {
		return err
	}
	b := s.baseBeneath(self)
	if b.Path == "" {
		if b, err = baseOf(self); err != nil {
			return err
		}
	}
	return writeJSON(s.path(bundle.Agent, "trial.json"), trial{Installed: *in, Program: program, Base: b, Desired: desired})
}

// baseBeneath finds the packaged program where self is an update's.
func (s *Store) baseBeneath(self string) base {
	if c, err := s.current(bundle.Agent); err == nil && c != nil && c.Path() == self {
		return c.Base
	}
	return base{}
}

// OnTrial says that self is the agent that has to prove itself.
func (s *Store) OnTrial(self string) bool {
	t, err := s.trial()
	return err == nil && t != nil && t.Path() == self
}

func (s *Store) trial() (*trial, error) {
	var t trial
	if err := readJSON(s.path(bundle.Agent, "trial.json"), &t); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		return nil, err
	}
	if !isSHA256(t.SHA256) || t.Release.Kind != bundle.Agent {
		return nil, errors.New("trial.json is not what was written there")
	}
	t.dir = s.path(bundle.Agent, t.SHA256)
	return &t, nil
}

// Launch says which program should run in self's place, "" for self. It is asked at every start, counts
// the starts of one on trial, and ends the trial of one that was started too often.
func (s *Store) Launch(self string) (program string, err error) {
	t, err := s.trial()
	if err != nil {
		s.cfg.Log.Error("trial of an agent cannot be read and is ended", "err", err)
		if err := s.endTrial(); err != nil {
			return "", err
		}
	}
	switch {
	case t == nil || t.Path() == self && t.Starts > 0 && t.Starts <= maxStarts:
	case t.Base.changed():
		err = s.RollBack("the board's package was changed meanwhile")
	case t.Starts >= maxStarts:
		err = s.RollBack(fmt.Sprintf("it was started %d times and did not prove itself", t.Starts))
	default:
		t.Starts++
		if err := writeJSON(s.path(bundle.Agent, "trial.json"), t); err != nil {
			return "", err // uncounted starts would never end
		}
		if err := same(t.Path(), t.Program); err != nil {
			return "", s.RollBack(err.Error())
		}
		return t.Path(), nil
	}
	if err != nil || s.OnTrial(self) {
		return "", err
	}
	program, err = s.confirmed(self)
	if program == "" && err == nil && s.given(self) {
		return s.beneath(self)
	}
	return program, err
}

// given reports that self is an update that must not run any more.
func (s *Store) given(self string) bool {
	c, err := s.current(bundle.Agent)
	return strings.HasPrefix(self, s.cfg.Dir+"/") && (err != nil || c == nil || c.Path() != self)
}

// beneath is the package's program, which runs when an update gave way.
func (s *Store) beneath(self string) (string, error) {
	var r RolledBack
	if err := readJSON(s.path(bundle.Agent, "rolledback.json"), &r); err != nil {
		return "", fmt.Errorf("%s was given up, and what to run instead is unknown: %w", self, err)
	}
	return r.Base.Path, nil
}

// confirmed is the update in force, if it is whole and the package beneath is the same; else the one before it.
func (s *Store) confirmed(self string) (string, error) {
	c, err := s.current(bundle.Agent)
	if c == nil || err != nil || c.Path() == self {
		return "", err
	}
	if c.Base.changed() {
		s.cfg.Log.Info("the board's package is newer than the update, which is left", "update", c.Release.Version)
		return "", os.Remove(s.path(bundle.Agent, "current.json"))
	}
	if err := same(c.Path(), c.Program); err != nil {
		before, back := s.FallBack(bundle.Agent)
		// What is damaged would be taken for fetched when it is wanted again.
		err = errors.Join(err, back, os.RemoveAll(c.dir+".json"))
		if before == nil || back != nil {
			return "", err
		}
		s.cfg.Log.Error("an update is damaged; the one before runs", "update", c.Release.Version, "before", before.Release.Version, "err", err)
		return s.confirmed(self)
	}
	return c.Path(), nil
}

// Prove ends self's trial: it is in force from now on.
func (s *Store) Prove(self string) error {
	t, err := s.trial()
	if err != nil || t == nil || t.Path() != self {
		return err
	}
	if err := s.adopt(held{t.Installed, t.Program, t.Base}); err != nil {
		return err
	}
	return s.endTrial()
}

// RollBack ends a trial; the next start runs what ran before.
func (s *Store) RollBack(reason string) error {
	t, err := s.trial()
	if err != nil || t == nil {
		return err
	}
	if err := writeJSON(s.path(bundle.Agent, "rolledback.json"), RolledBack{t.Desired, t.Release.Version, reason, t.Base}); err != nil {
		return err
	}
	return s.endTrial()
}

// WasRolledBack gives the last trial that failed; nil if there is none or Told was called since.
func (s *Store) WasRolledBack() (*RolledBack, error) {
	var r RolledBack
	if err := readJSON(s.path(bundle.Agent, "rolledback.json"), &r); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, err
	}
	return &r, nil
}

// Told forgets the last trial that failed, once the cloud was told.
func (s *Store) Told() error { return os.Remove(s.path(bundle.Agent, "rolledback.json")) }

func (s *Store) endTrial() error {
	err := os.Remove(s.path(bundle.Agent, "trial.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, atomicfile.SyncDir(s.path(bundle.Agent)))
}

func same(path, want string) error {
	got, err := hashFile(path)
	if err == nil && got != want {
		err = fmt.Errorf("%s has changed on the disk", path)
	}
	return err
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

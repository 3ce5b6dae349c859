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

// maxStarts is how often an agent on trial is started. If it has not proved itself by then, it is rolled back.
const maxStarts = 3

// TrialTime is how long a new agent may take to prove itself.
const TrialTime = 10 * time.Minute

// base identifies the program that the board's package installed, and shows when the package changes it.
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

// changed reports whether the package has replaced its program since. A newer package takes precedence over an
// update.
func (b base) changed() bool {
	now, err := baseOf(b.Path)
	return err != nil || now.Size != b.Size || !now.Mtime.Equal(b.Mtime)
}

// trial is the content of trial.json.
type trial struct {
	Installed
	Program string `json:"program_sha256"`
	Base    base   `json:"base"`
	Desired uint64 `json:"desired_version"` // the version of the desired state that named it
	Starts  int    `json:"starts"`
}

// RolledBack describes an agent that did not prove itself.
type RolledBack struct {
	Desired uint64 `json:"desired_version"`
	Version string `json:"version"`
	Reason  string `json:"reason"`
	Base    base   `json:"base"` // what to run instead
}

// Try prepares a trial of an installed agent: the next start runs it instead of self. Before that, it must be
// able to print its version in a child process.
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

// baseBeneath returns the packaged program; self may be that program or an update.
func (s *Store) baseBeneath(self string) base {
	if c, err := s.current(bundle.Agent); err == nil && c != nil && c.Path() == self {
		return c.Base
	}
	return base{}
}

// OnTrial reports whether self is the agent that has to prove itself.
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

// Launch returns the program that should run in place of self, or "" for self. It is called at every start,
// counts the starts of an agent on trial, and ends the trial of one that was started too often.
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
			return "", err // starts that are not counted would never end
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

// given reports whether self is an update that must not run any more.
func (s *Store) given(self string) bool {
	c, err := s.current(bundle.Agent)
	return strings.HasPrefix(self, s.cfg.Dir+"/") && (err != nil || c == nil || c.Path() != self)
}

// beneath returns the package's program, which runs when an update was rolled back.
func (s *Store) beneath(self string) (string, error) {
	var r RolledBack
	if err := readJSON(s.path(bundle.Agent, "rolledback.json"), &r); err != nil {
		return "", fmt.Errorf("%s was given up, and what to run instead is unknown: %w", self, err)
	}
	return r.Base.Path, nil
}

// confirmed returns the update in force if it is complete and the package beneath it is unchanged, else the one
// before it.
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
		// A damaged release would be taken for a complete one when it is wanted again.
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

// WasRolledBack returns the last trial that failed; nil if there is none or Told was called since.
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

// Told removes the record of the last failed trial, once the cloud was told.
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

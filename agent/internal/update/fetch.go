package update

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
)

// The pauses before a server that did not answer is asked again.
const (
	minPause = time.Second
	maxPause = 5 * time.Minute
)

// Fetch downloads, verifies and unpacks a bundle; one that is already there is not fetched again. It keeps
// trying until ctx ends, resumes where it was interrupted, and reports each fault in between to trouble, which
// may be nil. The error wraps ErrRefused if the bundle can never be accepted.
func (s *Store) Fetch(ctx context.Context, kind string, want *wire.Bundle, trouble func(error)) (*Installed, error) {
	if trouble == nil {
		trouble = func(error) {}
	}
	in, err := s.fetch(ctx, kind, want, trouble)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", kind, want.Version, err)
	}
	return in, nil
}

func (s *Store) fetch(ctx context.Context, kind string, want *wire.Bundle, trouble func(error)) (*Installed, error) {
	if len(s.cfg.Root) == 0 {
		return nil, fmt.Errorf("%w: this board has no root to check it by (updates.root)", ErrRefused)
	}
	sum := hex.EncodeToString(want.SHA256)
	have, err := s.Current(kind)
	if err != nil {
		return nil, err
	}
	if have != nil && have.SHA256 == sum {
		return have, nil
	}
	if t, err := s.trial(); kind == bundle.Agent && err == nil && t != nil && t.SHA256 == sum {
		return &t.Installed, nil
	}
	if err := s.allowed(kind, want, have); err != nil {
		return nil, err
	}
	in := &Installed{SHA256: sum, dir: s.path(kind, sum)}
	if err := readJSON(in.dir+".json", &in.Release); err == nil {
		return in, nil
	}
	part := in.dir + ".part"
	for pause := minPause; ; pause = min(2*pause, maxPause) {
		before := size(part)
		err := s.download(ctx, part, want)
		if err == nil {
			break
		}
		if errors.Is(err, ErrRefused) || ctx.Err() != nil {
			return nil, err
		}
		if size(part) > before {
			pause = minPause
		}
		trouble(fmt.Errorf("%s %s: %d of %d bytes are here: %w", kind, want.Version, size(part), want.Size, err))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
	if err := s.unpack(kind, want, part, in); err != nil {
		return nil, errors.Join(err, os.RemoveAll(in.dir), os.Remove(part))
	}
	return in, os.Remove(part)
}

// allowed refuses an older version, and different content under the same version.
func (s *Store) allowed(kind string, want *wire.Bundle, have *Installed) error {
	floor := ""
	switch {
	case have != nil:
		floor = have.Release.Version
	case kind == bundle.Agent && numbered(s.cfg.Running):
		floor = s.cfg.Running
	default:
		return nil
	}
	switch c := bundle.Compare(want.Version, floor); {
	case c < 0:
		return fmt.Errorf("%w: it is below version %s, which is in force", ErrRefused, floor)
	case c == 0 && have != nil:
		return fmt.Errorf("%w: another content of version %s is in force", ErrRefused, floor)
	}
	return nil
}

// numbered reports whether versions of this form can be compared: v1.2 and 0.3.1-4-gabc can, a bare hash
// cannot.
func numbered(version string) bool {
	v := strings.TrimPrefix(version, "v")
	return v != "" && v[0] >= '0' && v[0] <= '9' && strings.Contains(v, ".")
}

// unpack verifies a downloaded bundle and unpacks it. Its release file is written last, so whatever has one is
// complete.
func (s *Store) unpack(kind string, want *wire.Bundle, part string, in *Installed) error {
	b, err := bundle.Open(part, bundle.Trust{Root: s.cfg.Root, Dir: s.path(kind, "metadata")}, s.cfg.Now())
	if err != nil {
		return err
	}
	defer b.Close()
	switch r := b.Release; {
	case r.Kind != kind:
		return fmt.Errorf("%w: it is of kind %s", ErrRefused, r.Kind)
	case r.Version != want.Version:
		return fmt.Errorf("%w: it holds version %s", ErrRefused, r.Version)
	case r.Arch != "" && r.Arch != runtime.GOARCH:
		return fmt.Errorf("%w: it is for %s, this board is %s", ErrRefused, r.Arch, runtime.GOARCH)
	}
	if err := os.RemoveAll(in.dir); err != nil {
		return err
	}
	if err := room(s.path(kind), b.Size); err != nil {
		return err
	}
	if err := b.Unpack(in.dir); err != nil {
		return err
	}
	in.Release = b.Release
	return writeJSON(in.dir+".json", b.Release)
}

func size(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

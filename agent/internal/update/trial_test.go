package update_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/update"
	"github.com/coldshelf/coldshelf/models/bundle"
)

const works = "#!/bin/sh\necho '{}'\n"

// packaged is a board with the agent that its package brought.
func packaged(t *testing.T) (s *shop, st *update.Store, self string) {
	s = newShop(t)
	self = filepath.Join(t.TempDir(), "cooler-agent")
	if err := os.WriteFile(self, []byte(works), 0o700); err != nil {
		t.Fatal(err)
	}
	return s, update.Open(update.Config{Dir: filepath.Join(t.TempDir(), "updates"), Root: s.root(), Now: time.Now, Running: "v1.0.0"}), self
}

// try sends an agent and begins its trial.
func try(t *testing.T, s *shop, st *update.Store, self, version, program string) (*update.Installed, error) {
	t.Helper()
	b := s.sign(bundle.Release{Kind: bundle.Agent, Version: version, Arch: runtime.GOARCH}, []byte(program+"# "+version+"\n"))
	in, err := st.Fetch(t.Context(), bundle.Agent, b, nil)
	if err != nil {
		return nil, err
	}
	return in, st.Try(t.Context(), in, 7, self)
}

func launched(t *testing.T, st *update.Store, self, want string) {
	t.Helper()
	if got, err := st.Launch(self); err != nil || got != want {
		t.Fatalf("launched from %s: %q, %v, want %q", self, got, err, want)
	}
}

func TestAnAgentProvesItself(t *testing.T) {
	s, st, self := packaged(t)
	launched(t, st, self, "")
	one, err := try(t, s, st, self, "1.1.0", works)
	if err != nil {
		t.Fatal(err)
	}
	launched(t, st, self, one.Path())
	launched(t, st, one.Path(), "")
	if !st.OnTrial(one.Path()) || st.OnTrial(self) {
		t.Error("who is on trial?")
	}
	if err := st.Prove(one.Path()); err != nil {
		t.Fatal(err)
	}
	launched(t, st, self, one.Path())
	launched(t, st, one.Path(), "")
	// The next one is tried from the first update, and falls back to it.
	two, err := try(t, s, st, one.Path(), "1.2.0", works)
	if err != nil {
		t.Fatal(err)
	}
	launched(t, st, one.Path(), two.Path())
	launched(t, st, self, two.Path())
	launched(t, st, self, two.Path())
	launched(t, st, self, one.Path())
	launched(t, st, two.Path(), one.Path())
	r, err := st.WasRolledBack()
	if err != nil || r == nil || r.Desired != 7 || r.Version != "1.2.0" || !strings.Contains(r.Reason, "3 times") {
		t.Errorf("rolled back: %+v, %v", r, err)
	}
	if err := st.Told(); err != nil {
		t.Error(err)
	}
	if r, err := st.WasRolledBack(); r != nil || err != nil {
		t.Errorf("told twice: %v, %v", r, err)
	}
}

func TestAnAgentThatGivesUpItself(t *testing.T) {
	s, st, self := packaged(t)
	one, err := try(t, s, st, self, "1.1.0", works)
	if err != nil {
		t.Fatal(err)
	}
	launched(t, st, self, one.Path())
	if err := st.RollBack("it saw nothing"); err != nil {
		t.Fatal(err)
	}
	launched(t, st, one.Path(), self)
	launched(t, st, self, "")
}

func TestAnAgentThatDoesNotBecomeOne(t *testing.T) {
	s, st, self := packaged(t)
	for version, c := range map[string]struct{ program, says string }{
		"0.9.0": {works, "below version v1.0.0"},
		"1.1.0": {"#!/bin/sh\necho no library >&2; exit 127\n", "no library"},
		"1.2.0": {"no program at all\n", "does not start"},
	} {
		t.Run(version, func(t *testing.T) {
			_, err := try(t, s, st, self, version, c.program)
			if !errors.Is(err, update.ErrRefused) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			}
			launched(t, st, self, "")
		})
	}
}

func TestThePackageCountsMoreThanAnUpdate(t *testing.T) {
	for _, proved := range []bool{false, true} {
		t.Run(fmt.Sprint("proved ", proved), func(t *testing.T) {
			s, st, self := packaged(t)
			one, err := try(t, s, st, self, "1.1.0", works)
			if err != nil {
				t.Fatal(err)
			}
			launched(t, st, self, one.Path())
			if proved {
				if err := st.Prove(one.Path()); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(self, []byte(works+"# of a newer package\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			launched(t, st, self, "")
			launched(t, st, self, "")
		})
	}
}

func TestAProgramThatRotsOnTheDisk(t *testing.T) {
	s, st, self := packaged(t)
	one, err := try(t, s, st, self, "1.1.0", works)
	if err != nil {
		t.Fatal(err)
	}
	launched(t, st, self, one.Path())
	if err := st.Prove(one.Path()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(one.Path(), []byte("rot"), 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := st.Launch(self); err == nil || got != "" {
		t.Errorf("launched %q, %v, want a fault and the package's own", got, err)
	}
	launched(t, st, self, "")
}

func TestTheUpdateBeforeRunsWhereTheNewestRots(t *testing.T) {
	s, st, self := packaged(t)
	install := func(from, version string) *update.Installed {
		t.Helper()
		in, err := try(t, s, st, from, version, works)
		if err != nil {
			t.Fatal(err)
		}
		launched(t, st, from, in.Path())
		if err := st.Prove(in.Path()); err != nil {
			t.Fatal(err)
		}
		return in
	}
	two := install(self, "2.0.0")
	three := install(two.Path(), "3.0.0")
	launched(t, st, self, three.Path())
	if err := os.WriteFile(three.Path(), []byte("rot"), 0o700); err != nil {
		t.Fatal(err)
	}
	launched(t, st, self, two.Path())
	launched(t, st, self, two.Path())
	launched(t, st, two.Path(), "")
	if in, err := st.Current(bundle.Agent); err != nil || in == nil || in.Release.Version != "2.0.0" {
		t.Errorf("in force is %v, %v, want 2.0.0", in, err)
	}
	if _, err := try(t, s, st, two.Path(), "1.5.0", works); !errors.Is(err, update.ErrRefused) || !strings.Contains(err.Error(), "below version 2.0.0") {
		t.Errorf("an older one: %v, want a refusal", err)
	}
	// The damaged one is fetched anew when it is wanted again.
	again := install(two.Path(), "3.0.0")
	launched(t, st, self, again.Path())
	if err := os.WriteFile(again.Path(), []byte("rot"), 0o700); err != nil {
		t.Fatal(err)
	}
	// A newer package counts more than the one before, too.
	if err := os.WriteFile(self, []byte(works+"# of a newer package\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	launched(t, st, self, "")
}

package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain runs the program itself when a test starts it again.
func TestMain(m *testing.M) {
	if os.Getenv("SYNTH_RENDER_MAIN") == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

func program(t *testing.T, args ...string) (stderr string, err error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), "SYNTH_RENDER_MAIN=1")
	var b bytes.Buffer
	cmd.Stderr = &b
	err = cmd.Run()
	return b.String(), err
}

// contents reads every file below dir.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		out[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSameSetWhateverTheJobs(t *testing.T) {
	one, three := t.TempDir(), t.TempDir()
	for dir, jobs := range map[string]string{one: "1", three: "3"} {
		if msg, err := program(t, "--out", dir, "--frames", "4", "--size", "96x72", "--universe", "60", "--jobs", jobs, "--quiet"); err != nil {
			t.Fatalf("%v: %s", err, msg)
		}
	}
	a, b := contents(t, one), contents(t, three)
	if len(a) < 4+4+4 {
		t.Errorf("%d files, want four pictures, four planograms and four indices", len(a))
	}
	for name, data := range a {
		if b[name] != data {
			t.Errorf("%s differs", name)
		}
	}
}

func TestEveryKindRuns(t *testing.T) {
	for kind, want := range map[string]string{
		"cooler-val-like": "references",
		"references":      "references",
		"day":             "expected.json",
	} {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			if msg, err := program(t, "--out", dir, "--kind", kind, "--frames", "2", "--size", "64x48", "--universe", "14", "--quiet"); err != nil {
				t.Fatalf("%v: %s", err, msg)
			}
			for _, name := range []string{"instances.json", "frames.json", "skus.json", want} {
				if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestWrongCommandLines(t *testing.T) {
	for name, args := range map[string][]string{
		"no folder":    nil,
		"odd size":     {"--out", t.TempDir(), "--size", "big"},
		"no frames":    {"--out", t.TempDir(), "--frames", "0"},
		"unknown kind": {"--out", t.TempDir(), "--kind", "opera"},
		"unknown flag": {"--colour"},
	} {
		t.Run(name, func(t *testing.T) {
			msg, err := program(t, args...)
			if err == nil || !strings.HasPrefix(msg, "error: ") || !strings.Contains(msg, "\nhint: ") {
				t.Errorf("got %v and %q, want a failure with error: and hint:", err, msg)
			}
		})
	}
}

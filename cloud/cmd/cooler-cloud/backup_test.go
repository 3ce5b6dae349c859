package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

// TestBackupKeepsWhatIsThere: a backup takes no other file's place unless it is told to, and then only once it is whole.
func TestBackupKeepsWhatIsThere(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	for _, name := range []string{"state.db", "series.db"} {
		statetest.Open(t, "sqlite:"+filepath.Join(data, name))
	}
	file := filepath.Join(dir, "coldshelf.tgz")
	read := func() string {
		t.Helper()
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if err := os.WriteFile(file, []byte("yesterday's"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, says, hint string }{
		{file + " --data " + data, file + " is there, of ", "--replace"},
		{file + " --replace --data " + filepath.Join(data, "none"), "no such file", "--data of the service"},
		{dir + " --replace --data " + data, "is a folder", ".tgz"},
		{filepath.Join(dir, "none", "x.tgz") + " --data " + data, "no such file", "a folder that is there"},
	} {
		code, _, errs := say(t, append([]string{"backup"}, strings.Fields(c.args)...)...)
		text, hint, _ := strings.Cut(errs, "\nhint: ")
		if code != 1 || !strings.Contains(text, c.says) || !strings.Contains(hint, c.hint) {
			t.Errorf("backup %s: exit %d, %q, want %q and the hint %q", c.args, code, errs, c.says, c.hint)
		}
		if read() != "yesterday's" {
			t.Fatalf("backup %s: the file that was there is gone", c.args)
		}
	}
	if code, out, errs := say(t, "backup", file, "--replace", "--data", data); code != 0 || !strings.Contains(out, "backed up 2 files to ") || read() == "yesterday's" {
		t.Errorf("told to replace it: exit %d, %q, %q", code, out, errs)
	}
	if code, out, errs := say(t, "restore", file, "--data", filepath.Join(dir, "new")); code != 0 || !strings.Contains(out, "restored 2 files of ") {
		t.Errorf("restore: exit %d, %q, %q", code, out, errs)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

package atomicfile_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/atomicfile"
)

func TestAFileIsReplacedWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "down", "state.json")
	for _, content := range []string{"a long first content", "second", ""} {
		if err := atomicfile.Write(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Fatalf("got %q, %v, want %q", got, err, content)
		}
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
	alone(t, filepath.Dir(path))
}

func TestAHalfWrittenFileOfAnEarlierStartIsNoObstacle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.json")
	if err := os.WriteFile(path+".new", []byte("torn, and longer than what comes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, []byte("whole")); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "whole" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestAWriteThatFailsLeavesTheOldContent(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, path string){
		"the new file cannot be made": func(t *testing.T, path string) {
			if err := os.Mkdir(path+".new", 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(path+".new", "x"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		},
		"a folder stands in its place": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(path, "inside"), 0o700); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.json")
			if err := atomicfile.Write(path, []byte("old")); err != nil {
				t.Fatal(err)
			}
			spoil(t, path)
			before := tree(t, filepath.Dir(path))
			err := atomicfile.Write(path, []byte("new"))
			if err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("got %v, want an error that names the file", err)
			}
			if after := tree(t, filepath.Dir(path)); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
		})
	}
}

func TestAFullDiskKeepsTheOldContent(t *testing.T) {
	const full = "/dev/full"
	path := filepath.Join(t.TempDir(), "state.json")
	if err := atomicfile.Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(full, path+".new"); err != nil { // each byte that is written there finds no room
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, []byte("new")); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Fatalf("got %v, want no space left", err)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != "old" {
		t.Errorf("got %q, %v, want the old content", got, err)
	}
	alone(t, filepath.Dir(path))
}

// alone fails where anything but the one file is left.
func alone(t *testing.T, dir string) {
	t.Helper()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left in the folder: %v, %v", entries, err)
	}
}

// tree is the names and contents below a folder.
func tree(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			out.WriteString(path + "\n")
			return err
		}
		data, err := os.ReadFile(path)
		out.WriteString(path + "=" + string(data) + "\n")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

package weights_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/weights"
)

func TestWhatIsBuiltInIsWhatTheManifestSays(t *testing.T) {
	set, err := weights.Built()
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Manifest.Networks) == 0 {
		t.Fatal("no networks")
	}
	for _, n := range set.Manifest.Networks {
		if data, err := set.Load(n); err != nil || len(data) < 1000 {
			t.Errorf("%s: %d bytes, %v", n.Name, len(data), err)
		}
		if n.Licence == "" {
			t.Errorf("%s has no licence", n.Name)
		}
	}
	if _, err := set.Task(weights.FacingDetection); err != nil {
		t.Error(err)
	}
	if _, err := set.Task("reading minds"); !errors.Is(err, weights.ErrTask) {
		t.Errorf("got %v, want %v", err, weights.ErrTask)
	}
}

const good = `{"format":1,"networks":[{"name":"x","version":"1","task":"facing-detection","file":"x.onnx","sha256":"` +
	`2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881","input":{"name":"image","scale":1,"multiple":32},"outputs":["heat","ltrb"],"stride":8}]}`

func TestDir(t *testing.T) {
	for _, c := range []struct {
		name, manifest, file string
		readErr, loadErr     string
	}{
		{"good", good, "x", "", ""},
		{"another file", good, "y", "", "SHA-256"},
		{"no manifest", "", "x", "manifest", ""},
		{"no JSON", "{", "x", "manifest", ""},
		{"format of tomorrow", strings.Replace(good, `"format":1`, `"format":2`, 1), "x", "format 2", ""},
		{"a path that leaves the folder", strings.Replace(good, `"file":"x.onnx"`, `"file":"../x.onnx"`, 1), "x", "relative path", ""},
		{"a hash that is none", strings.Replace(good, "2d711642", "2d71", 1), "x", "64 hexadecimal", ""},
		{"a task nobody has", strings.Replace(good, "facing-detection", "dreaming", 1), "x", "dreaming", ""},
		{"no stride", strings.Replace(good, `"stride":8`, `"stride":0`, 1), "x", "stride", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.manifest != "" {
				put(t, filepath.Join(dir, "manifest.json"), c.manifest)
			}
			put(t, filepath.Join(dir, "x.onnx"), c.file)
			set, err := weights.Dir(dir)
			if !says(err, c.readErr) {
				t.Fatalf("got %v, want %q", err, c.readErr)
			}
			if err != nil {
				return
			}
			if _, err := set.Load(set.Manifest.Networks[0]); !says(err, c.loadErr) || (err != nil && !errors.Is(err, weights.ErrHash)) {
				t.Errorf("load: got %v, want %q", err, c.loadErr)
			}
		})
	}
}

func says(err error, want string) bool {
	if want == "" {
		return err == nil
	}
	return err != nil && strings.Contains(err.Error(), want)
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

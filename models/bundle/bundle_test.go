package bundle_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/bundle"
)

var day = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// maker is a folder of keys with what can be made with it.
type maker struct {
	t    *testing.T
	keys string
	dir  string
	now  time.Time
}

func newMaker(t *testing.T) *maker {
	m := &maker{t, filepath.Join(t.TempDir(), "keys"), t.TempDir(), day}
	if err := bundle.Init(m.keys, m.now); err != nil {
		t.Fatal(err)
	}
	return m
}

func (m *maker) root() []byte {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.keys, "1.root.json"))
	if err != nil {
		m.t.Fatal(err)
	}
	return data
}

// make signs a gallery of the given content, a second after the last.
func (m *maker) make(version, content string) string {
	m.t.Helper()
	m.now = m.now.Add(time.Second)
	source := filepath.Join(m.dir, "source")
	if err := os.WriteFile(source, []byte(content), 0o600); err != nil {
		m.t.Fatal(err)
	}
	path := filepath.Join(m.dir, version+".bundle")
	_, err := bundle.Make(path, m.keys, bundle.Order{
		Release: bundle.Release{Kind: bundle.Gallery, Version: version},
		Files:   map[string]string{bundle.GalleryFile: source}, Expires: 24 * time.Hour,
	}, m.now)
	if err != nil {
		m.t.Fatal(err)
	}
	return path
}

func unpack(t *testing.T, path string, trust bundle.Trust, now time.Time) (string, error) {
	t.Helper()
	b, err := bundle.Open(path, trust, now)
	if err != nil {
		return "", err
	}
	defer b.Close()
	dir := t.TempDir()
	if err := b.Unpack(dir); err != nil {
		return "", err
	}
	data, err := os.ReadFile(filepath.Join(dir, bundle.GalleryFile))
	return string(data), err
}

func TestABundleComesOutAsItWentIn(t *testing.T) {
	m := newMaker(t)
	trust := bundle.Trust{Root: m.root(), Dir: t.TempDir()}
	for i, now := range []time.Time{day.Add(time.Hour), day.Add(2 * time.Hour), {}} { // the third board has no clock
		if got, err := unpack(t, m.make("1.0", "cola"), trust, now); err != nil || got != "cola" {
			t.Errorf("%d: got %q, %v", i, got, err)
		}
	}
}

func TestABundleThatIsRefused(t *testing.T) {
	m, other := newMaker(t), newMaker(t)
	now := day.Add(time.Hour)
	trusting := func(t *testing.T) bundle.Trust { return bundle.Trust{Root: m.root(), Dir: t.TempDir()} }
	good := m.make("1.0", "cola")
	for name, c := range map[string]struct {
		path func(t *testing.T) string
		at   time.Time
		says string
	}{
		"of somebody else":     {func(*testing.T) string { return other.make("1.0", "cola") }, now, "not enough signatures"},
		"ended":                {func(*testing.T) string { return good }, day.Add(48 * time.Hour), "expired"},
		"no zip":               {func(t *testing.T) string { return spoil(t, good, func(b []byte) []byte { return []byte("hello") }) }, now, "zip"},
		"cut":                  {func(t *testing.T) string { return spoil(t, good, func(b []byte) []byte { return b[:len(b)/2] }) }, now, "zip"},
		"other content":        {func(t *testing.T) string { return rewrite(t, good, "targets/files/gallery", []byte("beer")) }, now, "not what was signed"},
		"longer content":       {func(t *testing.T) string { return rewrite(t, good, "targets/files/gallery", []byte("colacola")) }, now, "not what was signed"},
		"content is missing":   {func(t *testing.T) string { return rewrite(t, good, "targets/files/gallery", nil) }, now, "not exist"},
		"other release":        {func(t *testing.T) string { return rewrite(t, good, "targets/release.json", []byte(`{"format":1}`)) }, now, "release.json"},
		"no timestamp":         {func(t *testing.T) string { return rewrite(t, good, "metadata/timestamp.json", nil) }, now, "timestamp"},
		"timestamp is no JSON": {func(t *testing.T) string { return rewrite(t, good, "metadata/timestamp.json", []byte("[")) }, now, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := unpack(t, c.path(t), trusting(t), c.at)
			if !errors.Is(err, bundle.ErrRefused) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			}
		})
	}
}

func TestAnOlderBundleIsRefusedOnceANewerWasSeen(t *testing.T) {
	m := newMaker(t)
	trust := bundle.Trust{Root: m.root(), Dir: t.TempDir()}
	old, newer := m.make("1.0", "cola"), m.make("1.1", "cola and beer")
	now := day.Add(time.Hour)
	if _, err := unpack(t, newer, trust, now); err != nil {
		t.Fatal(err)
	}
	if _, err := unpack(t, old, trust, now); !errors.Is(err, bundle.ErrRefused) {
		t.Errorf("the older one: %v, want a refusal", err)
	}
	if _, err := unpack(t, newer, trust, now); err != nil {
		t.Errorf("the same again: %v", err)
	}
	// What a power cut leaves of the kept metadata does not shut the board out.
	for _, name := range []string{"timestamp.json", "root.json"} {
		if err := os.WriteFile(filepath.Join(trust.Dir, name), []byte("{\"si"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := unpack(t, newer, trust, now); err != nil {
			t.Errorf("with a torn %s: %v", name, err)
		}
	}
}

func TestAKeyThatWasReplacedSignsNothingMore(t *testing.T) {
	m := newMaker(t)
	trust := bundle.Trust{Root: m.root(), Dir: t.TempDir()}
	now := day.Add(time.Hour)
	if _, err := unpack(t, m.make("1.0", "cola"), trust, now); err != nil {
		t.Fatal(err)
	}
	stolen := *m
	stolen.keys = t.TempDir()
	if err := os.CopyFS(filepath.Join(stolen.keys, "k"), os.DirFS(m.keys)); err != nil {
		t.Fatal(err)
	}
	stolen.keys = filepath.Join(stolen.keys, "k")
	if version, err := bundle.Rotate(m.keys, m.now); err != nil || version != 2 {
		t.Fatalf("rotate: version %d, %v", version, err)
	}
	if got, err := unpack(t, m.make("1.1", "new key"), trust, now); err != nil || got != "new key" {
		t.Fatalf("under the new key: %q, %v", got, err)
	}
	stolen.now = m.now.Add(time.Minute)
	if _, err := unpack(t, stolen.make("1.2", "thief"), trust, now); !errors.Is(err, bundle.ErrRefused) {
		t.Errorf("under the old key: %v, want a refusal", err)
	}
	// A board that never saw the second root comes to it through the first.
	fresh := bundle.Trust{Root: m.root(), Dir: t.TempDir()}
	if _, err := unpack(t, m.make("1.3", "fresh"), fresh, now); err != nil {
		t.Errorf("a board that was away: %v", err)
	}
}

func TestWhatIsNotMade(t *testing.T) {
	m := newMaker(t)
	file := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		release bundle.Release
		files   map[string]string
		expires time.Duration
		says    string
	}{
		"kind":             {bundle.Release{Kind: "firmware", Version: "1"}, nil, time.Hour, "kind"},
		"version":          {bundle.Release{Kind: bundle.Model, Version: "one two"}, nil, time.Hour, "version"},
		"agent needs arch": {bundle.Release{Kind: bundle.Agent, Version: "1"}, map[string]string{bundle.AgentFile: file}, time.Hour, "arch"},
		"no manifest":      {bundle.Release{Kind: bundle.Model, Version: "1"}, map[string]string{"net.onnx": file}, time.Hour, "manifest.json"},
		"two files":        {bundle.Release{Kind: bundle.Gallery, Version: "1"}, map[string]string{bundle.GalleryFile: file, "y": file}, time.Hour, "one file"},
		"climbs out":       {bundle.Release{Kind: bundle.Model, Version: "1"}, map[string]string{"manifest.json": file, "../x": file}, time.Hour, "relative path"},
		"expires":          {bundle.Release{Kind: bundle.Gallery, Version: "1"}, map[string]string{bundle.GalleryFile: file}, 0, "expires"},
		"no such file":     {bundle.Release{Kind: bundle.Gallery, Version: "1"}, map[string]string{bundle.GalleryFile: file + "?"}, time.Hour, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out.bundle")
			_, err := bundle.Make(out, m.keys, bundle.Order{Release: c.release, Files: c.files, Expires: c.expires}, day)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
			if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
	if err := bundle.Init(m.keys, day); !errors.Is(err, os.ErrExist) {
		t.Errorf("keys over keys: %v", err)
	}
}

func TestCompare(t *testing.T) {
	order := []string{"0.9", "v1.2", "1.2.1", "1.10", "2", "2026-03-31", "2026-04-01"}
	for i, a := range order {
		for j, b := range order {
			want := 0
			if i != j {
				want = map[bool]int{true: -1, false: 1}[i < j]
			}
			if got := bundle.Compare(a, b); got != want {
				t.Errorf("%s against %s: got %d, want %d", a, b, got, want)
			}
		}
	}
	if bundle.Compare("1.02", "1.2") != 0 {
		t.Error("leading zeros count")
	}
}

// FuzzOpen: whatever a server sends, it is refused, not a panic, and what was accepted before stays.
func FuzzOpen(f *testing.F) {
	keys, dir := filepath.Join(f.TempDir(), "keys"), f.TempDir()
	if err := bundle.Init(keys, day); err != nil {
		f.Fatal(err)
	}
	root, err := os.ReadFile(filepath.Join(keys, "1.root.json"))
	if err != nil {
		f.Fatal(err)
	}
	path := filepath.Join(dir, "b")
	if err := os.WriteFile(filepath.Join(dir, "g"), []byte("g"), 0o600); err != nil {
		f.Fatal(err)
	}
	if _, err := bundle.Make(path, keys, bundle.Order{Release: bundle.Release{Kind: bundle.Gallery, Version: "1"}, Files: map[string]string{bundle.GalleryFile: filepath.Join(dir, "g")}, Expires: time.Hour}, day); err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(0, []byte{0})
	f.Add(len(good)/2, []byte("metadata"))
	f.Fuzz(func(t *testing.T, at int, over []byte) {
		data := bytes.Clone(good)
		if at < 0 || at >= len(data) {
			return
		}
		copy(data[at:], over)
		bad := filepath.Join(t.TempDir(), "bad")
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := unpack(t, bad, bundle.Trust{Root: root, Dir: t.TempDir()}, day)
		if err == nil && got != "g" {
			t.Errorf("it was taken for good and holds %q", got)
		}
	})
}

func spoil(t *testing.T, path string, how func([]byte) []byte) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.bundle")
	if err := os.WriteFile(bad, how(data), 0o600); err != nil {
		t.Fatal(err)
	}
	return bad
}

// rewrite copies a bundle with one file replaced, nil: left out.
func rewrite(t *testing.T, path, name string, content []byte) string {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == name {
			data = content
		}
		if data == nil {
			continue
		}
		to, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return spoil(t, path, func([]byte) []byte { return out.Bytes() })
}

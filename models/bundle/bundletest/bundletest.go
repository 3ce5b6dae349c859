// Package bundletest signs bundles for tests, as whoever holds the keys does.
package bundletest

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/bundle"
)

// Maker is a folder of keys with a clock that goes on by a second with each bundle.
type Maker struct {
	Keys string // the folder
	t    testing.TB
	dir  string
	now  time.Time
}

// New makes keys.
func New(t testing.TB) *Maker {
	t.Helper()
	m := &Maker{Keys: filepath.Join(t.TempDir(), "keys"), t: t, dir: t.TempDir(), now: time.Now().Add(-time.Hour)}
	if err := bundle.Init(m.Keys, m.now); err != nil {
		t.Fatal(err)
	}
	return m
}

// Root is what boards, and the service, hold.
func (m *Maker) Root() []byte {
	m.t.Helper()
	data, err := os.ReadFile(filepath.Join(m.Keys, "1.root.json"))
	if err != nil {
		m.t.Fatal(err)
	}
	return data
}

// Rotate replaces the key that signs.
func (m *Maker) Rotate() {
	m.t.Helper()
	if _, err := bundle.Rotate(m.Keys, m.now); err != nil {
		m.t.Fatal(err)
	}
}

// Make signs one file of a kind and gives the path of the bundle; arch is for an agent alone.
func (m *Maker) Make(kind, version, arch string, content []byte) string {
	m.t.Helper()
	m.now = m.now.Add(time.Second)
	source := filepath.Join(m.dir, "source")
	if err := os.WriteFile(source, content, 0o700); err != nil {
		m.t.Fatal(err)
	}
	name := map[string]string{bundle.Model: "manifest.json", bundle.Gallery: bundle.GalleryFile, bundle.Agent: bundle.AgentFile}[kind]
	path := filepath.Join(m.dir, kind+"-"+version+arch+".bundle")
	_, err := bundle.Make(path, m.Keys, bundle.Order{Release: bundle.Release{Kind: kind, Version: version, Arch: arch},
		Files: map[string]string{name: source}, Expires: 24 * time.Hour}, m.now)
	if err != nil {
		m.t.Fatal(err)
	}
	return path
}

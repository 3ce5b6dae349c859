package update_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/update"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
)

// shop signs bundles and serves them.
type shop struct {
	t    *testing.T
	keys string
	dir  string
	now  time.Time
	*httptest.Server
	hurt   atomic.Int64 // requests to break off after a third of what is left
	ranges atomic.Int64 // requests that asked for a range
}

func newShop(t *testing.T) *shop {
	s := &shop{t: t, keys: filepath.Join(t.TempDir(), "keys"), dir: t.TempDir(), now: time.Now()}
	if err := bundle.Init(s.keys, s.now); err != nil {
		t.Fatal(err)
	}
	files := http.FileServer(http.Dir(s.dir))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			s.ranges.Add(1)
		}
		if s.hurt.Add(-1) >= 0 {
			w = &breaking{w, 30_000}
		}
		files.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Server.Close)
	return s
}

// breaking drops the connection after so many bytes.
type breaking struct {
	http.ResponseWriter
	left int
}

func (b *breaking) Write(p []byte) (int, error) {
	if len(p) > b.left {
		b.ResponseWriter.Write(p[:b.left])
		b.ResponseWriter.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	b.left -= len(p)
	return b.ResponseWriter.Write(p)
}

func (s *shop) root() []byte {
	data, err := os.ReadFile(filepath.Join(s.keys, "1.root.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	return data
}

func (s *shop) sign(r bundle.Release, content []byte) *wire.Bundle {
	s.t.Helper()
	s.now = s.now.Add(time.Second)
	name := map[string]string{bundle.Model: "manifest.json", bundle.Gallery: bundle.GalleryFile, bundle.Agent: bundle.AgentFile}[r.Kind]
	source := filepath.Join(s.t.TempDir(), "source")
	if err := os.WriteFile(source, content, 0o700); err != nil {
		s.t.Fatal(err)
	}
	file := r.Kind + r.Version
	made, err := bundle.Make(filepath.Join(s.dir, file), s.keys, bundle.Order{Release: r, Files: map[string]string{name: source}, Expires: time.Hour}, s.now)
	if err != nil {
		s.t.Fatal(err)
	}
	return &wire.Bundle{Version: r.Version, URL: s.URL + "/" + file, SHA256: made.SHA256, Size: uint64(made.Size)}
}

func (s *shop) gallery(version string) *wire.Bundle {
	content := make([]byte, 200_000) // some connections' worth, and nothing that compresses away
	rand.NewChaCha8(sha256.Sum256([]byte(version))).Read(content)
	return s.sign(bundle.Release{Kind: bundle.Gallery, Version: version}, content)
}

func store(t *testing.T, s *shop) *update.Store {
	return update.Open(update.Config{Dir: filepath.Join(t.TempDir(), "updates"), Root: s.root(), Now: time.Now})
}

func TestADownloadGoesOnWhereItBroke(t *testing.T) {
	s := newShop(t)
	st := store(t, s)
	want := s.gallery("1.0")
	s.hurt.Store(2)
	in, err := st.Fetch(t.Context(), bundle.Gallery, want, nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := s.ranges.Load(); n < 2 {
		t.Errorf("%d requests for a range, want each after the first to go on", n)
	}
	if info, err := os.Stat(in.Path()); err != nil || info.Size() != 200_000 {
		t.Errorf("unpacked: %v, %v", info, err)
	}
	if again, err := st.Fetch(t.Context(), bundle.Gallery, &wire.Bundle{Version: "1.0", URL: "http://127.0.0.1:1/", SHA256: want.SHA256, Size: want.Size}, nil); err != nil || again.Path() != in.Path() {
		t.Errorf("what is there is fetched again: %v", err)
	}
}

func TestAStickServes(t *testing.T) {
	s := newShop(t)
	want := s.gallery("1.0")
	want.URL = "file://" + filepath.Join(s.dir, "gallery1.0")
	if _, err := store(t, s).Fetch(t.Context(), bundle.Gallery, want, nil); err != nil {
		t.Error(err)
	}
}

func TestWhatAServerCannotTalkABoardInto(t *testing.T) {
	s, stranger := newShop(t), newShop(t)
	good := s.gallery("1.0")
	for name, c := range map[string]struct {
		want func() *wire.Bundle
		says string
	}{
		"other content":   {func() *wire.Bundle { b := *s.gallery("1.0b"); b.SHA256 = good.SHA256; return &b }, "SHA-256"},
		"other version":   {func() *wire.Bundle { b := *good; b.Version = "2.0"; return &b }, "version 1.0"},
		"somebody else's": {func() *wire.Bundle { return stranger.gallery("1.0") }, "signatures"},
		"no size":         {func() *wire.Bundle { b := *good; b.Size = 0; return &b }, "bytes"},
		"too large":       {func() *wire.Bundle { b := *good; b.Size = 1 << 40; return &b }, "bytes"},
		"other scheme":    {func() *wire.Bundle { b := *good; b.URL = "ftp://x/y"; return &b }, "ftp"},
		"other kind":      {func() *wire.Bundle { return s.sign(bundle.Release{Kind: bundle.Model, Version: "1.0"}, []byte("{}")) }, "kind model"},
	} {
		t.Run(name, func(t *testing.T) {
			st := store(t, s)
			_, err := st.Fetch(t.Context(), bundle.Gallery, c.want(), nil)
			if !errors.Is(err, update.ErrRefused) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a refusal that says %q", err, c.says)
			}
			if in, err := st.Current(bundle.Gallery); in != nil || err != nil {
				t.Errorf("in force is %v, %v", in, err)
			}
		})
	}
	without := update.Open(update.Config{Dir: t.TempDir()})
	if _, err := without.Fetch(t.Context(), bundle.Gallery, good, nil); !errors.Is(err, update.ErrRefused) {
		t.Errorf("a board without a root: %v", err)
	}
}

func TestVersionsOnlyRise(t *testing.T) {
	s := newShop(t)
	st := store(t, s)
	v1, v2, v3 := s.gallery("1.9"), s.gallery("1.10"), s.gallery("1.11")
	adopt := func(b *wire.Bundle) *update.Installed {
		t.Helper()
		in, err := st.Fetch(t.Context(), bundle.Gallery, b, nil)
		if err == nil {
			err = st.Adopt(in)
		}
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	first, second := adopt(v1), adopt(v2)
	if _, err := st.Fetch(t.Context(), bundle.Gallery, v1, nil); !errors.Is(err, update.ErrRefused) || !strings.Contains(err.Error(), "below version 1.10") {
		t.Errorf("the first again: %v", err)
	}
	twin := *v3
	twin.Version = "1.10"
	if _, err := st.Fetch(t.Context(), bundle.Gallery, &twin, nil); !errors.Is(err, update.ErrRefused) || !strings.Contains(err.Error(), "another content") {
		t.Errorf("other content under one version: %v", err)
	}
	// What is in force cannot be read: the one before is.
	if in, err := st.FallBack(bundle.Gallery); err != nil || in == nil || in.Path() != first.Path() {
		t.Errorf("fell back to %v, %v", in, err)
	}
	if in, err := st.Current(bundle.Gallery); err != nil || in.Release.Version != "1.9" {
		t.Errorf("in force after falling back: %v, %v", in, err)
	}
	third := adopt(v3)
	if _, err := os.Stat(second.Path()); !os.IsNotExist(err) {
		t.Error("a release that nobody needs stays on the disk")
	}
	for _, in := range []*update.Installed{first, third} {
		if _, err := os.Stat(in.Path()); err != nil {
			t.Error(err)
		}
	}
	if in, err := st.FallBack(bundle.Gallery); err != nil || in.Release.Version != "1.9" {
		t.Errorf("fell back to %v, %v", in, err)
	}
	if in, err := st.FallBack(bundle.Gallery); err != nil || in != nil {
		t.Errorf("fell back to %v, %v, want the board's own", in, err)
	}
}

func TestAFetchEndsWithItsContext(t *testing.T) {
	s := newShop(t)
	want := s.gallery("1.0")
	s.Server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := store(t, s).Fetch(ctx, bundle.Gallery, want, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

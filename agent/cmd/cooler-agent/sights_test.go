//go:build customenv

package main

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/update"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/weights"
)

// Of networks and gallery that were sent, a start takes back the one that cannot be used and leaves the other.
func TestOnlyWhatCannotBeUsedGoesBack(t *testing.T) {
	good := filepath.Join(t.TempDir(), "good.gallery")
	taught(t, good)
	sound := func(store *update.Store, kind string, number int) *update.Installed {
		t.Helper()
		in := &update.Installed{Release: bundle.Release{Kind: kind, Version: fmt.Sprintf("1.%d", number)}, SHA256: strings.Repeat(fmt.Sprint(number), 64)}
		if err := store.Adopt(in); err != nil {
			t.Fatal(err)
		}
		in, err := store.Current(kind)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(in.Path()), 0o700)
		}
		if err != nil {
			t.Fatal(err)
		}
		if kind == bundle.Model {
			if err := os.CopyFS(in.Path(), os.DirFS(networks(t, func(*weights.Manifest) {}))); err != nil {
				t.Fatal(err)
			}
			return in
		}
		data, err := os.ReadFile(good)
		if err != nil {
			t.Fatal(err)
		}
		write(t, in.Path(), data)
		return in
	}
	spoil := func(in *update.Installed) {
		path := in.Path()
		if in.Release.Kind == bundle.Model {
			path = filepath.Join(path, "manifest.json")
		}
		write(t, path, []byte("spoilt"))
	}
	for name, c := range map[string]struct {
		spoilt []string // kinds of which the newest is spoilt
		want   map[string]string
	}{
		"sound":       {nil, map[string]string{bundle.Model: "1.2", bundle.Gallery: "1.2"}},
		"the gallery": {[]string{bundle.Gallery}, map[string]string{bundle.Model: "1.2", bundle.Gallery: "1.1"}},
		"networks":    {[]string{bundle.Model}, map[string]string{bundle.Model: "1.1", bundle.Gallery: "1.2"}},
		"both":        {[]string{bundle.Model, bundle.Gallery}, map[string]string{bundle.Model: "1.1", bundle.Gallery: "1.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			store := update.Open(update.Config{Dir: filepath.Join(t.TempDir(), "updates")})
			newest := map[string]*update.Installed{}
			for _, kind := range []string{bundle.Model, bundle.Gallery} {
				for number := 1; number <= 2; number++ {
					newest[kind] = sound(store, kind, number)
				}
			}
			for _, kind := range c.spoilt {
				spoil(newest[kind])
			}
			s := newSights(sightOptions{Runtime: "opencv", Log: slog.New(slog.DiscardHandler)})
			t.Cleanup(func() { s.Close() })
			opts := agent.Options{Updates: store}
			view, err := s.first(t.Context(), &opts)
			if err != nil {
				t.Fatal(err)
			}
			defer view.Close()
			for kind, want := range c.want {
				in, err := store.Current(kind)
				if err != nil || in == nil || in.Release.Version != want {
					t.Errorf("%s in force: %+v, %v, want %s", kind, in, err, want)
					continue
				}
				if got := map[string]string{bundle.Model: opts.Setting.Weights, bundle.Gallery: opts.Setting.Gallery}[kind]; got != in.Path() {
					t.Errorf("%s looked with: %s, want %s", kind, got, in.Path())
				}
			}
			if (len(opts.Degraded) > 0) != (len(c.spoilt) > 0) {
				t.Errorf("degraded: %q", opts.Degraded)
			}
		})
	}
}

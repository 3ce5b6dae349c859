package release_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/bundle/bundletest"
)

var ctx = context.Background()

// TestConformance runs on both databases.
func TestConformance(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		for _, c := range []struct {
			name string
			run  func(t *testing.T, d *depot)
		}{
			{"what is added is served, in ranges", served},
			{"what boards would refuse is refused", refused},
			{"versions only rise, for each kind and processor", rising},
			{"a root is given once, and followed where it was replaced", roots},
			{"a removed bundle is gone", removed},
		} {
			t.Run(c.name, func(t *testing.T) {
				m := bundletest.New(t)
				d := &depot{t: t, db: db, store: &release.Store{DB: db, Scratch: t.TempDir()}, tenant: hex.EncodeToString(m.Root()[100:120]), Maker: m}
				d.trust(m.Root(), false)
				c.run(t, d)
				if left, err := os.ReadDir(d.store.Scratch); err != nil || len(left) > 0 {
					t.Errorf("scratch: %v, %v", left, err)
				}
			})
		}
	}, access.Tables, release.Tables)
}

// depot is one tenant's.
type depot struct {
	*bundletest.Maker
	t      *testing.T
	db     *state.DB
	store  *release.Store
	tenant string
}

func (d *depot) trust(root []byte, replace bool) error {
	return d.db.Write(ctx, func(tx *state.Tx) error {
		_, err := release.SetRoot(ctx, tx, d.tenant, "Li", root, replace, time.Now())
		return err
	})
}

func (d *depot) add(path string) (*release.Release, bool, error) {
	d.t.Helper()
	f, err := os.Open(path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer f.Close()
	return d.store.Add(ctx, d.tenant, "Li", f, time.Now())
}

func (d *depot) must(path string) *release.Release {
	d.t.Helper()
	r, _, err := d.add(path)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

func noise(n int) []byte {
	data := make([]byte, n)
	rand.NewChaCha8(sha256.Sum256([]byte{byte(n)})).Read(data)
	return data
}

func served(t *testing.T, d *depot) {
	path := d.Make(bundle.Gallery, "1.0", "", noise(5<<20+123)) // many pieces, the last one short
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := d.must(path)
	if again, known, err := d.add(path); err != nil || !known || again.SHA256 != r.SHA256 {
		t.Errorf("the same again: %+v, known %v, %v", again, known, err)
	}
	mux := http.NewServeMux()
	mux.Handle(release.Pattern, &release.Server{DB: d.db, Log: slog.New(slog.DiscardHandler)})
	server := httptest.NewServer(mux)
	defer server.Close()
	get := func(path, span string) (int, []byte) {
		t.Helper()
		req, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if span != "" {
			req.Header.Set("Range", span)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		data, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, data
	}
	if status, got := get(release.Path(r.SHA256), ""); status != http.StatusOK || !bytes.Equal(got, want) {
		t.Errorf("whole: status %d, %d bytes of %d", status, len(got), len(want))
	}
	for _, from := range []int{1, 256<<10 - 1, 256 << 10, len(want) - 1} {
		if status, got := get(release.Path(r.SHA256), "bytes="+strconv.Itoa(from)+"-"); status != http.StatusPartialContent || !bytes.Equal(got, want[from:]) {
			t.Errorf("from %d: status %d, %d bytes of %d", from, status, len(got), len(want)-from)
		}
	}
	if status, _ := get(release.Path(r.SHA256), "bytes="+strconv.Itoa(len(want))+"-"); status != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("behind the end: status %d", status)
	}
	for _, wrong := range []string{strings.Repeat("0", 64), "manifest.json", "..%2f..%2fetc%2fpasswd"} {
		if status, _ := get("/bundles/"+wrong, ""); status != http.StatusNotFound {
			t.Errorf("%s: status %d", wrong, status)
		}
	}
}

func refused(t *testing.T, d *depot) {
	good, err := os.ReadFile(d.Make(bundle.Gallery, "1.0", "", noise(1000)))
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := os.ReadFile(bundletest.New(t).Make(bundle.Gallery, "1.0", "", noise(1000)))
	if err != nil {
		t.Fatal(err)
	}
	spoilt := bytes.Clone(good)
	at := bytes.Index(spoilt, noise(1000)[100:150]) // content is deflated or stored; noise is stored as it is
	if at < 0 {
		at = len(spoilt) / 2
	}
	spoilt[at] ^= 1
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"of somebody else": {foreign, "signatures"},
		"cut":              {good[:len(good)-10], "zip"},
		"no zip":           {[]byte("hello"), "zip"},
		"empty":            {nil, "zip"},
		"other content":    {spoilt, ""},
	} {
		_, _, err := d.store.Add(ctx, d.tenant, "Li", bytes.NewReader(c.data), time.Now())
		if !errors.Is(err, bundle.ErrRefused) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v, want a refusal that says %q", name, err, c.says)
		}
	}
	if _, _, err := d.store.Add(ctx, "stranger", "Li", bytes.NewReader(good), time.Now()); !errors.Is(err, release.ErrNoRoot) {
		t.Errorf("a tenant without a root: %v", err)
	}
	if list, err := release.List(ctx, d.db, d.tenant); err != nil || len(list) > 0 {
		t.Errorf("kept: %v, %v", list, err)
	}
	var pieces int
	if err := d.db.QueryRow(ctx, "SELECT COUNT(*) FROM release_pieces WHERE tenant = ?", d.tenant).Scan(&pieces); err != nil || pieces > 0 {
		t.Errorf("%d pieces stay, %v", pieces, err)
	}
}

func rising(t *testing.T, d *depot) {
	older := d.Make(bundle.Agent, "1.9", "amd64", noise(10))
	d.must(d.Make(bundle.Agent, "1.10", "amd64", noise(11)))
	if _, _, err := d.add(older); err == nil {
		t.Error("a lower version is taken")
	}
	if _, _, err := d.add(d.Make(bundle.Agent, "1.9", "amd64", noise(12))); !errors.Is(err, release.ErrLower) || !strings.Contains(err.Error(), "1.10") {
		t.Errorf("a lower version: %v", err)
	}
	if _, _, err := d.add(d.Make(bundle.Agent, "1.10", "amd64", noise(13))); !errors.Is(err, release.ErrTaken) {
		t.Errorf("another content of one version: %v", err)
	}
	arm := d.must(d.Make(bundle.Agent, "1.10", "arm64", noise(14)))
	d.must(d.Make(bundle.Gallery, "0.1", "", noise(15)))
	newest, err := release.Newest(ctx, d.db, d.tenant, bundle.Agent, "arm64")
	if err != nil || *newest != *arm {
		t.Errorf("newest for arm64: %+v, %v, want %+v", newest, err, arm)
	}
}

func roots(t *testing.T, d *depot) {
	stolen := d.Make(bundle.Gallery, "9.0", "", noise(20)) // by the key that is replaced below
	if err := d.trust(d.Root(), false); err != nil {
		t.Errorf("the same root again: %v", err)
	}
	other := bundletest.New(t)
	if err := d.trust(other.Root(), false); !errors.Is(err, release.ErrRoot) {
		t.Errorf("another root: %v", err)
	}
	if err := d.trust([]byte(`{"signed":{}}`), true); !errors.Is(err, release.ErrBadRoot) {
		t.Errorf("no root: %v", err)
	}
	forged := bytes.Replace(d.Root(), []byte(`"version": 1`), []byte(`"version": 7`), 1)
	if bytes.Equal(forged, d.Root()) {
		t.Fatal("the root is written in another way than this test changes")
	}
	if err := d.trust(forged, true); !errors.Is(err, release.ErrBadRoot) {
		t.Errorf("a root that nobody signed: %v", err)
	}
	d.Rotate()
	d.must(d.Make(bundle.Model, "1.0", "", noise(21)))
	root, err := release.GetRoot(ctx, d.db, d.tenant)
	if err != nil || root.Version != 2 || !strings.HasPrefix(root.ChangedBy, "bundle model 1.0") {
		t.Errorf("after a bundle with a new root: %+v, %v", root, err)
	}
	if _, _, err := d.add(stolen); !errors.Is(err, bundle.ErrRefused) {
		t.Errorf("signed by a replaced key: %v", err)
	}
	if err := d.trust(other.Root(), true); err != nil {
		t.Errorf("another root, on purpose: %v", err)
	}
	d.must(other.Make(bundle.Gallery, "1.0", "", noise(22)))
	log, err := access.Audit(ctx, d.db, d.tenant, 10)
	if err != nil || len(log) < 4 || log[0].Action != "bundle added" || log[1].Action != "bundle root set" {
		t.Errorf("audit: %+v, %v", log, err)
	}
}

func removed(t *testing.T, d *depot) {
	r := d.must(d.Make(bundle.Gallery, "1.0", "", noise(30)))
	remove := func() error {
		return d.db.Write(ctx, func(tx *state.Tx) error { return release.Remove(ctx, tx, d.tenant, r.SHA256, "Li", time.Now()) })
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	if err := remove(); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("twice: %v", err)
	}
	var pieces int
	if err := d.db.QueryRow(ctx, "SELECT COUNT(*) FROM release_pieces WHERE tenant = ?", d.tenant).Scan(&pieces); err != nil || pieces > 0 {
		t.Errorf("%d pieces stay, %v", pieces, err)
	}
}

package web_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/coldshelf/coldshelf/cloud/internal/web"
)

const index = "<!doctype html><title>page</title>"

func site(t *testing.T, files fstest.MapFS) *web.Site {
	t.Helper()
	s, err := web.New(files)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func page(t *testing.T) *web.Site {
	return site(t, fstest.MapFS{
		"index.html":            {Data: []byte(index)},
		"favicon.svg":           {Data: []byte("<svg/>")},
		".keep":                 {Data: nil},
		"assets/app-Ab12cd.js":  {Data: []byte(strings.Repeat("console.log(1);\n", 200))},
		"assets/app-Ef34gh.css": {Data: []byte("body{}")},
	})
}

func get(h http.Handler, method, target string, header http.Header) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for k, v := range header {
		r.Header[k] = v
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestPaths(t *testing.T) {
	const forever, check = "public, max-age=31536000, immutable", "no-cache"
	for _, tc := range []struct {
		name, method, target string
		status               int
		contentType, cache   string
		holds                string
	}{
		{"root", "GET", "/", 200, "text/html; charset=utf-8", check, index},
		{"a view's path gives the page", "GET", "/coolers/c-01?tab=slots", 200, "text/html; charset=utf-8", check, index},
		{"a file beside it", "GET", "/favicon.svg", 200, "image/svg+xml", check, "<svg/>"},
		{"script is immutable", "GET", "/assets/app-Ab12cd.js", 200, "text/javascript; charset=utf-8", forever, "console.log"},
		{"style is immutable", "GET", "/assets/app-Ef34gh.css", 200, "text/css; charset=utf-8", forever, "body{}"},
		{"a missing asset is not the page", "GET", "/assets/app-000000.js", 404, "text/plain; charset=utf-8", "", "not found"},
		{"a missing file is not the page", "GET", "/robots.txt", 404, "text/plain; charset=utf-8", "", "not found"},
		{"dot files are not served", "GET", "/.keep", 404, "text/plain; charset=utf-8", "", "not found"},
		{"up and out stays inside", "GET", "/assets/../../index.html", 200, "text/html; charset=utf-8", check, index},
		{"no writing", "POST", "/", 405, "text/plain; charset=utf-8", "", "not allowed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp := get(page(t), tc.method, tc.target, nil)
			if resp.StatusCode != tc.status {
				t.Errorf("status: got %d, want %d", resp.StatusCode, tc.status)
			}
			if got := resp.Header.Get("Content-Type"); got != tc.contentType {
				t.Errorf("content type: got %q, want %q", got, tc.contentType)
			}
			if got := resp.Header.Get("Cache-Control"); got != tc.cache {
				t.Errorf("cache: got %q, want %q", got, tc.cache)
			}
			if got := body(t, resp); !strings.Contains(got, tc.holds) {
				t.Errorf("body: got %q, want it to hold %q", got, tc.holds)
			}
			csp := resp.Header.Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("policy: got %q, want the own origin alone and nothing inline", csp)
			}
		})
	}
}

func TestETagSparesTheBody(t *testing.T) {
	p := page(t)
	etag := get(p, "GET", "/", nil).Header.Get("ETag")
	if etag == "" {
		t.Fatal("index.html came without an ETag")
	}
	for name, header := range map[string]string{"same": etag, "weak": "W/" + etag, "one of several": `"x", ` + etag, "any": "*"} {
		resp := get(p, "GET", "/alerts", http.Header{"If-None-Match": {header}})
		if got := body(t, resp); resp.StatusCode != 304 || got != "" {
			t.Errorf("%s: got %d with %d bytes, want 304 with none", name, resp.StatusCode, len(got))
		}
	}
	if resp := get(p, "GET", "/", http.Header{"If-None-Match": {`"other"`}}); resp.StatusCode != 200 {
		t.Errorf("other tag: got %d, want 200", resp.StatusCode)
	}
}

func TestGzip(t *testing.T) {
	p := page(t)
	for _, tc := range []struct {
		name, accept, target, want string
	}{
		{"asked for", "br, gzip", "/assets/app-Ab12cd.js", "gzip"},
		{"with a weight", "gzip;q=0.5", "/assets/app-Ab12cd.js", "gzip"},
		{"refused", "gzip;q=0", "/assets/app-Ab12cd.js", ""},
		{"not asked for", "", "/assets/app-Ab12cd.js", ""},
		{"too small to gain", "gzip", "/assets/app-Ef34gh.css", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			resp := get(p, "GET", tc.target, http.Header{"Accept-Encoding": {tc.accept}})
			if got := resp.Header.Get("Content-Encoding"); got != tc.want {
				t.Fatalf("encoding: got %q, want %q", got, tc.want)
			}
			if tc.want == "" {
				return
			}
			zr, err := gzip.NewReader(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			if plain, err := io.ReadAll(zr); err != nil || len(plain) != 16*200 {
				t.Errorf("unpacked: got %d bytes and %v, want %d", len(plain), err, 16*200)
			}
		})
	}
}

func TestHeadHasNoBody(t *testing.T) {
	resp := get(page(t), "HEAD", "/", nil)
	if got := body(t, resp); resp.StatusCode != 200 || got != "" || resp.ContentLength != int64(len(index)) {
		t.Errorf("got %d, length %d, body %q; want 200, %d and none", resp.StatusCode, resp.ContentLength, got, len(index))
	}
}

func TestBinaryWithoutPageSaysHowToBuildIt(t *testing.T) {
	resp := get(site(t, fstest.MapFS{".keep": {}}), "GET", "/", nil)
	if got := body(t, resp); resp.StatusCode != 200 || !strings.Contains(got, "make web") {
		t.Errorf("got %d %q, want 200 and a word of make web", resp.StatusCode, got)
	}
}

// What is built into this test binary serves, whether or not the page was built before.
func TestBuiltServes(t *testing.T) {
	s, err := web.New(web.Built())
	if err != nil {
		t.Fatal(err)
	}
	if resp := get(s, "GET", "/", nil); resp.StatusCode != 200 || !strings.Contains(body(t, resp), "Coldshelf") {
		t.Errorf("got %d, want the page", resp.StatusCode)
	}
}

// Package web serves the page of cooler-cloud: the files that Vite has built from ui/ into dist/, embedded in
// the binary.
//
// It uses no store and no API. The policy that it sends lets the page load nothing from another origin and run
// no inline script or style. A file under /assets/ never changes under its name (Vite puts a hash of the
// content there), so browsers keep it for a year. Every other path of the page returns index.html, validated by
// ETag.
//
// A binary that was built without the page still starts; it then says how to build it.
package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// Built returns the files that were embedded in this binary, with index.html at the root.
func Built() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil { // dist is a valid path, so this only happens with a broken toolchain
		panic(err)
	}
	return sub
}

// policy lets the page load only from its own origin. connect-src covers the live WebSocket, blob: is for the
// preview of a photo that is about to be uploaded, and style-src has no 'unsafe-inline': Preact and uPlot set
// styles through the DOM, which the policy does not affect.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " +
	"connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Site is an http.Handler for a set of files, all held in memory.
type Site struct{ files map[string]*file }

type file struct {
	contentType string
	etag        string
	plain, gz   []byte // gz is nil where it would not be smaller
	immutable   bool
}

// New reads every file of fsys once. If there is no index.html, the site is still usable: it serves a page that
// says how to build the real one.
func New(fsys fs.FS) (*Site, error) {
	s := &Site{files: map[string]*file{}}
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path.Base(name), ".") {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		s.files["/"+name] = newFile(name, data)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read web page: %w", err)
	}
	if s.files["/index.html"] == nil {
		s.files["/index.html"] = newFile("index.html", []byte(unbuilt))
	}
	return s, nil
}

// unbuilt is served by a binary that was compiled without the page.
const unbuilt = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Coldshelf</title>
<h1>The page is not in this binary</h1>
<p>The service runs, and its API answers under <code>/v1/</code>. To have the page too, run
<code>make web</code> and build <code>cooler-cloud</code> again.</p>
`

func newFile(name string, data []byte) *file {
	sum := sha256.Sum256(data)
	f := &file{
		contentType: contentType(name),
		etag:        `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`,
		plain:       data,
		immutable:   strings.HasPrefix(name, "assets/"),
	}
	if gz, err := compress(data); err == nil && len(gz) < len(data)*9/10 {
		f.gz = gz
	}
	return f
}

func compress(data []byte) ([]byte, error) {
	var buf bytes.Buffer
	w, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, werr := w.Write(data)
	if err := errors.Join(werr, w.Close()); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// contentType does not use the machine's MIME tables for the page's own types, because a table that calls
// JavaScript text/plain would break the page under nosniff.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".webmanifest":
		return "application/manifest+json"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

// ServeHTTP serves a file by its path, and index.html for every path that names a view of the page. A path with
// an extension that does not exist is not found, so that a missing script is an error in the browser's console
// rather than HTML that it cannot parse.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	f, ok := s.files[path.Clean(r.URL.Path)]
	if !ok {
		if path.Ext(r.URL.Path) != "" || strings.HasPrefix(r.URL.Path, "/assets/") {
			http.NotFound(w, r)
			return
		}
		f = s.files["/index.html"]
	}
	f.serve(w, r)
}

func secure(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("ETag", f.etag)
	h.Set("Vary", "Accept-Encoding")
	if f.immutable {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if matches(r.Header.Get("If-None-Match"), f.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.plain
	if f.gz != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = f.gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		// If this fails the client has gone, and there is nobody left to tell.
		_, _ = w.Write(body)
	}
}

// matches compares weakly, as RFC 9110 section 13.1.2 demands for If-None-Match.
func matches(header, etag string) bool {
	for _, v := range strings.Split(header, ",") {
		v = strings.TrimSpace(v)
		if v == "*" || strings.TrimPrefix(v, "W/") == etag {
			return true
		}
	}
	return false
}

// acceptsGzip takes every mention of gzip for a yes, except an explicit q=0.
func acceptsGzip(header string) bool {
	for _, v := range strings.Split(header, ",") {
		name, params, _ := strings.Cut(v, ";")
		if strings.TrimSpace(name) != "gzip" {
			continue
		}
		q, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
		if !ok {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}

package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Problem is an error that is sent to the client.
type Problem struct {
	Status int          `json:"-"`
	Code   problem.Code `json:"code"`
	Text   string       `json:"error"`
	Hint   string       `json:"hint"`
}

func (p *Problem) Error() string { return p.Text }

// handler answers a request for a tenant: with a value that becomes JSON, a blob, or an error.
type handler func(r *http.Request, tenant string) (any, error)

// blob is an answer that is not JSON.
type blob struct {
	contentType string
	etag        string
	maxAge      string // Cache-Control
	bytes       []byte
	name        string // of the file as which a browser saves it; "": the browser shows it
}

// created is an answer with status 201.
type created struct{ value any }

// serve turns a handler into an http.Handler that serves the tenant of the request.
func (a *api) serve(tenantOf func(*http.Request) (string, error), h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant, err := tenantOf(r)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="coldshelf"`)
			a.fail(w, r, &Problem{http.StatusUnauthorized, problem.SignIn, err.Error(), "send Authorization: Bearer TOKEN"})
			return
		}
		v, err := h(r, tenant)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		status := http.StatusOK
		if c, ok := v.(created); ok {
			status, v = http.StatusCreated, c.value
		}
		if b, ok := v.(*blob); ok {
			a.send(w, r, status, b)
			return
		}
		data, err := json.Marshal(v)
		if err != nil {
			a.fail(w, r, err)
			return
		}
		sum := sha256.Sum256(data)
		a.send(w, r, status, &blob{contentType: "application/json", etag: base64.RawURLEncoding.EncodeToString(sum[:12]), maxAge: "no-cache", bytes: append(data, '\n')})
	})
}

// compressFrom is the size in bytes from which JSON is compressed.
const compressFrom = 2048

// send writes an answer. It sends no body if the client already has it, and compresses it if the client can
// decompress it.
func (a *api) send(w http.ResponseWriter, r *http.Request, status int, b *blob) {
	head := w.Header()
	head.Set("Content-Type", b.contentType)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Cache-Control", b.maxAge)
	head.Set("Vary", "Accept-Encoding, Authorization")
	if b.name != "" {
		head.Set("Content-Disposition", `attachment; filename="`+b.name+`"`)
	}
	body := b.bytes
	tag := b.etag
	if b.contentType == "application/json" && len(body) >= compressFrom && acceptsGzip(r) {
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		z.Write(body)
		z.Close()
		body, tag = packed.Bytes(), tag+"-gz"
		head.Set("Content-Encoding", "gzip")
	}
	if tag != "" && r.Method == http.MethodGet {
		tag = `"` + tag + `"`
		head.Set("ETag", tag)
		if matches(r.Header.Get("If-None-Match"), tag) {
			head.Del("Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(status)
	w.Write(body)
}

func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, q, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.ReplaceAll(q, " ", "") != "q=0"
		}
	}
	return false
}

func matches(header, tag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		if part = strings.TrimPrefix(strings.TrimSpace(part), "W/"); part == tag || part == "*" {
			return true
		}
	}
	return false
}

// told turns an error that a client can do something about into a Problem, and returns any other unchanged.
func told(err error) error {
	switch {
	case errors.Is(err, state.ErrNotFound):
		return &Problem{http.StatusNotFound, problem.NotFound, err.Error(), "the list above it says what there is"}
	case errors.Is(err, state.ErrVersion):
		return &Problem{http.StatusConflict, problem.VersionTaken, err.Error(), "raise the version"}
	case errors.Is(err, alert.ErrOver):
		return &Problem{http.StatusConflict, problem.AlertOver, err.Error(), "nothing is left to do"}
	case errors.Is(err, alert.ErrFull):
		return &Problem{http.StatusConflict, problem.AlertFull, err.Error(), "say it elsewhere"}
	}
	return err
}

// fail tells the client what is wrong. A fault of our own is logged, and the client is not told its details.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	switch err = told(err); {
	case errors.As(err, &p):
	case r.Context().Err() != nil, errors.Is(err, context.DeadlineExceeded):
		p = &Problem{http.StatusServiceUnavailable, problem.TookTooLong, "the answer took too long", "try again"}
	default:
		a.Log.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		p = &Problem{http.StatusInternalServerError, problem.ServerFailed, "the server failed", "its log says why; try again"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// The limits of bodies.
const (
	maxBody      = 64 << 10
	maxPlanogram = 1 << 20
)

// read reads a whole body.
func read(r *http.Request, limit int64) ([]byte, error) {
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, &Problem{http.StatusRequestEntityTooLarge, problem.TooLarge, "the body is too large", "send less than " + size(limit)}
	}
	if err != nil {
		return nil, &Problem{http.StatusBadRequest, problem.BadBody, "the body cannot be read: " + err.Error(), "send it again"}
	}
	return data, nil
}

// readText takes a text in whole, as UTF-8 from the encoding that its Content-Type says.
func readText(r *http.Request, limit int64) ([]byte, error) {
	_, charset, err := intake.MediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, charsetProblem(err)
	}
	data, err := read(r, limit)
	if err != nil {
		return nil, err
	}
	if data, err = intake.Plain(data, charset); err != nil {
		return nil, err
	}
	if !utf8.Valid(data) {
		return nil, &Problem{http.StatusBadRequest, problem.BadBody, "the body is not text in utf-8", "send UTF-8, or say its encoding: Content-Type: …; charset=gbk"}
	}
	return data, nil
}

// charsetProblem tells what to do about an encoding that is not known.
func charsetProblem(err error) error {
	if errors.Is(err, intake.ErrCharset) {
		return &Problem{http.StatusUnsupportedMediaType, problem.WrongType, err.Error(), "send UTF-8, or name one such as gbk, gb18030, big5, utf-16, windows-1252 or shift_jis"}
	}
	return err
}

func size(n int64) string {
	if n >= 1<<20 {
		return strconv.FormatInt(n>>20, 10) + " MiB"
	}
	return strconv.FormatInt(n>>10, 10) + " KiB"
}

// decode decodes a JSON body strictly.
func decode(r *http.Request, into any) error {
	data, err := readText(r, maxBody)
	if err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return &Problem{http.StatusBadRequest, problem.BadBody, "the body is not understood: " + strings.TrimPrefix(err.Error(), "json: "), "send JSON as docs/openapi.yaml describes it"}
	}
	if dec.More() {
		return &Problem{http.StatusBadRequest, problem.BadBody, "the body is not understood: there is something after it", "send one JSON value"}
	}
	return nil
}

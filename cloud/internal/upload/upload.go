// Package upload holds what is sent with requests to a pace, and to the right that it is sent by: nobody keeps a request
// open by sending little of it, and none that was let in is finished by whom it was taken from meanwhile.
//
// Only the time in which the service waits for the sender counts against him; what it takes to store what he sent does
// not. Answers, and streams, which are asked for by GET, have no such bound.
package upload

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// Pace is how slowly a body may come.
type Pace struct {
	Pause time.Duration // for which nothing of it need come; more is not saved up by having been quick before
	Rate  int64         // bytes a second otherwise
}

// fresh is for how long nobody asks again whether a request's sender may still send it.
const fresh = 250 * time.Millisecond

// ErrEnded is what reading a body gives once it was too slow, or the right to send it has ended. The answer to its sender
// says which, whatever the handler would say.
var ErrEnded = errors.New("the request was ended while its body was on its way")

// Metrics counts bodies that were ended.
type Metrics struct{ ended *prometheus.CounterVec }

// NewMetrics registers them.
func NewMetrics(r prometheus.Registerer) *Metrics {
	m := &Metrics{prometheus.NewCounterVec(prometheus.CounterOpts{Name: "coldshelf_http_uploads_ended_total",
		Help: "Requests that were ended while their body was on its way: it was too slow, or its sender lost the right."}, []string{"reason"})}
	for _, reason := range []string{"slow", "right"} {
		m.ended.WithLabelValues(reason)
	}
	r.MustRegister(m.ended)
	return m
}

// Guard has the bodies of requests come at a pace. Its own answer takes the place of the handler's where one was ended.
func Guard(next http.Handler, pace Pace, m *Metrics, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody || r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		b := &body{ReadCloser: r.Body, conn: http.NewResponseController(w), pace: pace, left: pace.Pause}
		b.told = func(reason string) {
			m.ended.WithLabelValues(reason).Inc()
			log.Info("upload ended", "reason", reason, "method", r.Method, "path", r.URL.Path, "from", r.RemoteAddr, "bytes", b.read)
		}
		r.Body = b
		b.wait(time.Now()) // also for what is left of a body that nobody reads
		next.ServeHTTP(&answer{ResponseWriter: w, body: b}, r)
	})
}

// While has the body of a request that came through Guard end once ended gives an answer: what its sender is told who may
// not send it any more.
func While(r *http.Request, ended func() func(http.ResponseWriter)) {
	if b, ok := r.Body.(*body); ok {
		b.ended, b.asked = ended, time.Now()
	}
}

// body is read by one goroutine at a time.
type body struct {
	io.ReadCloser
	conn  *http.ResponseController
	pace  Pace
	left  time.Duration // for which its sender may still keep us waiting
	read  int64
	ended func() func(http.ResponseWriter) // nil: whoever sends it needs no right
	asked time.Time                        // when ended was
	told  func(reason string)

	refuse func(http.ResponseWriter) // the answer once it was ended
	eof    bool
}

// Read gives nothing of what came after the right to send it had ended.
func (b *body) Read(p []byte) (int, error) {
	if b.refuse != nil {
		return 0, ErrEnded
	}
	if b.eof {
		return 0, io.EOF
	}
	began := time.Now()
	b.wait(began)
	n, err := b.ReadCloser.Read(p)
	now := time.Now()
	b.read += int64(n)
	b.left = min(b.left-now.Sub(began)+time.Duration(n)*time.Second/time.Duration(b.pace.Rate), b.pace.Pause)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return 0, b.end("slow", tooSlow)
	}
	if err != nil {
		// The server watches the connection from here on, and would take a deadline for its end.
		b.eof = errors.Is(err, io.EOF)
		_ = b.conn.SetReadDeadline(time.Time{})
	}
	if b.ended != nil && now.Sub(b.asked) >= fresh {
		if refuse := b.ended(); refuse != nil {
			return 0, b.end("right", refuse)
		}
		b.asked = now
	}
	return n, err
}

// wait bounds how long the sender is waited for. A connection that has no deadlines is one of a test.
func (b *body) wait(now time.Time) { _ = b.conn.SetReadDeadline(now.Add(b.left)) }

func (b *body) end(reason string, refuse func(http.ResponseWriter)) error {
	b.refuse = refuse
	b.told(reason)
	return ErrEnded
}

func tooSlow(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusRequestTimeout)
	// A client that has gone cannot be told anything.
	_ = json.NewEncoder(w).Encode(map[string]string{"code": string(problem.SlowBody), "error": "the request's body came too slowly",
		"hint": "send it again whole over a better connection, packed by gzip or in parts; what was stored counts once"})
}

// answer is the handler's, unless the body was ended before it began.
type answer struct {
	http.ResponseWriter
	body  *body
	begun bool
	ours  bool
}

// Unwrap is for http.ResponseController.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader begins the answer.
func (a *answer) WriteHeader(status int) {
	if a.begun || a.body.refuse == nil {
		a.begun = a.begun || status >= http.StatusOK
		a.ResponseWriter.WriteHeader(status)
		return
	}
	a.begun, a.ours = true, true
	clear(a.Header())
	a.Header().Set("Connection", "close") // the rest of the body is not waited for
	a.body.refuse(a.ResponseWriter)
}

// Write goes on with the answer.
func (a *answer) Write(p []byte) (int, error) {
	if !a.begun {
		a.WriteHeader(http.StatusOK)
	}
	if a.ours {
		return len(p), nil
	}
	return a.ResponseWriter.Write(p)
}

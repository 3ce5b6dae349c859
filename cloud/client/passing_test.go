package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/client"
)

// TestFollowOutlivesAProxy: what a proxy says of a service that restarts, before the first connection or after, ends no
// follower, and what it asks for is kept.
func TestFollowOutlivesAProxy(t *testing.T) {
	s := newService(t)
	s.sellOut()
	to, err := url.Parse("http://" + s.addr)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(to)
	var n atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch n.Add(1) {
		case 1:
			http.Error(w, "<html>Bad Gateway</html>", http.StatusBadGateway)
		case 2:
			w.Header().Set("Retry-After", "4")
			http.Error(w, `{"code":"slow_down","error":"slow down","hint":"wait"}`, http.StatusTooManyRequests)
		case 3:
			http.Error(w, "", http.StatusInternalServerError)
		default:
			pass.ServeHTTP(w, r)
		}
	}))
	defer proxy.Close()
	var pauses []time.Duration
	var last *client.Error
	c := client.Client{Base: proxy.URL, Note: func(err error, pause time.Duration) {
		errors.As(err, &last)
		pauses = append(pauses, pause)
	}}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := errors.New("done")
	err = c.Follow(ctx, client.Filter{}, &client.Memory{Cursor: "0"}, client.Handler{Changed: func(client.Change) error { return done }})
	if !errors.Is(err, done) {
		t.Errorf("got %v after %d connections", err, n.Load())
	}
	if len(pauses) != 3 || pauses[1] < 4*time.Second || last == nil || last.Status != 500 {
		t.Errorf("paused %v, last for %+v", pauses, last)
	}
}

package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestRolloutSaysWhyBoardsWait, by what the fleet tells of them.
func TestRolloutSaysWhyBoardsWait(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/v1/fleet" {
			w.Write([]byte(`{"boards":[{"device":"d1","status":"offline"},{"device":"d2","status":"never_seen"},{"device":"d3","status":"online"}]}`))
			return
		}
		w.Write([]byte(`{"id":1,"kind":"agent","version":"1.4.0","status":"running","stages":["100%"],"counts":{"waiting":3},
			"boards":[{"device":"d1","status":"waiting"},{"device":"d2","status":"waiting"},{"device":"d3","status":"waiting"}]}`))
	}))
	defer service.Close()
	code, out, errs := say(t, "rollout", "show", "1", "--url", service.URL)
	for _, want := range []string{"d1     waiting  it is offline", "d2     waiting  it is never seen", "d3     waiting  it is connected"} {
		if code != 0 || !strings.Contains(out, want) {
			t.Errorf("exit %d, want %q in:\n%s%s", code, want, out, errs)
		}
	}
}

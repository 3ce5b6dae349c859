package cloud_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// adminOf uses the set-up link and gives a token of an admin.
func adminOf(t *testing.T, s *cloud.Server) string {
	t.Helper()
	p := newPerson(t, "http://"+s.Addr())
	code, _ := strings.CutPrefix(s.SetupPath(), "/welcome#setup=")
	if status, answer := p.ask(t, "POST", "/v1/setup", map[string]string{"code": code, "name": "Li", "email": "li@brand.example", "password": "correct horse battery"}); status != http.StatusCreated {
		t.Fatalf("set up: %d, %v", status, answer)
	}
	status, answer := p.ask(t, "POST", "/v1/tokens", map[string]string{"name": "terminal", "role": "admin"})
	if status != http.StatusCreated {
		t.Fatalf("an admin's token: %d, %v", status, answer)
	}
	return answer["token"].(string)
}

// TestARevokedTokenFinishesNothing: a request that was let in, and whose body comes after its token was revoked, is told so
// and changes nothing, wherever it goes.
func TestARevokedTokenFinishesNothing(t *testing.T) {
	s, _, _ := serve(t, func(c *config.Config) { c.Access.Mode = "tokens" })
	base, admin := "http://"+s.Addr(), adminOf(t, s)
	_, made := ask(t, "POST", base+"/v1/tokens", admin, map[string]string{"name": "leaving", "role": "manager"})
	leaving := made["token"].(string)
	_, list := ask(t, "GET", base+"/v1/tokens", admin, nil)
	id := list["tokens"].([]any)[0].(map[string]any)["id"]
	held := map[string]*unfinished{}
	for path, body := range map[string]map[string]any{
		"/v1/sales/masters": {"stores": []any{map[string]any{"store": "s1", "zone": "Asia/Shanghai"}}},
		"/v1/sales/lines":   {"lines": []any{}},
		"/v1/webhooks":      {"url": "https://thief.example/"},
	} {
		held[path] = heldBack(t, s.Addr(), path, leaving, body)
	}
	began := time.Now()
	if code, _ := ask(t, "DELETE", fmt.Sprintf("%s/v1/tokens/%v", base, id), admin, nil); code != http.StatusNoContent {
		t.Fatalf("revoke: %d", code)
	}
	until(t, "the token is not taken to be fresh any more", func() bool { return time.Since(began) > time.Second })
	for path, u := range held {
		if code, said := u.finish(t); code != http.StatusUnauthorized || !strings.Contains(said, "sign_in") {
			t.Errorf("%s: %d, %s, want 401", path, code, said)
		}
	}
	if code, answer := ask(t, "GET", base+"/v1/sales/stores", admin, nil); code != http.StatusOK || len(answer["stores"].([]any)) > 0 {
		t.Errorf("a revoked token's store: %d, %v", code, answer)
	}
	if code, answer := ask(t, "GET", base+"/v1/webhooks", admin, nil); code != http.StatusOK || strings.Contains(fmt.Sprint(answer), "thief") {
		t.Errorf("a revoked token's webhook: %d, %v", code, answer)
	}
}

// TestSlowUploads: a body that stops, or drips, is ended with what to do, and counted; one that is steady, however long it
// takes, comes through, and so does one whose storing takes long. Streams go on.
func TestSlowUploads(t *testing.T) {
	pause := 500 * time.Millisecond
	s, c, _ := serve(t, func(c *config.Config) { c.Uploads = config.Uploads{Pause: pause, Rate: 20 << 10} })
	stream, _, err := websocket.DefaultDialer.Dial("ws://"+s.Addr()+"/v1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()

	// post sends a body of lines in pieces, one each time that the clock ticks.
	post := func(pieces int, size int, every time.Duration) (int, string) {
		t.Helper()
		r, w := io.Pipe()
		line := bytes.Repeat([]byte(" "), size-1)
		go func() {
			tick := time.NewTicker(every)
			defer tick.Stop()
			for range pieces {
				if _, err := w.Write(append(line, '\n')); err != nil {
					return // it was ended
				}
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
			w.Close()
		}()
		resp, err := http.Post("http://"+s.Addr()+"/v1/sales/lines", "application/x-ndjson", r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		said, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(said)
	}
	slow := func(what string, code int, said string) {
		t.Helper()
		if code != http.StatusRequestTimeout || !strings.Contains(said, "slow_body") || !strings.Contains(said, "send it again whole") {
			t.Errorf("%s: %d, %s, want 408", what, code, said)
		}
	}
	code, said := post(3, 5<<10, time.Hour)
	slow("a body that stops", code, said)
	code, said = post(1000, 100, 20*time.Millisecond) // 5 kB a second
	slow("a body that drips", code, said)
	if code, said := post(25, 8<<10, 100*time.Millisecond); code != http.StatusOK { // 80 kB a second for five pauses
		t.Errorf("a steady body: %d, %s", code, said)
	}
	if n := metric(t, s.Addr(), `coldshelf_http_uploads_ended_total{reason="slow"}`); n != 2 {
		t.Errorf("%v bodies are counted as slow, want 2", n)
	}

	// A body that is not wanted is not waited for either.
	const refused = "POST /v1/nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n"
	if code, said := begin(t, s.Addr(), refused, "").finish(t); code != http.StatusNotFound {
		t.Errorf("an address that is none: %d, %s", code, said)
	}

	// What the service itself takes is not counted against the sender.
	release := hold(t, c.DataDir)
	began := time.Now()
	time.AfterFunc(3*pause, release)
	if code, said := ask(t, "PUT", "http://"+s.Addr()+"/v1/stores/s1", "", map[string]string{"name": "Corner"}); code != http.StatusOK && code != http.StatusCreated || time.Since(began) < pause {
		t.Errorf("a store while the database is held for %v: %d, %v", time.Since(began), code, said)
	}
	if err := stream.WriteJSON(map[string]any{"type": "subscribe"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := stream.ReadMessage(); err != nil {
		t.Errorf("the live stream after %v: %v", time.Since(began), err)
	}
}

package live_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/live"
)

// answer is what a connection that is not let in is told.
func (b *bench) answer(query string) (status int, retry, body string) {
	b.t.Helper()
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	ws, resp, err := dialer.Dial(b.url+query, nil)
	if err == nil {
		ws.Close()
		return 101, "", ""
	}
	if resp == nil {
		b.t.Fatal(err)
	}
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Retry-After"), string(text)
}

// TestForgedTicketsDoNotWaitForTheWriter: anybody may send them, so they must not take the one place of a writer.
func TestForgedTicketsDoNotWaitForTheWriter(t *testing.T) {
	b := newBench(t, quick())
	old, _, err := live.IssueTicket(t.Context(), b.db, "t", "", time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	tx, err := b.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for name, ticket := range map[string]string{"of the right form": strings.Repeat("A", 32), "too long": strings.Repeat("A", 4000), "no ticket": "%00'--", "too old": old} {
		if status, _, body := b.answer("?ticket=" + ticket); status != 401 || !strings.Contains(body, `"sign_in"`) {
			t.Errorf("%s: got %d %s", name, status, body)
		}
	}
}

// TestWhatCannotBeCheckedIsNotDenied: a subscriber must be able to tell a database that restarts from a wrong token.
func TestWhatCannotBeCheckedIsNotDenied(t *testing.T) {
	b := newBench(t, quick())
	b.stop()
	cfg, away := quick(), errors.New("dial tcp 10.1.2.3:5432: connection refused")
	cfg.Standing = func(context.Context, string, string) error { return away }
	b.start(cfg)
	held := func(query string) {
		t.Helper()
		status, retry, body := b.answer(query)
		if status != 503 || retry == "" || !strings.Contains(body, `"server_failed"`) || strings.Contains(body, "10.1.2.3") || strings.Contains(body, "sql") {
			t.Errorf("got %d, Retry-After %q, %s", status, retry, body)
		}
	}
	held("")
	away = live.ErrEnded
	if status, _, body := b.answer(""); status != 401 || !strings.Contains(body, `"sign_in"`) {
		t.Errorf("a right that has ended: got %d %s", status, body)
	}
	away = nil
	b.exec("DROP TABLE live_tickets") // the database fails
	held("?ticket=" + strings.Repeat("A", 32))
}

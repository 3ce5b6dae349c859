package cloud_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// unfinished is a request of which the service has a part.
type unfinished struct {
	conn net.Conn
	rest string
}

// begin sends a part of a request.
func begin(t *testing.T, addr, part, rest string) *unfinished {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err == nil {
		_, err = io.WriteString(conn, part)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &unfinished{conn, rest}
}

// finish sends the rest and gives what is answered.
func (u *unfinished) finish(t *testing.T) (status int, body string) {
	t.Helper()
	if _, err := io.WriteString(u.conn, u.rest); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(u.conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(data)
}

// hold keeps the state's files locked for writing, as a backup does for a moment, until it is released.
func hold(t *testing.T, data string) (release func()) {
	t.Helper()
	db, err := state.Open(context.Background(), "sqlite:"+data+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	held, free, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		done <- db.Write(context.Background(), func(*state.Tx) error {
			close(held)
			<-free
			return nil
		})
	}()
	select {
	case <-held:
	case err := <-done:
		t.Fatal(err)
	}
	release = sync.OnceFunc(func() {
		close(free)
		if err := errors.Join(<-done, db.Close()); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(release)
	return release
}

// TestDrain: the real binary gets SIGTERM while three boards speak without a pause, a request is half sent and a page
// follows the stream. It ends by itself and with status 0; what it has acknowledged is in the files; the request is
// answered, the page told that the service restarts, and whoever asks for readiness that it stops. Started again it
// takes the rest, and everything is there once.
func TestDrain(t *testing.T) {
	data := t.TempDir()
	b := newBinary(t, nil, "--data", data)
	b.Run(t)
	boards := []*board{newBoard(t, "mqtt://"+b.mqtt, "d1"), newBoard(t, "mqtt://"+b.mqtt, "d2"), newBoard(t, "mqtt://"+b.mqtt, "d3")}
	page, _, err := websocket.DefaultDialer.Dial("ws://"+b.addr+"/v1/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer page.Close()
	if err := page.WriteJSON(map[string]any{"type": "subscribe"}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := page.ReadMessage(); err != nil {
		t.Fatal(err)
	}
	const body = `{"name":"Corner shop"}`
	change := begin(t, b.addr, fmt.Sprintf("PUT /v1/stores/s9 HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s", b.addr, len(body), body[:5]), body[5:])

	stop := make(chan struct{})
	var speaking sync.WaitGroup
	for _, board := range boards {
		speaking.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				board.say(t, shelf.OK, shelf.Low)
				for board.left() > 200 { // so that the rest is soon said when the service is back
					select {
					case <-board.acked:
					case <-stop:
						return
					}
				}
			}
		})
	}
	until(t, "messages are acknowledged", func() bool { return b.metric(t, `coldshelf_ingest_messages_total{kind="observation"}`) > 300 })
	release := hold(t, data) // so that the batch at hand takes as long as it takes to ask
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		b.Kill(t, syscall.SIGTERM)
	}()
	until(t, "readiness says that it is stopping", func() bool {
		status, answer := ask(t, http.MethodGet, "http://"+b.addr+"/readyz", "", nil)
		return status == http.StatusServiceUnavailable && strings.Contains(fmt.Sprint(answer), "is stopping")
	})
	release()
	for {
		if _, _, err := page.ReadMessage(); err != nil {
			if !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
				t.Errorf("the page is told %v, want that the service restarts", err)
			}
			break
		}
	}
	if status, said := change.finish(t); status != http.StatusCreated && status != http.StatusOK {
		t.Errorf("a request that was under way: %d, %s", status, said)
	}
	<-ended
	close(stop)
	speaking.Wait()
	if b.Code() != 0 {
		t.Errorf("it ended with %d:\n%s", b.Code(), b.Log())
	}
	if conn, err := net.Dial("tcp", b.addr); err == nil {
		conn.Close()
		t.Error("somebody still listens")
	}

	// The files alone hold what was acknowledged, and the change.
	said, told := 0, 0
	for _, board := range boards {
		said += int(board.seq)
		told += int(board.seq) - board.left()
	}
	if kept := keptMessages(t, data); kept < told || told < 300 {
		t.Errorf("%d messages are in the files, %d were acknowledged", kept, told)
	}
	db, err := state.Open(context.Background(), "sqlite:"+data+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	if s, err := state.GetStore(context.Background(), db, "t", "s9"); err != nil || s.Name != "Corner shop" {
		t.Errorf("the change: %+v, %v", s, err)
	}
	db.Close()

	b.Start(t)
	for _, board := range boards {
		board.drain(t)
	}
	b.Kill(t, syscall.SIGTERM)
	if kept := keptMessages(t, data); kept != said {
		t.Errorf("%d messages in the end, %d were said", kept, said)
	}
	t.Logf("%d of %d messages were acknowledged when it ended", told, said)
}

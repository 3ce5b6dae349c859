package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// TestALogThatWasRestored: a log of three is restored at two and has grown beyond three. A follower that had come to
// 3 is told of all that stands, also of what took the places that it had read, and that it starts over: whether it keeps
// the log's name or a plain number. One that had come to 1 goes on, and misses nothing.
func TestALogThatWasRestored(t *testing.T) {
	s := newService(t)
	file := filepath.Join(t.TempDir(), "cursor")
	keep := func(cursor string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(cursor+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	keep("0") // of a program that knew no names of logs
	for range 3 {
		s.sellOut()
	}
	s.follow(file, 3, func(int) {})
	if kept, err := os.ReadFile(file); err != nil || !regexp.MustCompile(`^[A-Z0-9]+\.\d+\n$`).Match(kept) {
		t.Fatalf("kept %q, %v", kept, err)
	}
	name, err := alert.LogIdentity(t.Context(), s.db)
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	err = s.db.Write(t.Context(), func(tx *state.Tx) error { // what a restore leaves
		_, err := tx.Exec(t.Context(), "DELETE FROM alert_log WHERE cursor > 2")
		_, err2 := tx.Exec(t.Context(), "DELETE FROM alerts WHERE device = 'd3'")
		return errors.Join(err, err2, alert.Restored(t.Context(), tx, time.Now()))
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.sellOut() // 3, 4, 5
	}
	s.start()
	for _, c := range []struct {
		cursor string
		want   []string
		again  bool
	}{
		{name + ".3", []string{"d1", "d2", "d4", "d5", "d6"}, true},
		{"3", []string{"d1", "d2", "d4", "d5", "d6"}, true},
		{"1000", []string{"d1", "d2", "d4", "d5", "d6"}, true},
		{name + ".1", []string{"opened d2", "opened d4", "opened d5", "opened d6"}, false},
		{"1", []string{"opened d2", "opened d4", "opened d5", "opened d6"}, false},
	} {
		keep(c.cursor)
		var again *client.StartsOver
		var got []string
		done := errors.New("done")
		l := client.Client{Base: "http://" + s.addr, Note: func(err error, _ time.Duration) { errors.As(err, &again) }}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		err = l.Follow(ctx, client.Filter{}, client.File(file), client.Handler{
			Standing: func(alerts []client.Alert) error {
				for _, a := range slices.Backward(alerts) {
					got = append(got, a.Device)
				}
				return done
			},
			Changed: func(ch client.Change) error {
				if got = append(got, fmt.Sprint(ch.Kind, " ", ch.Alert.Device)); len(got) == len(c.want) {
					return done
				}
				return nil
			},
		})
		cancel()
		if !errors.Is(err, done) || (again != nil) != c.again || !slices.Equal(got, c.want) {
			t.Errorf("from %s: got %q, told %v, ended by %v; want %q", c.cursor, got, again, err, c.want)
		}
		resp, err := http.Get("http://" + s.addr + "/v1/events?after=" + c.cursor[strings.Index(c.cursor, ".")+1:])
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if want := map[bool]int{true: 400, false: 200}[c.again]; resp.StatusCode != want {
			t.Errorf("events after %s: status %d, want %d", c.cursor, resp.StatusCode, want)
		}
	}
}

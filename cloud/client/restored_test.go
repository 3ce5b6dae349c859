package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/client"
	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// TestALogThatWasRestored: a follower at 3 comes back to a log that was restored at 2 and has grown beyond 3. It is
// told of all that stands, also of what took the places that it had read, and that it starts over.
func TestALogThatWasRestored(t *testing.T) {
	s := newService(t)
	file := filepath.Join(t.TempDir(), "cursor")
	if err := os.WriteFile(file, []byte("0\n"), 0o600); err != nil { // of a program that knew no names of logs
		t.Fatal(err)
	}
	for range 3 {
		s.sellOut()
	}
	s.follow(file, 3, func(int) {})
	if kept, err := os.ReadFile(file); err != nil || !regexp.MustCompile(`^[A-Z0-9]+\.\d+\n$`).Match(kept) {
		t.Fatalf("kept %q, %v", kept, err)
	}
	// The follower's last frame may not have been kept; it is at 3 here.
	name, err := alert.LogIdentity(t.Context(), s.db)
	if err == nil {
		err = os.WriteFile(file, []byte(name+".3\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	err = s.db.Write(t.Context(), func(tx *state.Tx) error { // what a restore leaves
		_, err := tx.Exec(t.Context(), "DELETE FROM alert_log WHERE cursor > 2")
		_, err2 := tx.Exec(t.Context(), "UPDATE sqlite_sequence SET seq = 2 WHERE name = 'alert_log'")
		_, err3 := tx.Exec(t.Context(), "DELETE FROM alerts WHERE device = 'd3'")
		return errors.Join(err, err2, err3, alert.ForgetLogIdentity(t.Context(), tx))
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s.sellOut() // 3, 4, 5
	}
	s.start()
	var again *client.StartsOver
	var got []string
	done := errors.New("done")
	c := client.Client{Base: "http://" + s.addr, Note: func(err error, _ time.Duration) { errors.As(err, &again) }}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err = c.Follow(ctx, client.Filter{}, client.File(file), client.Handler{
		Standing: func(alerts []client.Alert) error {
			for _, a := range slices.Backward(alerts) {
				got = append(got, a.Device)
			}
			return done
		},
		Changed: func(ch client.Change) error {
			got = append(got, fmt.Sprint(ch.Kind, " ", ch.Alert.Device))
			return done
		},
	})
	if want := []string{"d1", "d2", "d4", "d5", "d6"}; !errors.Is(err, done) || again == nil || !slices.Equal(got, want) {
		t.Errorf("got %q, told %v, ended by %v; want %q", got, again, err, want)
	}
}

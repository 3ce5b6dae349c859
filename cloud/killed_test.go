package cloud_test

import (
	"context"
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestIngesterKilled: the real binary is killed -9 ten times while boards speak, each time in the middle of
// what they say; what was acknowledged before a kill is in the files at once, and in the end everything is
// there once.
func TestIngesterKilled(t *testing.T) {
	mosq, data := mosquitto.Start(t), t.TempDir()
	b := newBinary(t, nil, "--broker", mosq.URL(), "--data", data, "--client-id", "one")
	b.Run(t)
	boards := []*board{newBoard(t, mosq.URL(), "d1"), newBoard(t, mosq.URL(), "d2"), newBoard(t, mosq.URL(), "d3")}
	const kills, each = 10, 100
	acknowledged := func() (n int) {
		for _, board := range boards {
			n += int(board.seq) - board.left()
		}
		return n
	}
	for kill := range kills {
		before := acknowledged()
		for range each {
			for _, board := range boards {
				board.say(t, shelf.OK, shelf.Low)
			}
		}
		until(t, "some of what is said is acknowledged", func() bool { return acknowledged() > before })
		b.Kill(t, syscall.SIGKILL)
		told := acknowledged()
		// Before it starts again: the files alone.
		if kept := keptMessages(t, copied(t, data)); kept < told {
			t.Errorf("kill %d: %d messages are in the files, %d were acknowledged", kill+1, kept, told)
		}
		b.Start(t)
	}
	for _, board := range boards {
		board.drain(t)
	}
	b.Kill(t, syscall.SIGTERM)
	if got, want := keptMessages(t, data), kills*each*len(boards); got != want {
		t.Errorf("%d messages in the series, want %d", got, want)
	}
	db, err := state.Open(context.Background(), "sqlite:"+data+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, board := range boards {
		seen, err := state.BootSeen(context.Background(), db, "t", board.id.Device, 1)
		if got, want := fmt.Sprint(seen.Ranges.List()), fmt.Sprintf("[{1 %d}]", kills*each); err != nil || got != want {
			t.Errorf("%s: seen %s, %v, want %s", board.id.Device, got, err, want)
		}
	}
	t.Logf("%d kills, %d messages said, %d kept, none lost", kills, kills*each*len(boards), keptMessages(t, data))
}

// keptMessages counts all messages of the three boards in a folder's series.
func keptMessages(t *testing.T, dir string) (n int) {
	t.Helper()
	points, err := embedded.Open(context.Background(), "sqlite:"+dir+"/series.db")
	if err != nil {
		t.Fatal(err)
	}
	defer points.Close()
	for _, device := range []string{"d1", "d2", "d3"} {
		list, err := points.Messages(context.Background(), series.Range{Tenant: "t", Device: device, From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, 1_000_000)
		if err != nil {
			t.Fatal(err)
		}
		n += len(list)
	}
	return n
}

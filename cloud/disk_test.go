package cloud_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// smallDisk is a file system of its own, in the mount namespace of a process that holds it, so that no
// root is needed where user namespaces are allowed. It gives its folder as others see it, and what to put
// before a command that shall run in there, where the folder is named inside.
func smallDisk(t *testing.T, size string) (outside, inside string, enter []string) {
	t.Helper()
	inside = t.TempDir()
	ready := filepath.Join(t.TempDir(), "ready")
	p := &loopback.Program{Name: "a small disk", Command: func() *exec.Cmd {
		return exec.Command("unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
			`mount -t tmpfs -o size="$1" tmpfs "$2" && : >"$3" && exec sleep infinity`, "sh", size, inside, ready)
	}, Ready: func() error { _, err := os.Stat(ready); return err }}
	p.Run(t)
	pid := fmt.Sprint(p.PID())
	return filepath.Join("/proc", pid, "root", inside), inside, []string{"nsenter", "--preserve-credentials", "--user", "--mount", "--target", pid}
}

// copied gives a copy of the databases: SQLite follows /proc/…/root to the root that it sees itself.
func copied(t *testing.T, disk string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{"state.db", "state.db-wal", "series.db", "series.db-wal"} {
		data, err := os.ReadFile(filepath.Join(disk, name))
		if errors.Is(err, fs.ErrNotExist) && strings.HasSuffix(name, "-wal") {
			continue // it ended in order
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// storedWhole holds the service's database to every message of the board's first boot, from the first to the last,
// without a gap.
func storedWhole(t *testing.T, disk string, last int) {
	t.Helper()
	db, err := state.Open(context.Background(), "sqlite:"+copied(t, disk)+"/state.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	seen, err := state.BootSeen(context.Background(), db, "t", "d1", 1)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(seen.Ranges.List()), fmt.Sprintf("[{1 %d}]", last); got != want {
		t.Errorf("stored %s, want %s", got, want)
	}
}

// TestFullDisk: the real binary on a disk that is full says so and acknowledges nothing; killed -9 in that
// state, and given room, it goes on where it was. What a board was told is stored is stored.
func TestFullDisk(t *testing.T) {
	mosq := mosquitto.Start(t)
	disk, inside, enter := smallDisk(t, "24m")
	b := newBinary(t, enter, "--broker", mosq.URL(), "--data", inside, "--client-id", "one")
	b.Run(t)
	board := newBoard(t, mosq.URL(), "d1")
	board.say(t, shelf.OK)
	board.drain(t)

	// Somebody else fills the disk to the last byte.
	filler := filepath.Join(disk, "filler")
	f, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, 64<<10)
	rand.Read(block)
	for n := len(block); n > 0; {
		if _, err := f.Write(block[:n]); err != nil {
			n /= 2 // the last bytes too
		}
	}
	f.Close()

	const lines = 400 // more than fits into the pages that the databases have
	for range lines {
		board.say(t, shelf.OK, shelf.Low, shelf.OK)
	}
	until(t, "the full disk is counted", func() bool { return b.metric(t, "coldshelf_ingest_store_retries_total") >= 2 })
	if board.left() == 0 {
		t.Fatal("the disk is not full: all was stored")
	}
	b.Kill(t, syscall.SIGKILL)
	acked := lines + 1 - board.left()
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	// What was acknowledged is there before anything is said again: the service starts without a broker.
	points, err := embedded.Open(context.Background(), "sqlite:"+copied(t, disk)+"/series.db")
	if err != nil {
		t.Fatal(err)
	}
	list, err := points.Messages(context.Background(), series.Range{Tenant: "t", Device: "d1", From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, 1_000_000)
	if err != nil || len(list) < acked {
		t.Errorf("%d messages stored, %d acknowledged, %v", len(list), acked, err)
	}
	if err := points.Close(); err != nil {
		t.Fatal(err)
	}
	b.Start(t)
	board.drain(t)
	b.Kill(t, syscall.SIGTERM)
	storedWhole(t, disk, lines+1)
}

// TestReadOnlyDisk: the real binary on a file system that takes no writes any more, as one does that the kernel
// has found broken, says so and acknowledges nothing; once it takes them nothing is lost. Started on one, it
// ends and says why.
func TestReadOnlyDisk(t *testing.T) {
	mosq := mosquitto.Start(t)
	disk, inside, enter := smallDisk(t, "64m")
	b := newBinary(t, enter, "--broker", mosq.URL(), "--data", inside, "--client-id", "one")
	b.Run(t)
	board := newBoard(t, mosq.URL(), "d1")
	board.say(t, shelf.OK)
	board.drain(t)

	// The kernel answers each write to an open file with EROFS from here on.
	loopback.Need(t, "/usr/bin/strace", "strace", "make setup-test")
	attached := filepath.Join(t.TempDir(), "strace")
	broken := &loopback.Program{Name: "strace", Command: func() *exec.Cmd {
		return exec.Command(enter[0], append(enter[1:], "strace", "-f", "-o", attached, "-e", "trace=pwrite64,ftruncate", "-e", "inject=pwrite64,ftruncate:error=EROFS", "-p", fmt.Sprint(b.PID()))...)
	}}
	broken.Ready = func() error {
		if !strings.Contains(broken.Log(), "attached") {
			return errors.New("it is not attached")
		}
		return nil
	}
	broken.Start(t)
	const lines = 20
	for range lines {
		board.say(t, shelf.OK, shelf.Low)
	}
	until(t, "that nothing can be written is counted", func() bool { return b.metric(t, "coldshelf_ingest_store_retries_total") >= 2 })
	if got := board.left(); got != lines {
		t.Errorf("%d messages are not acknowledged, want all %d", got, lines)
	}
	if !strings.Contains(b.Log(), "store failed") {
		t.Errorf("the log does not tell: %s", b.Log())
	}
	broken.Kill(t, syscall.SIGTERM)
	board.drain(t)
	b.Kill(t, syscall.SIGTERM)

	remount := func(how string) {
		t.Helper()
		if out, err := exec.Command(enter[0], append(enter[1:], "mount", "-o", "remount,"+how, inside)...).CombinedOutput(); err != nil {
			t.Fatalf("remount %s: %v\n%s", how, err, out)
		}
	}
	remount("ro")
	board.say(t, shelf.OK)
	var complaint strings.Builder
	start := b.Command()
	start.Stderr = &complaint
	if err := start.Run(); err == nil || !strings.Contains(complaint.String(), "error: ") || !strings.Contains(complaint.String(), "can be written") {
		t.Errorf("started on a read-only disk: %v, %s", err, complaint.String())
	}
	remount("rw")
	b.Start(t)
	board.drain(t)
	b.Kill(t, syscall.SIGTERM)
	storedWhole(t, disk, lines+2)
}

// TestLockedFiles: another program holds each of the two SQLite files for longer than the service waits for a
// lock: nothing is acknowledged, it is counted, and goes on once the file is let go.
func TestLockedFiles(t *testing.T) {
	s, c, _ := serve(t, nil)
	board := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	board.say(t, shelf.OK)
	board.drain(t)
	for _, file := range []string{c.StateURL(), c.SeriesURL()} {
		other, err := state.Open(context.Background(), file)
		if err != nil {
			t.Fatal(err)
		}
		tx, err := other.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		before := metric(t, s.Addr(), "coldshelf_ingest_store_retries_total")
		for range 20 {
			board.say(t, shelf.OK)
		}
		until(t, "the lock is counted", func() bool { return metric(t, s.Addr(), "coldshelf_ingest_store_retries_total") > before })
		if got := board.left(); got != 20 {
			t.Errorf("%s: %d messages are not acknowledged, want all 20", file, got)
		}
		if err := errors.Join(tx.Rollback(), other.Close()); err != nil {
			t.Fatal(err)
		}
		board.drain(t)
	}
}

// TestReadOnlyState: PostgreSQL that takes no writes any more (a replica after a failover) stops the
// acknowledgements, not the service; once it takes them nothing is lost.
func TestReadOnlyState(t *testing.T) {
	cluster := statetest.Postgres(t)
	url := cluster.NewDatabase(t)
	s, _, _ := serve(t, func(c *config.Config) { c.State = url })
	board := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	board.say(t, shelf.OK)
	board.drain(t)
	cluster.TakeWrites(t, false)
	for range 20 {
		board.say(t, shelf.OK)
	}
	until(t, "the read-only database is counted", func() bool { return metric(t, s.Addr(), "coldshelf_ingest_store_retries_total") >= 2 })
	if got := board.left(); got != 20 {
		t.Errorf("%d messages are not acknowledged, want all 20", got)
	}
	cluster.TakeWrites(t, true)
	board.drain(t)
}

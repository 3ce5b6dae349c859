package deliver

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

// TestSuccessorNeedNotWait: the lease is for an hour. Who starts again on the data folder of a service that
// was killed delivers at once; who starts on another, or beside one that lives, does not.
func TestSuccessorNeedNotWait(t *testing.T) {
	db := statetest.Open(t, statetest.Postgres(t).NewDatabase(t), alert.Tables, Tables)
	log := slog.New(slog.DiscardHandler)
	begin := func(dir string) (*lease, *hold) {
		t.Helper()
		l := newLease(db, time.Hour, log)
		c, err := newHold(dir+"/deliver.lock", l.holder)
		if err != nil {
			t.Fatal(err)
		}
		if c != nil {
			l.dead = c.dead
		}
		return l, c
	}
	taken := func(l *lease, patience time.Duration) bool {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return l.acquire(ctx)
	}
	const enough, never = 20 * time.Second, time.Second // acquire asks once, and then each twelve minutes
	here, there := t.TempDir(), t.TempDir()
	first, held := begin(here)
	if !taken(first, enough) {
		t.Fatal("nobody delivers")
	}
	if !taken(first, enough) || first.epoch != 2 {
		t.Errorf("a service that let go, and that nobody has followed, waits; epoch %d", first.epoch)
	}
	if beside, c := begin(here); c != nil || taken(beside, never) {
		t.Error("a second service on the folder of one that lives delivers too")
	}
	if other, c := begin(there); c == nil || taken(other, never) {
		t.Error("a service elsewhere delivers while the first may live")
	}
	if err := held.close(); err != nil { // as the kernel does for one that is killed
		t.Fatal(err)
	}
	if next, c := begin(here); c == nil || c.dead != first.holder || !taken(next, enough) || next.epoch != first.epoch+1 {
		t.Errorf("the successor of %s waits: %+v", first.holder, c)
	}
	if other, _ := begin(there); taken(other, never) {
		t.Error("a service that was never that one's successor delivers")
	}
}

package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/backup"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// service makes a data folder whose databases are open.
func service(t *testing.T) (dir string, db *state.DB) {
	t.Helper()
	dir = t.TempDir()
	db = statetest.Open(t, "sqlite:"+filepath.Join(dir, "state.db"))
	statetest.Open(t, "sqlite:"+filepath.Join(dir, "series.db"))
	if err := os.MkdirAll(filepath.Join(dir, "authority"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca.pem", "ca.key"} {
		if err := os.WriteFile(filepath.Join(dir, "authority", name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, db
}

func enter(t *testing.T, db *state.DB, store string) {
	t.Helper()
	if err := db.Write(context.Background(), func(tx *state.Tx) error { return state.EnsureStore(context.Background(), tx, "t", store, noon) }); err != nil {
		t.Error(err)
	}
}

// TestThereAndBack: a service that is being written to is backed up and restored.
func TestThereAndBack(t *testing.T) {
	ctx := context.Background()
	dir, db := service(t)
	enter(t, db, "before")
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				enter(t, db, "meanwhile")
			}
		}
	})
	var file bytes.Buffer
	made, err := backup.Write(ctx, dir, &file, noon)
	close(stop)
	writer.Wait()
	if err != nil || len(made.Files) != 4 {
		t.Fatalf("%+v, %v", made, err)
	}
	to := filepath.Join(t.TempDir(), "new")
	back, err := backup.Restore(bytes.NewReader(file.Bytes()), to)
	if err != nil || !back.MadeAt.Equal(noon) {
		t.Fatalf("%+v, %v", back, err)
	}
	again := statetest.Open(t, "sqlite:"+filepath.Join(to, "state.db"))
	if _, err := state.GetStore(ctx, again, "t", "before"); err != nil {
		t.Error(err)
	}
	if key, err := os.ReadFile(filepath.Join(to, "authority", "ca.key")); err != nil || string(key) != "ca.key" {
		t.Errorf("the authority's key: %q, %v", key, err)
	}
	for _, d := range []string{dir, to} {
		if left, _ := filepath.Glob(filepath.Join(d, ".*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if _, err := backup.Restore(bytes.NewReader(file.Bytes()), to); !errors.Is(err, fs.ErrExist) {
		t.Errorf("over what is there: %v, want ErrExist", err)
	}
}

// TestBroken: a backup that is cut or changed anywhere leaves nothing.
func TestBroken(t *testing.T) {
	dir, _ := service(t)
	var file bytes.Buffer
	if _, err := backup.Write(context.Background(), dir, &file, noon); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	for _, c := range []struct {
		name string
		data []byte
	}{
		{"nothing", nil}, {"no gzip", []byte("backup")}, {"half", whole[:len(whole)/2]}, {"a byte short", whole[:len(whole)-1-8-1024]},
		{"a byte changed", append(append(bytes.Clone(whole[:len(whole)/2]), whole[len(whole)/2]^0x55), whole[len(whole)/2+1:]...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "new")
			if _, err := backup.Restore(bytes.NewReader(c.data), to); !errors.Is(err, backup.ErrBroken) {
				t.Errorf("got %v, want ErrBroken", err)
			}
			if left, _ := os.ReadDir(to); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func FuzzRestore(f *testing.F) {
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := filepath.Join(t.TempDir(), "new")
		if _, err := backup.Restore(bytes.NewReader(data), dir); err == nil {
			t.Error("rubbish is restored")
		}
	})
}

// TestARestoredLogIsAnother: cursors that were given after the backup must not be taken for places in it.
func TestARestoredLogIsAnother(t *testing.T) {
	ctx := context.Background()
	dir, db := service(t)
	if err := state.Migrate(ctx, db, state.Tables, alert.Tables); err != nil {
		t.Fatal(err)
	}
	before, err := alert.LogIdentity(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := alert.LogIdentity(ctx, db); err != nil || again != before {
		t.Errorf("asked again: %s, %v, want %s", again, err, before)
	}
	var file bytes.Buffer
	if _, err := backup.Write(ctx, dir, &file, noon); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "new")
	if _, err := backup.Restore(&file, to); err != nil {
		t.Fatal(err)
	}
	restored := statetest.Open(t, "sqlite:"+filepath.Join(to, "state.db"))
	if after, err := alert.LogIdentity(ctx, restored); err != nil || after == before {
		t.Errorf("after the restore: %s, %v, before it %s", after, err, before)
	}
	for _, c := range []struct {
		log    string
		cursor int64
		known  bool
	}{{before, 0, true}, {"", 0, true}, {before, 1, false}, {"", 1, false}, {"OTHER", 0, false}} {
		if known, err := alert.Known(ctx, restored, c.log, c.cursor); err != nil || known != c.known {
			t.Errorf("cursor %d of log %q: known %v, %v", c.cursor, c.log, known, err)
		}
	}
}

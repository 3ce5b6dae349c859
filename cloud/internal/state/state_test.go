package state_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// TestConformance is the suite that both databases pass.
func TestConformance(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		ctx := context.Background()
		for _, c := range []struct {
			name string
			run  func(t *testing.T, ctx context.Context, db *state.DB)
		}{
			{"a rolled back transaction leaves nothing", rollback},
			{"what is written beside is there with the first change alone", beside},
			{"migrating twice does nothing", migrateTwice},
			{"a database of a newer program is refused", newer},
			{"stores", stores},
			{"coolers", coolers},
			{"planograms rise", planograms},
			{"pictures: the last are kept", pictures},
			{"quarantine counts what comes again", quarantine},
			{"what was seen", seen},
			{"the last observations", observations},
			{"a log that takes its name is read without holes", orderedLog},
		} {
			t.Run(c.name, func(t *testing.T) { c.run(t, ctx, db) })
		}
	}, state.Migrations{Name: "log", Steps: []string{"CREATE TABLE log (n AUTOID, who BIGINT NOT NULL)"}})
}

func write(t *testing.T, db *state.DB, fn func(tx *state.Tx) error) {
	t.Helper()
	if err := db.Write(context.Background(), fn); err != nil {
		t.Fatal(err)
	}
}

func rollback(t *testing.T, ctx context.Context, db *state.DB) {
	stop := errors.New("stop")
	err := db.Write(ctx, func(tx *state.Tx) error {
		if err := state.EnsureStore(ctx, tx, "t", "gone", noon); err != nil {
			return err
		}
		return stop
	})
	if !errors.Is(err, stop) {
		t.Fatalf("got %v, want the function's own error", err)
	}
	if _, err := state.GetStore(ctx, db, "t", "gone"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func beside(t *testing.T, ctx context.Context, db *state.DB) {
	ctx, done := state.Beside(ctx, func(tx *state.Tx) error { return state.EnsureStore(ctx, tx, "t", "record", noon) })
	there := func() bool {
		t.Helper()
		_, err := state.GetStore(ctx, db, "t", "record")
		if err != nil && !errors.Is(err, state.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	stop := errors.New("stop")
	if err := db.Write(ctx, func(*state.Tx) error { return stop }); !errors.Is(err, stop) || done() || there() {
		t.Errorf("with a change that failed: %v, done %v, there %v", err, done(), there())
	}
	if err := db.Write(ctx, func(*state.Tx) error { return nil }); err != nil || !done() || !there() {
		t.Errorf("with a change: %v, done %v, there %v", err, done(), there())
	}
	err := db.Write(ctx, func(tx *state.Tx) error {
		_, err := tx.Exec(ctx, "DELETE FROM stores WHERE tenant = 't' AND store = ?", "record")
		return err
	})
	if err != nil || there() {
		t.Errorf("with the change after it: %v, there %v", err, there())
	}
}

func migrateTwice(t *testing.T, ctx context.Context, db *state.DB) {
	if err := state.Migrate(ctx, db, state.Tables); err != nil {
		t.Fatal(err)
	}
	err := state.Migrate(ctx, db, state.Migrations{Name: "log", Steps: []string{"CREATE TABLE other (n AUTOID)"}})
	if !errors.Is(err, state.ErrChanged) {
		t.Errorf("got %v, want ErrChanged", err)
	}
}

func newer(t *testing.T, ctx context.Context, db *state.DB) {
	err := state.Migrate(ctx, db, state.Migrations{Name: "log"})
	if !errors.Is(err, state.ErrNewer) {
		t.Errorf("got %v, want ErrNewer", err)
	}
}

func stores(t *testing.T, ctx context.Context, db *state.DB) {
	lat, lon := 31.2304, 121.4737
	want := state.Store{Tenant: "t", Store: "s1", Name: "人民广场", GLN: "4012345000009", Lat: &lat, Lon: &lon, TZ: "Asia/Shanghai", Hours: "07:00-22:00"}
	write(t, db, func(tx *state.Tx) error {
		return errors.Join(state.EnsureStore(ctx, tx, "t", "s1", noon), state.PutStore(ctx, tx, want, noon), state.EnsureStore(ctx, tx, "t", "s1", noon))
	})
	got, err := state.GetStore(ctx, db, "t", "s1")
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != want.Name || got.GLN != want.GLN || *got.Lat != lat || *got.Lon != lon || got.TZ != want.TZ || got.Hours != want.Hours {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if list, err := state.ListStores(ctx, db, "other"); err != nil || len(list) != 0 {
		t.Errorf("another tenant sees %v, %v", list, err)
	}
}

func coolers(t *testing.T, ctx context.Context, db *state.DB) {
	c := &state.Cooler{Tenant: "t", Device: "d1", Store: "s1", TopicStore: "s1", CreatedAt: noon, ChangedAt: noon, LastSeen: noon, Online: true,
		StatusBoot: 3, StatusAt: noon, Observation: state.Order{Boot: 3, Seq: 7}}
	c.Latest.Climate = state.Newer(nil, state.Order{Boot: 3, Seq: 6}, telemetry.Climate{At: noon, Temp: 4250})
	write(t, db, func(tx *state.Tx) error {
		return errors.Join(state.PutCooler(ctx, tx, c),
			state.DescribeCooler(ctx, tx, &state.Cooler{Tenant: "t", Device: "d1", Store: "s1", Name: "door 1", Planogram: "plan", Model: "GX-400"}, noon), state.PutCooler(ctx, tx, c),
			state.DescribeCooler(ctx, tx, &state.Cooler{Tenant: "t", Device: "d2", Store: "s1", Name: "never spoke"}, noon))
	})
	got, err := state.GetCooler(ctx, db, "t", "d1")
	if err != nil {
		t.Fatal(err)
	}
	if got.Name != "door 1" || got.Planogram != "plan" || got.Model != "GX-400" {
		t.Errorf("a message took away what people said: %q, %q, %q", got.Name, got.Planogram, got.Model)
	}
	if got.Observation != c.Observation || !got.LastSeen.Equal(noon) || !got.Online || got.Latest.Climate.Value.Temp != 4250 {
		t.Errorf("got %+v, want %+v", got, c)
	}
	list, err := state.ListCoolers(ctx, db, "t", "d1", 10)
	if err != nil || len(list) != 1 || list[0].Device != "d2" || !list[0].LastSeen.IsZero() {
		t.Errorf("coolers after d1: %v, %v", list, err)
	}
	if changed, err := state.ChangedCoolers(ctx, db, noon, 10); err != nil || len(changed) != 2 {
		t.Errorf("changed: %v, %v", changed, err)
	}
}

func planograms(t *testing.T, ctx context.Context, db *state.DB) {
	plan := func(version, facings int) *shelf.Planogram {
		return &shelf.Planogram{ID: "p", Version: version,
			Shelves:  []shelf.Shelf{{Slots: []shelf.Slot{{ID: "a", GTIN: "4006381333931", Facings: facings, WidthMM: 100}}}},
			Products: []shelf.Product{{GTIN: "4006381333931", Name: "Cola", NameZH: "可乐", Own: true}}}
	}
	publish := func(p *shelf.Planogram) (done bool, err error) {
		err = db.Write(ctx, func(tx *state.Tx) error {
			done, err = state.PutPlanogram(ctx, tx, "t", p, noon)
			return err
		})
		return done, err
	}
	for _, step := range []struct {
		version, facings int
		done             bool
		err              error
	}{{1, 1, true, nil}, {1, 1, false, nil}, {1, 2, false, state.ErrVersion}, {3, 2, true, nil}, {2, 2, false, state.ErrVersion}} {
		done, err := publish(plan(step.version, step.facings))
		if done != step.done || !errors.Is(err, step.err) {
			t.Errorf("version %d: got %v, %v, want %v, %v", step.version, done, err, step.done, step.err)
		}
	}
	if p, err := state.GetPlanogram(ctx, db, "t", "p", 0); err != nil || p.Version != 3 {
		t.Errorf("highest: %+v, %v", p, err)
	}
	if p, err := state.GetPlanogram(ctx, db, "t", "p", 1); err != nil || p.Shelves[0].Slots[0].Facings != 1 {
		t.Errorf("version 1: %+v, %v", p, err)
	}
	if list, err := state.ListPlanograms(ctx, db, "t"); err != nil || len(list) != 1 || list[0].Version != 3 {
		t.Errorf("list: %v, %v", list, err)
	}
	if list, err := state.ListProducts(ctx, db, "t"); err != nil || len(list) != 1 || list[0].NameZH != "可乐" || !list[0].Own {
		t.Errorf("products: %v, %v", list, err)
	}
	if _, err := state.GetPlanogram(ctx, db, "other", "p", 0); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("another tenant's planogram: %v", err)
	}
}

func pictures(t *testing.T, ctx context.Context, db *state.DB) {
	for _, o := range []state.Order{{Boot: 1, Seq: 9}, {Boot: 2, Seq: 4}, {Boot: 2, Seq: 2}, {Boot: 2, Seq: 4}} {
		p := state.Picture{Tenant: "t", Device: "d1", Order: o, ObservationSeq: o.Seq - 1, CapturedAt: noon, Width: 2, Height: 1, JPEG: []byte{byte(o.Seq)}}
		write(t, db, func(tx *state.Tx) error { return state.PutPicture(ctx, tx, p, 2) })
	}
	if p, err := state.LastPicture(ctx, db, "t", "d1"); err != nil || p.Order != (state.Order{Boot: 2, Seq: 4}) {
		t.Errorf("last: %+v, %v", p, err)
	}
	if p, err := state.GetPicture(ctx, db, "t", "d1", state.Order{Boot: 2, Seq: 1}); err != nil || p.Seq != 2 {
		t.Errorf("by its observation: %+v, %v", p, err)
	}
	if _, err := state.GetPicture(ctx, db, "t", "d1", state.Order{Boot: 1, Seq: 9}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the oldest of three: %v, want ErrNotFound", err)
	}
}

func quarantine(t *testing.T, ctx context.Context, db *state.DB) {
	put := func(topic, body string) (id int64) {
		write(t, db, func(tx *state.Tx) (err error) {
			id, err = state.Quarantine(ctx, tx, state.Quarantined{ReceivedAt: noon, Tenant: "t", Topic: topic, Reason: "malformed", Detail: "why", Bytes: []byte(body)})
			return err
		})
		return id
	}
	first := put("a", "x")
	if again := put("a", "x"); again != first {
		t.Errorf("the same message got id %d, then %d", first, again)
	}
	empty := put("a", "")
	got, err := state.GetQuarantined(ctx, db, first)
	if err != nil || got.Times != 2 || string(got.Bytes) != "x" || got.Size != 1 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if list, err := state.ListQuarantine(ctx, db, "t", 10); err != nil || len(list) != 2 || list[0].ID != empty {
		t.Errorf("list: %+v, %v", list, err)
	}
	write(t, db, func(tx *state.Tx) error {
		n, err := state.PruneQuarantine(ctx, tx, 1, 1<<20)
		if n != 1 {
			t.Errorf("pruned %d, want 1", n)
		}
		return err
	})
	if _, err := state.GetQuarantined(ctx, db, first); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("the older row is still there: %v", err)
	}
}

func seen(t *testing.T, ctx context.Context, db *state.DB) {
	for _, boot := range []uint32{1, 4_000_000_000} {
		s, err := state.BootSeen(ctx, db, "t", "d1", boot)
		if err != nil || s.Ranges.Len() != 0 {
			t.Fatalf("unheard boot: %+v, %v", s, err)
		}
		s.Ranges.AddRange(1, 10)
		s.Ranges.Add(1 << 62)
		write(t, db, func(tx *state.Tx) error {
			return state.PutSeen(ctx, tx, state.DeviceSeen{Tenant: "t", Device: "d1", Seen: &s})
		})
	}
	boots, err := state.LastBoots(ctx, db, "t", "d1", 5)
	if err != nil || len(boots) != 2 || boots[0].Boot != 4_000_000_000 || !boots[0].Ranges.Has(1<<62) {
		t.Errorf("got %+v, %v", boots, err)
	}
}

func observations(t *testing.T, ctx context.Context, db *state.DB) {
	put := func(o state.Order, body string) {
		write(t, db, func(tx *state.Tx) error {
			return state.PutObservations(ctx, tx, state.KeptObservation{Tenant: "t", Device: "d1", Order: o, Envelope: []byte(body), Complete: true})
		})
	}
	put(state.Order{Boot: 2, Seq: 9}, "new")
	put(state.Order{Boot: 2, Seq: 1}, "late, and in the same place")
	put(state.Order{Boot: 2, Seq: 8}, "the one before")
	put(state.Order{Boot: 1, Seq: 40}, "of the boot before")
	if got, err := state.LastObservation(ctx, db, "t", "d1"); err != nil || string(got) != "new" {
		t.Errorf("last: %q, %v", got, err)
	}
	if got, err := state.BaseObservation(ctx, db, "t", "d1", state.Order{Boot: 2, Seq: 8}); err != nil || string(got) != "the one before" {
		t.Errorf("by its order: %q, %v", got, err)
	}
	if got, err := state.BaseObservation(ctx, db, "t", "d1", state.Order{Boot: 2, Seq: 1}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("a late one pushed out a newer: %q, %v", got, err)
	}
	write(t, db, func(tx *state.Tx) error {
		return state.PutObservations(ctx, tx, state.KeptObservation{Tenant: "t", Device: "d1", Order: state.Order{Boot: 2, Seq: 17}, Envelope: []byte("from a difference")})
	})
	if got, err := state.LastObservation(ctx, db, "t", "d1"); err != nil || string(got) != "from a difference" {
		t.Errorf("last: %q, %v", got, err)
	}
	if got, err := state.BaseObservation(ctx, db, "t", "d1", state.Order{Boot: 2, Seq: 9}); err != nil || string(got) != "new" {
		t.Errorf("a difference pushed out its base: %q, %v", got, err)
	}
	if got, err := state.LastObservation(ctx, db, "t", "d2"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("of a cooler without one: %q, %v, want ErrNotFound", got, err)
	}
}

// orderedLog follows a log by its cursor while eight writers append to it.
func orderedLog(t *testing.T, ctx context.Context, db *state.DB) {
	const writers, each = 8, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				err := db.Write(ctx, func(tx *state.Tx) error {
					if err := tx.Exclusive(ctx, "log"); err != nil {
						return err
					}
					_, err := tx.Exec(ctx, "INSERT INTO log (who) VALUES (?)", w)
					return err
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	got, cursor := 0, int64(0)
	for done := false; !done && !t.Failed(); {
		rows, err := db.Query(ctx, "SELECT n FROM log WHERE n > ? ORDER BY n", cursor)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			if err := rows.Scan(&cursor); err != nil {
				t.Fatal(err)
			}
			got++
		}
		rows.Close()
		done = got >= writers*each
	}
	wg.Wait()
	if got != writers*each {
		t.Errorf("the reader saw %d of %d", got, writers*each)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct{ name, url, want string }{
		{"no scheme", "state.db", "want sqlite:"},
		{"unknown scheme", "mysql://x", "unknown scheme"},
		{"no path", "sqlite:", "needs the path"},
		{"memory", "sqlite::memory:", "needs the path"},
		{"a folder", "sqlite:" + dir, "open state"},
		{"nobody listens", "postgres://u:secret@127.0.0.1:1/x?connect_timeout=2", "open state postgres://u:xxxxx@"},
	} {
		t.Run(c.name, func(t *testing.T) {
			db, err := state.Open(context.Background(), c.url)
			if err == nil {
				db.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %q, want it to contain %q", err, c.want)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows the password: %q", err)
			}
		})
	}
}

// TestSurvivesReopen: what Commit reported is there after the file is opened again.
func TestSurvivesReopen(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "odd name?#%.db")
	db := statetest.Open(t, url)
	write(t, db, func(tx *state.Tx) error {
		return state.EnsureStore(context.Background(), tx, "t", "s", noon)
	})
	again := statetest.Open(t, url)
	if _, err := state.GetStore(context.Background(), again, "t", "s"); err != nil {
		t.Error(err)
	}
}

package merge_test

import (
	"context"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/merge/mergetest"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

func TestBooksConformance(t *testing.T) {
	n := 0
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		mergetest.Run(t, func(t *testing.T) merge.HourStore {
			// The cases share a database: each has tenants of its own.
			n++
			return prefixed{merge.Books{DB: db, Zone: time.UTC}, string(rune('a'+n)) + "-"}
		})
	}, tables()...)
}

// prefixed gives a case of the suite tenants of its own.
type prefixed struct {
	merge.HourStore
	prefix string
}

func (p prefixed) PutHours(ctx context.Context, tenant string, hours []merge.StoreHour) error {
	return p.HourStore.PutHours(ctx, p.prefix+tenant, hours)
}

func (p prefixed) StoreHours(ctx context.Context, tenant, store string, from, to time.Time) ([]merge.StoreHour, error) {
	return p.HourStore.StoreHours(ctx, p.prefix+tenant, store, from, to)
}

// TestMirror: whatever comes late, is corrected or taken back, a real InfluxDB holds the hours that the books
// hold, also when it was away meanwhile, or was not a mirror for a while.
func TestMirror(t *testing.T) {
	server := influxd.Start(t)
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		mirror, err := influx.Open(context.Background(), server.NewDatabase(t))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { mirror.Close() })
		s := newShop(t, db, "t")
		follow := func(to merge.HourStore) {
			s.follower = merge.NewFollower(merge.Config{DB: db, Series: s.points, Ledger: s.ledger, Mirror: to, Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)})
		}
		agree := func(what string) {
			t.Helper()
			s.mirror()
			for _, store := range []string{"s1", "s2"} {
				from, to := monday.AddDate(0, 0, -1), monday.AddDate(0, 0, 9)
				want, err := merge.Books{DB: db}.StoreHours(context.Background(), "t", store, from, to)
				if err != nil || len(want) == 0 {
					t.Fatalf("%s: %d hours of %s in the books, %v", what, len(want), store, err)
				}
				mergetest.Want(t, mirror, "t", store, from, to, want...)
			}
			if t.Failed() {
				t.Fatal(what)
			}
		}
		// Hours that were there before the mirror are brought into it.
		s.day("s1")
		s.sell("s1", "1", cola, 3, monday.Add(10*time.Hour))
		s.merge()
		follow(mirror)
		s.day("s2")
		s.merge()
		agree("from nothing")

		s.sell("s1", "2", water, 2, monday.Add(9*time.Hour+30*time.Minute))
		s.look("s2", monday.Add(12*time.Hour+50*time.Minute), 2, 1)
		s.merge()
		agree("a late sale and a late look")
		s.correct("s1", "2", water, 0, monday.Add(9*time.Hour+30*time.Minute))
		s.merge()
		agree("a sale that was a mistake: its product is gone from the hour")
		s.mirror()
		agree("the same again")

		server.Kill(t, syscall.SIGKILL)
		s.sell("s1", "3", water, 5, monday.Add(11*time.Hour))
		if done := s.merge(); done.Restated != 1 {
			t.Errorf("while the mirror is away: %+v, want the merge to go on", done)
		}
		if n, err := s.follower.MirrorStep(context.Background(), "t"); err == nil || n != 0 {
			t.Errorf("the mirror is away: %d, %v", n, err)
		}
		server.Start(t)
		agree("after it was away")

		follow(nil)
		s.mirror()
		s.sell("s1", "4", cola, 5, monday.Add(13*time.Hour))
		s.merge()
		follow(mirror)
		agree("after it was none for a while")
	}, tables()...)
}

// TestARefusedHourHoldsUpNoOther: what the mirror will never take is left out.
func TestARefusedHourHoldsUpNoOther(t *testing.T) {
	db := statetest.SQLite(t, tables()...)
	s := newShop(t, db, "t")
	kept := merge.Books{DB: statetest.SQLite(t, tables()...), Zone: time.UTC}
	s.follower = merge.NewFollower(merge.Config{DB: db, Series: s.points, Ledger: s.ledger, Mirror: &picky{Books: kept, bad: monday.Add(10 * time.Hour)},
		Now: func() time.Time { return s.now }, Log: slog.New(slog.DiscardHandler)})
	s.day("s1")
	s.merge()
	s.mirror()
	want, err := merge.Books{DB: db}.StoreHours(context.Background(), "t", "s1", monday, monday.AddDate(0, 0, 1))
	if err != nil {
		t.Fatal(err)
	}
	for i, h := range want {
		if h.Start.Equal(monday.Add(10 * time.Hour)) {
			want = append(want[:i:i], want[i+1:]...)
			break
		}
	}
	mergetest.Want(t, kept, "t", "s1", monday, monday.AddDate(0, 0, 1), want...)
}

// picky is a store that refuses one hour.
type picky struct {
	merge.Books
	bad time.Time
}

func (p *picky) PutHours(ctx context.Context, tenant string, hours []merge.StoreHour) error {
	for i := range hours {
		if hours[i].Start.Equal(p.bad) {
			return &merge.RefusedHour{Hour: &hours[i], Reason: "it is older than what is kept"}
		}
	}
	return p.Books.PutHours(ctx, tenant, hours)
}

// mirror steps until nothing is noted.
func (s *shop) mirror() {
	s.t.Helper()
	for range 1000 {
		n, err := s.follower.MirrorStep(context.Background(), s.tenant)
		if err != nil {
			s.t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
	s.t.Fatal("the mirror does not come to an end")
}

// correct sends a line again in a higher revision.
func (s *shop) correct(store, order string, g shelf.GTIN, units int64, at time.Time) {
	s.t.Helper()
	amount, revision := units*150, int64(2)
	v, err := s.ledger.Append(context.Background(), s.tenant, []sales.Draft{{Channel: "pos", Order: order, Line: "1", Revision: revision, Store: store, GTIN: string(g),
		Quantity: &units, Amount: &amount, Currency: "EUR", SoldAt: at.Format(time.RFC3339)}})
	if err != nil || v[0].Status != sales.Corrected {
		s.t.Fatalf("%+v, %v", v, err)
	}
}

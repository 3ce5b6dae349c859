package rollout_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/rollout"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// stage is a conductor with boards that answer as a test wants, and a clock of its own.
type stage struct {
	db   *state.DB
	c    *rollout.Conductor
	id   int64
	now  time.Time
	seqs map[string]uint64
}

// on runs fn on both databases, with six boards, a bundle for them, and a staged update to one board, then
// to half, then to all, that waits ten minutes under each and allows no failure.
func on(t *testing.T, fn func(t *testing.T, s *stage)) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		s := &stage{db: db, now: start, seqs: map[string]uint64{}}
		keeper := care.NewKeeper(care.Config{DB: db, URL: "https://cloud.example", Log: slog.New(slog.DiscardHandler)})
		s.c = &rollout.Conductor{DB: db, Keeper: keeper, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return s.now }}
		s.write(t, func(ctx context.Context, tx *state.Tx) error {
			_, err := tx.Exec(ctx, `INSERT INTO releases (tenant, sha256, kind, version, arch, size, made_at, expires_at, added_at, added_by)
				VALUES (?, ?, 'agent', '2.0.0', '', 1000, 1, ?, 1, 'a test')`, "t", strings.Repeat("ab", 32), state.Micros(start.AddDate(1, 0, 0)))
			for n := range 6 {
				if err == nil {
					err = state.PutCooler(ctx, tx, &state.Cooler{Tenant: "t", Device: fmt.Sprintf("d%d", n), Store: "s1", TopicStore: "s1", Online: true, CreatedAt: start, ChangedAt: start})
				}
			}
			return err
		})
		s.write(t, func(ctx context.Context, tx *state.Tx) error {
			r, err := rollout.Start(ctx, tx, "t", "li", rollout.Order{Kind: "agent", Version: "2.0.0", Stages: []string{"1", "50%", "100%"}, SoakS: 600, PatienceS: 3600}, s.now)
			if err == nil {
				s.id = r.ID
			}
			return err
		})
		fn(t, s)
	}, access.Tables, release.Tables, care.Tables, rollout.Tables)
}

func (s *stage) write(t *testing.T, fn func(ctx context.Context, tx *state.Tx) error) {
	t.Helper()
	ctx := context.Background()
	if err := s.db.Write(ctx, func(tx *state.Tx) error { return fn(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

// after lets time pass, and the conductor look twice.
func (s *stage) after(t *testing.T, d time.Duration) *rollout.Rollout {
	t.Helper()
	s.now = s.now.Add(d)
	for range 2 {
		if err := s.c.Work(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	r, err := rollout.Get(context.Background(), s.db, "t", s.id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// boards lists those of some statuses.
func (s *stage) boards(t *testing.T, statuses ...rollout.BoardStatus) []*rollout.Board {
	t.Helper()
	list, err := rollout.Boards(context.Background(), s.db, "t", s.id, statuses...)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// answer has every board that was asked say what came of it.
func (s *stage) answer(t *testing.T, outcome, detail string) {
	t.Helper()
	for _, b := range s.boards(t, rollout.Asked) {
		at, err := care.GetBoard(context.Background(), s.db, "t", b.Device)
		if err != nil {
			t.Fatal(err)
		}
		s.says(t, b.Device, &wire.Reported{DesiredVersion: at.Version, Outcome: outcome, Detail: detail})
	}
}

func (s *stage) says(t *testing.T, device string, body wire.Body) {
	t.Helper()
	s.seqs[device]++
	env := &wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s1", Device: device}, Boot: 1, Seq: s.seqs[device], CapturedAt: s.now, Clock: telemetry.NTP, Body: body}
	s.write(t, func(ctx context.Context, tx *state.Tx) error { return care.Listener{}.Step(ctx, tx, env) })
}

// health has every board tell how it is, online.
func (s *stage) health(t *testing.T, reasons ...string) {
	t.Helper()
	s.write(t, func(ctx context.Context, tx *state.Tx) error {
		for n := range 6 {
			device := fmt.Sprintf("d%d", n)
			s.seqs[device]++
			c, err := state.GetCooler(ctx, tx, "t", device)
			if err != nil {
				return err
			}
			c.Online = true
			c.Latest.Health = state.Newer(c.Latest.Health, state.Order{Boot: 1, Seq: s.seqs[device]}, telemetry.Health{At: s.now, Reasons: reasons})
			if err := state.PutCooler(ctx, tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// count checks how many boards stand how.
func count(t *testing.T, when string, r *rollout.Rollout, status rollout.Status, want map[rollout.BoardStatus]int) {
	t.Helper()
	sum := 0
	for _, n := range want {
		sum += n
	}
	for s, n := range want {
		if r.Counts[s] != n {
			t.Errorf("%s: %d boards are %s, want %d", when, r.Counts[s], s, n)
		}
	}
	if r.Status != status || sum != 6 {
		t.Errorf("%s: it is %s (%s), want %s; %d boards are looked for", when, r.Status, r.Reason, status, sum)
	}
}

// TestStageByStage: one board, then half, then all; each stage waits for its boards to be in force and well
// for the whole time, and nobody else is asked meanwhile.
func TestStageByStage(t *testing.T) {
	on(t, func(t *testing.T, s *stage) {
		count(t, "at first", s.after(t, 0), rollout.Running, map[rollout.BoardStatus]int{rollout.Asked: 1, rollout.Waiting: 5})
		s.answer(t, wire.OutcomeApplied, "")
		count(t, "in force", s.after(t, time.Minute), rollout.Running, map[rollout.BoardStatus]int{rollout.Watched: 1, rollout.Waiting: 5})
		count(t, "silent", s.after(t, 30*time.Minute), rollout.Running, map[rollout.BoardStatus]int{rollout.Watched: 1, rollout.Waiting: 5})
		s.health(t)
		count(t, "well", s.after(t, time.Minute), rollout.Running, map[rollout.BoardStatus]int{rollout.Watched: 1, rollout.Waiting: 5})
		count(t, "well, not long enough", s.after(t, 9*time.Minute), rollout.Running, map[rollout.BoardStatus]int{rollout.Watched: 1, rollout.Waiting: 5})
		count(t, "well for ten minutes", s.after(t, time.Minute), rollout.Running, map[rollout.BoardStatus]int{rollout.Healthy: 1, rollout.Asked: 2, rollout.Waiting: 3})
		for _, want := range []map[rollout.BoardStatus]int{
			{rollout.Healthy: 3, rollout.Asked: 3},
			{rollout.Healthy: 6},
		} {
			s.answer(t, wire.OutcomeApplied, "")
			s.after(t, time.Minute)
			s.health(t)
			s.after(t, time.Minute)
			status := rollout.Running
			if want[rollout.Healthy] == 6 {
				status = rollout.Done
			}
			count(t, "the next stage", s.after(t, 10*time.Minute), status, want)
		}
	})
}

// TestHaltsByItself: a board that refuses halts the update and is wished what it had before; nobody else is
// asked until somebody resumes, who forgives what failed.
func TestHaltsByItself(t *testing.T) {
	on(t, func(t *testing.T, s *stage) {
		s.after(t, 0)
		refused := s.boards(t, rollout.Asked)[0].Device
		s.answer(t, wire.OutcomeRolledBack, "no camera under it")
		r := s.after(t, time.Minute)
		count(t, "refused", r, rollout.Halted, map[rollout.BoardStatus]int{rollout.Failed: 1, rollout.Waiting: 5})
		if !strings.Contains(r.Reason, refused) || !strings.Contains(r.Reason, "no camera under it") {
			t.Errorf("the reason is %q, want the board and what it says", r.Reason)
		}
		w, err := care.GetWish(context.Background(), s.db, "t", care.Cooler, refused)
		if err != nil || w.Parts.Version("agent") != nil {
			t.Errorf("the board is still wished %+v, %v", w, err)
		}
		count(t, "a day later", s.after(t, 24*time.Hour), rollout.Halted, map[rollout.BoardStatus]int{rollout.Failed: 1, rollout.Waiting: 5})
		s.say(t, "resume")
		count(t, "resumed", s.after(t, 0), rollout.Running, map[rollout.BoardStatus]int{rollout.Failed: 1, rollout.Asked: 1, rollout.Waiting: 4})
	})
}

func (s *stage) say(t *testing.T, what string) {
	t.Helper()
	s.write(t, func(ctx context.Context, tx *state.Tx) error {
		_, err := rollout.Say(ctx, tx, "t", s.id, what, "li", s.now)
		return err
	})
}

// TestUnwellUnderIt: an ill that a board did not have before, for as long as it should have been well.
func TestUnwellUnderIt(t *testing.T) {
	on(t, func(t *testing.T, s *stage) {
		s.after(t, 0)
		s.answer(t, wire.OutcomeApplied, "")
		s.after(t, time.Minute)
		s.health(t, "camera gone")
		count(t, "unwell", s.after(t, time.Minute), rollout.Running, map[rollout.BoardStatus]int{rollout.Watched: 1, rollout.Waiting: 5})
		r := s.after(t, 10*time.Minute)
		count(t, "unwell for long", r, rollout.Halted, map[rollout.BoardStatus]int{rollout.Failed: 1, rollout.Waiting: 5})
		if !strings.Contains(r.Reason, "camera gone") {
			t.Errorf("the reason is %q", r.Reason)
		}
	})
}

// TestBoardsThatAreAway: nobody who is away is asked.
func TestBoardsThatAreAway(t *testing.T) {
	on(t, func(t *testing.T, s *stage) {
		s.write(t, func(ctx context.Context, tx *state.Tx) error {
			for n := range 5 {
				c, err := state.GetCooler(ctx, tx, "t", fmt.Sprintf("d%d", n))
				if err != nil {
					return err
				}
				c.Online = false
				if err := state.PutCooler(ctx, tx, c); err != nil {
					return err
				}
			}
			return nil
		})
		s.after(t, 0)
		if asked := s.boards(t, rollout.Asked); len(asked) != 1 || asked[0].Device != "d5" {
			t.Fatalf("asked: %+v, want d5, which alone is there", asked)
		}
		s.answer(t, wire.OutcomeRejected, "no room")
		count(t, "the only one refused", s.after(t, time.Minute), rollout.Halted, map[rollout.BoardStatus]int{rollout.Failed: 1, rollout.Waiting: 5})
	})
}

// TestLateAnswer: a board that was asked and says nothing has failed when patience is over.
func TestLateAnswer(t *testing.T) {
	on(t, func(t *testing.T, s *stage) {
		s.after(t, 0)
		count(t, "an hour", s.after(t, time.Hour), rollout.Running, map[rollout.BoardStatus]int{rollout.Asked: 1, rollout.Waiting: 5})
		r := s.after(t, time.Second)
		count(t, "longer", r, rollout.Halted, map[rollout.BoardStatus]int{rollout.Failed: 1, rollout.Waiting: 5})
		if !strings.Contains(r.Reason, "has not answered within 1h") {
			t.Errorf("the reason is %q", r.Reason)
		}
	})
}

// TestOverByHand: paused, nobody is asked; cancelled, who was asked and has not answered is wished what it
// had; and what is over is over.
func TestOverByHand(t *testing.T) {
	on(t, func(t *testing.T, s *stage) {
		s.say(t, "pause")
		count(t, "paused", s.after(t, time.Hour), rollout.Paused, map[rollout.BoardStatus]int{rollout.Waiting: 6})
		s.say(t, "resume")
		s.after(t, 0)
		asked := s.boards(t, rollout.Asked)[0].Device
		s.say(t, "cancel")
		count(t, "cancelled", s.after(t, time.Hour), rollout.Cancelled, map[rollout.BoardStatus]int{rollout.TakenBack: 6})
		w, err := care.GetWish(context.Background(), s.db, "t", care.Cooler, asked)
		if err != nil || w.Parts.Version("agent") != nil {
			t.Errorf("the board is still wished %+v, %v", w, err)
		}
		err = s.db.Write(context.Background(), func(tx *state.Tx) error {
			_, err := rollout.Say(context.Background(), tx, "t", s.id, "resume", "li", s.now)
			return err
		})
		if !errors.Is(err, rollout.ErrStatus) {
			t.Errorf("got %v, want ErrStatus", err)
		}
	})
}

// TestStartRefuses: what is not there, and boards that another update of the kind is at.
func TestStartRefuses(t *testing.T) {
	on(t, func(t *testing.T, s *stage) {
		for _, c := range []struct {
			name  string
			order rollout.Order
			want  error
		}{
			{"no such bundle", rollout.Order{Kind: "agent", Version: "9.9.9"}, state.ErrNotFound},
			{"no such board", rollout.Order{Kind: "agent", Version: "2.0.0", Devices: []string{"d77"}}, rollout.ErrOrder},
			{"busy", rollout.Order{Kind: "agent", Version: "2.0.0", Devices: []string{"d1"}}, rollout.ErrBusy},
		} {
			err := s.db.Write(context.Background(), func(tx *state.Tx) error {
				_, err := rollout.Start(context.Background(), tx, "t", "li", c.order, s.now)
				return err
			})
			if !errors.Is(err, c.want) {
				t.Errorf("%s: got %v, want %v", c.name, err, c.want)
			}
		}
	})
}

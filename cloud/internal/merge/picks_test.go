package merge_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/models/shelf"
)

const picked = shelf.GTIN("4006381333931")

// tell tells of a store's hours; units gives how many were picked in an hour, and are on the shelf besides.
func tell(p *merge.Picks, store string, now time.Time, days int, units func(at time.Time) int64) {
	for at := now.AddDate(0, 0, -days); at.Before(now); at = at.Add(time.Hour) {
		h := &merge.Hour{Start: at}
		if n := units(at); n > 0 {
			h.Cells = []merge.Cell{{GTIN: picked, Sales: []merge.Sale{{Channel: "pos", OffShelf: true, Units: 1000}, {Channel: "web", Units: n}}}}
		}
		p.Hour(store, h)
	}
}

func by(scores []merge.Score) map[string]merge.Score {
	out := map[string]merge.Score{}
	for _, s := range scores {
		out[s.Method] = s
	}
	return out
}

// TestPicksAreScoredByWhatWasKnownBefore: orders that came for the first time in the last cycle are forecast by nobody, and
// steady ones are by all; the moment of the day makes no difference.
func TestPicksAreScoredByWhatWasKnownBefore(t *testing.T) {
	for _, hour := range []int{0, 7, 23} {
		now := time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC)
		steady, sudden := merge.NewPicks(now), merge.NewPicks(now)
		tell(steady, "a", now, 40, func(at time.Time) int64 { return int64(at.Hour() % 2) })
		tell(sudden, "a", now, 40, func(at time.Time) int64 {
			switch {
			case !at.Before(now.Add(-merge.ScoredCycle)):
				return 2
			case at.Equal(now.AddDate(0, 0, -20)):
				return 1
			}
			return 0
		})
		for method, s := range by(steady.Scores()) {
			if s.Cases != 1 || s.MAE > 2 {
				t.Errorf("at %d: %s of steady orders is %+v", hour, method, s)
			}
		}
		if len(steady.Scores()) != 3 {
			t.Errorf("scores %+v, want three methods", steady.Scores())
		}
		for method, s := range by(sudden.Scores()) {
			if s.Cases != 1 || s.MAE < 130 || s.Covered != 0 { // 144 came
				t.Errorf("at %d: %s of sudden orders is %+v", hour, method, s)
			}
		}
		short := merge.NewPicks(now)
		tell(short, "a", now, 9, func(time.Time) int64 { return 1 })
		if got := short.Scores(); len(got) != 0 {
			t.Errorf("a store of nine days is scored: %+v", got)
		}
	}
}

// TestPicksBesideTheirBaselines: of orders that come by chance, several pieces at once, the average of four weeks is nearer
// than the same days a week before and than the cycle before.
func TestPicksBesideTheirBaselines(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	for seed := range uint64(5) {
		chance := rand.New(rand.NewPCG(seed, 1))
		p := merge.NewPicks(now)
		for s := range 300 {
			busy := 0.005 + 0.1*chance.Float64()
			tell(p, string(rune('a'+s)), now, 35, func(at time.Time) int64 {
				rate := busy
				if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
					rate *= 1.3
				}
				if chance.Float64() < rate {
					return 1 + chance.Int64N(4)
				}
				return 0
			})
		}
		got := by(p.Scores())
		ours, week, last := got[merge.MethodPicks], got[merge.MethodSeasonal], got[merge.MethodLast]
		t.Logf("seed %d: %d cases, pinball %.2f, a week before %.2f, the cycle before %.2f; mean absolute error %.2f, %.2f, %.2f; the 80 %% interval covers %.2f, %.2f, %.2f",
			seed, ours.Cases, ours.Pinball, week.Pinball, last.Pinball, ours.MAE, week.MAE, last.MAE, ours.Covered, week.Covered, last.Covered)
		if ours.Cases < 290 || ours.Pinball >= week.Pinball || ours.Pinball >= last.Pinball || ours.Covered < 0.75 || ours.Covered > 0.9 {
			t.Errorf("%+v", got)
		}
	}
}

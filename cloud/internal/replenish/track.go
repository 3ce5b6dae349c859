package replenish

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Record summarises how suggestions of one kind turned out, over the cycles that have ended.
type Record struct {
	Status    Status  `json:"status"`     // their status; expired: nobody decided in time
	Followed  bool    `json:"followed"`   // as many packs were ordered as suggested
	Count     int     `json:"count"`      // suggestions whose cycle has ended
	InRange   float64 `json:"in_range"`   // share whose demand was within the forecast's p10 to p90
	Error     float64 `json:"error"`      // mean of forecast minus demand, in units: above 0 too much was expected
	AbsError  float64 `json:"abs_error"`  // mean of its absolute value, in units
	Demand    float64 `json:"demand"`     // sold and lost, units
	Sold      int64   `json:"sold"`       // units
	LostUnits float64 `json:"lost_units"` //
	OutHours  float64 `json:"out_hours"`  //
	Watched   float64 `json:"watched"`    // mean share of the cycles' opening hours that were watched
}

// Track summarises how suggestions with a delivery in [from, to) turned out, by their status. Cycles that
// nobody watched are left out, because it is not known what was lost in them.
func Track(ctx context.Context, q state.Querier, tenant string, stores []string, from, to time.Time) ([]Record, error) {
	list, err := List(ctx, q, tenant, Filter{Stores: stores, Since: from, Limit: 1_000_000})
	if err != nil {
		return nil, fmt.Errorf("track suggestions: %w", err)
	}
	type kind struct {
		status   Status
		followed bool
	}
	sums := map[kind]*Record{}
	for i := range list {
		s := &list[i]
		o := s.Outcome
		if o == nil || o.Watched == 0 || s.Delivery.Before(from) || !s.Delivery.Before(to) {
			continue
		}
		k := kind{s.Status, s.Status == Sent && s.Cases == s.Advice}
		r := sums[k]
		if r == nil {
			r = &Record{Status: k.status, Followed: k.followed}
			sums[k] = r
		}
		r.Count++
		if o.InRange {
			r.InRange++
		}
		r.Error += o.Error
		r.AbsError += math.Abs(o.Error)
		r.Demand += s.Demand.Mean - o.Error
		r.Sold += o.Sold
		r.LostUnits += o.LostUnits
		r.OutHours += o.OutHours
		r.Watched += o.Watched
	}
	out := []Record{}
	for _, r := range sums {
		n := float64(r.Count)
		r.InRange, r.Error, r.AbsError, r.Watched = round3(r.InRange/n), round1(r.Error/n), round1(r.AbsError/n), round3(r.Watched/n)
		r.Demand, r.LostUnits, r.OutHours = round1(r.Demand), round1(r.LostUnits), round1(r.OutHours)
		out = append(out, *r)
	}
	slices.SortFunc(out, func(a, b Record) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Status, b.Status), cmp.Compare(boolInt(b.Followed), boolInt(a.Followed)))
	})
	return out, nil
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func round3(v float64) float64 { return math.Round(v*1000) / 1000 }

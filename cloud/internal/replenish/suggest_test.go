package replenish_test

import (
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/replenish"
)

func poisson(mean float64) merge.Forecast { return merge.Forecast{Mean: mean, Variance: mean} }

func TestSuggest(t *testing.T) {
	for _, c := range []struct {
		name  string
		need  replenish.Need
		packs int64
		check func(a replenish.Advice) bool
	}{
		{"an empty shelf is filled to the demand, in whole packs",
			replenish.Need{Stock: 0, Cycle: poisson(20), Pack: 12, Margin: 60, Service: 0.9}, 3, // 26 units serve 90 % of cycles
			func(a replenish.Advice) bool { return a.Gain > 19*60 && a.Gain < 20*60 && a.Rounding == 10 }},
		{"what is there is taken off",
			replenish.Need{Stock: 20, Cycle: poisson(20), Pack: 6, Margin: 60, Service: 0.9}, 1, func(a replenish.Advice) bool { return a.Gain > 0 && a.Gain < 200 }},
		{"what sells before the delivery is not there when it comes",
			replenish.Need{Stock: 20, Before: poisson(40), Cycle: poisson(20), Pack: 6, Margin: 60, Service: 0.9}, 5, func(a replenish.Advice) bool { return a.Arrival < 0.1 }},
		{"a cooler takes no more than it holds",
			replenish.Need{Stock: 3, Cycle: poisson(50), Capacity: 24, Pack: 12, Margin: 60, Service: 0.9}, 1, func(a replenish.Advice) bool { return a.Capped }},
		{"a full shelf needs nothing",
			replenish.Need{Stock: 60, Cycle: poisson(20), Pack: 12, Margin: 60, Service: 0.9}, 0, func(a replenish.Advice) bool { return a.Gain == 0 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			if a := replenish.Suggest(c.need); a.Packs != c.packs || !c.check(a) {
				t.Errorf("%+v, want %d packs", a, c.packs)
			}
		})
	}
}

func TestCalendarCycle(t *testing.T) {
	zone, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	c := replenish.Calendar{Days: []string{"Mo", "Th"}, At: "07:00", OrderBy: "15:00", Lead: 1}
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, zone)
	for _, v := range []struct {
		now            time.Time
		delivery, next int // days after monday
	}{
		{monday.Add(6 * time.Hour), 3, 7},                    // this morning's was due yesterday
		{monday.AddDate(0, 0, 2).Add(14 * time.Hour), 3, 7},  // Wednesday before the hour
		{monday.AddDate(0, 0, 2).Add(16 * time.Hour), 7, 10}, // and after it
	} {
		got := c.Cycle(v.now, zone)
		want, next := monday.AddDate(0, 0, v.delivery).Add(7*time.Hour), monday.AddDate(0, 0, v.next).Add(7*time.Hour)
		if !got.Delivery.Equal(want) || !got.Next.Equal(next) || !got.OrderBy.After(v.now) {
			t.Errorf("at %s: %+v, want %s and %s", v.now, got, want, next)
		}
	}
	bad := replenish.Calendar{Days: []string{"Mo", "Mo"}, At: "7", OrderBy: "15:00"}
	if bad.Validate() == nil {
		t.Error("a calendar with the same day twice is valid")
	}
}

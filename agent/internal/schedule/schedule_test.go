package schedule_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/schedule"
)

// The bubble's clock begins at midnight UTC, 2000-01-01.

// watch runs a plan for a while under the bubble's clock, with things happening meanwhile, and gives
// the looks as "when cause".
func watch(t *testing.T, plan schedule.Plan, span, lookTakes time.Duration, script func(r *schedule.Runner)) string {
	t.Helper()
	var looks []string
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		r := schedule.New()
		begin := time.Now()
		done := make(chan struct{})
		go func() {
			defer close(done)
			r.Run(ctx, plan, func(ctx context.Context, c schedule.Cause) {
				looks = append(looks, fmt.Sprintf("%v %s", time.Since(begin), c))
				time.Sleep(lookTakes)
			})
		}()
		if script != nil {
			go script(r)
		}
		time.Sleep(span)
		cancel()
		<-done
	})
	return strings.Join(looks, ", ")
}

func expect(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("looks:\ngot  %s\nwant %s", got, want)
	}
}

func at(t *testing.T, times ...string) (list []schedule.TimeOfDay) {
	t.Helper()
	for _, s := range times {
		v, err := schedule.ParseTimeOfDay(s)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

func hours(t *testing.T, s string) schedule.Hours {
	t.Helper()
	h, err := schedule.ParseHours(s)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestEvery(t *testing.T) {
	got := watch(t, schedule.Plan{Every: 5 * time.Minute}, 16*time.Minute, time.Second, nil)
	expect(t, got, "0s interval, 5m0s interval, 10m0s interval, 15m0s interval")
}

func TestALookThatTakesLongerThanTheIntervalIsFollowedByOne(t *testing.T) {
	got := watch(t, schedule.Plan{Every: time.Minute}, 6*time.Minute, 150*time.Second, nil)
	expect(t, got, "0s interval, 2m30s interval, 5m0s interval")
}

func TestTimesOfDay(t *testing.T) {
	got := watch(t, schedule.Plan{At: at(t, "08:00", "00:30", "00:00")}, 25*time.Hour, time.Second, nil)
	expect(t, got, "30m0s time, 8h0m0s time, 24h0m0s time, 24h30m0s time")
}

func TestTimesOfDayInTheShopsZone(t *testing.T) {
	zone := time.FixedZone("east", 3*3600)
	got := watch(t, schedule.Plan{At: at(t, "08:00"), Zone: zone}, 24*time.Hour, time.Second, nil)
	expect(t, got, "5h0m0s time")
}

func TestOpeningHours(t *testing.T) {
	for name, c := range map[string]struct{ hours, want string }{
		"by day":        {"02:00-04:00", "2h0m0s interval, 3h0m0s interval"},
		"over midnight": {"22:00-02:00", "0s interval, 1h0m0s interval"},
	} {
		t.Run(name, func(t *testing.T) {
			got := watch(t, schedule.Plan{Every: time.Hour, Hours: hours(t, c.hours)}, 6*time.Hour+time.Minute, time.Second, nil)
			expect(t, got, c.want)
		})
	}
}

func TestOnDoorClose(t *testing.T) {
	plan := schedule.Plan{OnDoorClose: true, Settle: 3 * time.Second, Hours: hours(t, "10:00-11:00")}
	got := watch(t, plan, time.Minute, time.Second, func(r *schedule.Runner) {
		r.Door(true)
		time.Sleep(10 * time.Second)
		r.Door(false) // settles at 13 s
		time.Sleep(10 * time.Second)
		r.Door(true)
		r.Door(false) // at 20 s; opened again before it has settled
		time.Sleep(2 * time.Second)
		r.Door(true)
		time.Sleep(8 * time.Second)
		r.Door(false) // 30 s
		time.Sleep(time.Second)
		r.Door(false) // said twice: settles at 34 s
	})
	expect(t, got, "13s door_close, 34s door_close")
}

func TestADoorIsNotHeardWhereThePlanDoesNotSay(t *testing.T) {
	got := watch(t, schedule.Plan{}, time.Minute, 0, func(r *schedule.Runner) { r.Door(true); r.Door(false) })
	expect(t, got, "")
}

func TestAskedWhileALookGoesOn(t *testing.T) {
	got := watch(t, schedule.Plan{Every: time.Minute}, 90*time.Second, 10*time.Second, func(r *schedule.Runner) {
		time.Sleep(time.Second)
		r.Ask()
		r.Ask()
		time.Sleep(58 * time.Second) // the look of 10 s is over; asked just before the interval
		r.Ask()
	})
	expect(t, got, "0s interval, 10s command, 59s command, 1m9s interval")
}

func TestAnotherPlanBeginsAtOnce(t *testing.T) {
	got := watch(t, schedule.Plan{Every: time.Hour}, 150*time.Second, time.Second, func(r *schedule.Runner) {
		time.Sleep(time.Minute)
		r.Change(schedule.Plan{Every: time.Minute})
	})
	expect(t, got, "0s interval, 1m0s interval, 2m0s interval")
}

func TestParse(t *testing.T) {
	for _, s := range []string{"", "8:00", "24:00", "08:60", "0800", "08:00:00", "-1:00", "aa:bb"} {
		if _, err := schedule.ParseTimeOfDay(s); err == nil {
			t.Errorf("%q was taken for a time of day", s)
		}
	}
	for _, s := range []string{"08:00", "08:00-", "-08:00", "08:00-25:00"} {
		if _, err := schedule.ParseHours(s); err == nil {
			t.Errorf("%q was taken for opening hours", s)
		}
	}
	if v, err := schedule.ParseTimeOfDay("23:59"); err != nil || v.String() != "23:59" {
		t.Errorf("23:59 is read as %v, %v", v, err)
	}
}

func TestValidate(t *testing.T) {
	bad := schedule.Plan{Every: time.Millisecond, Settle: -1}
	err := bad.Validate()
	if err == nil || !strings.Contains(err.Error(), "every") || !strings.Contains(err.Error(), "settle") {
		t.Errorf("both faults must be named: %v", err)
	}
}

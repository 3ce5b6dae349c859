package sales_test

import (
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

func TestHours(t *testing.T) {
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	at := func(day, hour, minute int) time.Time {
		return monday.AddDate(0, 0, day).Add(time.Duration(hour*60+minute) * time.Minute)
	}
	for _, c := range []struct {
		text string
		at   time.Time
		open bool
	}{
		{"", at(0, 3, 0), true},
		{"24/7", at(0, 3, 0), true},
		{"07:00-22:00", at(6, 7, 0), true},
		{"07:00-22:00", at(6, 22, 0), false},
		{"Mo-Fr 07:00-22:00", at(5, 12, 0), false},
		{"Mo-Fr 07:00-22:00; Sa,Su 09:00-12:00,13:00-18:00", at(5, 12, 30), false},
		{"Mo-Fr 07:00-22:00; Sa,Su 09:00-12:00,13:00-18:00", at(6, 13, 0), true},
		{"Fr-Mo 08:00-09:00", at(6, 8, 30), true},
		{"Sa 18:00-02:00", at(6, 1, 59), true},
		{"Sa 18:00-02:00", at(5, 1, 59), false},
		{"08:00-20:00; We off", at(2, 12, 0), false},
		{"00:00-24:00", at(3, 23, 59), true},
		{"07:00-22:00; Mar 3 off", at(1, 12, 0), false},
		{"07:00-22:00; Mar 3 off", at(2, 12, 0), true},
		{"07:00-22:00; 2027 Mar 3 off", at(1, 12, 0), true},
		{"Mar 3 off; 07:00-22:00", at(1, 12, 0), false}, // dates go before weekdays, wherever they stand
		{"07:00-22:00; 2026 Mar 2-4 off; Mar 3 10:00-12:00", at(1, 11, 0), true},
		{"07:00-22:00; 2026 Mar 2-4 off; Mar 3 10:00-12:00", at(2, 11, 0), false},
		{"18:00-02:00; Mar 3 off", at(1, 1, 0), true},  // since Monday evening
		{"18:00-02:00; Mar 3 off", at(2, 1, 0), false}, // since Tuesday evening
		{"07:00-22:00; Dec 24-Jan 6 off", time.Date(2027, 1, 6, 12, 0, 0, 0, time.UTC), false},
		{"07:00-22:00; Dec 24-Jan 6 off", time.Date(2027, 1, 7, 12, 0, 0, 0, time.UTC), true},
		{"07:00-22:00; 2026 Dec 24-Jan 6 off", time.Date(2027, 1, 6, 12, 0, 0, 0, time.UTC), false},
		{"07:00-22:00; 2026 Dec 24-Jan 6 off", time.Date(2026, 1, 6, 12, 0, 0, 0, time.UTC), true},
		{"07:00-22:00; 2026 Feb 28 - Mar 2 off", at(0, 12, 0), false},
	} {
		h, err := sales.ParseHours(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if got := h.Open(c.at); got != c.open {
			t.Errorf("%q at %v: open %v, want %v", c.text, c.at.Format("Mon 15:04"), got, c.open)
		}
	}
	for _, bad := range []string{"Mon 07:00-22:00", "07:00", "7-22", "07:00-07:00", "25:00-26:00", "Mo 07:00-08:00 09:00-10:00", ";", "Mo-Xx 07:00-08:00",
		"Feb 30 off", "Mar off", "2026 off", "Mar 3", "Mar 3-", "Foo 3 off", "PH off", "Mar 0 off", "Mar 3-2-1 off"} {
		if _, err := sales.ParseHours(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	for _, c := range []struct {
		text string
		at   time.Time
		long time.Duration
		open bool
	}{
		{"08:00-20:00", at(0, 19, 44), 15 * time.Minute, true},
		{"08:00-20:00", at(0, 19, 45), 15 * time.Minute, true}, // done as it closes
		{"08:00-20:00", at(0, 19, 46), 15 * time.Minute, false},
		{"08:00-20:00", at(0, 19, 59), 0, true},
		{"08:00-20:00", at(0, 20, 0), 0, false},
		{"08:00-20:00", at(0, 7, 59), 15 * time.Minute, false},
		{"08:00-12:00,12:10-20:00", at(0, 11, 55), 30 * time.Minute, false}, // a break between
		{"08:00-12:00,12:00-20:00", at(0, 11, 55), 30 * time.Minute, true},
		{"22:00-06:00", at(0, 23, 50), time.Hour, true},
		{"22:00-06:00", at(1, 5, 50), time.Hour, false},
		{"00:00-24:00; Mar 3 off", at(0, 23, 50), 15 * time.Minute, false}, // a holiday begins
		{"00:00-24:00", at(0, 23, 50), 48 * time.Hour, true},
		{"", at(0, 23, 50), 240 * time.Hour, true},
	} {
		h, err := sales.ParseHours(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
		} else if got := h.OpenFor(c.at, c.long); got != c.open {
			t.Errorf("%q at %v for %v: open %v, want %v", c.text, c.at.Format("Mon 15:04"), c.long, got, c.open)
		}
	}
	h, _ := sales.ParseHours("Mo 08:00-10:00")
	if got := h.OpenTime(at(0, 9, 30), at(1, 9, 0), time.UTC); got != 30*time.Minute {
		t.Errorf("open for %v, want 30m", got)
	}
}

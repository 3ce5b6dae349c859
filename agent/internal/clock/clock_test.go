package clock_test

import (
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// board is a board's clock: time passes, and somebody sets the wall clock.
type board struct {
	wall    time.Time
	elapsed time.Duration
	quality telemetry.ClockQuality
}

func (b *board) pass(d time.Duration) { b.wall, b.elapsed = b.wall.Add(d), b.elapsed+d }

func (b *board) clock() *clock.Clock {
	return clock.NewWith(clock.Sources{
		Wall:    func() time.Time { return b.wall },
		Elapsed: func() time.Duration { return b.elapsed },
		Quality: func() telemetry.ClockQuality { return b.quality },
	})
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func expect(t *testing.T, what string, at time.Time, q telemetry.ClockQuality, wantAt time.Time, wantQ telemetry.ClockQuality) {
	t.Helper()
	if !at.Equal(wantAt) || q != wantQ {
		t.Errorf("%s: got %v by %v, want %v by %v", what, at, q, wantAt, wantQ)
	}
}

func TestAKnownClockStampsAsItIs(t *testing.T) {
	b := &board{wall: noon.In(time.FixedZone("east", 8*3600)), quality: telemetry.NTP}
	c := b.clock()
	b.pass(time.Hour)
	at, q := c.Stamp()
	expect(t, "stamp", at, q, noon.Add(time.Hour), telemetry.NTP)
	if at.Location() != time.UTC {
		t.Errorf("stamp is in %v", at.Location())
	}
	b.quality = telemetry.Monotonic
	at, q = c.Stamp()
	expect(t, "after the network went", at, q, noon.Add(time.Hour), telemetry.RTC)
}

// A board without a battery-backed clock starts where it last stopped, and later the network tells it the
// time: stamps before that keep their order and distance, say that they are doubtful, and are corrected.
func TestAClockThatIsSetLater(t *testing.T) {
	b := &board{wall: noon.Add(-30 * time.Hour), quality: telemetry.Monotonic}
	c := b.clock()
	b.pass(time.Minute)
	first, q := c.Stamp()
	expect(t, "first stamp", first, q, noon.Add(-30*time.Hour+time.Minute), telemetry.Monotonic)
	if _, _, ok := c.Correct(first); ok {
		t.Error("a stamp was corrected by a clock that nobody knows")
	}
	// The wall clock is stepped before anybody says that it is right: stamps do not jump with it.
	b.wall = b.wall.Add(30 * time.Hour)
	b.pass(time.Minute)
	second, q := c.Stamp()
	expect(t, "second stamp", second, q, first.Add(time.Minute), telemetry.Monotonic)
	b.quality = telemetry.NTP
	third, q := c.Stamp()
	expect(t, "third stamp", third, q, noon.Add(2*time.Minute), telemetry.NTP)
	for name, c2 := range map[string]struct{ stamp, want time.Time }{
		"first": {first, noon.Add(time.Minute)}, "second": {second, noon.Add(2 * time.Minute)},
	} {
		at, q, ok := c.Correct(c2.stamp)
		if !ok {
			t.Fatalf("%s is not corrected", name)
		}
		expect(t, name+" corrected", at, q, c2.want, telemetry.NTP)
	}
}

func TestAClockThatWasNeverSet(t *testing.T) {
	b := &board{wall: time.Unix(0, 0), quality: telemetry.NTP} // a kernel that is wrong about itself
	at, q := b.clock().Stamp()
	expect(t, "stamp", at, q, time.Unix(0, 0), telemetry.Unset)
}

package shelf_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestOverTime runs every file of testdata/time: opening hours, how long a sighting holds, the
// sightings of one slot, and what must come of them.
func TestOverTime(t *testing.T) {
	for _, path := range files(t, "testdata/time/*.txt") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			s := readSections(t, path)
			var open []shelf.Span
			for line := range strings.Lines(s.text("open")) {
				from, to, _ := strings.Cut(strings.TrimSpace(line), " to ")
				open = append(open, shelf.Span{From: clock(t, from), To: clock(t, to)})
			}
			hold, err := time.ParseDuration(strings.TrimSpace(s.text("hold")))
			if err != nil {
				t.Fatal(err)
			}
			var sightings []shelf.Sighting
			for line := range strings.Lines(s.text("seen")) {
				w := strings.Fields(line)
				state := shelf.SlotReading{State: shelf.OK, Present: 1}
				switch w[1] {
				case "there":
				case "gone":
					state = shelf.SlotReading{State: shelf.Empty}
				case "fog":
					state = shelf.SlotReading{State: shelf.Unknown, Reason: shelf.Fog}
				default:
					t.Fatalf("seen: %q", line)
				}
				sightings = append(sightings, shelf.SightingOf(clock(t, w[0]), state))
			}
			s.check(t, path, "expect", timeLines(sightings, open, hold))
		})
	}
}

func timeLines(sightings []shelf.Sighting, open []shelf.Span, hold time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "on-shelf availability: %s\n", shelf.OSAOver(sightings, open, hold))
	for _, s := range shelf.Stockouts(sightings) {
		shortest, longest, bounded := s.Duration()
		fmt.Fprintf(&b, "stockout from %s: at least %s", s.FirstEmpty.Format("15:04"), shortest)
		if bounded {
			fmt.Fprintf(&b, ", at most %s", longest)
		}
		if !s.Over() {
			b.WriteString(", lasts")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func clock(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse("15:04", s)
	if err != nil {
		t.Fatal(err)
	}
	return at.AddDate(2026, 0, 0)
}

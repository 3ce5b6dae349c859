package embedded_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// BenchmarkStore writes a fleet's observations of 20 SKUs and asks the two questions that a page asks
// most: bytes a point on disk, a device's day, the whole fleet's last hour.
func BenchmarkStore(b *testing.B) {
	const devices, perDay = 500, 96
	path := filepath.Join(b.TempDir(), "series.db")
	s, err := embedded.Open(context.Background(), "sqlite:"+path)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	start := time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Hour)
	points := 0
	began := time.Now()
	for look := range perDay {
		var batch []series.Message
		for d := range devices {
			m := series.Message{Tenant: "t", Store: "s", Device: fmt.Sprintf("d%d", d), Boot: 1, Seq: uint64(look + 1),
				At: start.Add(time.Duration(look)*15*time.Minute + time.Duration(d)*time.Second)}
			for n := range 20 {
				m.Slots = append(m.Slots, series.SlotPoint{Slot: fmt.Sprintf("slot%d", n), GTIN: shelf.GTIN(fmt.Sprintf("40063813%05d", n)), State: shelf.OK, Present: 2, Due: 2})
			}
			points += len(m.Slots)
			batch = append(batch, m)
		}
		if err := s.Write(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	rate := float64(points) / time.Since(began).Seconds()
	if err := s.Checkpoint(context.Background()); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("a device's day", func(b *testing.B) {
		for i := range b.N {
			list, err := s.Messages(context.Background(), series.Range{Tenant: "t", Device: fmt.Sprintf("d%d", i%devices), From: start, To: start.Add(24 * time.Hour)}, 1000)
			if err != nil || len(list) != perDay {
				b.Fatalf("%d messages, %v", len(list), err)
			}
		}
		b.ReportMetric(float64(info.Size())/float64(points), "B/point")
		b.ReportMetric(rate, "points/s")
	})
	b.Run("the fleet's last hour", func(b *testing.B) {
		for range b.N {
			list, err := s.Fleet(context.Background(), "t", start.Add(22*time.Hour), start.Add(23*time.Hour))
			if err != nil || len(list) != 20 {
				b.Fatalf("%d SKUs, %v", len(list), err)
			}
		}
	})
}

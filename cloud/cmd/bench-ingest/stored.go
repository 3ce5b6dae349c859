package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// stored is what the embedded store takes and answers with many points.
type stored struct {
	Points    int     `json:"points"`
	PerSecond float64 `json:"points_per_second"`
	Bytes     float64 `json:"bytes_per_point"` // ≤ 4, everything in the file counted
	DayMS     float64 `json:"device_day_ms"`   // ≤ 2, median
	FleetMS   float64 `json:"fleet_hour_ms"`   // ≤ 50, median
}

// measureStored writes days of a fleet that looks every 15 minutes.
func measureStored(ctx context.Context, points int, dir string) (*stored, error) {
	const perDay, devices = 96, 1000
	path := filepath.Join(dir, "stored.db")
	s, err := embedded.Open(ctx, "sqlite:"+path)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	looks := max(perDay, points/devices/skus)
	end := time.Now().UTC().Truncate(time.Hour)
	start := end.Add(-time.Duration(looks) * 15 * time.Minute)
	began := time.Now()
	for look := range looks {
		batch := make([]series.Message, devices)
		for d := range batch {
			m := series.Message{Tenant: "t", Store: fmt.Sprintf("s%d", d/10), Device: fmt.Sprintf("d%d", d), Boot: 1, Seq: uint64(look + 1),
				At: start.Add(time.Duration(look)*15*time.Minute + time.Duration(d)*7919*time.Microsecond)}
			for n := range skus {
				p := series.SlotPoint{Slot: fmt.Sprintf("%c%d", 'A'+n/5, n%5+1), GTIN: gtin(n), State: shelf.OK, Present: 2, Due: 2}
				if (look+d+n)%16 == 15 {
					p.State, p.Present = shelf.Empty, 0
				}
				m.Slots = append(m.Slots, p)
			}
			batch[d] = m
		}
		if err := s.Write(ctx, batch); err != nil {
			return nil, err
		}
	}
	r := &stored{Points: looks * devices * skus}
	r.PerSecond = float64(r.Points) / time.Since(began).Seconds()
	if err := s.Checkpoint(ctx); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	r.Bytes = float64(info.Size()) / float64(r.Points)
	r.DayMS, err = median(101, func(i int) error {
		day := series.Range{Tenant: "t", Device: fmt.Sprintf("d%d", i*7%devices), From: end.Add(-24 * time.Hour), To: end}
		list, err := s.Messages(ctx, day, 10_000)
		if err == nil && len(list) != perDay {
			err = fmt.Errorf("a device's day has %d messages, want %d", len(list), perDay)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	r.FleetMS, err = median(101, func(int) error {
		list, err := s.Fleet(ctx, "t", end.Add(-time.Hour), end)
		if err == nil && (len(list) != skus || list[0].OK+list[0].Empty != 4*devices) {
			err = fmt.Errorf("the fleet's hour is %+v", list)
		}
		return err
	})
	return r, err
}

// median times a question so many times, in milliseconds.
func median(times int, ask func(i int) error) (float64, error) {
	took := make([]time.Duration, times)
	for i := range took {
		began := time.Now()
		if err := ask(i); err != nil {
			return 0, err
		}
		took[i] = time.Since(began)
	}
	slices.Sort(took)
	return float64(took[times/2].Microseconds()) / 1000, nil
}

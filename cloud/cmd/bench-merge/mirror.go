package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/coldshelf/coldshelf/cloud/cmd/internal/benchdb"
	"github.com/coldshelf/coldshelf/cloud/internal/merge"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
)

// mirrored is what it took to bring all merged hours into InfluxDB.
type mirrored struct {
	Hours       int     `json:"hours"`
	Sec         float64 `json:"s"`
	CPU         float64 `json:"cpu_s"` // of this process
	HoursPerSec float64 `json:"hours_per_s"`
}

// mirror brings all that is merged into an InfluxDB of its own.
func (b *bench) mirror(ctx context.Context) (m *mirrored, err error) {
	dir, err := os.MkdirTemp("", "bench-influxd")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	server, err := benchdb.StartInfluxd(ctx, b.influxd, dir, "bench")
	if err != nil {
		return nil, fmt.Errorf("influxd: %w", err)
	}
	defer server.Stop()
	store, err := influx.Open(ctx, server.URL("bench"))
	if err != nil {
		return nil, err
	}
	defer store.Close()
	f := merge.NewFollower(merge.Config{DB: b.db, Series: b.points, Ledger: b.ledger, Mirror: store, Now: func() time.Time { return b.now }, Log: b.log})
	m = &mirrored{}
	began, cpu := time.Now(), cpuTime()
	for {
		n, err := f.MirrorStep(ctx, tenant)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			break
		}
		m.Hours += n
	}
	m.Sec, m.CPU = time.Since(began).Seconds(), (cpuTime() - cpu).Seconds()
	m.HoursPerSec = float64(m.Hours) / m.Sec
	if m.Hours == 0 {
		return nil, errors.New("nothing was mirrored")
	}
	return m, nil
}

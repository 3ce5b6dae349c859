package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/simulate"
)

// fleetRow is how the service does with a simulated fleet that says everything at once.
type fleetRow struct {
	Devices     int     `json:"devices"`
	Connections int     `json:"connections"` // that they share
	Messages    int64   `json:"messages"`
	Again       int64   `json:"again"` // said once more, because the answer took longer than a board waits
	Rate        float64 `json:"messages_per_second"`
	CPU         float64 `json:"cpu_ms_per_message"`
	Memory      float64 `json:"memory_mb"` // the most the service had
	PerDevice   float64 `json:"memory_kb_per_device"`
	Lost        int64   `json:"lost"`
}

// measureFleets lets fleets speak to the whole service through Mosquitto, each to a new one.
func measureFleets(ctx context.Context, o options, dir string) ([]fleetRow, error) {
	var rows []fleetRow
	for i, text := range strings.Split(o.Fleets, ",") {
		devices, err := strconv.Atoi(text)
		if err != nil {
			return nil, fmt.Errorf("-fleets: %w", err)
		}
		own := filepath.Join(dir, fmt.Sprint("fleet", i))
		if err := os.Mkdir(own, 0o700); err != nil {
			return nil, err
		}
		row, err := measureFleet(ctx, devices, own, o.Profile)
		if err != nil {
			return nil, fmt.Errorf("%d devices: %w", devices, err)
		}
		fmt.Fprintf(os.Stderr, "fleet: %+v\n", *row)
		rows = append(rows, *row)
	}
	return rows, nil
}

func measureFleet(ctx context.Context, devices int, dir, profile string) (*fleetRow, error) {
	mosquitto, broker, err := startMosquitto(ctx, dir)
	if err != nil {
		return nil, err
	}
	defer mosquitto.stop()
	if profile != "" {
		profile = fmt.Sprintf("%s-fleet%d.pprof", profile, devices)
	}
	p, err := child(ctx, "service", "-broker", broker, "-client", "bench-fleet", "-profile", profile)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	const messages = 40_000 // at least, so that small fleets are measured for long enough
	f, err := simulate.New(simulate.Config{Broker: broker, Tenant: "t", Devices: devices, Connections: min(devices, 50),
		Looks: max(1, messages/devices), Seed: 1, Drain: 30 * time.Minute, Spell: 5 * time.Minute})
	if err != nil {
		return nil, err
	}
	report, err := f.Run(ctx)
	if err := errors.Join(err, ctx.Err()); err != nil {
		return nil, err
	}
	cpu, err := p.cpu()
	if err != nil {
		return nil, err
	}
	memory, err := p.memory()
	if err != nil {
		return nil, err
	}
	return &fleetRow{Devices: devices, Connections: report.Connections, Messages: report.Messages, Again: report.Again, Rate: report.PerSecond,
		CPU: cpu.Seconds() * 1000 / float64(report.Messages), Memory: float64(memory) / (1 << 20), PerDevice: float64(memory) / 1024 / float64(devices), Lost: report.Lost}, nil
}

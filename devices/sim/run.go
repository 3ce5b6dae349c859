package sim

import (
	"context"
	"time"

	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Sink hears the readings.
type Sink interface {
	Door(open bool)
	Climate(telemetry.Climate)
	Power(telemetry.Power)
	Footfall(f telemetry.Footfall, span time.Duration)
}

// tick is how often a running cooler steps.
const tick = 200 * time.Millisecond

// Run lets the cooler live, speed times as fast as time, and tells the door's changes as they come and
// everything else every interval (of real time), until ctx ends. It returns nil.
func Run(ctx context.Context, c *Cooler, speed float64, interval time.Duration, sink Sink) error {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	told, open := last, c.State().Open
	tell(c, sink, 0)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		now := time.Now()
		c.Step(time.Duration(float64(now.Sub(last)) * speed))
		last = now
		if s := c.State(); s.Open != open {
			open = s.Open
			sink.Door(open)
		}
		if span := now.Sub(told); span >= interval {
			told = now
			tell(c, sink, span)
		}
	}
}

func tell(c *Cooler, sink Sink, span time.Duration) {
	s := c.State()
	sink.Climate(telemetry.Climate{Temp: telemetry.MilliCelsius(s.Air * 1000), HumidityPermille: telemetry.Permille(s.Humidity * 1000)})
	sink.Power(telemetry.Power{MilliVolt: s.MilliVolt, MilliAmp: s.MilliAmp, Mains: true})
	if n := c.TakeCounts(); span > 0 {
		sink.Footfall(telemetry.Footfall{In: n.In, Out: n.Out, Passing: n.Passing, Dwell: n.Dwell}, span)
	}
}

package wire

import (
	"fmt"
	"math"

	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

func telemetryToPB(c clock, t *Telemetry) *wirepb.Telemetry {
	out := &wirepb.Telemetry{
		Doors: each(t.Doors, func(d telemetry.DoorEvent) *wirepb.Door {
			return &wirepb.Door{AtUs: c.out(d.At), Open: d.Open}
		}),
		Climate: each(t.Climate, func(r telemetry.Climate) *wirepb.Climate {
			return &wirepb.Climate{AtUs: c.out(r.At), Sensor: r.Sensor, TempMc: int32(r.Temp), HumidityPermille: uint32(r.HumidityPermille)}
		}),
		Footfall: each(t.Footfall, func(f telemetry.Footfall) *wirepb.Footfall {
			return &wirepb.Footfall{
				FromUs: c.out(f.From), ToUs: c.out(f.To), Line: f.Line,
				In: uint32(f.In), Out: uint32(f.Out), Passing: uint32(f.Passing), DwellMs: uint64(f.Dwell.Milliseconds()),
			}
		}),
		Power: each(t.Power, func(p telemetry.Power) *wirepb.Power {
			return &wirepb.Power{AtUs: c.out(p.At), Mv: p.MilliVolt, Ma: p.MilliAmp, Mains: p.Mains}
		}),
	}
	if h := t.Health; h != nil {
		out.Health = &wirepb.Health{
			AtUs: c.out(h.At), UptimeMs: uint64(h.Uptime.Milliseconds()),
			OutboxMessages: h.OutboxMessages, OutboxBytes: h.OutboxBytes, OutboxOldestUs: c.outOptional(h.OutboxOldest),
			DiskFreeBytes: h.DiskFreeBytes, MemoryBytes: h.MemoryBytes, BoardTempMc: int32(h.BoardTemp), Reasons: h.Reasons,
		}
	}
	return out
}

func telemetryFromPB(c clock, t *wirepb.Telemetry) (*Telemetry, error) {
	out := &Telemetry{
		Doors: each(t.Doors, func(d *wirepb.Door) telemetry.DoorEvent {
			return telemetry.DoorEvent{At: c.in(d.GetAtUs()), Open: d.GetOpen()}
		}),
		Climate: each(t.Climate, func(r *wirepb.Climate) telemetry.Climate {
			return telemetry.Climate{
				At: c.in(r.GetAtUs()), Sensor: r.GetSensor(), Temp: telemetry.MilliCelsius(r.GetTempMc()),
				HumidityPermille: telemetry.Permille(min(r.GetHumidityPermille(), math.MaxUint16)), // check refuses more than 1000
			}
		}),
		Power: each(t.Power, func(p *wirepb.Power) telemetry.Power {
			return telemetry.Power{At: c.in(p.GetAtUs()), MilliVolt: p.GetMv(), MilliAmp: p.GetMa(), Mains: p.GetMains()}
		}),
	}
	for i, f := range t.Footfall {
		dwell, err := milliseconds("dwell", f.DwellMs)
		if err != nil {
			return nil, fmt.Errorf("telemetry: footfall %d: %w", i+1, err)
		}
		out.Footfall = append(out.Footfall, telemetry.Footfall{
			From: c.in(f.FromUs), To: c.in(f.ToUs), Line: f.Line,
			In: int(f.In), Out: int(f.Out), Passing: int(f.Passing), Dwell: dwell,
		})
	}
	if h := t.Health; h != nil {
		uptime, err := milliseconds("uptime", h.UptimeMs)
		if err != nil {
			return nil, fmt.Errorf("telemetry: health: %w", err)
		}
		out.Health = &telemetry.Health{
			At: c.in(h.AtUs), Uptime: uptime,
			OutboxMessages: h.OutboxMessages, OutboxBytes: h.OutboxBytes, OutboxOldest: c.inOptional(h.OutboxOldestUs),
			DiskFreeBytes: h.DiskFreeBytes, MemoryBytes: h.MemoryBytes, BoardTemp: telemetry.MilliCelsius(h.BoardTempMc), Reasons: h.Reasons,
		}
	}
	return out, nil
}

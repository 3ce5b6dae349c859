package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// device generates the messages of one cooler, in order. It does no I/O.
type device struct {
	id     wire.Identity
	rng    *rand.Rand
	shop   *shop
	boot   uint32
	seq    uint64
	at     time.Time // of the last look
	temp   float64   // °C
	broken bool      // its compressor is
	looks  int
}

func newDevice(cfg Config, plan *shelf.Planogram, i int, start time.Time) *device {
	rng := rand.New(rand.NewPCG(cfg.Seed, uint64(i)))
	return &device{id: wire.Identity{Tenant: cfg.Tenant, Store: fmt.Sprintf("store-%04d", i/cfg.PerStore), Device: fmt.Sprintf("sim-%06d", i)},
		rng: rng, shop: newShop(rng, plan, start), boot: 1, at: start, temp: 4, broken: rng.IntN(50) == 0}
}

// envelope returns the message with its number.
func (d *device) envelope(at time.Time, body wire.Body) *wire.Envelope {
	d.seq++
	return &wire.Envelope{Identity: d.id, Boot: d.boot, Seq: d.seq, CapturedAt: at, Clock: telemetry.NTP, Body: body}
}

func (d *device) birth() *wire.Birth {
	return &wire.Birth{AgentVersion: "simulated", Model: "simulated/1", PlanogramID: "simulated", PlanogramVersion: 1, Board: "simulated", StartedAt: d.at, BootCount: d.boot}
}

// next returns the device's messages up to its look at a time: a telemetry message with every fourth look,
// events, and the look itself.
func (d *device) next(at time.Time) []*wire.Envelope {
	at = at.UTC().Truncate(time.Microsecond)
	var out []*wire.Envelope
	if d.seq == 0 {
		out = append(out, d.envelope(at, d.birth()))
	}
	sold, restocked := d.shop.pass(d.at, at)
	if restocked {
		out = append(out, d.envelope(at, &wire.Event{At: at, Type: wire.EventRestock}))
	}
	if d.looks%4 == 0 {
		out = append(out, d.envelope(at, d.telemetry(at, sold)))
	}
	look := d.shop.look(at)
	out = append(out, d.envelope(at, &wire.Observation{Observation: look}))
	d.at = at
	d.looks++
	return out
}

// telemetry swings around 4 °C with the compressor; if that is broken, the cooler warms up in the afternoon.
func (d *device) telemetry(at time.Time, sold int) *wire.Telemetry {
	target := 4 + 0.8*math.Sin(float64(at.Unix())/700)
	if d.broken && at.Hour() >= 12 && at.Hour() < 18 {
		target = 13
	}
	d.temp += (target-d.temp)*0.3 + 0.1*d.rng.NormFloat64()
	t := &wire.Telemetry{
		Climate: []telemetry.Climate{{At: at, Temp: telemetry.MilliCelsius(d.temp * 1000), HumidityPermille: telemetry.Permille(400 + d.rng.IntN(200))}},
		Health:  &telemetry.Health{At: at, Uptime: time.Duration(d.looks) * time.Minute, DiskFreeBytes: 8 << 30, MemoryBytes: 60 << 20, BoardTemp: 52_000},
	}
	// Each purchase opens the door once.
	for i := range min(sold, 8) {
		opened := at.Add(-time.Duration(20*(8-i)) * time.Second)
		t.Doors = append(t.Doors, telemetry.DoorEvent{At: opened, Open: true}, telemetry.DoorEvent{At: opened.Add(time.Duration(4+d.rng.IntN(9)) * time.Second)})
	}
	passing := poisson(d.rng, 60*busy(at))
	t.Footfall = []telemetry.Footfall{{From: at.Add(-15 * time.Minute), To: at, In: sold + passing/6, Out: sold + passing/6, Passing: passing, Dwell: time.Duration(sold) * 11 * time.Second}}
	return t
}

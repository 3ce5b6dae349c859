package wire_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

var noon = time.Date(2026, 3, 14, 12, 0, 0, 123456000, time.UTC)

// envelope of a board that the tests share.
func envelope(seq uint64, body wire.Body) *wire.Envelope {
	return &wire.Envelope{
		Identity: wire.Identity{Tenant: "acme", Store: "sh-0042", Device: "cooler-7f3a"},
		Boot:     3, Seq: seq, CapturedAt: noon.Add(time.Duration(seq) * time.Minute), Clock: telemetry.NTP, Body: body,
	}
}

// gtin makes a valid GTIN-13 of a company prefix and an item number.
func gtin(item int) shelf.GTIN {
	body := fmt.Sprintf("69012345%04d", item)
	return shelf.GTIN(body + string(shelf.CheckDigit(body)))
}

// shelves makes an observation of 60 facings in 30 slots on 5 shelves as a 1280 × 960 picture shows
// them: boxes with a few pixels of slack, scores between 0.70 and 0.99, Compare's own judgement.
func shelves(seed uint64, at time.Time) *shelf.Observation {
	r := rand.New(rand.NewPCG(seed, 1))
	plan := &shelf.Planogram{ID: "standard-5x6", Version: 4}
	view := shelf.View{Width: 1280, Height: 960, Slots: map[string]shelf.SlotView{}}
	o := &shelf.Observation{
		CapturedAt: at, Width: 1280, Height: 960, PlanogramID: plan.ID, PlanogramVersion: plan.Version, Model: "facings-1.0+packs-1.0",
		Quality: shelf.Quality{Sharp: 412.37, Bright: 0.431, Contrast: 0.217, Clipped: 0.004},
	}
	for row := range 5 {
		level := shelf.Shelf{}
		for col := range 6 {
			slot := shelf.Slot{ID: fmt.Sprintf("%d-%02d", row+1, col+1), GTIN: gtin(1000 + r.IntN(4000)), Facings: 2, Capacity: 8, XMM: col * 150, WidthMM: 150}
			level.Slots = append(level.Slots, slot)
			box := shelf.Box{X: 60 + col*195 + r.IntN(3), Y: 40 + row*180 + r.IntN(3), W: 190 + r.IntN(5), H: 165 + r.IntN(5)}
			view.Slots[slot.ID] = shelf.SlotView{Box: box, InFrame: 1}
			for lane := range 2 {
				o.Facings = append(o.Facings, shelf.Facing{
					Box:   shelf.Box{X: box.X + 5 + lane*95 + r.IntN(8), Y: box.Y + 10 + r.IntN(8), W: 80 + r.IntN(10), H: 145 + r.IntN(10)},
					Score: float64(700+r.IntN(290)) / 1000, GTIN: slot.GTIN, SKUScore: float64(700+r.IntN(290)) / 1000,
					Shelf: row + 1, Position: col*2 + lane + 1, XMM: col*150 + 40 + lane*70 + r.IntN(6),
				})
			}
		}
		plan.Shelves = append(plan.Shelves, level)
	}
	o.Slots = shelf.Compare(plan, o.Facings, view)
	return o
}

// laterLook is the same shelf a while after: each box side moves by a pixel in one case of three,
// scores by up to 15 thousandths, and nothing was sold.
func laterLook(o *shelf.Observation, seed uint64, at time.Time) *shelf.Observation {
	r := rand.New(rand.NewPCG(seed, 2))
	out := *o
	out.CapturedAt = at
	out.Quality.Sharp, out.Quality.Bright = 409.81, 0.433
	out.Facings = append([]shelf.Facing(nil), o.Facings...)
	out.Slots = append([]shelf.SlotReading(nil), o.Slots...)
	jitter := func(v *int) {
		if r.IntN(3) == 0 {
			*v += 2*r.IntN(2) - 1
		}
	}
	score := func(v *float64) { *v = min(1, float64(int(*v*1000+0.5)+r.IntN(31)-15)/1000) }
	for i := range out.Facings {
		f := &out.Facings[i]
		jitter(&f.Box.X)
		jitter(&f.Box.Y)
		jitter(&f.Box.W)
		jitter(&f.Box.H)
		score(&f.Score)
		score(&f.SKUScore)
		jitter(&f.XMM)
	}
	return &out
}

// inflateBody gives the serialised body of a payload; withBody puts one into an envelope again.
func inflateBody(data []byte) ([]byte, error) {
	var e wirepb.Envelope
	if err := proto.Unmarshal(data, &e); err != nil {
		return nil, err
	}
	return io.ReadAll(flate.NewReader(bytes.NewReader(e.BodyDeflate)))
}

func withBody(plain []byte) []byte {
	return raw(func(e *wirepb.Envelope) { e.Seq, e.Body, e.BodyDeflate = 2, nil, deflated(plain) })
}

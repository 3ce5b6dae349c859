package wire

import (
	"fmt"
	"math"
	"strconv"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// packObservation writes a checked observation complete.
func packObservation(c clock, o *shelf.Observation) *wirepb.Observation {
	table := newTable()
	out := &wirepb.Observation{
		AtUs: c.out(o.CapturedAt), Width: uint32(o.Width), Height: uint32(o.Height),
		PlanogramId: o.PlanogramID, PlanogramVersion: uint32(o.PlanogramVersion), Model: o.Model,
		Quality: packQuality(o.Quality),
	}
	out.Slots = packSlots(o.Slots, table, nil)
	out.Facings = packFacings(cells(o), o.Slots, table, nil, nil)
	out.Gtins = table.pack()
	return out
}

// observationFromPB gives an *Observation, or a *Delta where it needs its base.
func observationFromPB(c clock, in *wirepb.Observation) (Body, error) {
	if in.BaseSeq != 0 {
		return &Delta{BaseSeq: in.BaseSeq, BaseCRC: in.BaseCrc, pb: in, clock: c}, nil
	}
	o, err := unpackObservation(c, in, nil)
	if err != nil {
		return nil, err
	}
	return &Observation{*o}, nil
}

// unpackObservation reads both forms; base is nil for the complete one.
func unpackObservation(c clock, in *wirepb.Observation, base *shelf.Observation) (*shelf.Observation, error) {
	quality, err := unpackQuality(in.Quality)
	if err != nil {
		return nil, fmt.Errorf("observation: %w", err)
	}
	o := &shelf.Observation{
		CapturedAt: c.in(in.AtUs), Width: int(in.Width), Height: int(in.Height),
		PlanogramID: in.PlanogramId, PlanogramVersion: int(in.PlanogramVersion), Model: in.Model,
		Quality: quality,
	}
	var baseCells []cell
	var baseSlots []shelf.SlotReading
	if base != nil {
		o.Width, o.Height = base.Width, base.Height
		o.PlanogramID, o.PlanogramVersion, o.Model = base.PlanogramID, base.PlanogramVersion, base.Model
		baseCells, baseSlots = cells(base), base.Slots
		if baseCells == nil {
			baseCells = []cell{}
		}
		if baseSlots == nil {
			baseSlots = []shelf.SlotReading{}
		}
	}
	table, err := unpackTable(in.Gtins)
	if err != nil {
		return nil, fmt.Errorf("observation: %w", err)
	}
	if o.Slots, err = unpackSlots(in.Slots, table, baseSlots); err != nil {
		return nil, fmt.Errorf("observation: %w", err)
	}
	now, err := unpackFacings(in.Facings, o.Slots, table, baseCells)
	if err != nil {
		return nil, fmt.Errorf("observation: %w", err)
	}
	o.Facings = facings(now, o.Slots)
	finishSlots(o.Slots)
	return o, nil
}

func packQuality(q shelf.Quality) *wirepb.Quality {
	return &wirepb.Quality{
		Reason:     uint32(q.Reason),
		SharpCenti: uint32(q.Sharp*100 + 0.5), BrightPermille: uint32(permille(q.Bright)),
		ContrastPermille: uint32(permille(q.Contrast)), ClippedPermille: uint32(permille(q.Clipped)),
		Blind: each(q.Blind, func(b shelf.Blind) *wirepb.Blind {
			return &wirepb.Blind{Box: []int32{int32(b.Box.X), int32(b.Box.Y), int32(b.Box.W), int32(b.Box.H)}, Reason: uint32(b.Reason)}
		}),
	}
}

func unpackQuality(in *wirepb.Quality) (shelf.Quality, error) {
	q := shelf.Quality{
		Reason: shelf.Reason(min(in.GetReason(), math.MaxUint8)), // check refuses what is not known
		Sharp:  float64(in.GetSharpCenti()) / 100, Bright: float64(in.GetBrightPermille()) / 1000,
		Contrast: float64(in.GetContrastPermille()) / 1000, Clipped: float64(in.GetClippedPermille()) / 1000,
	}
	for i, b := range in.GetBlind() {
		if len(b.GetBox()) != 4 {
			return q, fmt.Errorf("blind part %d: box of %d numbers", i+1, len(b.GetBox()))
		}
		q.Blind = append(q.Blind, shelf.Blind{
			Box:    shelf.Box{X: int(b.Box[0]), Y: int(b.Box[1]), W: int(b.Box[2]), H: int(b.Box[3])},
			Reason: shelf.Reason(min(b.GetReason(), math.MaxUint8)),
		})
	}
	return q, nil
}

func (c *checker) box(path string, b shelf.Box) {
	if b.X < -maxSide || b.X > maxSide || b.Y < -maxSide || b.Y > maxSide || b.W < 0 || b.W > maxSide || b.H < 0 || b.H > maxSide {
		c.fault(path, "[%d %d %d %d] is not within %d pixels", b.X, b.Y, b.W, b.H, maxSide)
	}
}

// share wants 0 to 1; NaN is neither.
func (c *checker) share(path string, v float64) {
	if !(v >= 0 && v <= 1) {
		c.fault(path, "%g is not from 0 to 1", v)
	}
}

func (c *checker) observation(o *shelf.Observation) {
	c.time("captured_at", o.CapturedAt)
	c.within("width", o.Width, 1, maxSide)
	c.within("height", o.Height, 1, maxSide)
	c.text("planogram_id", o.PlanogramID, maxName)
	c.within("planogram_version", o.PlanogramVersion, 0, 1<<31-1)
	c.text("model", o.Model, maxName)
	c.quality(&o.Quality)
	c.within("number of facings", len(o.Facings), 0, maxFacings)
	c.within("number of slots", len(o.Slots), 0, maxSlots)
	for i, f := range o.Facings {
		c.part, c.name = "facing", strconv.Itoa(i+1)
		c.box("box", f.Box)
		c.share("score", f.Score)
		c.share("sku_score", f.SKUScore)
		c.gtin("gtin", f.GTIN)
		c.within("shelf", f.Shelf, 0, maxSlots)
		c.within("position", f.Position, 0, maxFacings)
		c.within("depth", f.Depth, 0, maxFacings)
		c.within("x_mm", f.XMM, 0, maxSide)
	}
	taken := make([]bool, len(o.Facings))
	ids := names{}
	for i := range o.Slots {
		s := &o.Slots[i]
		c.part, c.name = "slot", strconv.Itoa(i+1)
		c.need("id", s.SlotID, maxName)
		if !ids.add(s.SlotID) {
			c.fault("id", "%q is there twice", s.SlotID)
		}
		c.gtin("gtin", s.GTIN)
		if !c.made { // else unpackSlots has
			c.slotNumbers(s)
			c.part, c.name = "slot", strconv.Itoa(i+1)
		}
		if (s.State == shelf.Unknown) != (s.Reason != shelf.NoReason) {
			c.fault("reason", "state %s with reason %q: unknown has one, and only unknown", s.State, s.Reason)
		}
		c.within("present", s.Present, 0, maxFacings)
		last := -1
		for _, n := range s.Seen {
			if n <= last || n >= len(taken) || taken[n] {
				c.fault("seen", "facing %d of %d: each in one slot at most, in rising order", n, len(taken))
				break
			}
			taken[n], last = true, n
		}
	}
	c.part = ""
}

// names is a set that costs little while it is small, as most are.
type names struct {
	few  [32]string
	n    int
	many map[string]bool // once there are more
}

// add is false where the name is there already.
func (s *names) add(name string) bool {
	if s.many == nil {
		for _, other := range s.few[:s.n] {
			if other == name {
				return false
			}
		}
		if s.n < len(s.few) {
			s.few[s.n] = name
			s.n++
			return true
		}
		s.many = map[string]bool{}
		for _, other := range s.few {
			s.many[other] = true
		}
	}
	known := s.many[name]
	s.many[name] = true
	return !known
}

// slotNumbers are the ranges that keep the next slot's prediction safe.
func (c *checker) slotNumbers(s *shelf.SlotReading) {
	c.part, c.name = "slot", s.SlotID
	c.within("shelf", s.Shelf, 1, maxSlots)
	c.within("facings_due", s.Due, 0, maxFacings)
	c.within("facings_present", s.Present, -maxFacings, maxFacings)
	c.within("facings_hidden", s.Hidden, 0, s.Due)
	c.within("state", int(s.State), 0, int(shelf.Foreign))
	c.within("reason", int(s.Reason), 0, int(shelf.Hidden))
	c.box("box", s.Box)
}

func (c *checker) quality(q *shelf.Quality) {
	c.within("quality: reason", int(q.Reason), 0, int(shelf.Hidden))
	if !(q.Sharp >= 0 && q.Sharp <= 1e7) {
		c.fault("quality: sharpness", "%g is not from 0 to 1e7", q.Sharp)
	}
	c.share("quality: brightness", q.Bright)
	c.share("quality: contrast", q.Contrast)
	c.share("quality: clipped", q.Clipped)
	c.within("number of quality: blind", len(q.Blind), 0, maxBlind)
	for _, b := range q.Blind {
		c.box("quality: blind box", b.Box)
		if b.Reason == shelf.NoReason || b.Reason > shelf.Hidden {
			c.fault("quality: blind reason", "%d", b.Reason)
		}
	}
}

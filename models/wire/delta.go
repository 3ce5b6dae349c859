package wire

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"google.golang.org/protobuf/proto"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// Delta is an observation told as its difference to an earlier one of the same boot, its base. A
// board takes as base only a complete observation that the store has acknowledged, so whoever
// decodes it can look the base up; one who cannot rejects it with ReasonBaseMissing. Only Decode
// makes a Delta; Encode writes it back as it was.
type Delta struct {
	BaseSeq uint64 `json:"base_seq"` // of the base, in the same boot
	BaseCRC uint32 `json:"base_crc"` // of the base's content, so that a wrong base is found out

	pb    *wirepb.Observation
	clock clock
}

// Kind is that of the observation that it stands for.
func (*Delta) Kind() Kind { return KindObservation }

func (*Delta) sealed() {}

// Resolve gives the complete observation. base is the observation with BaseSeq, as decoded or as
// read back from its JSON; Resolve reads it only. Errors: ErrBase where base is another one,
// ErrMalformed where the difference breaks a rule.
func (d *Delta) Resolve(base *shelf.Observation) (*Observation, error) {
	if base == nil {
		return nil, fmt.Errorf("%w: none", ErrBase)
	}
	c := &checker{}
	if c.observation(base); len(c.faults) > 0 {
		return nil, fmt.Errorf("%w: %w", ErrBase, c.faults[0])
	}
	if got := digest(base); got != d.BaseCRC {
		return nil, fmt.Errorf("%w: its CRC is %08x, seq %d had %08x", ErrBase, got, d.BaseSeq, d.BaseCRC)
	}
	o, err := unpackObservation(d.clock, d.pb, base)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if c.observation(o); len(c.faults) > 0 {
		return nil, fmt.Errorf("%w: observation: %w", ErrMalformed, c.faults[0])
	}
	return &Observation{*o}, nil
}

// EncodeDelta serialises an envelope that holds an *Observation as the difference to base, an
// acknowledged complete observation of the same boot with Seq baseSeq. Where the two have too little
// in common (another planogram, mount, network or picture size), or where it would not be shorter, it gives
// the complete form, as Encode does.
func EncodeDelta(e *Envelope, baseSeq uint64, base *shelf.Observation) ([]byte, error) {
	full, err := Encode(e)
	if err != nil {
		return nil, err
	}
	o, ok := e.Body.(*Observation)
	if !ok || base == nil || baseSeq == 0 || baseSeq >= e.Seq || !alike(&o.Observation, base) {
		return full, nil
	}
	c := &checker{}
	if c.observation(base); len(c.faults) > 0 {
		return nil, fmt.Errorf("%w: base: %w", ErrMalformed, c.faults[0])
	}
	table := newTable()
	now, before := cells(&o.Observation), cells(base)
	out := &wirepb.Observation{
		AtUs:    clock{e.CapturedAt.UnixMicro()}.out(o.CapturedAt),
		Quality: packQuality(o.Quality),
		BaseSeq: baseSeq, BaseCrc: digest(base),
		Slots:   packSlots(o.Slots, table, base.Slots),
		Facings: packFacings(now, o.Slots, table, before, match(now, before)),
	}
	out.Gtins = table.pack()
	short, err := seal(e, &wirepb.Body{Kind: &wirepb.Body_Observation{Observation: out}})
	if err != nil {
		return nil, err
	}
	if len(short) >= len(full) {
		return full, nil
	}
	return short, nil
}

// alike: all that a delta does not tell is the same in both.
func alike(a, b *shelf.Observation) bool {
	if a.Width != b.Width || a.Height != b.Height || a.PlanogramID != b.PlanogramID ||
		a.PlanogramVersion != b.PlanogramVersion || a.Model != b.Model || len(a.Slots) != len(b.Slots) {
		return false
	}
	for i := range a.Slots {
		s, t := &a.Slots[i], &b.Slots[i]
		if s.SlotID != t.SlotID || s.Shelf != t.Shelf || s.GTIN != t.GTIN || s.Due != t.Due || s.Box != t.Box {
			return false
		}
	}
	return true
}

// match gives each facing the place from 1 of the base's facing that it overlaps most, 0 where none
// does by half. Each of the base's facings tells one at most.
func match(now, base []cell) []int {
	const half = 0.5
	ref := make([]int, len(now))
	taken := make([]bool, len(base))
	for i, c := range now {
		best := half
		for j, b := range base {
			if taken[j] {
				continue
			}
			if iou := c.box.IoU(b.box); iou > best {
				best, ref[i] = iou, j+1
			}
		}
		if ref[i] > 0 {
			taken[ref[i]-1] = true
		}
	}
	return ref
}

// check of a delta as far as it can be judged without its base.
func (c *checker) delta(e *Envelope, d *Delta) {
	if d.BaseSeq >= e.Seq {
		c.fault("base_seq", "%d is not before the message's %d", d.BaseSeq, e.Seq)
	}
	c.time("captured_at", d.clock.in(d.pb.AtUs))
	quality, err := unpackQuality(d.pb.Quality)
	if err != nil {
		c.faults = append(c.faults, err)
	}
	c.quality(&quality)
	if n := d.pb.GetFacings().GetCount(); n > maxFacings {
		c.fault("number of facings", "%d, the limit is %d", n, maxFacings)
	}
	if proto.Size(d.pb) > MaxMessage {
		c.fault("delta", "%d bytes, the limit is %d", proto.Size(d.pb), MaxMessage)
	}
}

// digest is the CRC-32 (IEEE) over the numbers that a delta builds upon, each as a little-endian
// int64, in this order: width, height, planogram version; of each facing x, y, w, h, score and SKU
// score in permille, GTIN, shelf, position, x_mm, depth, place of its slot from 1; of each slot
// shelf, GTIN, due, x, y, w, h, state, reason, then its ID's bytes.
func digest(o *shelf.Observation) uint32 {
	var buf []byte
	add := func(values ...int) {
		for _, v := range values {
			buf = binary.LittleEndian.AppendUint64(buf, uint64(v))
		}
	}
	add(o.Width, o.Height, o.PlanogramVersion)
	for _, c := range cells(o) {
		add(c.box.X, c.box.Y, c.box.W, c.box.H, c.score, c.skuScore, int(gtinNumber(c.gtin)), c.shelf, c.position, c.mm, c.depth, c.slot)
	}
	for _, s := range o.Slots {
		add(s.Shelf, int(gtinNumber(s.GTIN)), s.Due, s.Box.X, s.Box.Y, s.Box.W, s.Box.H, int(s.State), int(s.Reason))
		buf = append(buf, s.SlotID...)
	}
	return crc32.ChecksumIEEE(buf)
}

package wire

import (
	"sync"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// Most of what an ingester reads are observations. protobuf's own reader makes a dozen columns and a
// text for each slot of which nothing is kept; this one uses its columns again and puts all texts into
// one. It reads only what Encode writes, field for field in that order, and leaves everything else,
// broken or not, to protobuf's: what a message means is decided there alone. Where this reader
// says yes, both give the same (FuzzQuick).

// quick holds the columns.
type quick struct {
	body    wirepb.Observation
	quality wirepb.Quality
	slots   wirepb.Slots
	facings wirepb.Facings
	text    []byte // of all slots' names
	ends    []int  // of each of them
}

var quicks = sync.Pool{New: func() any { return &quick{} }}

// fields goes through a message's fields; each comes at most once, in rising order, unless again says that
// it may be repeated.
type fields struct {
	rest   []byte
	num    protowire.Number
	kind   protowire.Type
	number uint64 // of a varint
	bytes  []byte // of a length-delimited field
	bad    bool
}

// next is false at the end, and where the message is not as Encode writes it.
func (f *fields) next(again protowire.Number) bool {
	if len(f.rest) == 0 || f.bad {
		return false
	}
	num, kind, n := protowire.ConsumeTag(f.rest)
	if n < 0 || num < f.num || num == f.num && num != again {
		f.bad = true
		return false
	}
	f.rest = f.rest[n:]
	switch kind {
	case protowire.VarintType:
		f.number, n = protowire.ConsumeVarint(f.rest)
	case protowire.BytesType:
		f.bytes, n = protowire.ConsumeBytes(f.rest)
	default:
		n = -1
	}
	if n < 0 {
		f.bad = true
		return false
	}
	f.rest, f.num, f.kind = f.rest[n:], num, kind
	return true
}

func (f *fields) uint32() uint32 {
	if f.kind != protowire.VarintType || f.number > 1<<32-1 {
		f.bad = true
	}
	return uint32(f.number)
}

func (f *fields) message() []byte {
	if f.kind != protowire.BytesType {
		f.bad = true
		return nil
	}
	return f.bytes
}

func (f *fields) string() string {
	b := f.message()
	if !utf8.Valid(b) {
		f.bad = true
	}
	return string(b)
}

// column32 reads packed numbers into one that is used again; most take one byte.
func column32[T int32 | uint32](f *fields, into []T, value func(uint64) T) []T {
	into = into[:0]
	for b := f.message(); len(b) > 0; {
		v, n := uint64(b[0]), 1
		if v >= 0x80 {
			if v, n = protowire.ConsumeVarint(b); n < 0 || v > 1<<32-1 {
				f.bad = true
				return into
			}
		}
		into, b = append(into, value(v)), b[n:]
	}
	return into
}

func signed(v uint64) int32 { return int32(protowire.DecodeZigZag(v)) }

func plain(v uint64) uint32 { return uint32(v) }

// observation reads a body that is one observation in its complete form. What it gives is good until the
// next call.
func (q *quick) observation(body []byte) (*wirepb.Observation, bool) {
	outer := fields{rest: body}
	if !outer.next(0) || outer.num != fieldObservation || outer.kind != protowire.BytesType || len(outer.rest) > 0 {
		return nil, false
	}
	o := &q.body
	gtins := o.Gtins[:0]
	o.AtUs, o.Width, o.Height, o.PlanogramId, o.PlanogramVersion, o.Model = 0, 0, 0, "", 0, ""
	o.Quality, o.Gtins, o.Facings, o.Slots = nil, nil, nil, nil
	f := fields{rest: outer.bytes}
	for f.next(0) {
		switch f.num {
		case 1:
			if o.AtUs = protowire.DecodeZigZag(f.number); f.kind != protowire.VarintType {
				f.bad = true
			}
		case 2:
			o.Width = f.uint32()
		case 3:
			o.Height = f.uint32()
		case 4:
			o.PlanogramId = f.string()
		case 5:
			o.PlanogramVersion = f.uint32()
		case 6:
			o.Model = f.string()
		case 7:
			o.Quality = &q.quality
			f.bad = f.bad || !q.readQuality(f.message())
		case 8:
			for b := f.message(); len(b) > 0 && !f.bad; {
				v, n := protowire.ConsumeVarint(b)
				if n < 0 {
					f.bad = true
					break
				}
				gtins, b = append(gtins, protowire.DecodeZigZag(v)), b[n:]
			}
			o.Gtins = gtins
		case 9:
			o.Facings = &q.facings
			f.bad = f.bad || !q.readFacings(f.message())
		case 10:
			o.Slots = &q.slots
			f.bad = f.bad || !q.readSlots(f.message())
		default: // also that of a difference, which outlives this call
			f.bad = true
		}
	}
	return o, !f.bad
}

func (q *quick) readQuality(data []byte) bool {
	v := &q.quality
	v.Reason, v.SharpCenti, v.BrightPermille, v.ContrastPermille, v.ClippedPermille = 0, 0, 0, 0, 0
	f := fields{rest: data}
	for f.next(0) {
		switch f.num {
		case 1:
			v.Reason = f.uint32()
		case 3:
			v.SharpCenti = f.uint32()
		case 4:
			v.BrightPermille = f.uint32()
		case 5:
			v.ContrastPermille = f.uint32()
		case 6:
			v.ClippedPermille = f.uint32()
		default: // blind parts are rare
			f.bad = true
		}
	}
	return !f.bad
}

func (q *quick) readFacings(data []byte) bool {
	v := &q.facings
	v.Count, v.Gtin = 0, v.Gtin[:0]
	columns := [...]*[]int32{2: &v.X, 3: &v.Y, 4: &v.W, 5: &v.H, 6: &v.Score, 7: &v.SkuScore, 8: &v.Slot, 10: &v.Shelf, 11: &v.Position, 12: &v.Depth, 13: &v.Ref, 14: &v.XMm}
	empty(columns[:])
	f := fields{rest: data}
	for f.next(0) {
		switch {
		case f.num == 1:
			v.Count = f.uint32()
		case f.num == 9:
			v.Gtin = column32(&f, v.Gtin, plain)
		case int(f.num) < len(columns):
			*columns[f.num] = column32(&f, *columns[f.num], signed)
		default:
			f.bad = true
		}
	}
	return !f.bad
}

func (q *quick) readSlots(data []byte) bool {
	v := &q.slots
	v.Count, v.Id = 0, v.Id[:0]
	q.text, q.ends = q.text[:0], q.ends[:0]
	columns := [...]*[]int32{3: &v.Shelf, 4: &v.Gtin, 5: &v.Due, 6: &v.X, 7: &v.Y, 8: &v.W, 9: &v.H, 10: &v.State, 11: &v.Reason, 12: &v.Present, 13: &v.Hidden}
	empty(columns[:])
	f := fields{rest: data}
	for f.next(2) {
		switch {
		case f.num == 1:
			v.Count = f.uint32()
		case f.num == 2:
			q.text = append(q.text, f.message()...)
			q.ends = append(q.ends, len(q.text))
		case int(f.num) < len(columns):
			*columns[f.num] = column32(&f, *columns[f.num], signed)
		default:
			f.bad = true
		}
	}
	if !f.bad {
		all, from := string(q.text), 0
		for _, to := range q.ends {
			name := all[from:to]
			f.bad = f.bad || !utf8.ValidString(name)
			v.Id, from = append(v.Id, name), to
		}
	}
	return !f.bad
}

func empty(columns []*[]int32) {
	for _, c := range columns {
		if c != nil {
			*c = (*c)[:0]
		}
	}
}

// quickLimit bounds what columns that are used again can hold on to.
const quickLimit = 64 << 10

// quickBody reads a body that is one complete observation; nil without an error leaves it to protobuf.
func quickBody(e *Envelope, body []byte) (Body, error) {
	if len(body) > quickLimit {
		return nil, nil
	}
	q, ok := quicks.Get().(*quick)
	if !ok {
		return nil, nil
	}
	defer quicks.Put(q)
	o, ok := q.observation(body)
	if !ok {
		return nil, nil
	}
	return observationFromPB(clock{e.CapturedAt.UnixMicro()}, o)
}

// quickEnvelope reads an envelope with a deflated body, which it does not copy.
func quickEnvelope(data []byte, in *wirepb.Envelope) bool {
	f := fields{rest: data}
	for f.next(0) {
		switch f.num {
		case 1:
			in.Version = f.uint32()
		case 2:
			in.Tenant = f.string()
		case 3:
			in.Store = f.string()
		case 4:
			in.Device = f.string()
		case 5:
			in.Boot = f.uint32()
		case 6, 7:
			if f.kind != protowire.VarintType {
				return false
			}
			if f.num == 6 {
				in.Seq = f.number
			} else {
				in.CapturedAtUs = int64(f.number)
			}
		case 8:
			if f.number > 1<<30 { // what larger ones mean is protobuf's to say
				return false
			}
			in.Clock = wirepb.Clock(f.uint32())
		case 10:
			in.BodyDeflate = f.message()
		default:
			return false
		}
	}
	return !f.bad && in.BodyDeflate != nil
}

package embedded

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/varint"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// A body has one byte per slot (the state in the low three bits, and above them the number of facings present
// or the reason why the slot is unknown; 31 means that a varint follows after the slots). After the slots come
// sections, each with a tag, a count, and that many entries. The times of entries are differences from the
// entry before; the first is relative to the message's own time. Numbers are varints, and texts are preceded by
// their length.
const (
	tagDoors = iota + 1
	tagClimate
	tagFootfall
	tagPower
	tagEvents
)

const escape = 31

var errBroken = errors.New("broken series row")

func packBody(m *series.Message) []byte {
	out := make([]byte, 0, len(m.Slots)+16*(len(m.Doors)+len(m.Climate)+len(m.Footfall)+len(m.Power)+len(m.Events)))
	var more []byte
	for _, p := range m.Slots {
		high := uint64(p.Present)
		if p.State == shelf.Unknown {
			high = uint64(p.Reason)
		}
		if high >= escape {
			more = binary.AppendUvarint(more, high)
			high = escape
		}
		out = append(out, byte(p.State)|byte(high)<<3)
	}
	w := writer{Writer: varint.Writer{Buf: append(out, more...)}, last: m.At.UnixMicro()}
	if w.section(tagDoors, len(m.Doors)) {
		for _, d := range m.Doors {
			w.time(d.At)
			w.Bool(d.Open)
		}
	}
	if w.section(tagClimate, len(m.Climate)) {
		for _, c := range m.Climate {
			w.time(c.At)
			w.Text(c.Sensor)
			w.Int(int64(c.Temp))
			w.Uint(uint64(c.HumidityPermille))
		}
	}
	if w.section(tagFootfall, len(m.Footfall)) {
		for _, f := range m.Footfall {
			w.time(f.From)
			w.time(f.To)
			w.Text(f.Line)
			w.Uint(uint64(f.In))
			w.Uint(uint64(f.Out))
			w.Uint(uint64(f.Passing))
			w.Uint(uint64(f.Dwell.Milliseconds()))
		}
	}
	if w.section(tagPower, len(m.Power)) {
		for _, p := range m.Power {
			w.time(p.At)
			w.Int(int64(p.MilliVolt))
			w.Int(int64(p.MilliAmp))
			w.Bool(p.Mains)
		}
	}
	if w.section(tagEvents, len(m.Events)) {
		for _, e := range m.Events {
			w.time(e.At)
			w.Text(e.Type)
			w.Text(e.Slot)
			w.Text(string(e.GTIN))
		}
	}
	return w.Buf
}

// unpackBody fills m from a body. m.Slots must already have been set from the shape.
func unpackBody(m *series.Message, body []byte) error {
	if len(body) < len(m.Slots) {
		return errBroken
	}
	r := reader{Reader: varint.NewReader(body[len(m.Slots):]), last: m.At.UnixMicro()}
	for i := range m.Slots {
		p := &m.Slots[i]
		p.State = shelf.State(body[i] & 7)
		high := uint64(body[i] >> 3)
		if high == escape {
			high = r.Uint()
		}
		if p.State == shelf.Unknown {
			p.Reason = shelf.Reason(high)
		} else {
			p.Present = int(high)
		}
	}
	for r.Left() > 0 && !r.Broken() {
		tag, n := r.Uint(), r.Uint()
		if n > uint64(r.Left()) { // each entry takes at least one byte
			return errBroken
		}
		for range n {
			switch tag {
			case tagDoors:
				m.Doors = append(m.Doors, telemetry.DoorEvent{At: r.time(), Open: r.Bool()})
			case tagClimate:
				m.Climate = append(m.Climate, telemetry.Climate{At: r.time(), Sensor: r.Text(),
					Temp: telemetry.MilliCelsius(r.Int()), HumidityPermille: telemetry.Permille(r.Uint())})
			case tagFootfall:
				m.Footfall = append(m.Footfall, telemetry.Footfall{From: r.time(), To: r.time(), Line: r.Text(),
					In: int(r.Uint()), Out: int(r.Uint()), Passing: int(r.Uint()), Dwell: time.Duration(r.Uint()) * time.Millisecond})
			case tagPower:
				m.Power = append(m.Power, telemetry.Power{At: r.time(), MilliVolt: int32(r.Int()), MilliAmp: int32(r.Int()), Mains: r.Bool()})
			case tagEvents:
				m.Events = append(m.Events, series.Event{At: r.time(), Type: r.Text(), Slot: r.Text(), GTIN: shelf.GTIN(r.Text())})
			default:
				return errBroken
			}
		}
	}
	if r.Broken() {
		return errBroken
	}
	return nil
}

// packShape encodes what the observations of a device have in common.
func packShape(slots []series.SlotPoint) []byte {
	if len(slots) == 0 {
		return []byte{}
	}
	var w writer
	w.Buf = make([]byte, 0, 24*len(slots))
	for _, p := range slots {
		w.Text(p.Slot)
		w.Text(string(p.GTIN))
		w.Uint(uint64(p.Due))
	}
	return w.Buf
}

func unpackShape(body []byte) ([]series.SlotPoint, error) {
	var slots []series.SlotPoint
	r := reader{Reader: varint.NewReader(body)}
	for r.Left() > 0 && !r.Broken() {
		slots = append(slots, series.SlotPoint{Slot: r.Text(), GTIN: shelf.GTIN(r.Text()), Due: int(r.Uint())})
	}
	if r.Broken() {
		return nil, errBroken
	}
	return slots, nil
}

package influx

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// The names of measurements.
const (
	shelfPoints    = "shelf"
	lookPoints     = "look"
	doorPoints     = "door"
	climatePoints  = "climate"
	footfallPoints = "footfall"
	powerPoints    = "power"
	eventPoints    = "event"
)

// builder appends points in line protocol.
type builder struct {
	buf        []byte
	m          *series.Message
	head, tail string // tags shared by all points of the message; the server is faster if tags are in order
}

var errTag = errors.New("a name holds a line break, or ends in a backslash, which InfluxDB cannot hold")

// tag escapes the value of a tag. An empty one must be left out, as the protocol demands.
var tag = strings.NewReplacer(",", `\,`, " ", `\ `, "=", `\=`)

var text = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func fits(names ...string) bool {
	for _, n := range names {
		if strings.ContainsAny(n, "\n\r\t") || strings.HasSuffix(n, `\`) {
			return false
		}
	}
	return true
}

// appendLines appends a message's points to buf.
func appendLines(buf []byte, m *series.Message) ([]byte, error) {
	b := builder{buf: buf, m: m, head: ",device=" + tag.Replace(m.Device), tail: ",store=" + tag.Replace(m.Store) + ",tenant=" + tag.Replace(m.Tenant)}
	if len(m.Slots) > 0 {
		if err := b.shelf(); err != nil {
			return buf, err
		}
	}
	for i, d := range m.Doors {
		b.point(doorPoints, d.At, i, nil, "open", d.Open)
	}
	for i, c := range m.Climate {
		if !fits(c.Sensor) {
			return buf, errTag
		}
		b.point(climatePoints, c.At, i, []string{"sensor", c.Sensor}, "temp_mc", int64(c.Temp), "humidity_permille", int64(c.HumidityPermille))
	}
	for i, f := range m.Footfall {
		if !fits(f.Line) {
			return buf, errTag
		}
		b.point(footfallPoints, f.To, i, []string{"line", f.Line}, "from", f.From.UnixMicro(), "in", int64(f.In), "out", int64(f.Out),
			"passing", int64(f.Passing), "dwell_ms", f.Dwell.Milliseconds())
	}
	for i, p := range m.Power {
		b.point(powerPoints, p.At, i, nil, "mv", int64(p.MilliVolt), "ma", int64(p.MilliAmp), "mains", p.Mains)
	}
	for i, e := range m.Events {
		if !fits(e.Slot) {
			return buf, errTag
		}
		b.point(eventPoints, e.At, i, []string{"type", e.Type}, "slot", e.Slot, "gtin", string(e.GTIN))
	}
	return b.buf, nil
}

// shelf appends a look and its slots. Only the look says which place each slot has and to which message it
// belongs. Whatever follows from other fields is left out, because each field of each slot costs the server as
// much as the rest of it.
func (b *builder) shelf() error {
	order := make([]string, len(b.m.Slots))
	for i := range b.m.Slots {
		p := &b.m.Slots[i]
		if !fits(p.Slot) {
			return errTag
		}
		order[i] = p.Slot
		b.open(shelfPoints)
		if p.GTIN != "" {
			b.tag("gtin", string(p.GTIN))
		}
		if p.Slot != "" {
			b.tag("slot", p.Slot)
		}
		b.buf = append(b.buf, b.tail...)
		if p.State == shelf.Unknown {
			b.field(" state=", int64(p.State))
			b.field(",due=", int64(p.Due))
			b.field(",reason=", int64(p.Reason))
		} else {
			b.field(" present=", int64(p.Present))
			if p.State != shelf.OK {
				b.field(",state=", int64(p.State))
			}
			if missing := p.Due - p.Present; missing != 0 {
				b.field(",missing=", int64(missing))
			}
		}
		b.time(b.m.At)
	}
	b.point(lookPoints, b.m.At, 0, nil, "slots", int64(len(b.m.Slots)), "order", strings.Join(order, orderSep))
	return nil
}

// orderSep separates the slots of a look; no slot name contains it.
const orderSep = "\t"

func (b *builder) open(measurement string) {
	b.buf = append(b.buf, measurement...)
	b.buf = append(b.buf, b.head...)
}

func (b *builder) tag(name, value string) {
	b.buf = append(b.buf, ',')
	b.buf = append(b.buf, name...)
	b.buf = append(b.buf, '=')
	b.buf = append(b.buf, tag.Replace(value)...)
}

func (b *builder) int(v int64) { b.buf = append(strconv.AppendInt(b.buf, v, 10), 'i') }

func (b *builder) field(name string, v int64) {
	b.buf = append(b.buf, name...)
	b.int(v)
}

func (b *builder) time(at time.Time) {
	b.buf = append(b.buf, ' ')
	b.buf = strconv.AppendInt(b.buf, at.UnixMicro()*1000+int64(b.m.Seq%1000), 10)
	b.buf = append(b.buf, '\n')
}

// point appends a point that itself says to which message it belongs. tags and fields alternate between names
// and values.
func (b *builder) point(measurement string, at time.Time, place int, tags []string, fields ...any) {
	b.line(measurement, at, tags, append(fields, "place", int64(place), "boot", int64(b.m.Boot), "seq", int64(b.m.Seq), "mat", b.m.At.UnixMicro()))
}

// line appends a point. The tags must be in order.
func (b *builder) line(measurement string, at time.Time, tags []string, fields []any) {
	b.open(measurement)
	tail := b.tail
	for i := 0; i < len(tags); i += 2 {
		if tags[i] > "tenant" {
			b.buf = append(b.buf, tail...)
			tail = ""
		}
		if tags[i+1] != "" {
			b.tag(tags[i], tags[i+1])
		}
	}
	b.buf = append(b.buf, tail...)
	sep := byte(' ')
	for i := 0; i < len(fields); i += 2 {
		b.buf = append(b.buf, sep)
		sep = ','
		b.buf = append(b.buf, fields[i].(string)...)
		b.buf = append(b.buf, '=')
		switch v := fields[i+1].(type) {
		case int64:
			b.int(v)
		case float64:
			b.buf = strconv.AppendFloat(b.buf, v, 'g', -1, 64)
		case bool:
			b.buf = strconv.AppendBool(b.buf, v)
		case string:
			b.buf = append(b.buf, '"')
			b.buf = append(b.buf, text.Replace(v)...)
			b.buf = append(b.buf, '"')
		}
	}
	b.time(at)
}

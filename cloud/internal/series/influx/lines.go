package influx

import (
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Names of measurements.
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
	buf  []byte
	m    *series.Message
	head string // tags that all points of the message share
}

var errTag = errors.New("a name holds a line break, or ends in a backslash, which InfluxDB cannot hold")

// tag escapes a tag's value; an empty one is left out, as the protocol wants.
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
	b := builder{buf: buf, m: m, head: ",tenant=" + tag.Replace(m.Tenant) + ",store=" + tag.Replace(m.Store) + ",device=" + tag.Replace(m.Device)}
	if len(m.Slots) > 0 {
		b.point(lookPoints, m.At, 0, nil, "slots", int64(len(m.Slots)))
	}
	for i, p := range m.Slots {
		if !fits(p.Slot) {
			return buf, errTag
		}
		fields := []any{"state", int64(p.State), "present", int64(p.Present), "due", int64(p.Due), "place", int64(i)}
		if p.Reason != shelf.NoReason {
			fields = append(fields, "reason", int64(p.Reason))
		}
		b.line(shelfPoints, m.At, []string{"gtin", string(p.GTIN), "slot", p.Slot}, fields)
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

// point appends one that says itself which message it is of; tags and fields are names and values in turn.
func (b *builder) point(measurement string, at time.Time, place int, tags []string, fields ...any) {
	b.line(measurement, at, tags, append(fields, "place", int64(place), "boot", int64(b.m.Boot), "seq", int64(b.m.Seq), "mat", b.m.At.UnixMicro()))
}

func (b *builder) line(measurement string, at time.Time, tags []string, fields []any) {
	b.buf = append(b.buf, measurement...)
	b.buf = append(b.buf, b.head...)
	for i := 0; i < len(tags); i += 2 {
		if tags[i+1] != "" {
			b.buf = append(b.buf, ',')
			b.buf = append(b.buf, tags[i]...)
			b.buf = append(b.buf, '=')
			b.buf = append(b.buf, tag.Replace(tags[i+1])...)
		}
	}
	sep := byte(' ')
	for i := 0; i < len(fields); i += 2 {
		b.buf = append(b.buf, sep)
		sep = ','
		b.buf = append(b.buf, fields[i].(string)...)
		b.buf = append(b.buf, '=')
		switch v := fields[i+1].(type) {
		case int64:
			b.buf = append(strconv.AppendInt(b.buf, v, 10), 'i')
		case bool:
			b.buf = strconv.AppendBool(b.buf, v)
		case string:
			b.buf = append(b.buf, '"')
			b.buf = append(b.buf, text.Replace(v)...)
			b.buf = append(b.buf, '"')
		}
	}
	b.buf = append(b.buf, ' ')
	b.buf = strconv.AppendInt(b.buf, at.UnixMicro()*1000+int64(b.m.Seq%1000), 10)
	b.buf = append(b.buf, '\n')
}

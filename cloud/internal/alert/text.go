package alert

import (
	"encoding/json"
	"strconv"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// A state and a look are written with each message of a device, and encoding/json takes longer to encode them
// than the machine to judge. The code below encodes the parts of which there are many, in the same way as
// encoding/json, which encodes the rest and decodes everything.

// text returns the state as JSON.
func (s State) text() ([]byte, error) {
	head := s
	head.Trackers = nil
	out, err := json.Marshal(head)
	if err != nil || len(s.Trackers) == 0 {
		return out, err
	}
	out = more(out, `"t":{`)
	for i, id := range sortedKeys(s.Trackers) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendText(out, id), ':')
		if out, err = s.Trackers[id].appendTo(out); err != nil {
			return nil, err
		}
	}
	return append(out, "}}"...), nil
}

// more reopens an object that was closed, for another member.
func more(object []byte, member string) []byte {
	object = object[:len(object)-1]
	if len(object) > 1 {
		object = append(object, ',')
	}
	return append(object, member...)
}

// members writes an object member by member.
type members struct {
	buf   []byte
	any   bool
	fault error
}

func (m *members) name(name string) {
	if m.any {
		m.buf = append(m.buf, ',')
	}
	m.any = true
	m.buf = append(m.buf, '"')
	m.buf = append(m.buf, name...)
	m.buf = append(m.buf, `":`...)
}

func (m *members) text(name, v string) {
	m.name(name)
	m.buf = appendText(m.buf, v)
}

func (m *members) int(name string, v int) {
	m.name(name)
	m.buf = strconv.AppendInt(m.buf, int64(v), 10)
}

func (m *members) mark(name string, v Mark) {
	if !v.IsZero() {
		m.name(name)
		m.buf = v.appendTo(m.buf)
	}
}

func (m *members) other(name string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		m.fault = err
		return
	}
	m.name(name)
	m.buf = append(m.buf, data...)
}

func (t tracker) appendTo(out []byte) ([]byte, error) {
	m := members{buf: append(out, '{')}
	if t.GTIN != "" {
		m.text("g", string(t.GTIN))
	}
	if t.Window != "" {
		m.text("w", t.Window)
	}
	m.mark("lg", t.LastGood)
	m.mark("fb", t.FirstBad)
	m.mark("lb", t.LastBad)
	m.mark("fg", t.FirstGood)
	if t.Goods != 0 {
		m.int("n", t.Goods)
	}
	if t.Open != nil {
		m.other("o", t.Open)
	}
	if len(t.Closed) > 0 {
		m.other("c", t.Closed)
	}
	return append(m.buf, '}'), m.fault
}

// text returns the look as JSON.
func (l Look) text() ([]byte, error) {
	head := l
	head.Slots = nil
	out, err := json.Marshal(head)
	if err != nil || len(l.Slots) == 0 {
		return out, err
	}
	out = more(out, `"s":[`)
	for i := range l.Slots {
		if i > 0 {
			out = append(out, ',')
		}
		out = l.Slots[i].appendTo(out)
	}
	return append(out, "]}"...), nil
}

func (s *Slot) appendTo(out []byte) []byte {
	m := members{buf: append(out, '{')}
	m.text("i", s.ID)
	m.text("g", string(s.GTIN))
	m.text("s", s.State.String())
	if s.Reason != shelf.NoReason {
		m.text("r", s.Reason.String())
	}
	m.int("d", s.Due)
	if s.Present != 0 {
		m.int("n", s.Present)
	}
	if s.Box != (shelf.Box{}) {
		m.name("b")
		for i, v := range [...]int{s.Box.X, s.Box.Y, s.Box.W, s.Box.H} {
			m.buf = strconv.AppendInt(append(m.buf, "[,,,"[i]), int64(v), 10)
		}
		m.buf = append(m.buf, ']')
	}
	return append(m.buf, '}')
}

// appendText writes a text as it is if nothing in it has to be escaped in JSON.
func appendText(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			quoted, _ := json.Marshal(s) // a text can always be encoded
			return append(out, quoted...)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

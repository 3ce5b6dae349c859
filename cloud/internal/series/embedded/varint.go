package embedded

import (
	"encoding/binary"
	"time"
)

// writer appends numbers and texts; last is the time before, in microseconds.
type writer struct {
	buf  []byte
	last int64
}

func (w *writer) section(tag, n int) bool {
	if n == 0 {
		return false
	}
	w.uint(uint64(tag))
	w.uint(uint64(n))
	return true
}

func (w *writer) uint(v uint64) { w.buf = binary.AppendUvarint(w.buf, v) }
func (w *writer) int(v int64)   { w.buf = binary.AppendVarint(w.buf, v) }

func (w *writer) bool(v bool) {
	if v {
		w.buf = append(w.buf, 1)
		return
	}
	w.buf = append(w.buf, 0)
}

func (w *writer) text(s string) {
	w.uint(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

func (w *writer) time(t time.Time) {
	now := t.UnixMicro()
	w.int(now - w.last)
	w.last = now
}

// reader takes apart what writer made; broken is set for good at the first fault.
type reader struct {
	buf    []byte
	last   int64
	broken bool
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.broken, r.buf = true, nil
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.buf)
	if n <= 0 {
		r.broken, r.buf = true, nil
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

func (r *reader) bool() bool { return r.uint() != 0 }

func (r *reader) text() string {
	n := r.uint()
	if n > uint64(len(r.buf)) {
		r.broken, r.buf = true, nil
		return ""
	}
	s := string(r.buf[:n])
	r.buf = r.buf[n:]
	return s
}

func (r *reader) time() time.Time {
	r.last += r.int()
	return time.UnixMicro(r.last).UTC()
}

package embedded

import (
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/varint"
)

// writer appends numbers and texts. last is the time written before, in microseconds.
type writer struct {
	varint.Writer
	last int64
}

func (w *writer) section(tag, n int) bool {
	if n == 0 {
		return false
	}
	w.Uint(uint64(tag))
	w.Uint(uint64(n))
	return true
}

func (w *writer) time(t time.Time) {
	now := t.UnixMicro()
	w.Int(now - w.last)
	w.last = now
}

// reader decodes what writer has written.
type reader struct {
	varint.Reader
	last int64
}

func (r *reader) time() time.Time {
	r.last += r.Int()
	return time.UnixMicro(r.last).UTC()
}

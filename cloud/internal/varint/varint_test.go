package varint_test

import (
	"bytes"
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/varint"
)

func TestWhatIsWrittenIsRead(t *testing.T) {
	var w varint.Writer
	w.Uint(math.MaxUint64)
	w.Int(math.MinInt64)
	w.Bool(true)
	w.Text("可乐")
	w.Raw("abc")
	r := varint.NewReader(w.Buf)
	if u, i, b, s, raw := r.Uint(), r.Int(), r.Bool(), r.Text(), r.Raw(3); u != math.MaxUint64 || i != math.MinInt64 || !b || s != "可乐" || raw != "abc" {
		t.Errorf("got %d %d %t %q %q", u, i, b, s, raw)
	}
	if r.Broken() || r.Left() != 0 {
		t.Errorf("broken %t, %d bytes left", r.Broken(), r.Left())
	}
	if r.Int() != 0 || !r.Broken() || r.Text() != "" {
		t.Error("reading beyond the end is no fault")
	}
}

// FuzzReader: whatever the bytes, a reader ends, and gives no more than there was.
func FuzzReader(f *testing.F) {
	f.Add([]byte{3, 'a', 'b', 'c', 0x80})
	f.Add(bytes.Repeat([]byte{0xff}, 12))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := varint.NewReader(data)
		for r.Left() > 0 {
			before := r.Left()
			if s := r.Text(); len(s) > before {
				t.Fatalf("%d bytes from %d", len(s), before)
			}
			if !r.Broken() && r.Left() >= before {
				t.Fatal("nothing was read")
			}
		}
	})
}

package state_test

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// TestRanges compares the set of ranges with a plain map.
func TestRanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var got state.Ranges
		want := map[uint64]bool{}
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			from := rapid.Uint64Range(0, 40).Draw(t, "from")
			to := from + rapid.Uint64Range(0, 5).Draw(t, "more")
			var added uint64
			for n := from; n <= to; n++ {
				if !want[n] {
					added++
				}
				want[n] = true
			}
			if n := got.AddRange(from, to); n != added {
				t.Fatalf("AddRange(%d, %d) = %d, want %d", from, to, n, added)
			}
		}
		back, err := state.DecodeRanges(got.Bytes())
		if err != nil {
			t.Fatalf("decode %x: %v", got.Bytes(), err)
		}
		for n := uint64(0); n <= 46; n++ {
			if back.Has(n) != want[n] {
				t.Fatalf("Has(%d) = %v, want %v; ranges %v", n, back.Has(n), want[n], back.List())
			}
			end, ok := back.Through(n)
			last := n
			for want[last+1] {
				last++
			}
			if ok != want[n] || ok && end != last {
				t.Fatalf("Through(%d) = %d, %v, want %d, %v", n, end, ok, last, want[n])
			}
		}
	})
}

func FuzzDecodeRanges(f *testing.F) {
	f.Add([]byte{1, 9, 3, 0})
	f.Add([]byte{0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := state.DecodeRanges(data)
		if err != nil {
			return
		}
		again, err := state.DecodeRanges(r.Bytes())
		if err != nil || !bytes.Equal(again.Bytes(), r.Bytes()) {
			t.Errorf("%v does not come back: %v, %v", r.List(), again.List(), err)
		}
	})
}

package state

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"
)

// Range is the set of numbers from From to To, both included.
type Range struct{ From, To uint64 }

// Ranges is a set of sequence numbers, stored as ascending ranges that do not touch. A device whose messages
// have all arrived is a single range, however many they are; each gap adds one. The zero value is the empty
// set.
type Ranges struct{ list []Range }

// Add inserts one number and reports whether it was missing.
func (r *Ranges) Add(n uint64) bool { return r.AddRange(n, n) > 0 }

// AddRange inserts the numbers from from to to and returns how many of them were missing.
func (r *Ranges) AddRange(from, to uint64) uint64 {
	if from > to {
		return 0
	}
	// Find the first range that touches or follows from, and the first that lies entirely after to.
	first := sort.Search(len(r.list), func(i int) bool { return r.list[i].To >= from || r.list[i].To+1 == from })
	last := first
	added, merged := to-from+1, Range{from, to}
	for last < len(r.list) && (r.list[last].From <= to || r.list[last].From-1 == to) {
		was := r.list[last]
		lo, hi := max(was.From, from), min(was.To, to)
		if lo <= hi {
			added -= hi - lo + 1
		}
		merged.From, merged.To = min(merged.From, was.From), max(merged.To, was.To)
		last++
	}
	r.list = slices.Replace(r.list, first, last, merged)
	return added
}

// Has reports whether n is in the set.
func (r *Ranges) Has(n uint64) bool {
	i := sort.Search(len(r.list), func(i int) bool { return r.list[i].To >= n })
	return i < len(r.list) && r.list[i].From <= n
}

// Through returns the last number of the unbroken run that starts at n; ok is false if n is missing.
func (r *Ranges) Through(n uint64) (uint64, bool) {
	i := sort.Search(len(r.list), func(i int) bool { return r.list[i].To >= n })
	if i == len(r.list) || r.list[i].From > n {
		return 0, false
	}
	return r.list[i].To, true
}

// Len returns the number of ranges: one more than the number of gaps.
func (r *Ranges) Len() int { return len(r.list) }

// List returns a copy of the ranges, in ascending order.
func (r *Ranges) List() []Range { return slices.Clone(r.list) }

// Bytes encodes the set: for each range, the distance from the end of the one before, and its length less one,
// as unsigned varints.
func (r *Ranges) Bytes() []byte {
	out := make([]byte, 0, 8*len(r.list))
	var end uint64
	for _, x := range r.list {
		out = binary.AppendUvarint(out, x.From-end)
		out = binary.AppendUvarint(out, x.To-x.From)
		end = x.To
	}
	return out
}

// ErrRanges says that stored bytes do not encode a set of ranges.
var ErrRanges = errors.New("broken set of sequence ranges")

// DecodeRanges decodes what Bytes has encoded.
func DecodeRanges(data []byte) (Ranges, error) {
	var r Ranges
	var end uint64
	for len(data) > 0 {
		gap, n := binary.Uvarint(data)
		if n <= 0 {
			return Ranges{}, ErrRanges
		}
		length, m := binary.Uvarint(data[n:])
		if m <= 0 {
			return Ranges{}, ErrRanges
		}
		data = data[n+m:]
		from := end + gap
		to := from + length
		if from < end || to < from || (len(r.list) > 0 && gap < 2) {
			return Ranges{}, ErrRanges
		}
		r.list = append(r.list, Range{from, to})
		end = to
	}
	return r, nil
}

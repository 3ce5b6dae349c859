package quality

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
)

const (
	// frozenAfter is how many frames must be the same to the bit of their luma before the camera is called frozen: a
	// sensor's noise never repeats.
	frozenAfter = 2
	// A shift is told from where the strongest edges lie, summed by column and by row.
	maxShift   = 48   // measured pixels that are searched
	movedShift = 10   // measured pixels (of 640) from which a mount no longer holds
	minLike    = 0.35 // correlation below which two profiles say nothing about a shift
	betterBy   = 0.08 // that a shifted profile must be more alike than the unshifted one
	movedAfter = 2    // frames that must agree
	learn      = 0.1  // how fast the reference follows
)

// Watch notices what only a sequence of one camera's frames shows: that it froze, or that it moved. It
// learns its reference from the first frames, so it must be made anew when a camera is set up again.
type Watch struct {
	last       []uint8
	same       int
	columns    []float64
	rows       []float64
	seen       int
	movedSince int
}

// NewWatch begins without a reference.
func NewWatch() *Watch { return &Watch{} }

// Step takes the next frame and says Frozen, Shifted or NoReason.
func (w *Watch) Step(m *Map) shelf.Reason {
	if w.frozen(m) {
		return shelf.Frozen
	}
	columns, rows := m.profiles()
	if len(columns) != len(w.columns) || len(rows) != len(w.rows) {
		w.columns, w.rows, w.seen, w.movedSince = columns, rows, 1, 0
		return shelf.NoReason
	}
	dx, okX := shift(w.columns, columns)
	dy, okY := shift(w.rows, rows)
	if (okX && abs(dx) >= movedShift) || (okY && abs(dy) >= movedShift) {
		w.movedSince++
		if w.movedSince >= movedAfter {
			return shelf.Shifted
		}
		return shelf.NoReason
	}
	w.movedSince = 0
	w.seen++
	rate := math.Max(learn, 1/float64(w.seen))
	for i := range w.columns {
		w.columns[i] += rate * (columns[i] - w.columns[i])
	}
	for i := range w.rows {
		w.rows[i] += rate * (rows[i] - w.rows[i])
	}
	return shelf.NoReason
}

func (w *Watch) frozen(m *Map) bool {
	if string(w.last) == string(m.luma.v) {
		w.same++
	} else {
		w.same = 0
		w.last = append(w.last[:0], m.luma.v...)
	}
	return w.same >= frozenAfter
}

// profiles sums vertical edges by column and horizontal ones by row: a cooler's frame, shelves and rails
// make them, whatever stands on the shelves.
func (m *Map) profiles() (columns, rows []float64) {
	w, h, v := m.luma.w, m.luma.h, m.luma.v
	columns, rows = make([]float64, w), make([]float64, h)
	for y := 1; y < h-1; y++ {
		for x := 1; x < w-1; x++ {
			i := y*w + x
			columns[x] += math.Abs(float64(int(v[i+1]) - int(v[i-1])))
			rows[y] += math.Abs(float64(int(v[i+w]) - int(v[i-w])))
		}
	}
	return columns, rows
}

// shift finds by how many pixels b lies beside a; ok is false where they are not alike at any shift, or
// as much so unshifted.
func shift(a, b []float64) (by int, ok bool) {
	best, at := -1.0, 0
	for d := -maxShift; d <= maxShift; d++ {
		if c := correlation(a, b, d); c > best {
			best, at = c, d
		}
	}
	return at, best >= minLike && best-correlation(a, b, 0) >= betterBy
}

// correlation of a with b moved back by d, over what they share.
func correlation(a, b []float64, d int) float64 {
	lo, hi := max(0, -d), min(len(a), len(b)-d)
	if hi-lo < len(a)/2 {
		return -1
	}
	var sa, sb, saa, sbb, sab float64
	for i := lo; i < hi; i++ {
		x, y := a[i], b[i+d]
		sa, sb, saa, sbb, sab = sa+x, sb+y, saa+x*x, sbb+y*y, sab+x*y
	}
	n := float64(hi - lo)
	va, vb := saa-sa*sa/n, sbb-sb*sb/n
	if va <= 0 || vb <= 0 {
		return 0
	}
	return (sab - sa*sb/n) / math.Sqrt(va*vb)
}

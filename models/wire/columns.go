package wire

import (
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// A column holds one number of each facing or slot as its residual against a prediction that writer
// and reader make alike. A column of zeros only is left out, so a shelf that is as predicted costs
// nothing.

// trimmed gives nil for a column of zeros.
func trimmed[T int32 | uint32](column []T) []T {
	for _, v := range column {
		if v != 0 {
			return column
		}
	}
	return nil
}

// at gives the n-th residual of a column that may have been left out.
func at[T int32 | uint32](column []T, n int) int {
	if len(column) == 0 {
		return 0
	}
	return int(column[n])
}

// column is how many entries a column has.
type column struct {
	name string
	n    int
}

// sameLength refuses a column that is neither left out nor of the count.
func sameLength(what string, count int, columns ...column) error {
	for _, c := range columns {
		if c.n != 0 && c.n != count {
			return fmt.Errorf("%s: column %s has %d of %d entries", what, c.name, c.n, count)
		}
	}
	return nil
}

// cell is a facing in the integers of the wire.
type cell struct {
	box                    shelf.Box
	score, skuScore        int // permille
	slot                   int // place among the slots from 1, 0: in none
	gtin                   shelf.GTIN
	shelf, position, depth int
	mm                     int // x_mm
}

// after predicts a facing from the one before it: its right-hand neighbour, as large and as sure.
func after(prev cell) cell {
	next := prev
	next.box.X += prev.box.W
	next.depth = 0
	return next
}

// firstFacing is what the first facing of a complete observation is predicted from.
var firstFacing = cell{score: 900, skuScore: 900}

// permille rounds a share that check has found to be within 0 to 1.
func permille(v float64) int { return int(v*1000 + 0.5) }

// cells turns facings into cells, with the slot that each stands in.
func cells(o *shelf.Observation) []cell {
	out := make([]cell, len(o.Facings))
	for i, f := range o.Facings {
		out[i] = cell{
			box: f.Box, score: permille(f.Score), skuScore: permille(f.SKUScore), gtin: f.GTIN,
			shelf: f.Shelf, position: f.Position, depth: f.Depth, mm: f.XMM,
		}
	}
	for s, slot := range o.Slots {
		for _, i := range slot.Seen {
			out[i].slot = s + 1
		}
	}
	return out
}

// facings is the reverse of cells, and fills each slot's Seen.
func facings(in []cell, slots []shelf.SlotReading) []shelf.Facing {
	if len(in) == 0 {
		return nil
	}
	out := make([]shelf.Facing, len(in))
	for i, c := range in {
		out[i] = shelf.Facing{
			Box: c.box, Score: float64(c.score) / 1000, SKUScore: float64(c.skuScore) / 1000, GTIN: c.gtin,
			Shelf: c.shelf, Position: c.position, XMM: c.mm, Depth: c.depth,
		}
		if c.slot > 0 {
			seen := &slots[c.slot-1].Seen
			*seen = append(*seen, i)
		}
	}
	return out
}

// gtinTable numbers the GTINs of an observation by their first use, so that a first use is predicted.
type gtinTable struct {
	list  []shelf.GTIN
	place map[shelf.GTIN]int
}

func newTable() *gtinTable { return &gtinTable{place: map[shelf.GTIN]int{}} }

// index gives the place from 1, 0 for no GTIN.
func (t *gtinTable) index(g shelf.GTIN) int {
	if g == "" {
		return 0
	}
	if i, ok := t.place[g]; ok {
		return i
	}
	t.list = append(t.list, g)
	t.place[g] = len(t.list)
	return len(t.list)
}

func (t *gtinTable) pack() []int64 {
	var out []int64
	prev := int64(0)
	for _, g := range t.list {
		body := int64(gtinNumber(g) / 10)
		out = append(out, body-prev)
		prev = body
	}
	return out
}

func unpackTable(packed []int64) ([]shelf.GTIN, error) {
	if len(packed) > maxFacings+maxSlots {
		return nil, fmt.Errorf("gtins: %d, the limit is %d", len(packed), maxFacings+maxSlots)
	}
	out := make([]shelf.GTIN, len(packed))
	gtins.read(packed, out)
	body := int64(0)
	for i, d := range packed {
		body += d
		if out[i] != "" {
			continue
		}
		g, err := gtinFromBody(body)
		if err != nil {
			return nil, fmt.Errorf("gtin %d: %w", i+1, err)
		}
		out[i] = g
		gtins.put(body, g)
	}
	return out, nil
}

// pick gives the GTIN at a place from 1, none for 0.
func pick(table []shelf.GTIN, place int) (shelf.GTIN, error) {
	if place < 0 || place > len(table) {
		return "", fmt.Errorf("gtin %d of a table of %d", place, len(table))
	}
	if place == 0 {
		return "", nil
	}
	return table[place-1], nil
}

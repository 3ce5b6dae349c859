package wire

import (
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire/wirepb"
)

// packFacings writes the facings as residuals. base is nil for a complete observation; else ref
// gives for each facing the place from 1 of the base's facing that it is told by, 0 for none.
func packFacings(now []cell, slots []shelf.SlotReading, table *gtinTable, base []cell, ref []int) *wirepb.Facings {
	if len(now) == 0 {
		return nil
	}
	n := len(now)
	out := &wirepb.Facings{
		Count: uint32(n),
		X:     make([]int32, n), Y: make([]int32, n), W: make([]int32, n), H: make([]int32, n),
		Score: make([]int32, n), SkuScore: make([]int32, n), Slot: make([]int32, n), Gtin: make([]uint32, n),
		Shelf: make([]int32, n), Position: make([]int32, n), Depth: make([]int32, n), Ref: make([]int32, n),
		XMm: make([]int32, n),
	}
	prev, lastRef := firstFacing, 0
	var mm scale
	for i, c := range now {
		p, toldByBase := after(prev), false
		if base != nil {
			out.Ref[i] = int32(ref[i] - (lastRef + 1))
			if ref[i] > 0 {
				p, toldByBase, lastRef = base[ref[i]-1], true, ref[i]
			}
		}
		out.X[i] = int32(c.box.X - p.box.X)
		out.Y[i] = int32(c.box.Y - p.box.Y)
		out.W[i] = int32(c.box.W - p.box.W)
		out.H[i] = int32(c.box.H - p.box.H)
		out.Score[i] = int32(c.score - p.score)
		out.SkuScore[i] = int32(c.skuScore - p.skuScore)
		out.Slot[i] = int32(c.slot - p.slot)
		out.Shelf[i] = int32(c.shelf - p.shelf)
		out.Position[i] = int32(c.position - predictPosition(p, c.shelf, toldByBase))
		out.Depth[i] = int32(c.depth - p.depth)
		out.XMm[i] = int32(c.mm - mm.predict(p, prev, c.box, toldByBase))
		switch {
		case c.gtin == predictGTIN(p, c.slot, slots, toldByBase):
		case c.gtin == "":
			out.Gtin[i] = 1
		default:
			out.Gtin[i] = uint32(table.index(c.gtin) + 1)
		}
		mm.learn(prev, c)
		prev = c
	}
	out.X, out.Y, out.W, out.H = trimmed(out.X), trimmed(out.Y), trimmed(out.W), trimmed(out.H)
	out.Score, out.SkuScore, out.Slot, out.Gtin = trimmed(out.Score), trimmed(out.SkuScore), trimmed(out.Slot), trimmed(out.Gtin)
	out.Shelf, out.Position, out.Depth, out.Ref = trimmed(out.Shelf), trimmed(out.Position), trimmed(out.Depth), trimmed(out.Ref)
	out.XMm = trimmed(out.XMm)
	return out
}

// unpackFacings is the reverse of packFacings, and refuses every number that is out of its range.
func unpackFacings(in *wirepb.Facings, slots []shelf.SlotReading, table []shelf.GTIN, base []cell) ([]cell, error) {
	n := int(in.GetCount())
	if n > maxFacings {
		return nil, fmt.Errorf("facings: %d, the limit is %d", n, maxFacings)
	}
	if err := sameLength("facings", n, column{"x", len(in.GetX())}, column{"y", len(in.GetY())}, column{"w", len(in.GetW())}, column{"h", len(in.GetH())},
		column{"score", len(in.GetScore())}, column{"sku_score", len(in.GetSkuScore())}, column{"slot", len(in.GetSlot())}, column{"gtin", len(in.GetGtin())},
		column{"shelf", len(in.GetShelf())}, column{"position", len(in.GetPosition())}, column{"depth", len(in.GetDepth())}, column{"ref", len(in.GetRef())},
		column{"x_mm", len(in.GetXMm())}); err != nil {
		return nil, err
	}
	out := make([]cell, n)
	prev, lastRef := firstFacing, 0
	var mm scale
	for i := range n {
		p, toldByBase := after(prev), false
		if base != nil {
			ref := lastRef + 1 + at(in.Ref, i)
			if ref < 0 || ref > len(base) {
				return nil, fmt.Errorf("facing %d: told by facing %d of a base of %d", i+1, ref, len(base))
			}
			if ref > 0 {
				p, toldByBase, lastRef = base[ref-1], true, ref
			}
		}
		c := cell{
			box: shelf.Box{
				X: p.box.X + at(in.X, i), Y: p.box.Y + at(in.Y, i),
				W: p.box.W + at(in.W, i), H: p.box.H + at(in.H, i),
			},
			score:    p.score + at(in.Score, i),
			skuScore: p.skuScore + at(in.SkuScore, i),
			slot:     p.slot + at(in.Slot, i),
			shelf:    p.shelf + at(in.Shelf, i),
			depth:    p.depth + at(in.Depth, i),
		}
		c.position = predictPosition(p, c.shelf, toldByBase) + at(in.Position, i)
		c.mm = mm.predict(p, prev, c.box, toldByBase) + at(in.XMm, i)
		if c.slot < 0 || c.slot > len(slots) {
			return nil, fmt.Errorf("facing %d: slot %d of %d", i+1, c.slot, len(slots))
		}
		var err error
		switch code := at(in.Gtin, i); code {
		case 0:
			c.gtin = predictGTIN(p, c.slot, slots, toldByBase)
		default:
			c.gtin, err = pick(table, code-1)
		}
		if err == nil {
			err = c.check()
		}
		if err != nil {
			return nil, fmt.Errorf("facing %d: %w", i+1, err)
		}
		mm.learn(prev, c)
		out[i], prev = c, c
	}
	return out, nil
}

// scale is how many millimetres a pixel was between the last two facings that stood apart.
type scale struct{ mm, px int }

// apart is how far two facings' middles must be from each other, in half pixels, to tell the scale.
const apart = 40

// predict gives the millimetre at which a facing stands: the base's, else that of the facing before
// it and as many more as its middle is to the right.
func (s scale) predict(p, prev cell, now shelf.Box, toldByBase bool) int {
	if toldByBase || prev.mm == 0 || s.px == 0 {
		return p.mm
	}
	return min(max(prev.mm+(middle(now)-middle(prev.box))*s.mm/s.px, 0), maxSide)
}

func (s *scale) learn(prev, now cell) {
	if px := middle(now.box) - middle(prev.box); prev.mm > 0 && now.mm > 0 && px >= apart {
		*s = scale{now.mm - prev.mm, px}
	}
}

// middle of a box from the left, in half pixels.
func middle(b shelf.Box) int { return 2*b.X + b.W }

// predictPosition: the next place on the shelf, the first on another, none where there is no shelf.
func predictPosition(p cell, shelf int, toldByBase bool) int {
	switch {
	case toldByBase:
		return p.position
	case shelf == 0:
		return 0
	case shelf == p.shelf:
		return p.position + 1
	}
	return 1
}

// predictGTIN: what is due in the slot, else what the predicting facing is.
func predictGTIN(p cell, slot int, slots []shelf.SlotReading, toldByBase bool) shelf.GTIN {
	if slot > 0 && !toldByBase {
		return slots[slot-1].GTIN
	}
	return p.gtin
}

// check keeps every number in the range that makes the next prediction safe, too.
func (c cell) check() error {
	k := checker{}
	k.box("box", c.box)
	k.within("score", c.score, 0, 1000)
	k.within("sku_score", c.skuScore, 0, 1000)
	k.within("shelf", c.shelf, 0, maxSlots)
	k.within("position", c.position, 0, maxFacings)
	k.within("depth", c.depth, 0, maxFacings)
	k.within("x_mm", c.mm, 0, maxSide)
	if len(k.faults) > 0 {
		return k.faults[0]
	}
	return nil
}

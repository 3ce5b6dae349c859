package mount

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
)

const (
	packShare    = 0.8  // of the clear height that a pack of unknown height takes
	clearDefault = 0.28 // metres above the top shelf, which has no board over it
	boardThick   = 0.03 // metres of board and rail under it
	grid         = 9    // samples along each side of a slot's front, for lenses that bend
)

// clear is the height in metres between a shelf's board and what is above it.
func (s *Sight) clear(row int) float64 {
	if row == 0 {
		// nothing says how high the ceiling is: as high as the next shelf has it, at most
		if len(s.plan.Shelves) > 1 {
			return math.Min(clearDefault, math.Max(s.clear(1), 0.1))
		}
		return clearDefault
	}
	return float64(s.plan.Shelves[row-1].HeightMM-s.plan.Shelves[row].HeightMM)/1000 - boardThick
}

// packHeight is a slot's pack in metres.
func (s *Sight) packHeight(row int, slot shelf.Slot) float64 {
	if slot.PackMM > 0 {
		return float64(slot.PackMM) / 1000
	}
	return packShare * s.clear(row)
}

// at projects a point of a shelf: x in metres from the left inner wall, y into the cooler from its
// front plane, up in metres above the board.
func (s *Sight) at(row int, x, y, up float64) (u, v float64, ok bool) {
	if s.camera != nil {
		return s.camera.Project(lens.Vec3{X: x - float64(s.plan.WidthMM)/2000, Y: y, Z: float64(s.plan.Shelves[row].HeightMM)/1000 + up})
	}
	line := s.marks[row]
	u, v, scale := along(line, x/(float64(s.plan.WidthMM)/1000), float64(s.plan.WidthMM)/1000)
	return u, v - up*scale, true
}

// along gives the point at a share (0 to 1) of a line's horizontal run, and how many pixels a metre
// spans there.
func along(line [][2]float64, share, metres float64) (u, v, scale float64) {
	first, last := line[0], line[len(line)-1]
	u = first[0] + share*(last[0]-first[0])
	k := 1
	for k < len(line)-1 && u > line[k][0] {
		k++
	}
	a, b := line[k-1], line[k]
	v = a[1] + (u-a[0])/(b[0]-a[0])*(b[1]-a[1])
	return u, v, (last[0] - first[0]) / metres
}

// View says where every slot of the planogram stands in the picture. Blind parts are the quality
// gate's to add; Slots is shared and must not be changed.
func (s *Sight) View() shelf.View {
	return shelf.View{Width: s.w, Height: s.h, Slots: s.slots}
}

// look finds every slot once: neither the mount nor the planogram changes.
func (s *Sight) look() {
	s.slots = map[string]shelf.SlotView{}
	for row, line := range s.plan.Shelves {
		for _, slot := range line.Slots {
			s.slots[slot.ID] = s.slot(row, slot)
		}
	}
}

func (s *Sight) slot(row int, slot shelf.Slot) shelf.SlotView {
	left, width := float64(slot.XMM)/1000, float64(slot.WidthMM)/1000
	pack := s.packHeight(row, slot)
	var out shelf.SlotView
	out.Box, out.InFrame = s.planeBox(row, left, left+width, s.front, pack)
	lane := width / float64(slot.Facings)
	for k := range slot.Facings {
		box, _ := s.planeBox(row, left+float64(k)*lane, left+float64(k+1)*lane, s.front, pack)
		out.Lanes = append(out.Lanes, box)
	}
	return out
}

// planeBox is the picture's box of a stretch of the plane deep metres into the cooler, and how much of the
// stretch is in the picture.
func (s *Sight) planeBox(row int, x0, x1, deep, height float64) (shelf.Box, float64) {
	u0, v0, u1, v1 := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	inside := 0
	for i := range grid {
		for j := range grid {
			u, v, ok := s.at(row, x0+(x1-x0)*float64(i)/(grid-1), deep, height*float64(j)/(grid-1))
			if !ok {
				continue
			}
			if u >= 0 && v >= 0 && u < float64(s.w) && v < float64(s.h) {
				inside++
			}
			u0, v0, u1, v1 = math.Min(u0, u), math.Min(v0, v), math.Max(u1, u), math.Max(v1, v)
		}
	}
	if inside == 0 {
		return shelf.Box{}, 0
	}
	x, y := int(math.Max(0, math.Round(u0))), int(math.Max(0, math.Round(v0)))
	right, bottom := int(math.Min(float64(s.w), math.Round(u1))), int(math.Min(float64(s.h), math.Round(v1)))
	return shelf.Box{X: x, Y: y, W: max(0, right-x), H: max(0, bottom-y)}, float64(inside) / (grid * grid)
}

// Edge gives the front edge of the board under a slot as a line in the picture, in pixels; empty where
// the camera does not see it.
func (s *Sight) Edge(row int, slot shelf.Slot) [][2]float64 {
	const points = 5
	var out [][2]float64
	for i := range points {
		x := float64(slot.XMM)/1000 + float64(slot.WidthMM)/1000*float64(i)/(points-1)
		u, v, ok := s.at(row, x, 0, 0)
		if !ok {
			return nil
		}
		out = append(out, [2]float64{u, v})
	}
	return out
}

// Inside gives boxes where packs of a slot would show that stand half way into it and at its back, two a
// lane; none with a mount of marks, which knows no depth, and none outside of the picture.
func (s *Sight) Inside(row int, slot shelf.Slot) []shelf.Box {
	if s.camera == nil {
		return nil
	}
	var out []shelf.Box
	w := float64(slot.WidthMM) / 1000 / float64(slot.Facings)
	n := max(2, places(slot))
	for k := range slot.Facings {
		x0 := float64(slot.XMM)/1000 + float64(k)*w
		for _, place := range []int{n / 2, n - 1} {
			y := s.front + (s.depth()-s.front)*float64(place)/float64(n)
			if b, inFrame := s.planeBox(row, x0, x0+w, y, s.packHeight(row, slot)); inFrame > 0.7 && b.Area() > 0 {
				out = append(out, b)
			}
		}
	}
	return out
}

// places is how many packs stand one behind the other in a lane of the slot.
func places(slot shelf.Slot) int {
	if n := slot.Capacity / max(1, slot.Facings); n > 0 {
		return n
	}
	return defaultPlaces
}

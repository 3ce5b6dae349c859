package mount

import (
	"math"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Lane is one lane of a slot in which no facing stands, and where it lies in the picture: corners in pixels, in
// turn. A mount of marks knows no depth: its Floor and Back are nil.
type Lane struct {
	SlotID             string
	Index              int // from the slot's left, 0 first
	Front, Floor, Back [][2]float64
	Box                shelf.Box // of the front, what of it is in the picture
	InFrame            float64   // share of the front that is in the picture
	// Open is the share of the lane's places at which a pack would show, by what geometry knows of rails, boards and the
	// packs that were found; 0 with marks.
	Open float64
}

// FreeLanes lists the lanes in which nothing was found, of every slot whose front is at least partly in the
// picture. Facings must have been placed by Assign.
func (s *Sight) FreeLanes(facings []shelf.Facing) []Lane {
	held := s.held(facings)
	var st *stock
	if s.camera != nil {
		st = s.stock(facings)
	}
	var out []Lane
	for row, line := range s.plan.Shelves {
		lanes := 0
		for _, slot := range line.Slots {
			first := lanes
			lanes += slot.Facings
			wide := float64(slot.WidthMM) / 1000 / float64(slot.Facings)
			for k := range slot.Facings {
				if held[laneOf{slot.ID, k}] {
					continue
				}
				x0 := float64(slot.XMM)/1000 + float64(k)*wide
				if lane, ok := s.lane(row, slot, x0, x0+wide); ok {
					lane.Index = k
					if st != nil {
						lane.Open = s.openPlaces(st, row, first+k)
					}
					out = append(out, lane)
				}
			}
		}
	}
	return out
}

type laneOf struct {
	slot  string
	index int
}

// held are the lanes in which facings stand, each in one: the slot is the one that shelf.Compare puts the facing into.
func (s *Sight) held(facings []shelf.Facing) map[laneOf]bool {
	out := map[laneOf]bool{}
	for _, f := range facings {
		if f.Shelf <= 0 || f.Shelf > len(s.plan.Shelves) || f.XMM <= 0 {
			continue
		}
		if slot, ok := s.plan.HomeAt(f); ok {
			k := (f.XMM - slot.XMM) * slot.Facings / max(1, slot.WidthMM)
			out[laneOf{slot.ID, max(0, min(slot.Facings-1, k))}] = true
		}
	}
	return out
}

// lane projects one; ok is false where no part of its front is in the picture, or a corner is behind the camera.
func (s *Sight) lane(row int, slot shelf.Slot, x0, x1 float64) (Lane, bool) {
	tall := s.packHeight(row, slot)
	lane := Lane{SlotID: slot.ID}
	lane.Box, lane.InFrame = s.planeBox(row, x0, x1, s.front, tall)
	if lane.InFrame == 0 {
		return lane, false
	}
	corners := func(points ...[3]float64) [][2]float64 {
		var out [][2]float64
		for _, p := range points {
			u, v, ok := s.at(row, p[0], p[1], p[2])
			if !ok || math.IsNaN(u) || math.IsNaN(v) {
				return nil
			}
			out = append(out, [2]float64{u, v})
		}
		return out
	}
	front, back := s.front, s.depth()
	lane.Front = corners([3]float64{x0, front, 0}, [3]float64{x1, front, 0}, [3]float64{x1, front, tall}, [3]float64{x0, front, tall})
	if s.camera != nil {
		lane.Floor = corners([3]float64{x0, front, 0}, [3]float64{x1, front, 0}, [3]float64{x1, back, 0}, [3]float64{x0, back, 0})
		lane.Back = corners([3]float64{x0, back, 0}, [3]float64{x1, back, 0}, [3]float64{x1, back, tall}, [3]float64{x0, back, tall})
	}
	return lane, lane.Front != nil
}

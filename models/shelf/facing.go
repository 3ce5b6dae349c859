package shelf

import (
	"encoding/json"
	"fmt"
)

// Box is an axis-parallel rectangle in pixels of the picture as captured: X, Y is the top left
// corner, W and H are ≥ 0. In JSON it is [x, y, w, h].
type Box struct{ X, Y, W, H int }

// MarshalJSON writes [x, y, w, h].
func (b Box) MarshalJSON() ([]byte, error) { return json.Marshal([4]int{b.X, b.Y, b.W, b.H}) }

// UnmarshalJSON reads [x, y, w, h].
func (b *Box) UnmarshalJSON(data []byte) error {
	var v []int
	if err := json.Unmarshal(data, &v); err != nil {
		return fmt.Errorf("box: %w", err)
	}
	if len(v) != 4 || v[2] < 0 || v[3] < 0 {
		return fmt.Errorf("box %s: want [x, y, width, height]", data)
	}
	*b = Box{v[0], v[1], v[2], v[3]}
	return nil
}

// Area in square pixels.
func (b Box) Area() int { return b.W * b.H }

// Intersect gives the common part, the zero Box where there is none.
func (b Box) Intersect(o Box) Box {
	x0, y0 := max(b.X, o.X), max(b.Y, o.Y)
	x1, y1 := min(b.X+b.W, o.X+o.W), min(b.Y+b.H, o.Y+o.H)
	if x1 <= x0 || y1 <= y0 {
		return Box{}
	}
	return Box{x0, y0, x1 - x0, y1 - y0}
}

// IoU is intersection over union, 0 to 1.
func (b Box) IoU(o Box) float64 {
	inter := b.Intersect(o).Area()
	if union := b.Area() + o.Area() - inter; union > 0 {
		return float64(inter) / float64(union)
	}
	return 0
}

// CoveredBy is the share of b's area that lies in o, 0 to 1.
func (b Box) CoveredBy(o Box) float64 {
	if b.Area() == 0 {
		return 0
	}
	return float64(b.Intersect(o).Area()) / float64(b.Area())
}

// Facing is the front-most visible pack of a lane as a picture shows it; stacked packs count one
// facing each (trade usage).
type Facing struct {
	Box      Box     // visible part of the pack
	Score    float64 // detector's confidence that this is a facing, 0 to 1
	GTIN     GTIN    // "" where the pack is near to no enrolled reference
	SKUScore float64 // recogniser's confidence in GTIN, 0 to 1
	Shelf    int     // 1 is the highest; 0 where no shelf row was found
	Position int     // 1 is the leftmost on its shelf; 0 where Shelf is 0
	XMM      int     // from the left inner wall to the pack's middle, where the camera's mount is known; else 0
	Depth    int     // places from the front of the lane, as far as it can be seen; 0 at the front
}

type facingJSON struct {
	Box      Box     `json:"box"`
	Score    float64 `json:"score"`
	GTIN     *GTIN   `json:"gtin"`
	SKUScore float64 `json:"sku_score"`
	Shelf    int     `json:"shelf"`
	Position int     `json:"position"`
	XMM      int     `json:"x_mm,omitempty"`
	Depth    int     `json:"depth,omitempty"`
}

// MarshalJSON writes an unknown product as null, so that no reader takes "" for a number.
func (f Facing) MarshalJSON() ([]byte, error) {
	out := facingJSON{f.Box, round3(f.Score), nil, round3(f.SKUScore), f.Shelf, f.Position, f.XMM, f.Depth}
	if f.GTIN != "" {
		out.GTIN = &f.GTIN
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (f *Facing) UnmarshalJSON(data []byte) error {
	var in facingJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*f = Facing{Box: in.Box, Score: in.Score, SKUScore: in.SKUScore, Shelf: in.Shelf, Position: in.Position, XMM: in.XMM, Depth: in.Depth}
	if in.GTIN != nil {
		f.GTIN = *in.GTIN
	}
	return nil
}

// round3 keeps scores at the thousandth that the wire carries: more digits are noise.
func round3(v float64) float64 { return float64(int(v*1000+0.5)) / 1000 }

package quality

import (
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Where the gate divides. Grey levels 0 to 255 at 640 pixels' width; set on rendered coolers in every
// condition, looked over on path-traced ones and on photos.
const (
	// Haze adds light everywhere, so nothing dark is left, and smears edges.
	fogVeil, fogDetail, fogSharp = 55, 24, 0.60
	fogAround                    = 20 // detail of the surroundings: haze is never as small as a slot
	thickDetail                  = 11 // of an edge through haze that a pack could hide in
	// A sensor in the dark.
	darkHigh, dimHigh = 38, 70
	darkDetail        = 9
	grain             = 2.8 // noise at which a gain turned up hides what stands deep in a lane
	// Light beyond what the sensor takes.
	overClipped, brightClipped = 0.60, 0.25
	// A picture smeared by more than this shows large packs at best.
	blurSharp, smearSharp = 0.44, 0.595
	smearDetail           = 24
	blurDetail            = 30
	// An empty shelf has at least its own structure; less is something smooth in front, or nothing to see by.
	flatDetail = 7
	// around is how many times a box's size its surroundings are, for what lies over more than the box.
	around = 2.5
)

// Sight says how well a part of a frame can be judged.
type Sight uint8

// Degrees of sight.
const (
	Clear Sight = iota
	Faint       // a pack that is found there stands there, but one could stand there unseen
	Blind       // nothing found there or not found there means anything
)

// Verdict is a sight with its reason.
type Verdict struct {
	Sight  Sight
	Reason shelf.Reason
}

// Judge says how well a box of the frame can be judged.
func (m *Map) Judge(b shelf.Box) Verdict {
	s := m.Of(b)
	if v := m.light(s); v.Sight == Blind {
		return v
	}
	// Most parts of a good picture are neither: their surroundings need not be measured.
	hazy, smeared := s.Veil >= fogVeil && s.Detail <= fogDetail, m.whole.Sharp < smearSharp
	var wide Stats
	if hazy || smeared {
		wide = m.Of(grow(b, around))
	}
	if hazy && wide.Sharp < fogSharp && wide.Detail < fogAround {
		if s.Detail <= thickDetail {
			return Verdict{Blind, shelf.Fog}
		}
		return Verdict{Faint, shelf.Fog}
	}
	if smeared && wide.Detail >= flatDetail && wide.Sharp < blurSharp && s.Detail < blurDetail {
		return Verdict{Blind, shelf.Blurred}
	}
	if v := m.light(s); v.Sight != Clear {
		return v
	}
	if m.noise > grain {
		return Verdict{Faint, shelf.Dark}
	}
	if smeared && wide.Sharp < smearSharp && m.whole.Detail < smearDetail {
		if m.whole.Veil >= fogVeil || s.Veil >= fogVeil {
			return Verdict{Faint, shelf.Fog}
		}
		return Verdict{Faint, shelf.Blurred}
	}
	return Verdict{}
}

// light judges brightness alone.
func (m *Map) light(s Stats) Verdict {
	switch {
	case s.High < darkHigh:
		return Verdict{Blind, shelf.Dark}
	case s.Clipped >= overClipped:
		return Verdict{Blind, m.clippedReason()}
	case s.High < dimHigh && s.Detail < darkDetail:
		return Verdict{Faint, shelf.Dark}
	case s.Clipped >= brightClipped:
		return Verdict{Faint, m.clippedReason()}
	}
	return Verdict{}
}

// clippedReason: where much of the picture is white it is the exposure, else a reflection.
func (m *Map) clippedReason() shelf.Reason {
	if m.whole.Clipped > 0.2 || m.whole.Bright > 230 {
		return shelf.Overexposed
	}
	return shelf.Glare
}

// WholeReason judges the frame as a whole: NoReason unless nothing of it can be judged.
func (m *Map) WholeReason() shelf.Reason {
	s := m.whole
	switch {
	case s.High < darkHigh:
		return shelf.Dark
	case s.Clipped >= overClipped:
		return shelf.Overexposed
	case s.Detail < flatDetail && s.Veil >= fogVeil:
		return shelf.Fog
	case s.Detail < flatDetail:
		return shelf.Blocked
	case s.Sharp < blurSharp && s.Detail < blurDetail:
		return shelf.Blurred
	}
	return shelf.NoReason
}

func grow(b shelf.Box, by float64) shelf.Box {
	w, h := int(float64(b.W)*by), int(float64(b.H)*by)
	return shelf.Box{X: b.X - (w-b.W)/2, Y: b.Y - (h-b.H)/2, W: w, H: h}
}

// Parts gives the blind parts of a frame of which nothing else is known, as few boxes: tiles are judged with
// their surroundings, neighbours of one reason are joined.
func (m *Map) Parts() []shelf.Blind {
	reasons := make([]shelf.Reason, m.cols*m.rows)
	side := int(tile * m.scale)
	for y := range m.rows {
		for x := range m.cols {
			b := shelf.Box{X: (x - 1) * side, Y: (y - 1) * side, W: 3 * side, H: 3 * side}
			if v := m.Judge(b.Intersect(shelf.Box{W: m.w, H: m.h})); v.Sight == Blind {
				reasons[y*m.cols+x] = v.Reason
			}
		}
	}
	return m.join(reasons)
}

// minPart is the share of a frame below which a blind part is not worth telling.
const minPart = 0.006

// join covers tiles of one reason greedily with boxes: the widest run of a row, then as far down as it goes.
func (m *Map) join(reasons []shelf.Reason) []shelf.Blind {
	var parts []shelf.Blind
	side := tile * m.scale
	for y := range m.rows {
		for x := range m.cols {
			reason := reasons[y*m.cols+x]
			if reason == shelf.NoReason {
				continue
			}
			x1 := x
			for x1 < m.cols && reasons[y*m.cols+x1] == reason {
				x1++
			}
			y1 := y
			for y1 < m.rows && m.run(reasons, x, x1, y1, reason) {
				y1++
			}
			for yy := y; yy < y1; yy++ {
				for xx := x; xx < x1; xx++ {
					reasons[yy*m.cols+xx] = shelf.NoReason
				}
			}
			b := shelf.Box{X: int(float64(x) * side), Y: int(float64(y) * side), W: int(float64(x1-x) * side), H: int(float64(y1-y) * side)}
			b = b.Intersect(shelf.Box{W: m.w, H: m.h})
			if float64(b.Area()) >= minPart*float64(m.w*m.h) {
				parts = append(parts, shelf.Blind{Box: b, Reason: reason})
			}
		}
	}
	return parts
}

// run: the whole stretch of a row has the reason, one tile in eight forgiven.
func (m *Map) run(reasons []shelf.Reason, x0, x1, y int, reason shelf.Reason) bool {
	missing := 0
	for x := x0; x < x1; x++ {
		if reasons[y*m.cols+x] != reason {
			missing++
		}
	}
	return missing*8 <= x1-x0
}

package synth

import (
	"math"

	"github.com/coldshelf/coldshelf/vision/lens"
)

// CameraKind says where a camera is mounted.
type CameraKind string

const (
	CameraFront   CameraKind = "front"   // opposite the cooler, often too near to see all of it
	CameraWhole   CameraKind = "whole"   // opposite the cooler, with all shelves in the picture; files call it front
	CameraFisheye CameraKind = "fisheye" // on the door, close
	CameraOblique CameraKind = "oblique" // in a top corner of the opening
	CameraClose   CameraKind = "close"   // a phone's picture of one or two shelves
)

// Camera returns a random camera of the kind for the scene, for pictures with an aspect ratio of about 4 to 3.
func (s *Scene) Camera(kind CameraKind, seed uint64) lens.Spec {
	r := newRandom(seed, 11)
	p := &s.Planogram
	base := p.ShelfZ[len(p.ShelfZ)-1]
	mid := (base + p.Height) / 2
	spec := lens.Spec{Kind: string(kind), Model: lens.ModelPinhole, RollDeg: r.bell(1)}
	x := r.in(-0.18, 0.18) * p.Width
	switch kind {
	case CameraFisheye:
		spec.Model = lens.ModelEquisolid
		spec.HFOVDeg = r.in(104, 124)
		z := r.in(base+0.1, p.Height-0.05)
		spec.PosM = [3]float64{x, -r.in(0.28, 0.45), z}
		spec.TargetM = [3]float64{0.35 * x, 0.1, z + r.in(-0.1, 0.06)}
	case CameraOblique:
		spec.HFOVDeg = r.in(72, 84)
		side := pick(r, -1.0, 1.0)
		spec.PosM = [3]float64{side * p.Width * r.in(0.4, 0.52), -r.in(0.4, 0.55), p.Height - r.in(-0.1, 0.12)}
		spec.TargetM = [3]float64{-side * p.Width * r.in(0.05, 0.16), 0.06, base + (p.Height-base)*r.in(0.35, 0.6)}
	case CameraWhole:
		spec.Kind = string(CameraFront)
		spec.HFOVDeg = r.in(60, 68)
		half := math.Tan(spec.HFOVDeg * math.Pi / 360)
		x *= 0.3
		far := 1.06 * max((p.Width/2+math.Abs(x))/half, (p.Height-base+0.08)/2/(half*0.75))
		spec.RollDeg *= 0.5
		spec.PosM = [3]float64{x, -far, mid + r.in(-0.02, 0.1)}
		spec.TargetM = [3]float64{0.4 * x, 0.05, mid - 0.02}
	case CameraClose:
		spec.HFOVDeg = r.in(40, 65)
		row := p.ShelfZ[r.IntN(len(p.ShelfZ))]
		tx := r.in(-0.35, 0.35) * p.Width
		spec.PosM = [3]float64{tx + r.in(-0.3, 0.3), -r.in(0.3, 0.7), row + r.in(0, 0.5)}
		spec.TargetM = [3]float64{tx, 0.08, row + r.in(0.02, 0.15)}
		spec.RollDeg = r.bell(4)
	default:
		spec.HFOVDeg = r.in(60, 68)
		span := max(p.Width*0.75, min(p.Height-base, p.Width*1.4))
		spec.PosM = [3]float64{x, -r.in(0.75, 1.35) * span, mid + r.in(-0.3, 0.3)*(p.Height-base)}
		spec.TargetM = [3]float64{0.4 * x, 0.05, spec.PosM[2] + r.in(-0.12, 0.06)}
	}
	return spec
}

// Package lens maps between the world and the picture of a fixed camera. It has pinhole and equisolid fisheye
// lenses, and places them in the world by a pose. On the way from a frame to an alert, a Rectifier straightens
// the frame before anything is looked for in it, and package mount uses the lens to say where a slot lies in
// the picture.
//
// World axes are those of a cooler, in metres: x to the right as the customer sees it, y into the cooler with
// the front plane at y = 0, z up. Camera axes are x right, y down, z forward. Pixel coordinates are continuous:
// (0, 0) is the outer corner of the top-left pixel, and the centre of pixel (i, j) is (i+0.5, j+0.5).
//
// The ideal lenses here have square pixels and their principal point in the middle of the picture. Real lenses
// differ. A Profile, which `cooler-agent calibrate` measures, describes how, and a Rectifier turns their
// pictures into those of an ideal lens.
package lens

import (
	"fmt"
	"math"
)

// A Lens maps unit directions in camera axes to pixels and back.
type Lens interface {
	// Ray returns the unit direction seen at pixel (u, v); ok is false where the lens sees nothing
	// (beyond the image circle of a fisheye).
	Ray(u, v float64) (dir Vec3, ok bool)
	// Project returns the pixel that sees dir, which need not be of unit length; ok is false for a
	// direction that the lens cannot see at all. The pixel may lie outside the picture.
	Project(dir Vec3) (u, v float64, ok bool)
	// PixelAngle is the angle in radians that one pixel spans at the picture's centre.
	PixelAngle() float64
}

// Pinhole is the rectilinear lens r = f·tan θ. F, CX and CY are in pixels.
type Pinhole struct{ F, CX, CY float64 }

// NewPinhole returns the pinhole lens whose picture of w×h pixels spans hfovDeg across its width.
func NewPinhole(w, h int, hfovDeg float64) Pinhole {
	return Pinhole{float64(w) / 2 / math.Tan(hfovDeg*math.Pi/360), float64(w) / 2, float64(h) / 2}
}

func (p Pinhole) Ray(u, v float64) (Vec3, bool) {
	return Vec3{(u - p.CX) / p.F, (v - p.CY) / p.F, 1}.Unit(), true
}

func (p Pinhole) Project(d Vec3) (u, v float64, ok bool) {
	if d.Z <= 1e-9 {
		return 0, 0, false
	}
	return p.CX + p.F*d.X/d.Z, p.CY + p.F*d.Y/d.Z, true
}

func (p Pinhole) PixelAngle() float64 { return 1 / p.F }

// Equisolid is the fisheye lens r = 2f·sin(θ/2), the most common one on wide-angle board cameras. F, CX and CY
// are in pixels.
type Equisolid struct{ F, CX, CY float64 }

// NewEquisolid returns the equisolid fisheye whose picture of w×h pixels spans hfovDeg across its
// width.
func NewEquisolid(w, h int, hfovDeg float64) Equisolid {
	return Equisolid{float64(w) / 4 / math.Sin(hfovDeg*math.Pi/720), float64(w) / 2, float64(h) / 2}
}

func (e Equisolid) Ray(u, v float64) (Vec3, bool) {
	x, y := u-e.CX, v-e.CY
	r := math.Hypot(x, y)
	if r == 0 {
		return Vec3{0, 0, 1}, true
	}
	s := r / (2 * e.F)
	if s > 1 {
		return Vec3{}, false
	}
	sin, cos := math.Sincos(2 * math.Asin(s))
	return Vec3{x / r * sin, y / r * sin, cos}, true
}

func (e Equisolid) Project(d Vec3) (u, v float64, ok bool) {
	rho := math.Hypot(d.X, d.Y)
	if rho == 0 {
		return e.CX, e.CY, d.Z > 0
	}
	r := 2 * e.F * math.Sin(math.Atan2(rho, d.Z)/2)
	return e.CX + d.X/rho*r, e.CY + d.Y/rho*r, true
}

func (e Equisolid) PixelAngle() float64 { return 1 / e.F }

// Pose is a camera's position and the directions of its axes, in world axes. The axes are orthonormal.
type Pose struct{ Pos, Right, Down, Forward Vec3 }

// LookAt returns the pose at pos that looks at target with the world's z up, then turned by
// rollDeg about the optical axis: positive turns the camera anticlockwise as seen from behind it,
// so the picture's content turns clockwise.
func LookAt(pos, target Vec3, rollDeg float64) Pose {
	f := target.Sub(pos).Unit()
	r := f.Cross(Vec3{0, 0, 1}).Unit()
	if r.Len() == 0 {
		r = Vec3{1, 0, 0}
	}
	d := f.Cross(r)
	sin, cos := math.Sincos(rollDeg * math.Pi / 180)
	return Pose{
		Pos:     pos,
		Right:   r.Scale(cos).Sub(d.Scale(sin)),
		Down:    d.Scale(cos).Add(r.Scale(sin)),
		Forward: f,
	}
}

// Camera is a lens on a pose with a picture of W×H pixels.
type Camera struct {
	Lens
	Pose
	W, H int
}

// Ray returns the world ray through pixel (u, v) from the camera's position.
func (c Camera) Ray(u, v float64) (dir Vec3, ok bool) {
	d, ok := c.Lens.Ray(u, v)
	return c.Right.Scale(d.X).Add(c.Down.Scale(d.Y)).Add(c.Forward.Scale(d.Z)), ok
}

// Project returns the pixel of the world point p; ok is false if the lens cannot see it. The pixel may lie
// outside the picture: see Contains.
func (c Camera) Project(p Vec3) (u, v float64, ok bool) {
	d := p.Sub(c.Pos)
	return c.Lens.Project(Vec3{d.Dot(c.Right), d.Dot(c.Down), d.Dot(c.Forward)})
}

// Contains reports whether (u, v) lies in the picture.
func (c Camera) Contains(u, v float64) bool {
	return u >= 0 && v >= 0 && u < float64(c.W) && v < float64(c.H)
}

// Spec describes a camera in the way that truth files do.
type Spec struct {
	Kind    string     `json:"kind"`  // front, fisheye or oblique: where it is mounted
	Model   string     `json:"model"` // "pinhole" or "equisolid fisheye"
	HFOVDeg float64    `json:"hfov_deg"`
	PosM    [3]float64 `json:"pos_m"`
	TargetM [3]float64 `json:"target_m"`
	RollDeg float64    `json:"roll_deg"`
}

// The names of the lens models in Spec.
const (
	ModelPinhole   = "pinhole"
	ModelEquisolid = "equisolid fisheye"
)

// Camera builds the camera for pictures of w×h pixels.
func (s Spec) Camera(w, h int) (Camera, error) {
	if w <= 0 || h <= 0 {
		return Camera{}, fmt.Errorf("picture size %d×%d is empty", w, h)
	}
	limit := 179.0
	if s.Model == ModelEquisolid {
		limit = 359
	}
	if !(s.HFOVDeg > 1 && s.HFOVDeg < limit) {
		return Camera{}, fmt.Errorf("field of view %g° is outside 1° to %g°", s.HFOVDeg, limit)
	}
	pos, target := vec(s.PosM), vec(s.TargetM)
	if pos == target {
		return Camera{}, fmt.Errorf("camera at %v looks at itself", s.PosM)
	}
	c := Camera{Pose: LookAt(pos, target, s.RollDeg), W: w, H: h}
	switch s.Model {
	case ModelPinhole:
		c.Lens = NewPinhole(w, h, s.HFOVDeg)
	case ModelEquisolid:
		c.Lens = NewEquisolid(w, h, s.HFOVDeg)
	default:
		return Camera{}, fmt.Errorf("lens model %q is neither %q nor %q", s.Model, ModelPinhole, ModelEquisolid)
	}
	return c, nil
}

func vec(a [3]float64) Vec3 { return Vec3{a[0], a[1], a[2]} }

package lens

import "math"

// Brown is a pinhole lens with radial and tangential distortion, the lens of OpenCV's camera model. Focal
// lengths and the centre are in pixels; K is k1, k2, p1, p2, k3. Source: D. C. Brown, "Close-range camera
// calibration", 1971, in the notation of OpenCV's calib3d.
type Brown struct {
	FX, FY, CX, CY float64
	K              [5]float64
}

// Project returns the pixel that sees d.
func (b Brown) Project(d Vec3) (u, v float64, ok bool) {
	if d.Z <= 1e-9 {
		return 0, 0, false
	}
	x, y := b.distort(d.X/d.Z, d.Y/d.Z)
	return b.CX + b.FX*x, b.CY + b.FY*y, true
}

func (b Brown) distort(x, y float64) (float64, float64) {
	r2 := x*x + y*y
	k1, k2, p1, p2, k3 := b.K[0], b.K[1], b.K[2], b.K[3], b.K[4]
	radial := 1 + r2*(k1+r2*(k2+r2*k3))
	return x*radial + 2*p1*x*y + p2*(r2+2*x*x), y*radial + p1*(r2+2*y*y) + 2*p2*x*y
}

const (
	inverseSteps = 40
	inverseExact = 1e-9 // in units of the focal length: a hundred-thousandth of a pixel
)

// Ray inverts Project by Newton's method. ok is false where the distortion folds the picture over, so that no
// single direction belongs to the pixel.
func (b Brown) Ray(u, v float64) (Vec3, bool) {
	xd, yd := (u-b.CX)/b.FX, (v-b.CY)/b.FY
	x, y := xd, yd
	for range inverseSteps {
		gx, gy := b.distort(x, y)
		ex, ey := gx-xd, gy-yd
		a, c, d, e := b.jacobian(x, y)
		det := a*e - c*d
		if det <= 1e-6 {
			return Vec3{}, false
		}
		x -= (e*ex - c*ey) / det
		y -= (a*ey - d*ex) / det
		if math.Hypot(ex, ey) < inverseExact {
			return Vec3{x, y, 1}.Unit(), true
		}
	}
	return Vec3{}, false
}

// jacobian returns the partial derivatives of distort: ∂x/∂x, ∂x/∂y, ∂y/∂x, ∂y/∂y.
func (b Brown) jacobian(x, y float64) (xx, xy, yx, yy float64) {
	r2 := x*x + y*y
	k1, k2, p1, p2, k3 := b.K[0], b.K[1], b.K[2], b.K[3], b.K[4]
	radial := 1 + r2*(k1+r2*(k2+r2*k3))
	slope := 2 * (k1 + r2*(2*k2+3*r2*k3)) // twice the derivative of the radial factor by r²
	return radial + x*x*slope + 2*p1*y + 6*p2*x, x*y*slope + 2*p1*x + 2*p2*y,
		x*y*slope + 2*p1*x + 2*p2*y, radial + y*y*slope + 6*p1*y + 2*p2*x
}

func (b Brown) PixelAngle() float64 { return 1 / b.FX }

// KannalaBrandt is OpenCV's fisheye model, in which the radius is an odd polynomial of the angle θ from the
// axis: θ(1 + k1·θ² + k2·θ⁴ + k3·θ⁶ + k4·θ⁸) times the focal length in pixels. Source: J. Kannala, S. Brandt,
// "A generic camera model and calibration method for conventional, wide-angle, and fish-eye lenses", 2006.
type KannalaBrandt struct {
	FX, FY, CX, CY float64
	K              [4]float64
}

func (f KannalaBrandt) radius(theta float64) float64 {
	t2 := theta * theta
	return theta * (1 + t2*(f.K[0]+t2*(f.K[1]+t2*(f.K[2]+t2*f.K[3]))))
}

func (f KannalaBrandt) slope(theta float64) float64 {
	t2 := theta * theta
	return 1 + t2*(3*f.K[0]+t2*(5*f.K[1]+t2*(7*f.K[2]+t2*9*f.K[3])))
}

// Project returns the pixel that sees d. ok is false beyond the angle at which the polynomial turns back.
func (f KannalaBrandt) Project(d Vec3) (u, v float64, ok bool) {
	rho := math.Hypot(d.X, d.Y)
	if rho == 0 {
		return f.CX, f.CY, d.Z > 0
	}
	theta := math.Atan2(rho, d.Z)
	if f.slope(theta) <= 0 {
		return 0, 0, false
	}
	r := f.radius(theta)
	return f.CX + f.FX*r*d.X/rho, f.CY + f.FY*r*d.Y/rho, true
}

// Ray inverts the polynomial by Newton's method, within the range of angles in which it increases.
func (f KannalaBrandt) Ray(u, v float64) (Vec3, bool) {
	x, y := (u-f.CX)/f.FX, (v-f.CY)/f.FY
	r := math.Hypot(x, y)
	if r == 0 {
		return Vec3{0, 0, 1}, true
	}
	theta := math.Min(r, math.Pi)
	for range inverseSteps {
		slope := f.slope(theta)
		if slope <= 1e-6 {
			return Vec3{}, false
		}
		off := f.radius(theta) - r
		theta -= off / slope
		if theta < 0 || theta > math.Pi {
			return Vec3{}, false
		}
		if math.Abs(off) < inverseExact {
			sin, cos := math.Sincos(theta)
			return Vec3{x / r * sin, y / r * sin, cos}, true
		}
	}
	return Vec3{}, false
}

func (f KannalaBrandt) PixelAngle() float64 { return 1 / f.FX }

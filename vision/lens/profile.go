package lens

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/goccy/go-yaml"
)

// The kinds of lens that a Profile can describe.
const (
	KindPinhole = "pinhole" // Brown's model
	KindFisheye = "fisheye" // the model of Kannala and Brandt
)

const (
	// ProfileVersion is the version of the file format that this code writes and reads.
	ProfileVersion = 1
	// MaxProfileBytes bounds a file.
	MaxProfileBytes = 64 << 10
	maxSide         = 16384
)

// Profile describes one lens on one sensor as `cooler-agent calibrate` measured it. It is the file that
// camera.lens in the agent's configuration names. It holds for pictures of the size at which it was measured,
// and for the same picture scaled to another size with its aspect ratio kept.
type Profile struct {
	Version int     `yaml:"version" json:"version"`
	Kind    string  `yaml:"kind" json:"kind"`
	Width   int     `yaml:"width" json:"width"`
	Height  int     `yaml:"height" json:"height"`
	FX      float64 `yaml:"fx" json:"fx"` // pixels, like all that follow
	FY      float64 `yaml:"fy" json:"fy"`
	CX      float64 `yaml:"cx" json:"cx"` // (0, 0) is the outer corner of the top left pixel: OpenCV's centre plus a half
	CY      float64 `yaml:"cy" json:"cy"`
	// Distortion is k1, k2, p1, p2, k3 of a pinhole, or k1 to k4 of a fisheye, as OpenCV defines them.
	Distortion []float64 `yaml:"distortion,flow" json:"distortion"`
	// How the lens was measured. Nothing is computed from these.
	RMSPx    float64 `yaml:"rms_px,omitempty" json:"rms_px"`     // root of the mean squared reprojection error
	Pictures int     `yaml:"pictures,omitempty" json:"pictures"` // of the board
	Covered  float64 `yaml:"covered,omitempty" json:"covered"`   // share of the picture in which the board was seen
}

// DecodeProfile reads YAML or JSON, in which unknown keys are errors, and validates it.
func DecodeProfile(data []byte) (p *Profile, err error) {
	// goccy/go-yaml v1.19.2 panics on some malformed documents.
	defer func() {
		if broken := recover(); broken != nil {
			p, err = nil, fmt.Errorf("lens profile: not readable as YAML: %v", broken)
		}
	}()
	if len(data) > MaxProfileBytes {
		return nil, fmt.Errorf("lens profile is %d bytes, the limit is %d", len(data), MaxProfileBytes)
	}
	var read Profile
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&read); err != nil {
		return nil, fmt.Errorf("lens profile: %w", err)
	}
	if err := read.Validate(); err != nil {
		return nil, err
	}
	return &read, nil
}

// Encode writes YAML.
func (p *Profile) Encode() ([]byte, error) { return yaml.Marshal(p) }

// Validate joins every fault. It is a fault if some pixel of the picture has no unique direction.
func (p *Profile) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if p.Version != ProfileVersion {
		fault("version is %d, this program reads %d", p.Version, ProfileVersion)
	}
	if p.Width <= 0 || p.Height <= 0 || p.Width > maxSide || p.Height > maxSide {
		fault("width and height are %d×%d, must be 1 to %d", p.Width, p.Height, maxSide)
	}
	want := map[string]int{KindPinhole: 5, KindFisheye: 4}[p.Kind]
	if want == 0 {
		fault("kind %q is neither %s nor %s", p.Kind, KindPinhole, KindFisheye)
	} else if len(p.Distortion) != want {
		fault("distortion holds %d numbers, a %s has %d", len(p.Distortion), p.Kind, want)
	}
	for _, v := range append([]float64{p.FX, p.FY, p.CX, p.CY}, p.Distortion...) {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			fault("a number is not finite")
			break
		}
	}
	if !(p.FX > 0) || !(p.FY > 0) {
		fault("fx and fy must be above 0")
	}
	if len(faults) == 0 && !p.bijective() {
		fault("its distortion folds the picture over: some pixels have no direction")
	}
	if len(faults) > 0 {
		return fmt.Errorf("lens profile: %w", errors.Join(faults...))
	}
	return nil
}

// bijective reports whether each pixel has a unique direction: for a pinhole each pixel of the picture, for a
// fisheye each one within the largest circle around the centre, outside which such lenses show nothing.
func (p *Profile) bijective() bool {
	const steps = 16
	l := p.Lens()
	reach := math.Min(math.Min(p.CX, float64(p.Width)-p.CX), math.Min(p.CY, float64(p.Height)-p.CY))
	for i := range steps + 1 {
		for j := range steps + 1 {
			u, v := float64(p.Width*i)/steps, float64(p.Height*j)/steps
			if p.Kind == KindFisheye && math.Hypot(u-p.CX, v-p.CY) > reach {
				continue
			}
			d, ok := l.Ray(u, v)
			if !ok {
				return false
			}
			if gu, gv, ok := l.Project(d); !ok || math.Hypot(gu-u, gv-v) > 0.01 {
				return false
			}
		}
	}
	return true
}

// Lens returns the lens that the profile describes.
func (p *Profile) Lens() Lens {
	if p.Kind == KindFisheye {
		return KannalaBrandt{p.FX, p.FY, p.CX, p.CY, [4]float64(p.Distortion)}
	}
	return Brown{p.FX, p.FY, p.CX, p.CY, [5]float64(p.Distortion)}
}

// shapeDrift is the largest relative difference between two aspect ratios that are still the same: rounding
// causes it.
const shapeDrift = 0.005

// ErrSize is wrapped if a profile is asked for pictures of another aspect ratio than it was measured at.
var ErrSize = errors.New("lens profile is of another shape of picture")

// For returns the profile for pictures of w×h pixels. The error wraps ErrSize.
func (p *Profile) For(w, h int) (*Profile, error) {
	if w <= 0 || h <= 0 || math.Abs(float64(w)*float64(p.Height)/(float64(h)*float64(p.Width))-1) > shapeDrift {
		return nil, fmt.Errorf("%w: it was measured at %d×%d, the picture has %d×%d", ErrSize, p.Width, p.Height, w, h)
	}
	k := *p
	kx, ky := float64(w)/float64(p.Width), float64(h)/float64(p.Height)
	k.Width, k.Height, k.FX, k.FY, k.CX, k.CY = w, h, p.FX*kx, p.FY*ky, p.CX*kx, p.CY*ky
	return &k, nil
}

// Ideal returns the lens that seems to have taken the rectified pictures, and that a mount names: a pinhole or
// an equisolid fisheye with square pixels, its centre in the middle of the picture, and the same scale there.
// hfovDeg is the angle that spans the width.
func (p *Profile) Ideal() (model string, hfovDeg float64, ideal Lens) {
	f := math.Sqrt(p.FX * p.FY)
	w, h := float64(p.Width), float64(p.Height)
	if p.Kind == KindPinhole {
		return ModelPinhole, 2 * math.Atan(w/2/f) * 180 / math.Pi, Pinhole{f, w / 2, h / 2}
	}
	// The widest picture of an equisolid lens is 4f wide. If the circle does not fill the width, it is the
	// whole picture.
	f = math.Max(f, w/4*1.0001)
	return ModelEquisolid, 4 * math.Asin(w/4/f) * 180 / math.Pi, Equisolid{f, w / 2, h / 2}
}

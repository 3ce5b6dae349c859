// Package mount knows how one camera sees one cooler: where a millimetre of shelf lies in the picture,
// and where on the shelf a facing stands. It is made once when a camera is screwed on, and kept in a
// small YAML or JSON file.
//
// Two kinds: a camera, with its lens and where it stands, which also tells how deep in its lane a
// facing stands; or marks, shelf lines that a person traced in a picture, which need no lens.
//
//	version: 1
//	width: 1280            # of the pictures that it is made for; others of the same shape are scaled
//	height: 960
//	camera:                # metres, x to the right from the cooler's middle, y into it, z up from its floor
//	  model: pinhole       # or "equisolid fisheye"
//	  hfov_deg: 66
//	  pos_m: [0.03, -0.85, 0.75]
//	  target_m: [0.01, 0.05, 0.74]
//	  roll_deg: -1
//	front_mm: 40           # packs' fronts stand this far behind the cooler's front plane; left out, the facings tell
//
//	shelves:               # instead of camera: top to bottom, as in the planogram
//	  - line: [[226, 292], [640, 284], [1040, 290]]   # the board's front edge, left wall to right wall
//
// It refuses to guess a mount from a planogram, and promises to read version 1.
package mount

import (
	"bytes"
	"errors"
	"fmt"
	"math"

	"github.com/goccy/go-yaml"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// Version of the file that this code reads.
const Version = 1

// MaxBytes bounds a file.
const MaxBytes = 64 << 10

// defaultFrontMM: behind a price rail of 15 to 25 mm; until the facings tell better.
const defaultFrontMM = 20

// Mount is one camera on one cooler.
type Mount struct {
	Version int     `yaml:"version" json:"version"`
	Width   int     `yaml:"width" json:"width"`
	Height  int     `yaml:"height" json:"height"`
	Camera  *Camera `yaml:"camera,omitempty" json:"camera,omitempty"`
	FrontMM *int    `yaml:"front_mm,omitempty" json:"front_mm,omitempty"`
	Shelves []Marks `yaml:"shelves,omitempty" json:"shelves,omitempty"`
}

// Camera is a lens and where it stands, in the axes of package lens.
type Camera struct {
	Model   string    `yaml:"model" json:"model"`
	HFOVDeg float64   `yaml:"hfov_deg" json:"hfov_deg"`
	PosM    []float64 `yaml:"pos_m,flow" json:"pos_m"`       // x, y, z
	TargetM []float64 `yaml:"target_m,flow" json:"target_m"` // x, y, z
	RollDeg float64   `yaml:"roll_deg,omitempty" json:"roll_deg,omitempty"`
}

// Marks is one shelf as a person traced it.
type Marks struct {
	Line [][]float64 `yaml:"line,flow" json:"line"` // pixels, left inner wall to right inner wall, two points or more
}

// FromCamera makes the mount of a camera whose lens and pose are known, for pictures of w×h pixels.
func FromCamera(spec lens.Spec, w, h int) *Mount {
	return &Mount{Version: Version, Width: w, Height: h,
		Camera: &Camera{Model: spec.Model, HFOVDeg: spec.HFOVDeg, PosM: spec.PosM[:], TargetM: spec.TargetM[:], RollDeg: spec.RollDeg}}
}

// Decode reads YAML or JSON, strictly, and validates.
func Decode(data []byte) (m *Mount, err error) {
	// goccy/go-yaml v1.19.2 panics on some malformed documents, such as a tag before nothing.
	defer func() {
		if broken := recover(); broken != nil {
			m, err = nil, fmt.Errorf("mount: not readable as YAML: %v", broken)
		}
	}()
	return decode(data)
}

func decode(data []byte) (*Mount, error) {
	if len(data) > MaxBytes {
		return nil, fmt.Errorf("mount is %d bytes, the limit is %d", len(data), MaxBytes)
	}
	var m Mount
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&m); err != nil {
		return nil, fmt.Errorf("mount: %w", err)
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return &m, nil
}

// Encode writes YAML.
func (m *Mount) Encode() ([]byte, error) { return yaml.Marshal(m) }

// Validate joins every fault.
func (m *Mount) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if m.Version != Version {
		fault("version is %d, this program reads %d", m.Version, Version)
	}
	if m.Width <= 0 || m.Height <= 0 {
		fault("width and height must be given, in pixels")
	}
	switch {
	case m.Camera != nil && len(m.Shelves) > 0:
		fault("camera and shelves are both given; a mount has one of them")
	case m.Camera != nil:
		if len(m.Camera.PosM) != 3 || len(m.Camera.TargetM) != 3 {
			fault("camera: pos_m and target_m are three numbers each")
		} else if m.Width > 0 && m.Height > 0 {
			if _, err := m.Camera.spec().Camera(m.Width, m.Height); err != nil {
				fault("camera: %w", err)
			}
		}
	case len(m.Shelves) == 0:
		fault("neither camera nor shelves is given")
	}
	for i, s := range m.Shelves {
		if len(s.Line) < 2 {
			fault("shelf %d: a line has two points or more", i+1)
		}
		for k := range s.Line {
			if len(s.Line[k]) != 2 {
				fault("shelf %d, point %d: a point is two numbers", i+1, k+1)
				break
			}
			if k > 0 && s.Line[k][0] <= s.Line[k-1][0] {
				fault("shelf %d: points must run from left to right, point %d does not", i+1, k+1)
			}
		}
	}
	if m.FrontMM != nil && (*m.FrontMM < 0 || *m.FrontMM > 500) {
		fault("front_mm is %d, must be 0 to 500", *m.FrontMM)
	}
	if len(faults) > 0 {
		return fmt.Errorf("mount: %w", errors.Join(faults...))
	}
	return nil
}

func (c *Camera) spec() lens.Spec {
	return lens.Spec{Model: c.Model, HFOVDeg: c.HFOVDeg, PosM: [3]float64(c.PosM), TargetM: [3]float64(c.TargetM), RollDeg: c.RollDeg}
}

// Sight is a mount brought to one size of picture and one planogram: what package pipeline uses. It belongs to one goroutine at
// a time.
type Sight struct {
	plan  *shelf.Planogram
	w, h  int
	front float64 // metres
	// frontTold: by the mount. Else frontCosts says how badly each front that was tried fits the facings so far.
	frontTold  bool
	frontCosts []float64
	camera     *lens.Camera
	axes       axes           // of camera
	marks      [][][2]float64 // pixels of this picture size
	slots      map[string]shelf.SlotView
	packMM     map[shelf.GTIN]int // heights that the planogram tells
	known      answers            // of the last Places
}

// ErrPlanogram is wrapped where a planogram lacks what this kind of mount needs.
var ErrPlanogram = errors.New("planogram does not fit the mount")

// On prepares the mount for pictures of w×h pixels and a planogram. A camera needs the planogram's width_mm and
// each shelf's height_mm, marks need one line a shelf and width_mm.
func (m *Mount) On(plan *shelf.Planogram, w, h int) (*Sight, error) {
	if drift := math.Abs(float64(w)*float64(m.Height)/(float64(h)*float64(m.Width)) - 1); drift > 0.02 {
		return nil, fmt.Errorf("the picture is %d×%d, the mount is for %d×%d: another shape", w, h, m.Width, m.Height)
	}
	s := &Sight{plan: plan, w: w, h: h, front: defaultFrontMM / 1000.0, packMM: map[shelf.GTIN]int{}}
	for _, row := range plan.Shelves {
		for _, slot := range row.Slots {
			s.packMM[slot.GTIN] = max(s.packMM[slot.GTIN], slot.PackMM)
		}
	}
	if m.FrontMM != nil {
		s.front, s.frontTold = float64(*m.FrontMM)/1000, true
	}
	if plan.WidthMM <= 0 {
		return nil, fmt.Errorf("%w: width_mm is missing", ErrPlanogram)
	}
	if m.Camera != nil {
		for i, row := range plan.Shelves {
			if row.HeightMM <= 0 {
				return nil, fmt.Errorf("%w: height_mm of shelf %d is missing", ErrPlanogram, i+1)
			}
			if i > 0 && row.HeightMM >= plan.Shelves[i-1].HeightMM {
				return nil, fmt.Errorf("%w: shelf %d is not below shelf %d", ErrPlanogram, i+1, i)
			}
		}
		camera, err := m.Camera.spec().Camera(w, h)
		if err != nil {
			return nil, fmt.Errorf("mount: camera: %w", err)
		}
		s.camera, s.axes = &camera, axesOf(&camera)
		s.look()
		return s, nil
	}
	if len(m.Shelves) != len(plan.Shelves) {
		return nil, fmt.Errorf("%w: it has %d shelves, the mount %d lines", ErrPlanogram, len(plan.Shelves), len(m.Shelves))
	}
	sx, sy := float64(w)/float64(m.Width), float64(h)/float64(m.Height)
	for _, marks := range m.Shelves {
		var line [][2]float64
		for _, p := range marks.Line {
			line = append(line, [2]float64{p[0] * sx, p[1] * sy})
		}
		s.marks = append(s.marks, line)
	}
	s.look()
	return s, nil
}

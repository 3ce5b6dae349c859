//go:build customenv

package opencv_test

import (
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/board"
	"github.com/coldshelf/coldshelf/vision/board/boardtest"
	"github.com/coldshelf/coldshelf/vision/lens"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

var truths = map[string]*lens.Profile{
	"pinhole": {Version: 1, Kind: lens.KindPinhole, Width: 640, Height: 480, FX: 430, FY: 432, CX: 327, CY: 236,
		Distortion: []float64{-0.21, 0.06, 0.001, -0.0008, 0}},
	"fisheye": {Version: 1, Kind: lens.KindFisheye, Width: 640, Height: 480, FX: 330, FY: 331, CX: 325, CY: 244,
		Distortion: []float64{-1.0 / 24, 1.0 / 1920, 0, 0}},
}

func TestTheBoardIsFoundWhereItIs(t *testing.T) {
	for name, p := range truths {
		t.Run(name, func(t *testing.T) {
			found := 0
			for i, pose := range boardtest.Poses(p.Lens(), p.Width, p.Height, 4, 3) {
				got, err := opencv.FindBoard(boardtest.Photo(p.Lens(), pose, p.Width, p.Height, 3, uint64(i)), board.Columns, board.Rows)
				if err != nil {
					t.Fatal(err)
				}
				if got == nil {
					continue
				}
				found++
				want, _ := boardtest.Corners(p.Lens(), pose, p.Width, p.Height)
				if off := apart(got, want); off > 0.25 {
					t.Errorf("pose %d: corners are %.3f px off", i, off)
				}
			}
			if found < 3 {
				t.Errorf("the board is found in %d of 4 photos", found)
			}
		})
	}
	if got, err := opencv.FindBoard(vision.Frame{Width: 64, Height: 48, BGR: make([]byte, 3*64*48)}, board.Columns, board.Rows); got != nil || err != nil {
		t.Errorf("in a black picture: %v, %v", got, err)
	}
	if _, err := opencv.FindBoard(vision.Frame{Width: 64, Height: 48}, board.Columns, board.Rows); err == nil {
		t.Error("a frame without pixels is taken")
	}
}

// apart is the root of the mean squared distance, whichever of the board's two ends OpenCV began at.
func apart(got, want [][2]float64) float64 {
	there, back := 0.0, 0.0
	for i, g := range got {
		a, b := want[i], want[len(want)-1-i]
		there += (g[0]-a[0])*(g[0]-a[0]) + (g[1]-a[1])*(g[1]-a[1])
		back += (g[0]-b[0])*(g[0]-b[0]) + (g[1]-b[1])*(g[1]-b[1])
	}
	return math.Sqrt(math.Min(there, back) / float64(len(got)))
}

// From exact corners the lens comes back, so that no convention (half pixels, order of numbers) is wrong.
func TestAFitGivesTheLensBack(t *testing.T) {
	for name, p := range truths {
		t.Run(name, func(t *testing.T) {
			var views [][][2]float64
			for _, pose := range boardtest.Poses(p.Lens(), p.Width, p.Height, 14, 9) {
				corners, _ := boardtest.Corners(p.Lens(), pose, p.Width, p.Height)
				views = append(views, corners)
			}
			fit, err := opencv.FitLens(p.Kind, false, board.Corners(), views, p.Width, p.Height)
			if err != nil {
				t.Fatal(err)
			}
			got := fit.Profile
			for _, v := range [][2]float64{{got.FX, p.FX}, {got.FY, p.FY}, {got.CX, p.CX}, {got.CY, p.CY}} {
				if math.Abs(v[0]-v[1]) > 0.05 {
					t.Errorf("got %+v, want %+v", got, *p)
				}
			}
			if len(fit.Turns) != 14 || len(fit.Off) != 14 || len(fit.Off[0]) != len(board.Corners()) {
				t.Errorf("%d turns, %d views", len(fit.Turns), len(fit.Off))
			}
		})
	}
}

func TestAFitThatCannotBeIsAnError(t *testing.T) {
	p := truths["pinhole"]
	corners, _ := boardtest.Corners(p.Lens(), boardtest.Pose{Middle: lens.Vec3{Z: 0.5}}, 640, 480)
	for name, views := range map[string][][][2]float64{
		"no views":       nil,
		"too few points": {corners[:5]},
		"one point":      {make([][2]float64, len(corners))},
	} {
		if _, err := opencv.FitLens(lens.KindFisheye, false, board.Corners(), views, 640, 480); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

package lane_test

import (
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lane"
)

// scene is 320×240 grey, with a red pack at the left and a blue one at the right of the lane.
func scene() lane.Scene {
	f := vision.Frame{Width: 320, Height: 240, BGR: make([]byte, 3*320*240)}
	for y := range f.Height {
		for x := range f.Width {
			at := f.BGR[3*(y*f.Width+x):]
			at[0], at[1], at[2] = 100, 100, 100
			switch {
			case x < 100:
				at[0], at[1], at[2] = 0, 0, 200
			case x >= 200:
				at[0], at[1], at[2] = 200, 0, 0
			}
		}
	}
	return lane.Scene{Frame: f, Facings: []shelf.Box{{X: 0, Y: 0, W: 100, H: 240}}, Weak: []lane.Weak{{Box: shelf.Box{X: 200, Y: 0, W: 120, H: 240}, Score: 0.2}}}
}

func rectangle(x0, y0, x1, y1 float64) [][2]float64 {
	return [][2]float64{{x0, y1}, {x1, y1}, {x1, y0}, {x0, y0}}
}

var shape = lane.Shape{Front: rectangle(100, 40, 200, 200), Floor: [][2]float64{{100, 200}, {200, 200}, {180, 170}, {120, 170}}, Back: rectangle(120, 60, 180, 170)}

func TestAPatchShowsTheLaneAndWhatIsBesideIt(t *testing.T) {
	p := lane.Cut(scene(), shape)
	middle := lane.Height / 2 * lane.Width
	left, centre, right := middle+1, middle+lane.Width/2, middle+lane.Width-2
	if got := [3]byte(p.BGR[3*left:]); got != [3]byte{0, 0, 200} {
		t.Errorf("left of the lane is %v, want the red pack", got)
	}
	if got := [3]byte(p.BGR[3*centre:]); got != [3]byte{100, 100, 100} {
		t.Errorf("the lane's middle is %v, want grey", got)
	}
	if got, want := p.Marks[left], byte(lane.Inside|lane.Found); got != want {
		t.Errorf("left of the lane is marked %b, want %b", got, want)
	}
	if got, want := p.Marks[centre], byte(lane.Inside|lane.Front|lane.Back); got != want {
		t.Errorf("the lane's middle is marked %b, want %b", got, want)
	}
	if p.Weak[right] != 51 || p.Weak[left] != 0 {
		t.Errorf("weak scores are %d at the right and %d at the left, want 51 and 0", p.Weak[right], p.Weak[left])
	}
	floor := 0
	for _, m := range p.Marks {
		if m&lane.Floor != 0 {
			floor++
		}
	}
	// The floor is a trapezium 100 and 60 wide and 30 high in a window of 140×224 pixels.
	if want := 80 * 30 * lane.Width * lane.Height / (140 * 224); floor < want*9/10 || floor > want*11/10 {
		t.Errorf("the floor covers %d pixels, want about %d", floor, want)
	}
}

func TestOutsideOfThePictureNothingIsSeen(t *testing.T) {
	p := lane.Cut(scene(), lane.Shape{Front: rectangle(-100, 40, 60, 200)})
	if p.Marks[lane.Height/2*lane.Width+2]&lane.Inside != 0 || p.Marks[lane.Height/2*lane.Width+lane.Width-10]&lane.Inside == 0 {
		t.Error("the left of the patch must lie outside of the picture, the right inside")
	}
	if [3]byte(p.BGR[3*(lane.Height/2*lane.Width+2):]) != [3]byte{} {
		t.Error("what is outside of the picture must be black")
	}
}

func TestPlanes(t *testing.T) {
	p := lane.Cut(scene(), shape)
	out := make([]float32, 9*lane.Width*lane.Height)
	p.Planes(out)
	i := lane.Height/2*lane.Width + 1
	plane := func(k int) float32 { return out[k*lane.Width*lane.Height+i] }
	got := [9]float32{plane(0), plane(1), plane(2), plane(3), plane(4), plane(5), plane(6), plane(7), plane(8)}
	if want := [9]float32{0, 0, 200. / 255, 0, 0, 0, 1, 1, 0}; got != want {
		t.Errorf("planes at the red pack are %v, want %v", got, want)
	}
}

func BenchmarkCut(b *testing.B) {
	s := scene()
	for b.Loop() {
		lane.Cut(s, shape)
	}
}

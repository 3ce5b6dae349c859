//go:build customenv

package opencv_test

import (
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// Somebody comes, stands in a zone for nearly two minutes and goes on; and a thing of their size that nobody knows for a
// person is put down beside. The visit is as long as it was, and the thing has become the room.
func TestWhoStandsStillIsNotForgotten(t *testing.T) {
	opencv.SetThreads(1)
	const come, stand, gone = 60, 110 * footfall.Pace, 60
	reach := func(x, y float64) figure {
		return func(f int) (float64, float64, bool) {
			switch {
			case f < 90:
				return 0, 0, false
			case f < 90+come:
				return -40 + (x+40)*float64(f-90)/come, y, true
			case f < 90+come+stand:
				return x, y, true
			}
			return x + (520-x)*float64(f-90-come-stand)/gone, y, f <= 90+come+stand+gone
		}
	}
	person := reach(150, 90)
	thing := func(f int) (float64, float64, bool) { return reach(150, 240)(min(f, 90+come)) }
	zone := footfall.Zone{Name: "before the cooler", Corners: []footfall.Point{{X: 80, Y: 30}, {X: 230, Y: 30}, {X: 230, Y: 310}, {X: 80, Y: 310}}}
	motion, err := opencv.NewMotion()
	if err != nil {
		t.Fatal(err)
	}
	defer motion.Close()
	counter, err := footfall.NewCounter(passageW, passageH, nil, []footfall.Zone{zone})
	if err != nil {
		t.Fatal(err)
	}
	// Who is above the middle is a person: OpenCV's detector does not know ellipses.
	w := footfall.Watch{Segment: motion.Segment, Hold: motion.Hold, Counter: counter, Person: func(_ vision.Frame, b footfall.Box) (float64, error) {
		if b.Foot().Y < 160 {
			return 1, nil
		}
		return 0, nil
	}}
	picture := newFloor()
	bodies := []body{{at: person, rx: 20, ry: 30, shade: 70}, {at: thing, rx: 20, ry: 30, shade: 70}}
	var visits []footfall.Visit
	thingSeen := false
	var still []vision.Frame // nobody moves: some pictures that differ in their noise do for all
	for f := range 90 + come + stand + gone + 30 {
		var frame vision.Frame
		if f < 90+come || f >= 90+come+stand {
			frame = picture.frame(f, 1, bodies)
		} else if len(still) < 16 {
			frame = picture.frame(f, 1, bodies)
			still = append(still, frame)
		} else {
			frame = still[f%len(still)]
		}
		e, err := w.Look(f, frame)
		if err != nil {
			t.Fatal(err)
		}
		visits = append(visits, e.Visits...)
		if f == 90+come+stand-1 {
			mask, err := motion.Segment(picture.frame(f, 1, bodies))
			if err != nil {
				t.Fatal(err)
			}
			thingSeen = mask.Cells[int(240/mask.Scale)*mask.W+int(150/mask.Scale)] != 0
		}
	}
	visits = append(visits, counter.Close().Visits...)
	if len(visits) != 1 || visits[0].To-visits[0].From < stand || visits[0].To-visits[0].From > stand+come+gone {
		t.Errorf("visits %+v, want one of %d frames and a few", visits, stand)
	}
	if thingSeen {
		t.Error("what nobody knows for a person has not become the room")
	}
}

package footfall_test

import (
	"math"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision/footfall"
)

// The scenes are masks of 96×72 cells of 4 pixels: pictures of 384×288.
const wide, high, cell = 96, 72, 4

// walker is somebody at each frame: the middle of their feet in cells, and their height; seen says whether the camera
// sees them.
type walker struct {
	tall  float64
	place func(frame int) (x, y float64, seen bool)
}

// straight walks from one place to another between two frames.
func straight(tall, x0, y0, x1, y1 float64, from, to int) walker {
	return walker{tall, func(f int) (float64, float64, bool) {
		s := float64(f-from) / float64(to-from)
		return x0 + s*(x1-x0), y0 + s*(y1-y0), f >= from && f <= to
	}}
}

// hidden covers a walker while they are between two columns.
func (w walker) hidden(x0, x1 float64) walker {
	return walker{w.tall, func(f int) (float64, float64, bool) {
		x, y, seen := w.place(f)
		return x, y, seen && (x < x0 || x > x1)
	}}
}

func mask(frame int, walkers []walker) footfall.Mask {
	m := footfall.Mask{W: wide, H: high, Scale: cell, Cells: make([]byte, wide*high)}
	for _, w := range walkers {
		x, y, seen := w.place(frame)
		if !seen {
			continue
		}
		for cy := range high {
			for cx := range wide {
				if math.Abs(float64(cx)+0.5-x) <= 0.16*w.tall && float64(cy) >= y-w.tall && float64(cy) < y {
					m.Cells[cy*wide+cx] = 255
				}
			}
		}
	}
	return m
}

func anybody(footfall.Box) bool { return true }
func nobody(footfall.Box) bool  { return false }

// watch runs a scene and gives all that was told.
func watch(t *testing.T, lines []footfall.Line, zones []footfall.Zone, isPerson func(footfall.Box) bool, frames int, walkers ...walker) footfall.Events {
	t.Helper()
	c, err := footfall.NewCounter(wide*cell, high*cell, lines, zones)
	if err != nil {
		t.Fatal(err)
	}
	var all footfall.Events
	add := func(e footfall.Events) {
		all.Crossings = append(all.Crossings, e.Crossings...)
		all.Visits = append(all.Visits, e.Visits...)
		all.Passings = append(all.Passings, e.Passings...)
	}
	for f := range frames {
		add(c.Step(f, mask(f, walkers), isPerson))
	}
	add(c.Close())
	return all
}

// there walks from x0 to x1, stands for thirty frames and goes back.
func there(tall, x0, x1, y float64, from int) walker {
	return walker{tall, func(f int) (float64, float64, bool) {
		s := float64(f - from)
		switch {
		case s < 40:
			return x0 + s/40*(x1-x0), y, s >= 0
		case s < 70:
			return x1, y, true
		}
		return x1 + (s-70)/40*(x0-x1), y, s <= 110
	}}
}

// regulars walk one after the other, three each way, and teach the counter how tall people are.
func regulars() (list []walker) {
	for i := range 3 {
		list = append(list, straight(24, 0, 66, 95, 66, 40*i, 40*i+30), straight(24, 95, 58, 0, 58, 40*i+20, 40*i+50))
	}
	return list
}

// upright is the line through the middle, looking down: its left is the picture's right.
var upright = footfall.Line{Name: "middle", A: footfall.Point{X: 192, Y: 0}, B: footfall.Point{X: 192, Y: 288}}

func counts(e footfall.Events) (in, out int) {
	for _, x := range e.Crossings {
		if x.Dir == footfall.In {
			in++
		} else {
			out++
		}
	}
	return in, out
}

func TestCrossings(t *testing.T) {
	turn := func(reach float64) walker { // comes from the left, turns at reach, and goes back
		return walker{24, func(f int) (float64, float64, bool) {
			s := math.Abs(float64(f)-50) / 50
			return reach - s*reach, 60, f <= 100
		}}
	}
	cases := []struct {
		name     string
		isPerson func(footfall.Box) bool
		walkers  []walker
		in, out  int
	}{
		{"from left to right is out of a line that looks down", anybody, []walker{straight(24, 0, 60, 95, 60, 0, 80)}, 0, 1},
		{"from right to left is in", anybody, []walker{straight(24, 95, 60, 0, 60, 0, 80)}, 1, 0},
		{"two meet and each goes on", anybody, []walker{straight(24, 0, 66, 95, 66, 0, 80), straight(20, 95, 40, 0, 40, 0, 80)}, 1, 1},
		{"one after the other", anybody, []walker{straight(24, 0, 60, 95, 60, 0, 80), straight(24, 0, 60, 95, 60, 40, 120)}, 0, 2},
		{"hidden by a pillar before the line", anybody, []walker{straight(24, 0, 60, 95, 60, 0, 95).hidden(34, 44)}, 0, 1},
		{"hidden by a pillar on the line", anybody, []walker{straight(24, 0, 60, 95, 60, 0, 95).hidden(44, 52)}, 0, 1},
		{"turns before the line", anybody, []walker{turn(40)}, 0, 0},
		{"turns on the line", anybody, []walker{turn(48)}, 0, 0},
		{"crosses and comes back: once each way", anybody, []walker{turn(70)}, 1, 1},
		{"a detector that knows nobody in a view from above", nobody, []walker{straight(16, 0, 60, 95, 60, 0, 80), straight(16, 95, 30, 0, 30, 20, 100)}, 1, 1},
		{"no detector", nil, []walker{straight(16, 0, 60, 95, 60, 0, 80)}, 0, 1},
		{"an arm that reaches in and goes back is nobody", nobody, []walker{{60, func(f int) (float64, float64, bool) {
			return 20 + 50*math.Sin(float64(f)/25), 40, f < 80
		}}}, 0, 0},
		{"one behind the other, who meet before the line", anybody, append(regulars(), straight(24, 0, 66, 95, 66, 150, 230), straight(24, 60, 58, 0, 58, 150, 200), straight(24, 95, 58, 0, 58, 180, 260)), 5, 4},
		{"one behind the other, who meet on the line", anybody, append(regulars(), straight(24, 0, 66, 95, 66, 150, 230), straight(24, 95, 56, 0, 56, 150, 230)), 4, 4},
		{"two who meet on the line one behind the other, stand, and turn back", anybody, append(regulars(), there(24, 0, 44, 66, 150), there(24, 95, 52, 56, 150)), 3, 3},
		{"two who go the same way through one place, half a second apart", anybody, append(regulars(), straight(16, 0, 60, 95, 60, 150, 210), straight(16, 0, 60, 95, 60, 156, 216)), 3, 5},
		{"nobody at all", anybody, nil, 0, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			e := watch(t, []footfall.Line{upright}, nil, c.isPerson, 280, c.walkers...)
			if in, out := counts(e); in != c.in || out != c.out {
				t.Errorf("in %d, out %d, want %d and %d: %v", in, out, c.in, c.out, e.Crossings)
			}
		})
	}
}

func TestACrossingIsToldWithTheFrameOfTheLine(t *testing.T) {
	e := watch(t, []footfall.Line{upright}, nil, anybody, 100, straight(24, 0, 60, 96, 60, 0, 96))
	if len(e.Crossings) != 1 || e.Crossings[0].Frame < 46 || e.Crossings[0].Frame > 51 {
		t.Errorf("got %v, want one crossing in frame 48 or nearly", e.Crossings)
	}
}

func TestInIsFromTheLeftOfTheLineToItsRight(t *testing.T) {
	down := straight(20, 48, 22, 48, 71, 0, 90)
	level := footfall.Line{Name: "level", A: footfall.Point{X: 0, Y: 180}, B: footfall.Point{X: 383, Y: 180}}
	back := footfall.Line{Name: "back", A: level.B, B: level.A}
	e := watch(t, []footfall.Line{level, back}, nil, anybody, 100, down)
	got := map[string]footfall.Dir{}
	for _, x := range e.Crossings {
		got[x.Line] = x.Dir
	}
	// Looking along a line to the right, its left is above it: who comes down goes in.
	if len(e.Crossings) != 2 || got["level"] != footfall.In || got["back"] != footfall.Out {
		t.Errorf("got %v", e.Crossings)
	}
}

// Of somebody whose head alone looks over the picture's lower edge, nobody knows where the feet are.
func TestAHeadAtTheLowerEdgeCrossesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		feet float64
		in   int
	}{"a head": {91, 3}, "all but the shoes": {75, 4}} {
		t.Run(name, func(t *testing.T) {
			e := watch(t, []footfall.Line{upright}, nil, anybody, 280, append(regulars(), straight(28, 95, c.feet, 0, c.feet, 150, 230))...)
			if in, out := counts(e); in != c.in || out != 3 {
				t.Errorf("in %d, out %d, want %d and 3: %v", in, out, c.in, e.Crossings)
			}
		})
	}
}

func TestWhoWalksRoundALineHasPassedIt(t *testing.T) {
	short := footfall.Line{Name: "short", A: footfall.Point{X: 192, Y: 0}, B: footfall.Point{X: 192, Y: 120}}
	e := watch(t, []footfall.Line{short}, nil, anybody, 120, straight(24, 0, 66, 95, 66, 0, 80))
	if len(e.Crossings) != 0 || len(e.Passings) != 1 {
		t.Errorf("crossings %v, passings %v, want none and one", e.Crossings, e.Passings)
	}
}

func TestAStayInAZone(t *testing.T) {
	zone := footfall.Zone{Name: "shelf", Corners: []footfall.Point{{X: 140, Y: 180}, {X: 260, Y: 180}, {X: 260, Y: 287}, {X: 140, Y: 287}}}
	stays := walker{24, func(f int) (float64, float64, bool) { // walks in, stays for 50 frames, goes on
		switch {
		case f < 48:
			return float64(f), 60, true
		case f < 98:
			return 48, 60, true
		}
		return float64(f - 50), 60, f < 145
	}}
	e := watch(t, nil, []footfall.Zone{zone}, anybody, 160, stays)
	if len(e.Visits) != 1 || e.Visits[0].To-e.Visits[0].From < 70 || e.Visits[0].To-e.Visits[0].From > 90 {
		t.Fatalf("got %v, want one visit of 80 frames", e.Visits)
	}
	tally := footfall.NewTally(nil, []footfall.Zone{zone})
	tally.Add(e)
	if c := tally.Take(); len(c) != 1 || c[0].Name != "shelf" || c[0].In != 1 || c[0].Passing != 0 || c[0].Dwell < 70 {
		t.Errorf("tally %+v", c)
	}
	if c := tally.Take(); c[0].In != 0 {
		t.Errorf("taken twice: %+v", c)
	}
}

func TestLightThatChangesAndNoiseAreNobody(t *testing.T) {
	c, err := footfall.NewCounter(wide*cell, high*cell, []footfall.Line{upright}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for f := range 60 {
		m := footfall.Mask{W: wide, H: high, Scale: cell, Cells: make([]byte, wide*high)}
		for i := range m.Cells {
			if f%10 == 0 || (i*2654435761+f*97)%31 == 0 { // everything, or grains here and there
				m.Cells[i] = 255
			}
		}
		if e := c.Step(f, m, nobody); len(e.Crossings) > 0 {
			t.Fatalf("frame %d: %v", f, e.Crossings)
		}
	}
	if e := c.Close(); len(e.Crossings)+len(e.Passings) > 0 {
		t.Errorf("told %+v", e)
	}
}

func TestBadLinesAndZones(t *testing.T) {
	p := footfall.Point{X: 1, Y: 1}
	_, err := footfall.NewCounter(10, 10, []footfall.Line{{Name: "dot", A: p, B: p}}, []footfall.Zone{{Name: "flat", Corners: []footfall.Point{p, p}}})
	if err == nil || !strings.Contains(err.Error(), `"dot"`) || !strings.Contains(err.Error(), `"flat"`) {
		t.Errorf("got %v, want both named", err)
	}
	if _, err := footfall.NewCounter(0, 10, nil, nil); err == nil {
		t.Error("a picture of no width is taken")
	}
}

func TestParsePoints(t *testing.T) {
	if p, err := footfall.ParsePoints("1, 2,3.5,4"); err != nil || len(p) != 2 || p[1].X != 3.5 {
		t.Errorf("got %v, %v", p, err)
	}
	for _, text := range []string{"", "1", "1,2,3", "1,x", "NaN,1", "1e99,0"} {
		if p, err := footfall.ParsePoints(text); err == nil {
			t.Errorf("%q is taken as %v", text, p)
		}
	}
}

func TestTruth(t *testing.T) {
	truth, err := footfall.ReadTruth(strings.NewReader("# remark\nvideo a.avi\nview oblique\nline x 0,0,0,9\nin 10\nout 20 # late\nin 30\n"))
	if err != nil {
		t.Fatal(err)
	}
	found := []footfall.Crossing{{Line: "x", Frame: 12, Dir: footfall.In}, {Line: "x", Frame: 13, Dir: footfall.In}, {Line: "x", Frame: 28, Dir: footfall.Out}, {Line: "y", Frame: 30, Dir: footfall.In}}
	s := truth.Lines[0].Compare(found, 5)
	if s != (footfall.Score{Truth: 3, Right: 1, Extra: 2}) || math.Abs(s.Accuracy()-0.2) > 1e-9 {
		t.Errorf("got %+v, %v", s, s.Accuracy())
	}
	if (footfall.Score{}).Accuracy() != 1 {
		t.Error("nothing there and nothing claimed is not right")
	}
	for _, text := range []string{"", "video a", "video a\nline x 0,0,0,9", "video a\nview below", "video a\nin 3", "video a\nline x 0,0,0,0", "video a\nline x 0,0,0,9\nin -3", "video a\nline x 0,0,0,9\nup 3", "video a\nvideo b\nline x 0,0,0,9"} {
		if _, err := footfall.ReadTruth(strings.NewReader(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestInPicture(t *testing.T) {
	for _, c := range []struct {
		points string
		want   bool
	}{
		{"10,0,10,480", true},
		{"0,0,640,0", true},
		{"-100,100,900,100", true},  // through it, with both ends outside
		{"700,0,700,480", false},    // beside it
		{"600,-100,800,100", false}, // past a corner
		{"-50,-50,-1,-1", false},    // before it
		{"100,100,200,100,200,200", true},
		{"-9,-9,700,-9,700,500,-9,500", true}, // around it
		{"700,0,800,0,800,100", false},
	} {
		p, err := footfall.ParsePoints(c.points)
		if err != nil {
			t.Fatal(err)
		}
		if got := footfall.InPicture(640, 480, p...); got != c.want {
			t.Errorf("%s: %v, want %v", c.points, got, c.want)
		}
	}
}

package agent

import (
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// shelfPicture is a shelf of three boards in some light, with rectangles of a grey level before it.
func shelfPicture(light float64, things ...[5]int) vision.Frame {
	f := vision.Frame{Width: 640, Height: 480, BGR: make([]byte, 3*640*480)}
	for y := range f.Height {
		for x := range f.Width {
			v := 120
			if y%160 < 20 {
				v = 200
			} else if x/40%2 == 0 {
				v = 90
			}
			for _, r := range things {
				if x >= r[0] && x < r[0]+r[2] && y >= r[1] && y < r[1]+r[3] {
					v = r[4]
				}
			}
			for k := range 3 {
				f.BGR[3*(y*f.Width+x)+k] = byte(light * float64(v))
			}
		}
	}
	return f
}

func TestAStrangerBeforeTheShelfIsNoticed(t *testing.T) {
	clear, fogged := &shelf.Observation{}, &shelf.Observation{Quality: shelf.Quality{Reason: shelf.Fog}}
	standing := [5]int{200, 60, 140, 420, 30}
	type look struct {
		what  string
		frame vision.Frame
		obs   *shelf.Observation
		after time.Duration
		want  bool
	}
	var u usual
	var age time.Duration
	for _, l := range []look{
		{"the first look", shelfPicture(1), clear, 0, false},
		{"somebody", shelfPicture(1, standing), clear, time.Minute, true},
		{"nobody any more", shelfPicture(1), clear, time.Minute, false},
		{"less light", shelfPicture(0.7), clear, time.Minute, false},
		{"less light, and somebody", shelfPicture(0.7, standing), clear, time.Minute, true},
		{"the lamp goes out", shelfPicture(0.3), clear, time.Minute, true},
		{"and it stays dark", shelfPicture(0.3), clear, time.Minute, false},
		{"the lamp is lit, as before", shelfPicture(1), clear, time.Minute, false},
		{"and stays lit", shelfPicture(1), clear, time.Minute, false},
		{"a place sold out", shelfPicture(1, [5]int{80, 180, 80, 140, 20}), clear, time.Minute, false},
		{"a row sold out", shelfPicture(1, [5]int{0, 180, 640, 140, 20}), clear, time.Minute, false},
		{"filled again", shelfPicture(1), clear, time.Minute, false},
		{"a pack that was not there, as large as a person", shelfPicture(1, standing), &shelf.Observation{Facings: []shelf.Facing{{Box: shelf.Box{X: 200, Y: 60, W: 140, H: 420}}}}, time.Minute, false},
		{"the pack is gone", shelfPicture(1), &shelf.Observation{Facings: []shelf.Facing{{Box: shelf.Box{X: 200, Y: 60, W: 140, H: 420}}}}, time.Minute, false},
		{"fog teaches nothing", shelfPicture(0.2), fogged, time.Minute, false},
		{"a board is put up", shelfPicture(1, standing), clear, time.Minute, true},
		{"and stands there", shelfPicture(1, standing), clear, settled - time.Minute, true},
		{"for long", shelfPicture(1, standing), clear, time.Minute, false},
		{"it is the shelf now", shelfPicture(1, standing), clear, time.Minute, false},
		{"a camera of another shape begins anew", vision.Frame{Width: 9, Height: 3, BGR: make([]byte, 81)}, clear, time.Minute, false},
	} {
		age += l.after
		if got := u.step(l.frame, l.obs, age); got != l.want {
			t.Errorf("%s: %v, want %v", l.what, got, l.want)
		}
	}
}

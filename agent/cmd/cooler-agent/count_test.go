//go:build customenv

package main

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

const walkW, walkH, walkFrames = 480, 320, 180

// walkFrame is a rendered floor over which somebody, seen from above, walks from left to right.
func walkFrame(frame int) vision.Frame {
	f := vision.Frame{Width: walkW, Height: walkH, BGR: make([]byte, 3*walkW*walkH)}
	noise := rand.New(rand.NewPCG(3, uint64(frame)))
	at := float64(frame-20)*4 - 40
	for y := range walkH {
		for x := range walkW {
			v := 130.0
			if (x/40+y/40)%2 == 0 {
				v += 24
			}
			if dx, dy := float64(x)-at, float64(y)-100; dx*dx/400+dy*dy/900 < 1 {
				v = 60
			}
			v += 4 * noise.NormFloat64()
			for c := range 3 {
				f.BGR[3*(y*walkW+x)+c] = byte(v)
			}
		}
	}
	return f
}

func walkVideo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "walk.avi")
	r, err := opencv.OpenRecorder(path, 10, walkW, walkH)
	if err != nil {
		t.Fatal(err)
	}
	for f := range walkFrames {
		if err := r.Write(walkFrame(f)); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCountAVideo(t *testing.T) {
	video := walkVideo(t)
	drawn := filepath.Join(t.TempDir(), "drawn.avi")
	status, out, errs := call(t, "count", "--json", "--line", "240,0,240,320", "--draw", drawn, video)
	if status != exitDone || errs != "" {
		t.Fatalf("status %d: %s", status, errs)
	}
	var got countReport
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if got.In != 0 || got.Out != 1 || len(got.Crossings) != 1 || got.Frames != walkFrames || got.FPS <= 0 {
		t.Fatalf("got %s", out)
	}
	if f := got.Crossings[0].Frame; f < 82 || f > 98 { // the middle is over the line in frame 90
		t.Errorf("crossed in frame %d, want about 90", f)
	}
	if info, err := os.Stat(drawn); err != nil || info.Size() < 10_000 {
		t.Errorf("drawn video: %v", err)
	}
	status, out, _ = call(t, "count", "--line", "240,320,240,0", video)
	if status != exitDone || !strings.Contains(out, "in 1, out 0") {
		t.Errorf("the line turned round: status %d, %q", status, out)
	}
}

// A video whose copying broke off: what is there is counted and printed, and the end is told.
func TestCountOfAVideoThatIsCutOff(t *testing.T) {
	whole, err := os.ReadFile(walkVideo(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, share := range map[string]float64{"after the crossing": 0.9, "in its head": 0.0001} {
		t.Run(name, func(t *testing.T) {
			cut := filepath.Join(t.TempDir(), "cut.avi")
			write(t, cut, whole[:int(share*float64(len(whole)))])
			status, out, errs := call(t, "count", "--json", "--line", "240,0,240,320", cut)
			if !strings.HasPrefix(errs, "error: ") || !strings.Contains(errs, "hint: ") {
				t.Errorf("the end is not told: %q", errs)
			}
			if share < 0.1 {
				if status != exitFailed || out != "" {
					t.Errorf("status %d, %q, want a failure and no counts", status, out)
				}
				return
			}
			var got countReport
			if err := json.Unmarshal([]byte(out), &got); err != nil {
				t.Fatalf("%v: %q", err, out)
			}
			if status != exitDone || got.Out != 1 || got.Frames == 0 || got.Frames >= walkFrames {
				t.Errorf("status %d, %d out in %d frames, want what is there to be counted", status, got.Out, got.Frames)
			}
		})
	}
}

func TestCountBesideThePicture(t *testing.T) {
	video := walkVideo(t)
	status, out, errs := call(t, "count", "--json", "--line", "240,0,240,320", "--line", "500,0,500,320", "--zone", "0,400,100,400,100,500", video)
	if status != exitFailed || out != "" || !strings.Contains(errs, "line 2 from 500,0 to 500,320") || !strings.Contains(errs, "zone 1") ||
		strings.Contains(errs, "line 1") || !strings.Contains(errs, "480×320") || !strings.Contains(errs, "hint: ") {
		t.Errorf("status %d\nstdout %q\nstderr %q", status, out, errs)
	}
}

func TestCountOfWhatIsNoVideo(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.mp4")
	if err := os.WriteFile(broken, []byte("no video"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		status int
		args   []string
	}{
		"no line":        {exitUsage, []string{"x.avi"}},
		"half a line":    {exitUsage, []string{"--line", "1,2,3", "x.avi"}},
		"a dot":          {exitUsage, []string{"--line", "1,2,1,2", "x.avi"}},
		"a flat zone":    {exitUsage, []string{"--zone", "1,2,3,4", "x.avi"}},
		"a folder":       {exitFailed, []string{"--line", "1,2,3,4", filepath.Dir(broken)}},
		"no file":        {exitFailed, []string{"--line", "1,2,3,4", "none.avi"}},
		"a broken video": {exitFailed, []string{"--line", "1,2,3,4", broken}},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := call(t, append([]string{"count", "--json"}, c.args...)...)
			if status != c.status || out != "" || !strings.HasPrefix(errs, "error: ") || !strings.Contains(errs, "hint: ") {
				t.Errorf("status %d, want %d\nstdout %q\nstderr %q", status, c.status, out, errs)
			}
		})
	}
}

// told keeps the counts that a device says.
type told struct{ counts []telemetry.Footfall }

func (*told) Door(bool)                 {}
func (*told) Climate(telemetry.Climate) {}
func (*told) Power(telemetry.Power)     {}
func (t *told) Footfall(f telemetry.Footfall, _ time.Duration) {
	t.counts = append(t.counts, f)
}

func TestTheAgentsCameraTellsCounts(t *testing.T) {
	opencv.SetThreads(1)
	people, err := openPeople()
	if err != nil {
		t.Fatal(err)
	}
	defer people.Close()
	var say told
	f := newFootCounter(config.Footfall{
		Lines: []config.Counting{{Name: "aisle", Points: "240,0,240,320"}, {Name: "back", Points: "0,300,480,300"}},
		Zones: []config.Counting{{Name: "floor", Points: "0,60,480,60,480,200,0,200"}},
	}, people, time.Hour, &say)
	for n := range walkFrames {
		if err := f.look(n, walkFrame(n)); err != nil {
			t.Fatal(err)
		}
	}
	f.finish()
	by := map[string]telemetry.Footfall{}
	for _, c := range say.counts {
		by[c.Line] = c
	}
	if len(say.counts) != 3 || by["aisle"].Out != 1 || by["aisle"].In != 0 || by["back"].Passing != 1 || by["floor"].In != 1 || by["floor"].Dwell < 8*time.Second {
		t.Errorf("told %+v", say.counts)
	}
}

// The walkway of Debian's opencv-doc against the counts that were made of it by hand.
func TestAWalkwayIsCountedAsByHand(t *testing.T) {
	status, out, errs := call(t, "eval-footfall", "--videos", "/usr/share/doc/opencv-doc/examples/data", "../../../vision/footfall/truth/vtest.txt")
	if status != exitDone {
		t.Fatalf("status %d, %s (make setup-test)", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var f footfallFigures
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &f); err != nil {
		t.Fatal(err)
	}
	if f.Truth != 65 || f.Accuracy < 0.98 {
		t.Errorf("%d of %d crossings right, %d extra: %.3f, want 0.98\n%s", f.Right, f.Truth, f.Extra, f.Accuracy, out)
	}
}

// Rendered people, whose crossings are known, from straight above, where no clip is at hand, and at a slant.
func TestRenderedPeopleAreCounted(t *testing.T) {
	status, out, errs := call(t, "eval-footfall", "--rendered")
	if status != exitDone {
		t.Fatalf("status %d, %s", status, errs)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var f footfallFigures
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &f); err != nil {
		t.Fatal(err)
	}
	if above, slant := f.Views["overhead"], f.Views["oblique"]; above.Truth != 30 || above.Accuracy() < 0.96 || slant.Truth != 30 || slant.Accuracy() < 0.86 {
		t.Errorf("from above %+v, want 0.96; at a slant %+v, want 0.86\n%s", above, slant, out)
	}
	if status, _, errs := call(t, "eval-footfall"); status != exitUsage || !strings.Contains(errs, "hint: ") {
		t.Errorf("without a clip: status %d, %s", status, errs)
	}
}

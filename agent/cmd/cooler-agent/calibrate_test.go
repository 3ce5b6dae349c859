//go:build customenv

package main

import (
	"encoding/json"
	"fmt"
	"image"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	conf "github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/board/boardtest"
	"github.com/coldshelf/coldshelf/vision/lens"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// photographed writes n photos of the board, as a lens with JPEG and noise gives them, into a folder.
func photographed(t *testing.T, p *lens.Profile, poses []boardtest.Pose) string {
	t.Helper()
	dir := t.TempDir()
	for i, pose := range poses {
		data, err := picture.JPEG(boardtest.Photo(p.Lens(), pose, p.Width, p.Height, 2.5, uint64(i)), 92)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, fmt.Sprintf("%02d.jpg", i)), data)
	}
	return dir
}

var (
	barrelLens = &lens.Profile{Version: 1, Kind: lens.KindPinhole, Width: 640, Height: 480, FX: 430, FY: 432, CX: 327, CY: 236,
		Distortion: []float64{-0.21, 0.06, 0.001, -0.0008, 0}}
	fisheyeLens = &lens.Profile{Version: 1, Kind: lens.KindFisheye, Width: 640, Height: 480, FX: 300, FY: 301, CX: 325, CY: 244,
		Distortion: []float64{-1.0 / 24, 1.0 / 1920, 0, 0}}
)

// The command finds the lens that took the photos, and which of the two kinds it is.
func TestCalibrateFindsTheLens(t *testing.T) {
	for _, truth := range []*lens.Profile{barrelLens, fisheyeLens} {
		t.Run(truth.Kind, func(t *testing.T) {
			photos := photographed(t, truth, boardtest.Poses(truth.Lens(), truth.Width, truth.Height, 10, 21))
			dir := t.TempDir()
			out, straight := filepath.Join(dir, "lens.yml"), filepath.Join(dir, "straight.png")
			status, text, errs := call(t, "calibrate", "--json", "--out", out, "--rectify", straight, "--from", photos)
			if status != exitDone {
				t.Fatalf("status %d\n%s%s", status, text, errs)
			}
			var c calibrated
			if err := json.Unmarshal([]byte(text), &c); err != nil {
				t.Fatal(err)
			}
			mean, most := away(t, &c.Lens, truth)
			t.Logf("%s: %d of 10 boards, reprojection %.3f px; directions within nine tenths of the picture are %.2f px off (rms), at most %.2f",
				truth.Kind, c.Lens.Pictures, c.Lens.RMSPx, mean, most)
			if c.Lens.Kind != truth.Kind || c.Lens.RMSPx > 0.3 || c.Lens.Pictures < 8 {
				t.Errorf("found %+v", c.Lens)
			}
			if mean > 1.5 {
				t.Errorf("directions are %.2f px off", mean)
			}
			if _, want, _ := truth.Ideal(); math.Abs(c.HFOVDeg/want-1) > 0.01 {
				t.Errorf("%.2f° across, want %.2f°", c.HFOVDeg, want)
			}
			data, err := os.ReadFile(out)
			if err != nil {
				t.Fatal(err)
			}
			if p, err := lens.DecodeProfile(data); err != nil || p.FX != c.Lens.FX {
				t.Errorf("the file: %v", err)
			}
			if f, err := picture.Read(straight); err != nil || f.Width != 640 {
				t.Errorf("the straight picture: %v", err)
			}
		})
	}
}

// away is how far, root mean square and at most, pixels lie from where the truth sees the same direction.
func away(t *testing.T, got, truth *lens.Profile) (mean, most float64) {
	t.Helper()
	sum := 0.0
	for i := range 10 {
		for j := range 10 {
			u, v := (0.05+0.1*float64(i))*float64(truth.Width), (0.05+0.1*float64(j))*float64(truth.Height)
			d, ok := truth.Lens().Ray(u, v)
			if !ok {
				t.Fatal("the truth sees nothing there")
			}
			gu, gv, ok := got.Lens().Project(d)
			if !ok {
				return math.Inf(1), math.Inf(1)
			}
			off := math.Hypot(gu-u, gv-v)
			sum, most = sum+off*off, math.Max(most, off)
		}
	}
	return math.Sqrt(sum / 100), most
}

func TestCalibrationsThatDoNotHoldAreRefused(t *testing.T) {
	alike := make([]boardtest.Pose, 6)
	for i := range alike {
		alike[i] = boardtest.Pose{Middle: lens.Vec3{X: 0.01 * float64(i), Z: 0.4}}
	}
	flat := photographed(t, barrelLens, alike)
	blank := t.TempDir()
	for i := range 7 {
		write(t, filepath.Join(blank, fmt.Sprint(i, ".jpg")), jpegOf(t, image.NewGray(image.Rect(0, 0, 320, 240))))
	}
	mixed := photographed(t, barrelLens, alike[:1])
	write(t, filepath.Join(mixed, "x.jpg"), jpegOf(t, image.NewGray(image.Rect(0, 0, 320, 240))))
	for name, c := range map[string]struct {
		args   []string
		status int
		want   string
	}{
		"all from the same side": {[]string{"--kind", "pinhole", "--from", flat}, exitFailed, "face the camera alike"},
		"no board":               {[]string{"--from", blank}, exitFailed, "0 pictures"},
		"two cameras":            {[]string{"--from", mixed}, exitFailed, "one camera"},
		"no photos":              {nil, exitUsage, "photos of the board"},
		"a board in Word":        {[]string{"--print-board", "x.docx"}, exitUsage, "neither"},
		"a kind nobody has":      {[]string{"--kind", "mirror", "x.jpg"}, exitUsage, "mirror"},
		"print and photos":       {[]string{"--print-board", "x.pdf", "x.jpg"}, exitUsage, "goes without"},
		"no such folder":         {[]string{"--from", filepath.Join(blank, "none")}, exitFailed, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "lens.yml")
			status, _, errs := call(t, append([]string{"calibrate", "--out", out}, c.args...)...)
			if status != c.status || !strings.Contains(errs, c.want) || !strings.Contains(errs, "hint: ") && c.want != "no such file" {
				t.Errorf("status %d, want %d with %q\n%s", status, c.status, c.want, errs)
			}
			if fileThere(out) {
				t.Error("a profile is written all the same")
			}
		})
	}
}

func TestTheBoardIsPrinted(t *testing.T) {
	dir := t.TempDir()
	for file, magic := range map[string]string{"board.pdf": "%PDF-", "board.png": "\x89PNG"} {
		path := filepath.Join(dir, file)
		if status, out, errs := call(t, "calibrate", "--print-board", path); status != exitDone || !strings.Contains(out, "A4") {
			t.Fatalf("%s: status %d\n%s", file, status, errs)
		}
		if data, err := os.ReadFile(path); err != nil || !strings.HasPrefix(string(data), magic) {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// A configuration with a lens gives straight pictures; one that does not fit says so.
func TestAConfiguredLensStraightensPictures(t *testing.T) {
	pose := boardtest.Pose{Middle: lens.Vec3{Z: 0.3}, RX: 0.2}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "frames", "1.jpg"), jpegOf(t, boardtest.Photo(fisheyeLens.Lens(), pose, 640, 480, 0, 1).Image()))
	profile, err := fisheyeLens.Encode()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "lens.yml"), profile)
	config := filepath.Join(dir, "agent.yml")
	write(t, config, []byte(smallest+"camera: {source: 'dir:frames', lens: lens.yml}\n"))
	if _, checks := examined(t, config); checks["camera"].Verdict != good || !strings.Contains(checks["camera"].Detail, "640×480") {
		t.Errorf("doctor says %+v", checks["camera"])
	}
	cam, err := openCamera(conf.Camera{Source: "dir:" + filepath.Join(dir, "frames"), Step: 1, Lens: filepath.Join(dir, "lens.yml")})
	if err != nil {
		t.Fatal(err)
	}
	defer cam.Close()
	got, err := cam.Capture(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, _, ideal := fisheyeLens.Ideal()
	want := boardtest.Photo(ideal, pose, 640, 480, 0, 1)
	bent := boardtest.Photo(fisheyeLens.Lens(), pose, 640, 480, 0, 1)
	if off, before := greyAway(got, want), greyAway(bent, want); off > before/5 {
		t.Errorf("the picture is %.1f grey levels from what the ideal lens takes, the bent one %.1f", off, before)
	}
	if status, _, errs := call(t, "detect", "--lens", filepath.Join(dir, "lens.yml"), filepath.Join(dir, "frames", "1.jpg")); status != exitDone {
		t.Error(errs)
	}
	write(t, filepath.Join(dir, "lens.yml"), []byte(strings.Replace(string(profile), "height: 480", "height: 360", 1)))
	if status, checks := examined(t, config); status != exitFailed || !strings.Contains(checks["camera"].Detail, "640×360") {
		t.Errorf("a lens of another shape: %+v", checks["camera"])
	}
	write(t, filepath.Join(dir, "lens.yml"), []byte("nonsense: 1\n"))
	if status, _, errs := call(t, "run", "--config", config); status != exitFailed || !strings.Contains(errs, "lens profile") {
		t.Errorf("a lens that is none: status %d\n%s", status, errs)
	}
}

// greyAway is the mean difference of two pictures in grey levels, without the corners that a lens does not see.
func greyAway(a, b vision.Frame) float64 {
	sum, n := 0, 0
	for y := a.Height / 6; y < a.Height*5/6; y++ {
		for x := a.Width / 6; x < a.Width*5/6; x++ {
			d := int(a.BGR[3*(y*a.Width+x)]) - int(b.BGR[3*(y*a.Width+x)])
			sum, n = sum+max(d, -d), n+1
		}
	}
	return float64(sum) / float64(n)
}

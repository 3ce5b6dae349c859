package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/picture"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// The whole way of whoever installs a board: a picture of the stocked cooler tells how the camera hangs, and with that slots
// are judged, as well as with the mount that knows the camera to the millimetre.
func TestAPictureTellsHowTheCameraHangs(t *testing.T) {
	s := stock(t, synth.Clean)
	dir := t.TempDir()
	g, found, drawn := filepath.Join(dir, "g.gallery"), filepath.Join(dir, "mount.yml"), filepath.Join(dir, "seen.png")
	if status, _, errs := call(t, "enroll", "--gallery", g, "--from", s.references); status != exitDone {
		t.Fatal(errs)
	}
	status, out, errs := call(t, "mount", "--json", "--planogram", s.planogram, "--out", found, "--draw", drawn, s.picture)
	if status != exitDone {
		t.Fatalf("status %d\n%s", status, errs)
	}
	var report mountReport
	if err := json.Unmarshal([]byte(out), &report); err != nil || len(report.Shelves) != 4 || report.Width != 1280 {
		t.Errorf("%v\n%s", err, out)
	}
	if info, err := os.Stat(drawn); err != nil || info.Size() < 10000 {
		t.Errorf("drawing: %v, %v", info, err)
	}
	states := func(mount string) map[string]shelf.State {
		t.Helper()
		status, out, errs := call(t, "detect", "--json", "--gallery", g, "--planogram", s.planogram, "--mount", mount, s.picture)
		if status != exitDone {
			t.Fatalf("detect: status %d\n%s", status, errs)
		}
		var seen imageReport
		if err := json.Unmarshal([]byte(out), &seen); err != nil {
			t.Fatal(err)
		}
		byID := map[string]shelf.State{}
		for _, slot := range seen.Slots {
			byID[slot.SlotID] = slot.State
		}
		return byID
	}
	want, got := states(s.mount), states(found)
	judged, alike := 0, 0
	for id, state := range want {
		if state == shelf.OK {
			judged++
			if got[id] == shelf.OK {
				alike++
			}
		}
	}
	if judged < 5 || alike < judged*8/10 {
		t.Errorf("of %d slots that are well, %d are by the mount that was found", judged, alike)
	}
	for id, state := range got {
		if state == shelf.Empty && want[id] != shelf.Empty {
			t.Errorf("slot %s is told as empty by the mount that was found, and %v by the other", id, want[id])
		}
	}
	if status, _, errs := call(t, "mount", "--planogram", s.planogram, "--out", found, s.picture); status != exitFailed || !strings.Contains(errs, "exists already") {
		t.Errorf("over a file that is there: status %d\n%s", status, errs)
	}
}

func TestAMountThatCannotBeFound(t *testing.T) {
	fogged, clean := stock(t, synth.Fog), stock(t, synth.Clean)
	thicken(t, fogged.picture, 0.9)
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"no picture":   {[]string{"--planogram", clean.planogram}, "neither a picture nor --config"},
		"no planogram": {[]string{clean.picture}, "--planogram is missing"},
		"fog":          {[]string{"--planogram", fogged.planogram, fogged.picture}, "the picture cannot be judged: fog"},
		"another cooler": {[]string{"--planogram", "../../../firmware-config/examples/planogram.yml", clean.picture},
			"the shelves cannot be told from the facings: 4 rows of facings are seen, the planogram has 2 shelves"},
	} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "mount.yml")
			status, _, errs := call(t, append([]string{"mount", "--out", out}, c.args...)...)
			if status == exitDone || !strings.Contains(errs, c.says) || !strings.Contains(errs, "hint:") {
				t.Errorf("status %d\n%s", status, errs)
			}
			if _, err := os.Stat(out); err == nil {
				t.Error("a file was written")
			}
		})
	}
}

// thicken mixes a picture with grey, so that share of what it shows is grey.
func thicken(t *testing.T, path string, share float64) {
	t.Helper()
	f, err := picture.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range f.BGR {
		f.BGR[i] = byte((1-share)*float64(v) + share*150)
	}
	write(t, path, jpegOf(t, f.Image()))
}

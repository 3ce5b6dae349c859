package agent_test

import (
	"encoding/json"
	"image/color"
	"os"
	"path/filepath"
	"testing"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/devices/camera"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// What nobody has enrolled is kept on the board to be named there; a look with somebody in it is not.
func TestTheLastLookWithAnUnknownFacingIsKept(t *testing.T) {
	for name, c := range map[string]struct {
		frames []color.RGBA
		kept   bool
	}{
		"unknown facing":         {[]color.RGBA{grey(100)}, true},
		"no facing in the dark":  {[]color.RGBA{grey(0)}, false},
		"somebody stands before": {[]color.RGBA{red}, false},
		"once in ten minutes":    {[]color.RGBA{grey(100), grey(200)}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			opts := options(t, openOutbox(t, t.TempDir()), openCamera(t, folder(t, c.frames...), camera.Options{}), "")
			opts.DataDir, opts.UntilEnd = dir, true
			if err := start(t, opts).wait(t); err != nil {
				t.Fatal(err)
			}
			data, err := os.ReadFile(filepath.Join(dir, agent.UnknownDir, agent.UnknownFile))
			if !c.kept {
				if !os.IsNotExist(err) {
					t.Errorf("a look is kept: %v %s", err, data)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var seen agent.Seen
			if err := json.Unmarshal(data, &seen); err != nil {
				t.Fatal(err)
			}
			frame, err := picture.Read(filepath.Join(dir, agent.UnknownDir, seen.Image))
			if err != nil || frame.Width != seen.Width || frame.Height != seen.Height || len(seen.Facings) != 1 {
				t.Errorf("%d×%d, %v: %+v", frame.Width, frame.Height, err, seen)
			}
			if d := int(frame.BGR[0]) - 100; d < -3 || d > 3 {
				t.Errorf("the first look has brightness 100, what is kept %d", frame.BGR[0])
			}
			if files, _ := filepath.Glob(filepath.Join(dir, agent.UnknownDir, "*")); len(files) != 2 {
				t.Errorf("files: %v", files)
			}
		})
	}
}

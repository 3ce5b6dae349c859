package walk_test

import (
	"bytes"
	"testing"

	"github.com/coldshelf/coldshelf/vision/footfall/walk"
)

func TestAClipIsWhatItsTruthSays(t *testing.T) {
	for _, c := range []*walk.Clip{walk.Overhead(1), walk.Oblique(1)} {
		truth := c.Truth()
		if truth.View != c.View || len(truth.Lines) != 1 || len(truth.Lines[0].Crossings) != 30 {
			t.Errorf("%s: %+v, want 30 crossings of one line", c.Name, truth)
		}
		empty, full := c.Frame(0), c.Frame(truth.Lines[0].Crossings[0].Frame)
		differ := 0
		for i := range empty.BGR {
			if d := int(empty.BGR[i]) - int(full.BGR[i]); d > 40 || d < -40 {
				differ++
			}
		}
		if share := float64(differ) / float64(len(empty.BGR)); share < 0.003 || share > 0.2 {
			t.Errorf("%s: somebody on the line covers %.3f of the picture", c.Name, share)
		}
		if again := c.Frame(0); !bytes.Equal(again.BGR, empty.BGR) {
			t.Errorf("%s: the same frame is another picture", c.Name)
		}
	}
}

package draw_test

import (
	"bytes"
	"image"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/draw"
)

func grey(w, h int) vision.Frame {
	return vision.Frame{Width: w, Height: h, BGR: bytes.Repeat([]byte{128}, 3*w*h)}
}

func observation(w, h int) *shelf.Observation {
	return &shelf.Observation{
		Width: w, Height: h,
		Quality: shelf.Quality{Blind: []shelf.Blind{{Box: shelf.Box{X: w / 2, Y: 0, W: w / 3, H: h / 3}, Reason: shelf.Fog}}},
		Facings: []shelf.Facing{
			{Box: shelf.Box{X: w / 10, Y: h / 3, W: w / 8, H: h / 3}, GTIN: "4006381333931", Shelf: 1, Position: 1},
			{Box: shelf.Box{X: -5, Y: h - 20, W: w / 8, H: 60}}, // over the edge
		},
		Slots: []shelf.SlotReading{
			{SlotID: "A1", State: shelf.Empty, Box: shelf.Box{X: w / 3, Y: h / 3, W: w / 8, H: h / 3}},
			{SlotID: "A2", State: shelf.OK, Box: shelf.Box{X: w / 10, Y: h / 3, W: w / 8, H: h / 3}},
			{SlotID: "A3", State: shelf.Unknown, Reason: shelf.OutOfView},
		},
	}
}

func TestDrawingShowsWhatWasSeenAndLeavesTheRest(t *testing.T) {
	f, obs := grey(640, 480), observation(640, 480)
	img := draw.Observation(f, obs, draw.Names{"4006381333931": "可乐 Cola 0.5 l"})
	if img.Rect != image.Rect(0, 0, 640, 480) {
		t.Fatalf("drawn on %v", img.Rect)
	}
	coloured := func(x, y int) bool {
		c := img.RGBAAt(x, y)
		return int(max(c.R, c.G, c.B))-int(min(c.R, c.G, c.B)) > 60
	}
	if !coloured(64+40, 160) {
		t.Error("the facing's upper edge is not drawn")
	}
	if c := img.RGBAAt(64+40, 200); c.R != 128 {
		t.Errorf("inside the facing the picture is changed: %v", c)
	}
	if c := img.RGBAAt(600, 400); c.R != 128 {
		t.Errorf("where nothing was seen the picture is changed: %v", c)
	}
	if c := img.RGBAAt(430, 60); c.R == 128 {
		t.Error("the blind part is not drawn")
	}
	if f.BGR[3*(160*640+104)] != 128 {
		t.Error("the frame itself was drawn on")
	}
}

func TestDrawingTakesEverySize(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {20, 15}, {4000, 3000}} {
		img := draw.Observation(grey(size[0], size[1]), observation(size[0], size[1]), nil)
		if img.Rect.Dx() != size[0] {
			t.Errorf("%v: drawn on %v", size, img.Rect)
		}
	}
}

func TestPlacesShowSlotsThatAreAsTheyShouldBe(t *testing.T) {
	obs := observation(640, 480)
	obs.Facings = nil
	img := draw.Observation(grey(640, 480), obs, nil)
	for _, want := range []bool{false, true} {
		changed := 0
		for y := 160; y < 320; y++ {
			if img.RGBAAt(64, y).R != 128 { // the left edge of A2, which is OK
				changed++
			}
		}
		if (changed > 0) != want {
			t.Errorf("Places was called: %v, yet %d pixels of the slot's edge are drawn", want, changed)
		}
		draw.Places(img, obs)
	}
}

func TestEncode(t *testing.T) {
	img := draw.Observation(grey(64, 48), observation(64, 48), nil)
	for ext, magic := range map[string]string{".png": "\x89PNG", ".jpg": "\xff\xd8", ".JPEG": "\xff\xd8", "": "\x89PNG"} {
		data, err := draw.Encode(img, ext)
		if err != nil || !bytes.HasPrefix(data, []byte(magic)) {
			t.Errorf("%q: %v", ext, err)
		}
	}
	if _, err := draw.Encode(img, ".tiff"); err == nil {
		t.Error("a format that is not written gives no error")
	}
}

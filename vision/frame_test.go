package vision_test

import (
	"errors"
	"image"
	"image/color"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

// gradient is a frame of which every pixel is its own.
func gradient(w, h int) vision.Frame {
	f := vision.Frame{Width: w, Height: h, BGR: make([]byte, 3*w*h)}
	for i := range w * h {
		f.BGR[3*i], f.BGR[3*i+1], f.BGR[3*i+2] = byte(i), byte(i/w), byte(i%w)
	}
	return f
}

func TestCheckRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		f    vision.Frame
		ok   bool
	}{
		{"good", gradient(4, 3), true},
		{"nothing", vision.Frame{}, false},
		{"negative", vision.Frame{Width: -4, Height: 3, BGR: make([]byte, 36)}, false},
		{"too few bytes", vision.Frame{Width: 4, Height: 3, BGR: make([]byte, 35)}, false},
		{"larger than a board's memory", vision.Frame{Width: 1 << 20, Height: 1 << 20}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.f.Check(); (err == nil) != c.ok || (err != nil && !errors.Is(err, vision.ErrFrame)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCropIsCutAtTheEdge(t *testing.T) {
	f := gradient(10, 8)
	got := f.Crop(shelf.Box{X: 8, Y: 6, W: 5, H: 5})
	if got.Width != 2 || got.Height != 2 || got.BGR[2] != 8 || got.BGR[1] != 6 {
		t.Errorf("got %d×%d starting %v, want 2×2 starting at column 8, row 6", got.Width, got.Height, got.BGR[:3])
	}
	if got := f.Crop(shelf.Box{X: 20, Y: 20, W: 5, H: 5}); got.Width != 0 || len(got.BGR) != 0 {
		t.Errorf("outside: got %d×%d", got.Width, got.Height)
	}
}

func TestResizeKeepsBrightness(t *testing.T) {
	for _, size := range [][2]int{{64, 48}, {17, 5}, {200, 150}, {1, 1}} {
		plain := vision.Frame{Width: 64, Height: 48, BGR: make([]byte, 3*64*48)}
		for i := range plain.BGR {
			plain.BGR[i] = 201
		}
		got := plain.Resize(size[0], size[1])
		if err := got.Check(); err != nil {
			t.Fatal(err)
		}
		for i, v := range got.BGR {
			if v != 201 {
				t.Fatalf("%v: byte %d is %d, want 201", size, i, v)
			}
		}
	}
}

func TestResizeOfASinglePixel(t *testing.T) {
	f := vision.Frame{Width: 1, Height: 1, BGR: []byte{10, 20, 30}}.Resize(57, 13)
	for i := range 57 * 13 {
		if got := [3]byte(f.BGR[3*i:]); got != [3]byte{10, 20, 30} {
			t.Fatalf("pixel %d is %v, want the only one there was", i, got)
		}
	}
}

func TestResizeAveragesOnTheWayDown(t *testing.T) {
	// Stripes a pixel wide must come out grey, not as one of the two.
	f := vision.Frame{Width: 128, Height: 8, BGR: make([]byte, 3*128*8)}
	for i := range 128 * 8 {
		if i%2 == 0 {
			f.BGR[3*i], f.BGR[3*i+1], f.BGR[3*i+2] = 200, 200, 200
		}
	}
	got := f.Resize(32, 8)
	for i, v := range got.BGR {
		if v < 90 || v > 110 { // at the edge one stripe more of a kind
			t.Fatalf("byte %d is %d, want about 100", i, v)
		}
	}
}

func TestFromImageReadsEveryKindAlike(t *testing.T) {
	rgba := image.NewRGBA(image.Rect(3, 2, 9, 7)) // bounds that do not begin at zero
	nrgba := image.NewNRGBA(rgba.Rect)
	for y := 2; y < 7; y++ {
		for x := 3; x < 9; x++ {
			c := color.RGBA{byte(30 * x), byte(40 * y), 77, 255}
			rgba.Set(x, y, c)
			nrgba.Set(x, y, c)
		}
	}
	a, b := vision.FromImage(rgba), vision.FromImage(nrgba)
	if string(a.BGR) != string(b.BGR) {
		t.Error("RGBA and NRGBA differ")
	}
	if a.BGR[0] != 77 || a.BGR[1] != 80 || a.BGR[2] != 90 {
		t.Errorf("first pixel %v, want 77 80 90", a.BGR[:3])
	}
	if back := vision.FromImage(a.Image()); string(back.BGR) != string(a.BGR) {
		t.Error("to a Go picture and back is not the same")
	}
}

func TestYCbCrIsConvertedAsTheStandardSays(t *testing.T) {
	img := image.NewYCbCr(image.Rect(0, 0, 16, 16), image.YCbCrSubsampleRatio420)
	for i := range img.Y {
		img.Y[i] = byte(i)
	}
	for i := range img.Cb {
		img.Cb[i], img.Cr[i] = byte(i*4), byte(255-i*4)
	}
	f := vision.FromImage(img)
	for y := range 16 {
		for x := range 16 {
			r, g, b, _ := img.At(x, y).RGBA()
			i := 3 * (y*16 + x)
			for k, want := range []uint32{b >> 8, g >> 8, r >> 8} {
				if d := int(f.BGR[i+k]) - int(want); d < -1 || d > 1 {
					t.Fatalf("pixel %d,%d channel %d: got %d, want %d", x, y, k, f.BGR[i+k], want)
				}
			}
		}
	}
}

func TestPlanesLieWhereTheyAreAsked(t *testing.T) {
	f := gradient(2, 2)
	dst := make([]float32, 3*4*4)
	f.Planes(dst, 4, 4, 1, 2, [3]float64{0, 0, 0}, 1)
	if dst[2*4+1] != 0 || dst[2*4+2] != 1 || dst[16+3*4+1] != 1 || dst[32+2*4+2] != 1 {
		t.Errorf("got %v", dst)
	}
}

func TestHalfIsWhatResizeMakes(t *testing.T) {
	f := vision.Frame{Width: 40, Height: 24, BGR: make([]byte, 3*40*24)}
	for i := range f.BGR {
		f.BGR[i] = byte(i * i % 251)
	}
	half := f.Resize(20, 12)
	for y := 1; y < 11; y++ {
		for x := 1; x < 19; x++ {
			for k := range 3 {
				want := 0
				for dy, wy := range []int{1, 3, 3, 1} {
					for dx, wx := range []int{1, 3, 3, 1} {
						want += wy * wx * int(f.BGR[3*((2*y-1+dy)*40+2*x-1+dx)+k])
					}
				}
				if got := int(half.BGR[3*(y*20+x)+k]); got < want/64-1 || got > want/64+1 {
					t.Fatalf("pixel %d,%d channel %d: got %d, want %d", x, y, k, got, want/64)
				}
			}
		}
	}
}

// A crop of a pack, brought to what its network takes: cold, most of what a look costs beside the networks.
func BenchmarkResize(b *testing.B) {
	pack := vision.Frame{Width: 62, Height: 150, BGR: make([]byte, 3*62*150)}
	for b.Loop() {
		pack.Resize(53, 128)
	}
}

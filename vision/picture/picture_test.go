package picture_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// corner is a dark picture with a bright top left quarter.
func corner(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{20, 20, 20, 255}
			if x < w/2 && y < h/2 {
				c = color.RGBA{230, 230, 230, 255}
			}
			img.Set(x, y, c)
		}
	}
	return img
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 95}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withEXIF puts an orientation after a JPEG's first marker.
func withEXIF(data []byte, orientation uint16, order binary.AppendByteOrder, mark string) []byte {
	tiff := order.AppendUint32(order.AppendUint16([]byte(mark), 42), 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, 274), 3)
	tiff = order.AppendUint16(order.AppendUint16(order.AppendUint32(tiff, 1), orientation), 0)
	body := append([]byte("Exif\x00\x00"), tiff...)
	segment := binary.BigEndian.AppendUint16([]byte{0xff, 0xe1}, uint16(len(body)+2))
	return append(append(append([]byte{0xff, 0xd8}, segment...), body...), data[2:]...)
}

func TestBadPicturesAreNamed(t *testing.T) {
	good := jpegOf(t, corner(64, 48))
	huge := pngOf(t, corner(2, 2))
	binary.BigEndian.PutUint32(huge[16:], 100_000) // the header's width; its checksum is wrong then
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, picture.ErrFormat},
		{"text", []byte("hello"), picture.ErrFormat},
		{"JPEG cut in half", good[:len(good)/2], picture.ErrDamaged},
		{"JPEG without its end", good[:len(good)-40], picture.ErrDamaged},
		{"PNG with a damaged header", huge, picture.ErrDamaged},
		{"BMP of 60,000 × 60,000", bmpHeader(60_000, 60_000), picture.ErrTooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := picture.Decode(c.data); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

// bmpHeader claims a size and holds nothing.
func bmpHeader(w, h uint32) []byte {
	b := make([]byte, 54)
	copy(b, "BM")
	binary.LittleEndian.PutUint32(b[10:], 54)
	binary.LittleEndian.PutUint32(b[14:], 40)
	binary.LittleEndian.PutUint32(b[18:], w)
	binary.LittleEndian.PutUint32(b[22:], h)
	binary.LittleEndian.PutUint16(b[26:], 1)
	binary.LittleEndian.PutUint16(b[28:], 24)
	return b
}

func TestFormatsAgree(t *testing.T) {
	want, err := picture.Decode(pngOf(t, corner(64, 48)))
	if err != nil {
		t.Fatal(err)
	}
	got, err := picture.Decode(jpegOf(t, corner(64, 48)))
	if err != nil {
		t.Fatal(err)
	}
	if got.Width != 64 || got.Height != 48 {
		t.Fatalf("got %d×%d", got.Width, got.Height)
	}
	for i := range want.BGR {
		if d := int(want.BGR[i]) - int(got.BGR[i]); d > 40 || d < -40 {
			t.Fatalf("byte %d: JPEG %d, PNG %d", i, got.BGR[i], want.BGR[i])
		}
	}
}

// Where the bright quarter must be after each orientation has been undone: the picture as a viewer shows it.
func TestOrientationIsUndone(t *testing.T) {
	for orientation, want := range map[uint16][2]bool{ // bright at left, bright at top
		1: {true, true}, 2: {false, true}, 3: {false, false}, 4: {true, false},
		5: {true, true}, 6: {false, true}, 7: {false, false}, 8: {true, false},
	} {
		for mark, order := range map[string]binary.AppendByteOrder{"MM": binary.BigEndian, "II": binary.LittleEndian} {
			f, err := picture.Decode(withEXIF(jpegOf(t, corner(64, 32)), orientation, order, mark))
			if err != nil {
				t.Fatal(err)
			}
			if turned := orientation >= 5; turned != (f.Height > f.Width) {
				t.Errorf("orientation %d: %d×%d", orientation, f.Width, f.Height)
			}
			at := func(left, top bool) byte {
				x, y := f.Width/4, f.Height/4
				if !left {
					x = 3 * f.Width / 4
				}
				if !top {
					y = 3 * f.Height / 4
				}
				return f.BGR[3*(y*f.Width+x)]
			}
			if at(want[0], want[1]) < 200 {
				t.Errorf("orientation %d %s: the bright quarter is elsewhere", orientation, mark)
			}
		}
	}
}

func TestReadNamesTheFile(t *testing.T) {
	if _, err := picture.Read(filepath.Join(t.TempDir(), "no.jpg")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if _, err := picture.Read(t.TempDir()); err == nil {
		t.Error("a folder is taken for a picture")
	}
}

func TestFitKeepsShape(t *testing.T) {
	f := picture.Fit(vision.FromImage(corner(640, 200)), 256)
	if f.Width != 256 || f.Height != 80 {
		t.Errorf("got %d×%d, want 256×80", f.Width, f.Height)
	}
	if f := picture.Fit(vision.FromImage(corner(64, 20)), 256); f.Width != 64 {
		t.Errorf("a small picture was made %d wide", f.Width)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(jpegOf(f, corner(16, 16)))
	f.Add(pngOf(f, corner(16, 16)))
	f.Add(withEXIF(jpegOf(f, corner(16, 8)), 6, binary.LittleEndian, "II"))
	f.Add(bmpHeader(60_000, 60_000))
	f.Fuzz(func(t *testing.T, data []byte) {
		frame, err := picture.Decode(data)
		if err != nil {
			if !errors.Is(err, picture.ErrFormat) && !errors.Is(err, picture.ErrDamaged) && !errors.Is(err, picture.ErrTooLarge) {
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		if err := frame.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

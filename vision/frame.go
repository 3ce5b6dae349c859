package vision

import (
	"errors"
	"fmt"
	"image"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// MaxPixels bounds a frame. Its 64 megapixels are 192 MB: more than any cooler camera delivers, and less than
// the memory of a board.
const MaxPixels = 64 << 20

// Frame is one picture from a camera. BGR holds Height rows of Width pixels of three bytes, blue first, without
// padding. A frame is not modified once it is made: a step that needs another picture makes a new one.
type Frame struct {
	Width, Height int
	BGR           []byte
	CapturedAt    time.Time
}

// ErrFrame is wrapped by every error of Frame.Check.
var ErrFrame = errors.New("not a usable frame")

// Check returns an error if the frame has no sane size, or if the number of its bytes does not match its size.
func (f Frame) Check() error {
	switch {
	case f.Width <= 0 || f.Height <= 0:
		return fmt.Errorf("%w: %d×%d pixels", ErrFrame, f.Width, f.Height)
	case f.Width > MaxPixels/f.Height:
		return fmt.Errorf("%w: %d×%d pixels are more than %d million", ErrFrame, f.Width, f.Height, MaxPixels>>20)
	case len(f.BGR) != 3*f.Width*f.Height:
		return fmt.Errorf("%w: %d bytes for %d×%d pixels, want %d", ErrFrame, len(f.BGR), f.Width, f.Height, 3*f.Width*f.Height)
	}
	return nil
}

// Bounds returns the whole frame as a box.
func (f Frame) Bounds() shelf.Box { return shelf.Box{W: f.Width, H: f.Height} }

// Crop returns a copy of the part of the frame inside b, clipped at the frame's edges. The result is empty
// (0×0) if b lies outside.
func (f Frame) Crop(b shelf.Box) Frame {
	b = b.Intersect(f.Bounds())
	out := Frame{Width: b.W, Height: b.H, BGR: make([]byte, 3*b.W*b.H), CapturedAt: f.CapturedAt}
	for y := range b.H {
		at := 3 * ((b.Y+y)*f.Width + b.X)
		copy(out.BGR[3*y*b.W:3*(y+1)*b.W], f.BGR[at:])
	}
	return out
}

// FromImage copies a Go picture into a frame. Transparent parts become black.
func FromImage(src image.Image) Frame {
	r := src.Bounds()
	f := Frame{Width: r.Dx(), Height: r.Dy(), BGR: make([]byte, 3*r.Dx()*r.Dy())}
	switch img := src.(type) {
	case *image.YCbCr:
		f.fillYCbCr(img)
	case *image.RGBA:
		f.fillRGBA(img.Pix, img.Stride, img.PixOffset(r.Min.X, r.Min.Y))
	default:
		i := 0
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				red, green, blue, _ := src.At(x, y).RGBA()
				f.BGR[i], f.BGR[i+1], f.BGR[i+2] = byte(blue>>8), byte(green>>8), byte(red>>8)
				i += 3
			}
		}
	}
	return f
}

func (f Frame) fillRGBA(pix []byte, stride, offset int) {
	for y := range f.Height {
		row, out := pix[offset+y*stride:], f.BGR[3*y*f.Width:]
		for x := range f.Width {
			out[3*x], out[3*x+1], out[3*x+2] = row[4*x+2], row[4*x+1], row[4*x]
		}
	}
}

// fillYCbCr is image/color's JFIF conversion without an interface call for each pixel, because decoding is half
// of the cost of a still picture before the networks run.
func (f Frame) fillYCbCr(img *image.YCbCr) {
	r := img.Rect
	i := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			c := img.COffset(x, y)
			yy := int32(img.Y[img.YOffset(x, y)]) * 0x10101
			cb, cr := int32(img.Cb[c])-128, int32(img.Cr[c])-128
			f.BGR[i] = clip16(yy + 116130*cb)
			f.BGR[i+1] = clip16(yy - 22554*cb - 46802*cr)
			f.BGR[i+2] = clip16(yy + 91881*cr)
			i += 3
		}
	}
}

func clip16(v int32) byte {
	if v < 0 {
		return 0
	}
	if v >>= 16; v > 255 {
		return 255
	}
	return byte(v)
}

// Image returns a copy of the frame as a Go picture, for encoding and drawing.
func (f Frame) Image() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, f.Width, f.Height))
	for i, o := 0, 0; i+2 < len(f.BGR); i, o = i+3, o+4 {
		img.Pix[o], img.Pix[o+1], img.Pix[o+2], img.Pix[o+3] = f.BGR[i+2], f.BGR[i+1], f.BGR[i], 255
	}
	return img
}

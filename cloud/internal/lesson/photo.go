package lesson

import (
	"bytes"
	"fmt"
	"image"
	_ "image/jpeg" // photos are one of these
	_ "image/png"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// NewPhoto checks that data is a complete JPEG or PNG within the limits, and that the facing, if there is one,
// lies in it. The error wraps ErrPhoto.
func NewPhoto(data []byte, facing *shelf.Box) (*Photo, error) {
	if len(data) > MaxPhotoBytes {
		return nil, fmt.Errorf("%w: it has more than %d MiB", ErrPhoto, MaxPhotoBytes>>20)
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: it is no JPEG and no PNG", ErrPhoto)
	}
	if size.Width*size.Height > MaxPixels || size.Width < MinSide || size.Height < MinSide {
		return nil, fmt.Errorf("%w: it has %d×%d pixels; want at least %d a side and at most %d million", ErrPhoto, size.Width, size.Height, MinSide, MaxPixels>>20)
	}
	if f := facing; f != nil && (f.X < 0 || f.Y < 0 || f.W < minFacing || f.H < minFacing || f.X > size.Width-f.W || f.Y > size.Height-f.H) {
		return nil, fmt.Errorf("%w: the facing at %d,%d of %d×%d pixels is too small, or reaches out of the picture's %d×%d", ErrPhoto, f.X, f.Y, f.W, f.H, size.Width, size.Height)
	}
	if _, _, err := image.Decode(bytes.NewReader(data)); err != nil {
		return nil, fmt.Errorf("%w: it is cut or damaged: %w", ErrPhoto, err)
	}
	return &Photo{Type: "image/" + kind, Facing: facing, Bytes: data}, nil
}

// Scaled converts a facing that was measured in a picture of width × height to one of another size.
func Scaled(f shelf.Box, width, height, toWidth, toHeight int) shelf.Box {
	x := func(v int) int { return (v*toWidth + width/2) / width }
	y := func(v int) int { return (v*toHeight + height/2) / height }
	return shelf.Box{X: x(f.X), Y: y(f.Y), W: x(f.X+f.W) - x(f.X), H: y(f.Y+f.H) - y(f.Y)}
}

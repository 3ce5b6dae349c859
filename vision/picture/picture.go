// Package picture decodes picture files (JPEG, PNG, WebP, BMP, and the first picture of a GIF) into frames, and
// encodes frames as JPEG or PNG. It is the way into the pipeline for photos and for cameras that deliver files.
//
// The bytes come from outside, so it is plain Go. A file that is cut short or damaged, or that claims more than
// vision.MaxPixels before any of it is unpacked, is refused with an error that names the fault. A photo's EXIF
// orientation is applied, so boxes are in pixels of the picture as a viewer shows it.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // formats can only be made known to image.Decode by importing them
	"image/jpeg"
	"image/png"
	"io"
	"os"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/webp"

	"github.com/coldshelf/coldshelf/vision"
)

// MaxBytes bounds a file.
const MaxBytes = 64 << 20

// Errors that a caller may branch on.
var (
	ErrTooLarge = errors.New("picture is too large")
	ErrFormat   = errors.New("not a JPEG, PNG, WebP, BMP or GIF picture")
	ErrDamaged  = errors.New("picture is damaged or cut short")
)

// Read decodes the file at path.
func Read(path string) (vision.Frame, error) {
	file, err := os.Open(path)
	if err != nil {
		return vision.Frame{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return vision.Frame{}, err
	case info.IsDir():
		return vision.Frame{}, fmt.Errorf("%s is a folder", path)
	case info.Size() > MaxBytes:
		return vision.Frame{}, fmt.Errorf("%s: %w: %d MB, the limit is %d", path, ErrTooLarge, info.Size()>>20, MaxBytes>>20)
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxBytes+1))
	if err != nil {
		return vision.Frame{}, err
	}
	f, err := Decode(data)
	if err != nil {
		return vision.Frame{}, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

// Decode decodes a file's bytes.
func Decode(data []byte) (vision.Frame, error) {
	if len(data) > MaxBytes {
		return vision.Frame{}, fmt.Errorf("%w: %d MB, the limit is %d", ErrTooLarge, len(data)>>20, MaxBytes>>20)
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case errors.Is(err, image.ErrFormat):
		return vision.Frame{}, ErrFormat
	case err != nil:
		return vision.Frame{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	case config.Width <= 0 || config.Height <= 0:
		return vision.Frame{}, fmt.Errorf("%w: %d×%d pixels", ErrDamaged, config.Width, config.Height)
	case config.Width > vision.MaxPixels/config.Height:
		return vision.Frame{}, fmt.Errorf("%w: %d×%d pixels, the limit is %d million", ErrTooLarge, config.Width, config.Height, vision.MaxPixels>>20)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return vision.Frame{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	f := vision.FromImage(img)
	if format == "jpeg" {
		f = upright(f, orientation(data))
	}
	return f, nil
}

// JPEG encodes a frame; quality is 1 to 100.
func JPEG(f vision.Frame, quality int) ([]byte, error) {
	var out bytes.Buffer
	if err := jpeg.Encode(&out, f.Image(), &jpeg.Options{Quality: quality}); err != nil {
		return nil, fmt.Errorf("encode JPEG: %w", err)
	}
	return out.Bytes(), nil
}

// PNG encodes a Go picture.
func PNG(img image.Image) ([]byte, error) {
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := encoder.Encode(&out, img); err != nil {
		return nil, fmt.Errorf("encode PNG: %w", err)
	}
	return out.Bytes(), nil
}

// Fit returns the frame scaled down so that its longer side is at most side pixels.
func Fit(f vision.Frame, side int) vision.Frame {
	long := max(f.Width, f.Height)
	if long <= side {
		return f
	}
	return f.Resize(max(1, (f.Width*side+long/2)/long), max(1, (f.Height*side+long/2)/long))
}

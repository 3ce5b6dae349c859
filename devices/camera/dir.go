package camera

import (
	"bytes"
	"context"
	"fmt"
	"image"
	_ "image/jpeg" // formats that a folder may hold
	_ "image/png"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/vision"
)

// maxPictureBytes bounds a picture file: three times what the largest frame takes as JPEG.
const maxPictureBytes = 64 << 20

// Dir gives the pictures of a folder (.jpg, .jpeg, .png) in the order of their names, one a Capture.
// The folder is listed when it is opened and again when it loops. A picture that cannot be decoded
// is an error that names it; the next Capture goes on behind it.
type Dir struct {
	path  string
	opts  Options
	names []string
	next  int
	shown int // since the list was made
	now   func() time.Time
}

// OpenDir lists the folder. One without a picture is an error.
func OpenDir(path string, opts Options) (*Dir, error) {
	d := &Dir{path: path, opts: opts, now: time.Now}
	if err := d.list(); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *Dir) list() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return fmt.Errorf("open camera folder: %w: %w", ErrLost, err)
	}
	d.names, d.next, d.shown = nil, 0, 0
	for _, e := range entries {
		switch strings.ToLower(filepath.Ext(e.Name())) {
		case ".jpg", ".jpeg", ".png":
			if !e.IsDir() {
				d.names = append(d.names, e.Name())
			}
		}
	}
	slices.Sort(d.names)
	if len(d.names) == 0 {
		return fmt.Errorf("open camera folder %s: %w: it holds no .jpg or .png", d.path, ErrLost)
	}
	return nil
}

// Capture decodes the next picture. ErrEnd comes after the last one unless the folder loops.
func (d *Dir) Capture(ctx context.Context) (vision.Frame, error) {
	if err := ctx.Err(); err != nil {
		return vision.Frame{}, err
	}
	if d.next >= len(d.names) {
		if !d.opts.Loop {
			return vision.Frame{}, fmt.Errorf("folder %s: %w", d.path, ErrEnd)
		}
		if err := d.list(); err != nil {
			return vision.Frame{}, err
		}
	}
	name := d.names[d.next]
	d.next += d.opts.step()
	d.shown++
	f, err := decodeFile(filepath.Join(d.path, name))
	if err != nil {
		return vision.Frame{}, fmt.Errorf("picture %s: %w", name, err)
	}
	f.CapturedAt = d.now()
	return f, nil
}

// Close does nothing: a Dir holds nothing open.
func (d *Dir) Close() error { return nil }

func decodeFile(path string) (vision.Frame, error) {
	f, err := os.Open(path)
	if err != nil {
		return vision.Frame{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPictureBytes+1))
	if err != nil {
		return vision.Frame{}, err
	}
	if len(data) > maxPictureBytes {
		return vision.Frame{}, fmt.Errorf("larger than %d bytes", maxPictureBytes)
	}
	// The header is believed only as far as it fits a frame, before memory is taken for it.
	cfg, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return vision.Frame{}, err
	}
	if cfg.Width <= 0 || cfg.Height <= 0 || cfg.Width > vision.MaxPixels/cfg.Height {
		return vision.Frame{}, fmt.Errorf("%w: %d×%d pixels", vision.ErrFrame, cfg.Width, cfg.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return vision.Frame{}, err
	}
	return check(vision.FromImage(img))
}

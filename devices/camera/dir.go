package camera

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// Dir gives the pictures of a folder (.jpg, .jpeg, .png) in the order of their names, one a Capture.
// The folder is listed when it is opened and again when it loops. A picture that cannot be decoded
// is an error that names it; the next Capture goes on behind it.
type Dir struct {
	path  string
	opts  Options
	names []string
	next  int
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
	d.names, d.next = nil, 0
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
	f, err := picture.Read(filepath.Join(d.path, name))
	if err != nil {
		return vision.Frame{}, err
	}
	f.CapturedAt = d.now()
	return f, nil
}

// Close does nothing: a Dir holds nothing open.
func (d *Dir) Close() error { return nil }

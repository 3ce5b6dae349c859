package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// lesson is one product with its photos, or with crops in which the pack need not be found.
type lesson struct {
	gtin    shelf.GTIN
	name    string
	photos  []string
	box     *shelf.Box // of the pack in the photo; nil: it has to be found
	crops   []vision.Frame
	sources []string // of the crops
}

// lessons collects what to enrol from the flags or from folders.
func (o enrollOptions) lessons(ctx context.Context, photos []string) ([]lesson, error) {
	if o.from != "" {
		return folderLessons(o.from)
	}
	gtin, err := shelf.ParseGTIN(o.gtin)
	if err != nil {
		return nil, withHint(err, "type the digits under the barcode")
	}
	l := lesson{gtin: gtin, name: o.name, photos: photos}
	if o.seen != "" {
		err := o.fromLook(ctx, &l)
		return []lesson{l}, err
	}
	l.box, err = parseBox(o.box)
	return []lesson{l}, err
}

// fromLook crops the chosen facings out of a look's picture.
func (o enrollOptions) fromLook(ctx context.Context, l *lesson) error {
	look, err := readObserved(ctx, o.seen, o.token)
	if err != nil {
		return err
	}
	facings, err := look.pick(o.facing)
	if err != nil {
		return err
	}
	for _, f := range facings {
		l.crops = append(l.crops, look.frame.Crop(f.Box))
		l.sources = append(l.sources, fmt.Sprintf("%s at %d,%d", look.source, f.Box.X, f.Box.Y))
	}
	return nil
}

// folderLessons returns a lesson for each folder named by a GTIN, with its pictures in order of name and with
// the product's name if name.txt gives one.
func folderLessons(dir string) ([]lesson, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open folder of references: %w", err)
	}
	var lessons []lesson
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		gtin, err := shelf.ParseGTIN(e.Name())
		if err != nil {
			return nil, withHint(fmt.Errorf("folder %s: %w", e.Name(), err), "folders under --from are named by GTIN")
		}
		photos, err := picturesIn(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if len(photos) == 0 {
			continue
		}
		name, err := os.ReadFile(filepath.Join(dir, e.Name(), "name.txt"))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		first, _, _ := strings.Cut(strings.TrimSpace(string(name)), "\n")
		lessons = append(lessons, lesson{gtin: gtin, name: strings.TrimSpace(first), photos: photos})
	}
	if len(lessons) == 0 {
		return nil, withHint(fmt.Errorf("%s holds no folder with pictures", dir), "folders under --from are named by GTIN and hold that product's photos")
	}
	return lessons, nil
}

// picturesIn lists a folder's picture files in order of name.
func picturesIn(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".jpg", ".jpeg", ".png", ".webp", ".bmp"}, strings.ToLower(filepath.Ext(e.Name()))) {
			out = append(out, filepath.Join(dir, e.Name()))
		}
	}
	return out, nil
}

// teach enrols one product's photos. A photo that cannot be used is a fault, but the others count.
func teach(ctx context.Context, s *sight, g *gallery.Gallery, l lesson) (added int, faults []error) {
	crops, sources := l.crops, l.sources
	for _, path := range l.photos {
		photo, err := picture.Read(path)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		views, err := viewsOf(ctx, s, photo, l.box)
		if err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", path, err))
			continue
		}
		for _, view := range views {
			crops = append(crops, photo.Crop(view))
			sources = append(sources, filepath.Base(path))
		}
	}
	added, err := g.Enrol(ctx, s.Embedder, l.gtin, l.name, crops, sources)
	if err != nil {
		faults = append(faults, err)
	}
	return added, faults
}

// viewsOf returns the parts of a photo that show the pack: the given box, or else what gallery.Views finds.
func viewsOf(ctx context.Context, s *sight, photo vision.Frame, box *shelf.Box) ([]shelf.Box, error) {
	if box != nil {
		if inside := box.Intersect(photo.Bounds()); inside != *box {
			return nil, fmt.Errorf("the box reaches out of the picture's %d×%d pixels", photo.Width, photo.Height)
		}
		return []shelf.Box{*box}, nil
	}
	found, err := s.Detector.Detect(ctx, photo)
	if err != nil {
		return nil, err
	}
	return gallery.Views(photo, found), nil
}

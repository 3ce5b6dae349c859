package gallery

import (
	"context"
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

const (
	// keepIoU and keepDiff say when a facing is the same as before: its box hardly moved, and where it was, the
	// picture differs by less than what noise, JPEG and a flickering tube do. The picture is compared at the old
	// box, because the detector's boxes tremble by a few pixels though nothing moves.
	keepIoU   = 0.6
	keepDiff  = 7.0 // mean absolute difference of 8-bit thumbnails after the mean light is taken out
	thumbSide = 16
	inner     = 0.15 // of a box at each side that thumbnails leave out: neighbours show there
	// refresh is after how many frames a facing is embedded again all the same, so that a slow drift
	// cannot carry a name from one product to another.
	refresh = 96
	// An answer is sure where it is this share of the way from the threshold to likeness itself, and leads by so
	// much of cosine; else the facing is looked at again by its parts, which costs two passes more.
	sureShare, sureLead = 0.35, 0.06
)

// Recogniser names the facings of frames of one camera. It remembers the last frame's facings, so that
// what did not change is not embedded again. It belongs to one goroutine at a time.
type Recogniser struct {
	embedder vision.Embedder
	gallery  *Gallery
	last     []seen
	embedded int
	again    int
}

// seen is a facing of the last frame.
type seen struct {
	index int // among the frame's boxes
	box   shelf.Box
	thumb [3 * thumbSide * thumbSide]byte
	match Match
	age   int
}

// NewRecogniser joins an embedder and a gallery that it made; else the error wraps ErrEmbedder.
func NewRecogniser(e vision.Embedder, g *Gallery) (*Recogniser, error) {
	if err := g.Fits(e); err != nil {
		return nil, err
	}
	return &Recogniser{embedder: e, gallery: g}, nil
}

// Model names the embedder and its version.
func (r *Recogniser) Model() string {
	id := r.embedder.ID()
	return id.Name + " " + id.Version
}

// Gallery is the gallery in use.
func (r *Recogniser) Gallery() *Gallery { return r.gallery }

// Threshold is the gallery's.
func (r *Recogniser) Threshold() float64 { return r.gallery.Open.Threshold }

// Embedded says how many facings were embedded so far.
func (r *Recogniser) Embedded() int { return r.embedded }

// LookedAgain says how many of them were looked at again by their parts.
func (r *Recogniser) LookedAgain() int { return r.again }

// Forget drops what is remembered of the last frame: the next one comes from elsewhere.
func (r *Recogniser) Forget() { r.last = nil }

// Name gives one match a box. With an empty gallery every match is empty and nothing is embedded.
func (r *Recogniser) Name(ctx context.Context, f vision.Frame, boxes []shelf.Box) ([]Match, error) {
	matches := make([]Match, len(boxes))
	if len(r.gallery.References) == 0 {
		return matches, nil
	}
	still := r.still(f)
	now := make([]seen, 0, len(boxes))
	var crops []vision.Frame
	var fresh []int
	for i, b := range boxes {
		crop := f.Crop(b)
		if crop.Width == 0 || crop.Height == 0 {
			continue
		}
		s := seen{index: i, box: b}
		if old := unchanged(still, b); old != nil {
			// The old box and thumbnail are kept, so that a slow drift is seen against its beginning.
			s = *old
			s.index, s.age = i, old.age+1
			matches[i] = s.match
		} else {
			s.thumb = thumbnail(f, b)
			crops, fresh = append(crops, crop), append(fresh, i)
		}
		now = append(now, s)
	}
	vectors, err := r.embedder.Embed(ctx, crops)
	if err != nil {
		return nil, fmt.Errorf("embed %d facings: %w", len(crops), err)
	}
	r.embedded += len(crops)
	for k, i := range fresh {
		if matches[i], err = r.match(ctx, crops[k], vectors[k]); err != nil {
			return nil, err
		}
	}
	for k := range now {
		now[k].match = matches[now[k].index]
	}
	r.last = now
	return matches, nil
}

// match names a crop by its vector, and by its parts too where that leaves a doubt.
func (r *Recogniser) match(ctx context.Context, crop vision.Frame, whole []float32) (Match, error) {
	m := r.gallery.Match(whole)
	sure := r.gallery.Open.Threshold + sureShare*(1-r.gallery.Open.Threshold)
	if m.Similarity >= sure && m.Margin >= sureLead {
		return m, nil
	}
	v, err := closer(ctx, r.embedder, crop, whole)
	if err != nil {
		return Match{}, fmt.Errorf("look at a facing again: %w", err)
	}
	r.again++
	return r.gallery.Match(v), nil
}

// Ask gives one match a box without remembering any.
func (r *Recogniser) Ask(ctx context.Context, f vision.Frame, boxes []shelf.Box) ([]Match, error) {
	matches := make([]Match, len(boxes))
	if len(r.gallery.References) == 0 {
		return matches, nil
	}
	for i, b := range boxes {
		crop := f.Crop(b)
		if crop.Width == 0 || crop.Height == 0 {
			continue
		}
		v, err := r.embedder.Embed(ctx, []vision.Frame{crop})
		if err != nil {
			return nil, fmt.Errorf("embed a part of the picture: %w", err)
		}
		r.embedded++
		matches[i] = r.gallery.Match(v[0])
	}
	return matches, nil
}

// still gives the remembered facings where whose box the picture has not changed.
func (r *Recogniser) still(f vision.Frame) []*seen {
	var out []*seen
	for k := range r.last {
		old := &r.last[k]
		if now := thumbnail(f, old.box); old.age < refresh && difference(&old.thumb, &now) <= keepDiff {
			out = append(out, old)
		}
	}
	return out
}

// unchanged finds the remembered facing that a box is.
func unchanged(still []*seen, b shelf.Box) *seen {
	var best *seen
	most := keepIoU
	for _, old := range still {
		if v := old.box.IoU(b); v >= most {
			best, most = old, v
		}
	}
	return best
}

// thumbnail is the inner part of a box of the frame, small. A box outside of the frame gives black.
func thumbnail(f vision.Frame, b shelf.Box) (out [3 * thumbSide * thumbSide]byte) {
	dx, dy := int(inner*float64(b.W)), int(inner*float64(b.H))
	crop := f.Crop(shelf.Box{X: b.X + dx, Y: b.Y + dy, W: b.W - 2*dx, H: b.H - 2*dy})
	if crop.Width == 0 || crop.Height == 0 {
		return out
	}
	copy(out[:], crop.Resize(thumbSide, thumbSide).BGR)
	return out
}

// difference is the mean absolute difference with each channel's mean taken out.
func difference(a, b *[3 * thumbSide * thumbSide]byte) float64 {
	var shift [3]int
	for i := range a {
		shift[i%3] += int(a[i]) - int(b[i])
	}
	for c := range shift {
		shift[c] /= thumbSide * thumbSide
	}
	sum := 0
	for i := range a {
		d := int(a[i]) - int(b[i]) - shift[i%3]
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a))
}

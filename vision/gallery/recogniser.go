package gallery

import (
	"context"
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
)

const (
	// A facing is the same as before if its box overlaps the old one by keepIoU, and if the picture at the old
	// box has changed by less than keepDiff, which is more than noise, JPEG and a flickering tube change it.
	// The comparison is made at the old box because the detector's boxes tremble by a few pixels even though
	// nothing moves.
	keepIoU   = 0.6
	keepDiff  = 7.0 // mean absolute difference of 8-bit thumbnails after the mean of each channel is subtracted
	thumbSide = 16
	inner     = 0.15 // share of a box that thumbnails leave out at each side, because neighbours show there
	// refresh is the number of frames after which a facing is embedded again in any case, so that a slow drift
	// cannot carry a name from one product to another.
	refresh = 96
	// An answer is certain if its similarity is at least sureShare of the way from the threshold to 1, and if
	// it leads by at least sureLead of cosine. Otherwise the facing is looked at again in parts, which costs
	// two more passes.
	sureShare, sureLead = 0.35, 0.06
)

// Recogniser names the facings in the frames of one camera. It remembers the facings of the last frame, so that
// what has not changed is not embedded again. It must be used by one goroutine at a time.
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

// NewRecogniser combines an embedder with a gallery that it made; for any other gallery the error wraps
// ErrEmbedder.
func NewRecogniser(e vision.Embedder, g *Gallery) (*Recogniser, error) {
	if err := g.Fits(e); err != nil {
		return nil, err
	}
	return &Recogniser{embedder: e, gallery: g}, nil
}

// Model returns the embedder's name and version.
func (r *Recogniser) Model() string {
	id := r.embedder.ID()
	return id.Name + " " + id.Version
}

// Gallery returns the gallery in use.
func (r *Recogniser) Gallery() *Gallery { return r.gallery }

// Threshold returns the similarity from which the gallery knows a product.
func (r *Recogniser) Threshold() float64 { return r.gallery.Open.Threshold }

// Embedded returns how many facings have been embedded so far.
func (r *Recogniser) Embedded() int { return r.embedded }

// LookedAgain returns how many of them were looked at again in parts.
func (r *Recogniser) LookedAgain() int { return r.again }

// Forget drops what is remembered of the last frame, because the next one shows something else.
func (r *Recogniser) Forget() { r.last = nil }

// Name returns one match per box. With an empty gallery every match is empty and nothing is embedded.
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
		if b.Intersect(f.Bounds()).Area() == 0 {
			continue
		}
		s := seen{index: i, box: b}
		if old := unchanged(still, b); old != nil {
			// The old box and thumbnail are kept, so that a slow drift is compared with its beginning.
			s = *old
			s.index, s.age = i, old.age+1
			matches[i] = s.match
		} else {
			s.thumb = thumbnail(f, b)
			crops, fresh = append(crops, f.Crop(b)), append(fresh, i)
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

// match names a crop by its vector and, if that leaves a doubt, by the vectors of its parts as well.
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

// Ask returns one match per box without remembering any of them.
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

// still returns the remembered facings at whose boxes the picture has not changed.
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

// unchanged returns the remembered facing that a box shows, or nil.
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

// thumbnail returns the inner part of a box, scaled down. A box outside the frame gives black.
func thumbnail(f vision.Frame, b shelf.Box) (out [3 * thumbSide * thumbSide]byte) {
	dx, dy := int(inner*float64(b.W)), int(inner*float64(b.H))
	crop := f.Crop(shelf.Box{X: b.X + dx, Y: b.Y + dy, W: b.W - 2*dx, H: b.H - 2*dy})
	if crop.Width == 0 || crop.Height == 0 {
		return out
	}
	copy(out[:], crop.Resize(thumbSide, thumbSide).BGR)
	return out
}

// difference returns the mean absolute difference after the mean of each channel is subtracted.
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

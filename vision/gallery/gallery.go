// Package gallery names packs: it holds, for each enrolled product (GTIN), a few reference pictures with their
// vectors, and finds the product whose references are nearest. A pack that is near to none of them stays
// unknown. On the way from a frame to an alert it stands after embed, and before the facings are put in their
// slots.
//
// A gallery belongs to the embedder that it names. It keeps the pictures, so that they can be embedded again
// when the embedder changes (Reembed). See file.go for the file format.
package gallery

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

const (
	// CropSide is the longer side, in pixels, to which a reference is reduced: enough for any embedder here.
	CropSide    = 256
	cropQuality = 92
	// MaxReferences bounds a gallery: 5,000 products with four pictures each are 200 MB.
	MaxReferences = 20000
)

// ErrEmbedder is wrapped if a gallery was made by an embedder other than the one that is to use it.
var ErrEmbedder = errors.New("gallery was made by another embedder")

// Reference is one picture of a product.
type Reference struct {
	GTIN   shelf.GTIN
	Source string // where it came from, for people to read: the name of a file
	JPEG   []byte
	Vector []float32 // of unit length
}

// sum returns the hash that identifies a reference's picture.
func (r Reference) sum() string {
	s := sha256.Sum256(r.JPEG)
	return hex.EncodeToString(s[:])
}

// Gallery is a set of references. It must not be used while it is being changed.
type Gallery struct {
	Version    uint64 // increased with each signed file; 0: never signed
	SignedBy   string // KeyID of the signature in the file that was read, verified or not; "" for none
	Embedder   vision.EmbedderID
	Open       vision.Open
	Names      map[shelf.GTIN]string
	References []Reference // by GTIN, then by picture
}

// New returns an empty gallery for an embedder.
func New(e vision.Embedder) *Gallery {
	return &Gallery{Embedder: e.ID(), Open: e.Open(), Names: map[shelf.GTIN]string{}}
}

// Enrol adds pictures of one product, each a crop filled by the pack, and sets the product's name unless name
// is "". A picture that is already there is skipped. It returns how many were added.
func (g *Gallery) Enrol(ctx context.Context, e vision.Embedder, gtin shelf.GTIN, name string, crops []vision.Frame, sources []string) (int, error) {
	if gtin == "" {
		return 0, errors.New("enrol: no GTIN")
	}
	if err := g.Fits(e); err != nil {
		return 0, err
	}
	if len(g.References)+len(crops) > MaxReferences {
		return 0, fmt.Errorf("enrol: the gallery would hold more than %d references", MaxReferences)
	}
	known := map[string]bool{}
	for _, r := range g.References {
		if r.GTIN == gtin {
			known[r.sum()] = true
		}
	}
	added := 0
	for i, crop := range crops {
		r, err := reference(ctx, e, gtin, crop)
		if err != nil {
			return added, fmt.Errorf("enrol %s: %w", sources[i], err)
		}
		if known[r.sum()] {
			continue
		}
		r.Source = sources[i]
		known[r.sum()] = true
		g.References = append(g.References, r)
		added++
	}
	if name != "" || g.Names[gtin] == "" {
		g.Names[gtin] = name
	}
	g.sort()
	return added, nil
}

// reference embeds the picture as the file will hold it, not as it came in, so that embedding the file's
// pictures again gives the same vectors.
func reference(ctx context.Context, e vision.Embedder, gtin shelf.GTIN, crop vision.Frame) (Reference, error) {
	if err := crop.Check(); err != nil {
		return Reference{}, err
	}
	data, err := picture.JPEG(picture.Fit(crop, CropSide), cropQuality)
	if err != nil {
		return Reference{}, err
	}
	v, err := embedJPEG(ctx, e, data)
	return Reference{GTIN: gtin, JPEG: data, Vector: v}, err
}

func embedJPEG(ctx context.Context, e vision.Embedder, data []byte) ([]float32, error) {
	f, err := picture.Decode(data)
	if err != nil {
		return nil, err
	}
	whole, err := e.Embed(ctx, []vision.Frame{f})
	if err != nil {
		return nil, err
	}
	return closer(ctx, e, f, whole[0])
}

// Fits returns an error that wraps ErrEmbedder if e did not make the gallery's vectors.
func (g *Gallery) Fits(e vision.Embedder) error {
	if id := e.ID(); g.Embedder != id {
		return fmt.Errorf("%w: %s %s, this program has %s %s", ErrEmbedder, g.Embedder.Name, g.Embedder.Version, id.Name, id.Version)
	}
	return nil
}

// Reembed computes all vectors anew with another embedder, from the pictures that the gallery keeps.
func (g *Gallery) Reembed(ctx context.Context, e vision.Embedder) error {
	vectors := make([][]float32, len(g.References))
	for i, r := range g.References {
		v, err := embedJPEG(ctx, e, r.JPEG)
		if err != nil {
			return fmt.Errorf("embed reference %s of %s again: %w", r.Source, r.GTIN, err)
		}
		vectors[i] = v
	}
	for i := range vectors {
		g.References[i].Vector = vectors[i]
	}
	g.Embedder, g.Open = e.ID(), e.Open()
	return nil
}

// Remove deletes a product and returns how many references it had.
func (g *Gallery) Remove(gtin shelf.GTIN) int {
	before := len(g.References)
	g.References = slices.DeleteFunc(g.References, func(r Reference) bool { return r.GTIN == gtin })
	delete(g.Names, gtin)
	return before - len(g.References)
}

// GTINs returns the products in order.
func (g *Gallery) GTINs() []shelf.GTIN {
	var all []shelf.GTIN
	for _, r := range g.References {
		if len(all) == 0 || all[len(all)-1] != r.GTIN {
			all = append(all, r.GTIN)
		}
	}
	return all
}

// sort puts the references in the file's canonical order, so that the same references give the same bytes.
func (g *Gallery) sort() {
	slices.SortStableFunc(g.References, func(a, b Reference) int {
		return cmp.Or(cmp.Compare(a.GTIN, b.GTIN), bytes.Compare(a.JPEG, b.JPEG))
	})
}

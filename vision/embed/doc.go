// Package embed turns crops of packs into vectors whose cosine tells whether two crops show the same product.
// On the way from a frame to an alert it stands between detect, which finds the packs, and gallery, which names
// them. Network uses a trained network, ColourLayout needs none; both implement vision.Embedder.
//
// Vectors of different embedders, or of different versions of one, cannot be compared: whoever stores vectors
// must store the embedder's ID with them.
package embed

import "math"

// unit scales v to length one. A vector of zeros is left alone.
func unit(v []float32) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	k := float32(1 / math.Sqrt(sum))
	for i := range v {
		v[i] *= k
	}
}

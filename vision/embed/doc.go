// Package embed turns crops of packs into vectors whose cosine tells whether two show the same product:
// Network with a trained network, ColourLayout without any. Both implement vision.Embedder.
//
// Vectors of different embedders, or of different versions of one, mean different things: whoever
// keeps vectors keeps the embedder's ID with them.
package embed

import "math"

// unit scales v to length one; a vector of zeros stays.
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

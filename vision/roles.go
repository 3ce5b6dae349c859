package vision

import "context"

// Detection is one facing as the detector saw it: corners in pixels of the frame, not cut to whole
// numbers, X1 and Y1 just outside.
type Detection struct {
	X0, Y0, X1, Y1 float64
	Score          float64 // confidence that this is a facing, 0 to 1
	Weak           bool    // below the score at which it is told as a facing; it can at most cast doubt on emptiness
}

// Detector finds facings, one class, best first. It belongs to one goroutine at a time.
type Detector interface {
	// Model names the detector and its version, as it goes into observations.
	Model() string
	Detect(ctx context.Context, f Frame) ([]Detection, error)
}

// EmbedderID says which embedder made a vector: vectors of two IDs must never be compared.
type EmbedderID struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256,omitempty"` // of the network's file; "" for an embedder without one
	Dim     int    `json:"dim"`
}

// Open holds where an embedder's similarity (cosine, -1 to 1) tells a known product from an unknown
// one. It comes with the embedder, measured on products that it never saw.
type Open struct {
	Threshold float64 `json:"threshold"` // nearest reference below this: the product is unknown
	Margin    float64 `json:"margin"`    // nearest reference of another product must be this much further away
}

// Embedder turns crops of packs into vectors of unit length whose cosine tells whether two crops show
// the same product. It belongs to one goroutine at a time.
type Embedder interface {
	ID() EmbedderID
	Open() Open
	// Embed gives one vector of ID().Dim numbers a crop, in the crops' order.
	Embed(ctx context.Context, crops []Frame) ([][]float32, error)
}

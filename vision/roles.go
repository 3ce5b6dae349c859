package vision

import "context"

// Detection is one facing found by a detector. The corners are in pixels of the frame, not rounded; X1 and Y1
// lie just outside the facing.
type Detection struct {
	X0, Y0, X1, Y1 float64
	Score          float64 // confidence that this is a facing, 0 to 1
	Weak           bool    // too weak to be reported as a facing; it can only cast doubt on a slot's being empty
}

// Detector finds facings, whatever the product, and returns them best first. It must be used by one goroutine
// at a time.
type Detector interface {
	// Model returns the detector's name and version, as observations carry them.
	Model() string
	Detect(ctx context.Context, f Frame) ([]Detection, error)
}

// EmbedderID identifies the embedder that made a vector. Vectors with different IDs must never be compared.
type EmbedderID struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	SHA256  string `json:"sha256,omitempty"` // of the network's file; "" for an embedder without a network
	Dim     int    `json:"dim"`
}

// Open holds the thresholds of similarity (cosine, -1 to 1) that tell a known product from an unknown one. They
// belong to an embedder and were measured on products that it was not trained on.
type Open struct {
	Threshold float64 `json:"threshold"` // if the nearest reference is less similar than this, the product is unknown
	Margin    float64 `json:"margin"`    // the nearest reference of any other product must be less similar by this much
}

// Embedder turns crops of packs into vectors of unit length whose cosine tells whether two crops show the same
// product. It must be used by one goroutine at a time.
type Embedder interface {
	ID() EmbedderID
	Open() Open
	// Embed returns one vector of ID().Dim numbers per crop, in the crops' order.
	Embed(ctx context.Context, crops []Frame) ([][]float32, error)
}

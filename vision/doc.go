// Package vision defines the types that every step from a camera frame to an observation shares: the
// Frame itself, the Tensor and the Network that neural networks work with, and the two roles a network
// can play, Detector and Embedder.
//
// Each step has a package of its own: quality decides what of a frame can be trusted, detect finds
// facings, embed and gallery name them, rows and mount say where on the shelf they stand, fuse follows
// them over time, and pipeline runs one frame through all of them to a shelf.Observation. The runtimes
// are adapters at the rim: opencv and ort.
//
// This package and those steps are plain Go: no cgo, no I/O but what is passed in, no globals.
// Pictures are 8-bit BGR in rows without padding, x to the right, y down, pixel (0, 0) at the top
// left. None of it keeps a frame longer than the call, and none of it sends one anywhere.
package vision

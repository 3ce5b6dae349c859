// Package ort is the adapter for ONNX Runtime, which runs the pipeline's networks. The shared library is looked
// for when the program runs, not when it is built: a board without it uses OpenCV instead.
//
// ONNX Runtime has one environment per process, so every Open returns the Runtime of the library that was
// loaded first; to ask for another library afterwards is an error. The environment lives as long as the
// process.
package ort

import "errors"

// ErrNoLibrary is wrapped if no ONNX Runtime library is found or the library cannot be loaded.
var ErrNoLibrary = errors.New("ONNX Runtime's library is not there")

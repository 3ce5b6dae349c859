// Package ort is the rim to ONNX Runtime. Its shared library is looked for when the program runs, not
// when it is built: a board without it goes on with OpenCV.
//
// ONNX Runtime has one environment a process, so Open gives the one Runtime of the first library that was
// loaded; asking for another library afterwards is an error. The environment lives as long as the process.
package ort

import "errors"

// ErrNoLibrary is wrapped where no ONNX Runtime library is found or it cannot be loaded.
var ErrNoLibrary = errors.New("ONNX Runtime's library is not there")

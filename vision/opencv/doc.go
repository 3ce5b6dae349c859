// Package opencv is the adapter for OpenCV, and the only package that imports GoCV. At the beginning of the way
// from a frame to an alert it opens cameras and video files; later it runs networks on OpenCV's DNN module, and
// segments what moves in front of a fixed camera. It also calibrates lenses and sets the number of threads that
// OpenCV uses. In a program built without the tag customenv, the same functions return ErrNotBuilt, so that
// everything else compiles and can say what is missing.
//
// OpenCV throws C++ exceptions, and GoCV 0.31 lets them end the process. Therefore a model file that has not
// been tried must be loaded in another process first (see package probe), and whatever runs on every frame goes
// through a shim of our own that turns exceptions into errors.
//
// Every gocv.Mat made here is closed here, and no type of gocv leaves the package.
package opencv

import "errors"

// ErrNotBuilt is returned by every function in a program that was built without OpenCV.
var ErrNotBuilt = errors.New("this program was built without OpenCV: build it with `make build`, which passes -tags customenv")

// The targets of OpenNetwork.
const (
	CPU  = "cpu"
	CUDA = "cuda"
)

// Package opencv is the rim to OpenCV through GoCV, the only importer of it: networks on OpenCV's DNN
// module, cameras and video files, what moves before a fixed camera, the calibration of lenses, and the
// number of threads it may use. Where the program was built without the tag customenv, the same functions give
// ErrNotBuilt, so that everything else compiles and says what is missing.
//
// OpenCV throws C++ exceptions, GoCV 0.31 lets them end the process. So a model file that was not
// tried yet must be loaded in another process first (see package probe), and what runs on every frame
// here goes through a shim of ours that turns exceptions into errors.
//
// Ownership: every gocv.Mat made here is closed here; nothing of gocv leaves the package.
package opencv

import "errors"

// ErrNotBuilt is what every function gives in a program that was built without OpenCV.
var ErrNotBuilt = errors.New("this program was built without OpenCV: build it with `make build`, which passes -tags customenv")

// Targets of OpenNetwork.
const (
	CPU  = "cpu"
	CUDA = "cuda"
)

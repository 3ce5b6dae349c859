//go:build customenv

package opencv

/*
#include <stdlib.h>
#include "calib_shim.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"unsafe"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lens"
)

// pixelMiddle converts pixel coordinates: OpenCV's origin is the centre of the top left pixel, ours is its
// corner (see package lens).
const pixelMiddle = 0.5

// message calls f with a buffer for an exception's text, and returns the text.
func message(f func(text *C.char, size C.int)) string {
	const room = 1024
	text := (*C.char)(C.calloc(room, 1))
	defer C.free(unsafe.Pointer(text))
	f(text, room)
	return strings.TrimSpace(C.GoString(text))
}

// FindBoard looks for a chessboard with columns × rows inner corners and returns the corners row by row, or nil
// if there is none in the picture. They are in pixels, where (0, 0) is the outer corner of the top left pixel.
func FindBoard(f vision.Frame, columns, rows int) ([][2]float64, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	grey := make([]byte, f.Width*f.Height)
	for i := range grey {
		grey[i] = byte((29*int(f.BGR[3*i]) + 150*int(f.BGR[3*i+1]) + 77*int(f.BGR[3*i+2])) >> 8)
	}
	corners := make([]float32, 2*columns*rows)
	var found C.int
	words := message(func(text *C.char, size C.int) {
		found = C.coldshelf_find_board((*C.uchar)(&grey[0]), C.int(f.Width), C.int(f.Height), C.int(columns), C.int(rows), (*C.float)(&corners[0]), text, size)
	})
	switch found {
	case 0:
		return nil, nil
	case 1:
	default:
		return nil, fmt.Errorf("OpenCV: %s", words)
	}
	out := make([][2]float64, columns*rows)
	for i := range out {
		out[i] = [2]float64{float64(corners[2*i]) + pixelMiddle, float64(corners[2*i+1]) + pixelMiddle}
	}
	return out, nil
}

// FitLens fits a lens of the given kind to views of one flat board in pictures of w×h pixels. Each view must
// hold all corners of the board. withK3 allows a pinhole the sixth-order term of the radius.
func FitLens(kind string, withK3 bool, board [][2]float64, views [][][2]float64, w, h int) (*LensFit, error) {
	n := len(board)
	if n == 0 || len(views) == 0 {
		return nil, fmt.Errorf("fit lens: %d corners in %d views", n, len(views))
	}
	model, numbers := C.int(C.COLDSHELF_PINHOLE_NO_K3), 5
	switch {
	case kind == lens.KindFisheye:
		model, numbers = C.COLDSHELF_FISHEYE, 4
	case withK3:
		model = C.COLDSHELF_PINHOLE
	}
	flat := make([]float64, 0, 2*n)
	for _, c := range board {
		flat = append(flat, c[0], c[1])
	}
	seen := make([]float64, 0, 2*n*len(views))
	for i, v := range views {
		if len(v) != n {
			return nil, fmt.Errorf("fit lens: view %d has %d corners, the board %d", i+1, len(v), n)
		}
		for _, c := range v {
			seen = append(seen, c[0]-pixelMiddle, c[1]-pixelMiddle)
		}
	}
	var intrinsic [4]float64
	distortion, turns, predicted := make([]float64, numbers), make([]float64, 3*len(views)), make([]float64, len(seen))
	var status C.int
	words := message(func(text *C.char, size C.int) {
		status = C.coldshelf_calibrate(model, (*C.double)(&flat[0]), (*C.double)(&seen[0]), C.int(len(views)), C.int(n), C.int(w), C.int(h),
			(*C.double)(&intrinsic[0]), (*C.double)(&distortion[0]), (*C.double)(&turns[0]), (*C.double)(&predicted[0]), text, size)
	})
	if status != 0 {
		return nil, fmt.Errorf("fit lens: OpenCV: %s", words)
	}
	fit := &LensFit{Profile: lens.Profile{
		Version: lens.ProfileVersion, Kind: kind, Width: w, Height: h, FX: intrinsic[0], FY: intrinsic[1],
		CX: intrinsic[2] + pixelMiddle, CY: intrinsic[3] + pixelMiddle, Distortion: distortion, Pictures: len(views),
	}}
	for v := range views {
		fit.Turns = append(fit.Turns, [3]float64(turns[3*v:]))
		var off [][2]float64
		for i := range n {
			k := 2 * (v*n + i)
			off = append(off, [2]float64{predicted[k] - seen[k], predicted[k+1] - seen[k+1]})
		}
		fit.Off = append(fit.Off, off)
	}
	return fit, nil
}

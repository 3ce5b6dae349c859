//go:build customenv

package opencv

/*
#include "motion_shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
)

const (
	// motionWidth is the width in pixels to which frames are scaled. People are then tens of pixels tall.
	motionWidth = 384
	// motionRate is the weight of each frame in the background, low enough that a person who stands still for a
	// minute does not become part of the room.
	motionRate = 1.0 / 2000
	// motionThreshold is the squared distance, in variances, from which a pixel is not part of the background.
	motionThreshold = 20
	// motionShadow is the brightness, as a share of the background's, below which a pixel is no shadow. Without
	// it, grey clothes in front of a white wall would be one.
	motionShadow = 0.7
)

// Motion separates what moves in front of a fixed camera from the room behind it, without shadows: Zivkovic's
// mixture of Gaussians (OpenCV's MOG2). It must be used by one goroutine at a time.
type Motion struct{ model unsafe.Pointer }

// NewMotion starts without knowledge of the room; the first frame is taken for it.
func NewMotion() (*Motion, error) {
	var message [512]C.char
	model := C.coldshelf_motion_new(motionRate, motionThreshold, motionShadow, &message[0], C.int(len(message)))
	if model == nil {
		return nil, fmt.Errorf("motion: %s", words(&message[0]))
	}
	return &Motion{model}, nil
}

// Segment returns the mask of what moves in the next frame. A frame of another size starts afresh.
func (m *Motion) Segment(f vision.Frame) (footfall.Mask, error) {
	if m.model == nil {
		return footfall.Mask{}, os.ErrClosed
	}
	if err := f.Check(); err != nil {
		return footfall.Mask{}, err
	}
	w := min(f.Width, motionWidth)
	h := max(1, f.Height*w/f.Width)
	mask := footfall.Mask{W: w, H: h, Scale: float64(f.Width) / float64(w), Cells: make([]byte, w*h)}
	var message [512]C.char
	if C.coldshelf_motion_step(m.model, unsafe.Pointer(&f.BGR[0]), C.int(f.Width), C.int(f.Height),
		unsafe.Pointer(&mask.Cells[0]), C.int(w), C.int(h), &message[0], C.int(len(message))) != 0 {
		return footfall.Mask{}, fmt.Errorf("motion: %s", words(&message[0]))
	}
	return mask, nil
}

// Hold says where people stand in the frame that was segmented last, so that the next frames do not teach the
// model that they are part of the room. Each call replaces the one before.
func (m *Motion) Hold(f vision.Frame, boxes []footfall.Box) error {
	if m.model == nil {
		return os.ErrClosed
	}
	scale := float64(f.Width) / float64(min(f.Width, motionWidth))
	flat := make([]C.int, 0, 4*len(boxes)+1)
	for _, b := range boxes {
		if err := b.Check(); err != nil {
			return err
		}
		flat = append(flat, C.int(b.X/scale), C.int(b.Y/scale), C.int(b.W/scale)+1, C.int(b.H/scale)+1)
	}
	flat = append(flat, 0) // so that flat[0] exists
	if C.coldshelf_motion_hold(m.model, &flat[0], C.int(len(boxes))) != 0 {
		return errors.New("motion: out of memory")
	}
	return nil
}

// Close frees OpenCV's memory. Closing twice is allowed.
func (m *Motion) Close() error {
	if m.model != nil {
		C.coldshelf_motion_free(m.model)
		m.model = nil
	}
	return nil
}

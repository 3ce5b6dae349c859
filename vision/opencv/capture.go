//go:build customenv

package opencv

/*
#include <stdlib.h>
#include "capture_shim.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unsafe"

	"gocv.io/x/gocv"

	"github.com/coldshelf/coldshelf/vision"
)

// Capture is an open camera, stream or video file. It must be used by one goroutine at a time. Its calls may
// hang for ever on a source that has stopped, so it should live in a process that can be killed.
type Capture struct {
	capture unsafe.Pointer
	mat     gocv.Mat
	source  string
	live    bool
	count   int // frames of a file, 0 if unknown
	grabbed int
}

// OpenCapture opens v4l2:/dev/video0, rtsp://…, http://… or file:clip.mp4.
func OpenCapture(source string, o CaptureOptions) (*Capture, error) {
	where, how, err := parseSource(source)
	if err != nil {
		return nil, err
	}
	if how != wayStream {
		// OpenCV does not say why it failed, but the file system does.
		if _, err := os.Stat(where); err != nil {
			return nil, fmt.Errorf("open camera: %w", err)
		}
	}
	text := C.CString(where)
	defer C.free(unsafe.Pointer(text))
	var message [512]C.char
	p := C.coldshelf_capture_open(text, C.int(how), C.int(o.Width), C.int(o.Height), C.double(o.FPS), &message[0], C.int(len(message)))
	if p == nil {
		return nil, fmt.Errorf("open camera %s: %s", Redacted(source), words(&message[0]))
	}
	c := &Capture{capture: p, mat: gocv.NewMat(), source: Redacted(source), live: how != wayFile}
	if !c.live {
		c.count = max(0, int(C.coldshelf_capture_count(p)))
	}
	return c, nil
}

// Grab moves on by one frame without decoding it. At the end of a file the error wraps io.EOF and gives the number
// of frames, and the number that the file claims to hold if fewer came. For a live source, a missing frame is an
// error.
func (c *Capture) Grab() error {
	if c.capture == nil {
		return os.ErrClosed
	}
	var message [512]C.char
	switch C.coldshelf_capture_grab(c.capture, &message[0], C.int(len(message))) {
	case 0:
		c.grabbed++
		return nil
	case 1:
		switch {
		case c.live:
			return fmt.Errorf("camera %s gives no frame", c.source)
		case c.grabbed == 0:
			return fmt.Errorf("video %s holds no frame that can be read: %w", c.source, io.EOF)
		case c.grabbed < c.count-max(2, c.count/50): // containers only estimate the number
			return fmt.Errorf("video %s is cut short: %d of %d frames: %w", c.source, c.grabbed, c.count, io.EOF)
		}
		return fmt.Errorf("video %s has ended after %d frames: %w", c.source, c.grabbed, io.EOF)
	}
	return fmt.Errorf("camera %s: %s", c.source, words(&message[0]))
}

// Retrieve decodes the frame that Grab moved to. The frame belongs to the caller.
func (c *Capture) Retrieve() (vision.Frame, error) {
	if c.capture == nil {
		return vision.Frame{}, os.ErrClosed
	}
	var message [512]C.char
	if C.coldshelf_capture_retrieve(c.capture, unsafe.Pointer(c.mat.Ptr()), &message[0], C.int(len(message))) != 0 {
		return vision.Frame{}, fmt.Errorf("camera %s: %s", c.source, words(&message[0]))
	}
	f := vision.Frame{Width: c.mat.Cols(), Height: c.mat.Rows(), BGR: c.mat.ToBytes(), CapturedAt: time.Now()}
	return f, f.Check()
}

// FPS returns the source's frames per second, or 0 if it gives no sensible number.
func (c *Capture) FPS() float64 {
	if c.capture == nil {
		return 0
	}
	if fps := float64(C.coldshelf_capture_fps(c.capture)); fps > 0 && fps <= 1000 {
		return fps
	}
	return 0
}

// Close frees the source. Closing twice is allowed.
func (c *Capture) Close() error {
	if c.capture == nil {
		return nil
	}
	C.coldshelf_capture_close(c.capture)
	c.capture = nil
	return errors.Join(c.mat.Close())
}

func words(message *C.char) string { return strings.TrimSpace(C.GoString(message)) }

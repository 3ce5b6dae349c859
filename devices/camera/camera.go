// Package camera gives frames from a folder of pictures, and from whatever a capture library can
// open (V4L2 devices, network streams, video files) through a child process.
//
// The child is there because such libraries hang for ever on a stream that has stopped and take the
// whole process with them when they fail: it must prove with a heartbeat that frames still come, and
// is killed and started again when they do not. The protocol between the two is in protocol.go; the
// library itself is not imported here.
//
// Frames are neither stored nor logged. Their time is when they were taken from the source.
package camera

import (
	"errors"
	"fmt"
	"io"

	"github.com/coldshelf/coldshelf/vision"
)

// Errors that callers may branch on.
var (
	ErrEnd     = fmt.Errorf("no more frames: %w", io.EOF) // a file or folder has ended; it will not come back
	ErrStalled = errors.New("camera has stalled")         // no new frame for too long; it was restarted
	ErrLost    = errors.New("camera is not there")        // it cannot be opened or has gone; try again later
)

// Options of a source.
type Options struct {
	Width, Height int     // asked of a device; 0: its own
	FPS           float64 // asked of a device; 0: its own
	Step          int     // of a file or folder: every step-th frame; 0: every one
	Loop          bool    // of a file or folder: begin again at its end
}

func (o Options) step() int { return max(1, o.Step) }

// check refuses a frame that its source made wrongly.
func check(f vision.Frame) (vision.Frame, error) {
	if err := f.Check(); err != nil {
		return vision.Frame{}, err
	}
	return f, nil
}

//go:build customenv

package opencv

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"gocv.io/x/gocv"

	"github.com/coldshelf/coldshelf/vision"
)

// Recorder writes a video file. It must be used by one goroutine at a time.
type Recorder struct {
	writer *gocv.VideoWriter
	path   string
	w, h   int
}

// OpenRecorder creates a .mp4 or .avi file for frames of w×h pixels.
func OpenRecorder(path string, fps float64, w, h int) (*Recorder, error) {
	codec := map[string]string{".mp4": "mp4v", ".avi": "MJPG"}[strings.ToLower(filepath.Ext(path))]
	if codec == "" {
		return nil, fmt.Errorf("write video %s: the name must end in .mp4 or .avi", path)
	}
	writer, err := gocv.VideoWriterFile(path, codec, fps, w, h, true)
	if err != nil {
		return nil, fmt.Errorf("write video %s: %w", path, err)
	}
	if !writer.IsOpened() {
		return nil, errors.Join(fmt.Errorf("write video %s: OpenCV cannot open it", path), writer.Close())
	}
	return &Recorder{writer, path, w, h}, nil
}

// Write appends a frame, which must have the size that the recorder was opened for.
func (r *Recorder) Write(f vision.Frame) error {
	if f.Width != r.w || f.Height != r.h {
		return fmt.Errorf("write video %s: a frame of %d×%d in a video of %d×%d", r.path, f.Width, f.Height, r.w, r.h)
	}
	picture, err := gocv.NewMatFromBytes(f.Height, f.Width, gocv.MatTypeCV8UC3, f.BGR)
	if err != nil {
		return fmt.Errorf("write video %s: %w", r.path, err)
	}
	return errors.Join(r.writer.Write(picture), picture.Close())
}

// Close finishes the file.
func (r *Recorder) Close() error { return r.writer.Close() }

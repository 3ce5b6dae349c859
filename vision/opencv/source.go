package opencv

import (
	"fmt"
	"net/url"
	"strings"
)

// CaptureOptions are requested from a V4L2 device. A value of 0 leaves the device's own.
type CaptureOptions struct {
	Width, Height int
	FPS           float64
}

// way is how OpenCV opens a source.
type way int

const (
	wayV4L2 way = iota
	wayStream
	wayFile
)

// parseSource splits v4l2:PATH, file:PATH and URLs into what OpenCV opens and how.
func parseSource(source string) (where string, how way, err error) {
	scheme, rest, _ := strings.Cut(source, ":")
	switch scheme {
	case "v4l2":
		return rest, wayV4L2, nil
	case "file":
		return rest, wayFile, nil
	case "rtsp", "rtsps", "http", "https":
		return source, wayStream, nil
	}
	return "", 0, fmt.Errorf("camera source %q: OpenCV opens v4l2:, file:, rtsp: and http: sources", source)
}

// Live reports whether a source goes on by itself, so that a frame that is not taken is lost.
func Live(source string) bool {
	_, how, err := parseSource(source)
	return err == nil && how != wayFile
}

// Redacted returns a source without the password of a network camera, for logs and messages.
func Redacted(source string) string {
	if _, how, err := parseSource(source); err != nil || how != wayStream {
		return source
	}
	u, err := url.Parse(source)
	if err != nil {
		return "a network camera"
	}
	return u.Redacted()
}

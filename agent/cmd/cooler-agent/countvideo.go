package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/draw"
	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// errCutShort says that a video ended too early; the frames that are there were counted.
var errCutShort = errors.New("video is not whole")

// leastPace is the lowest number of frames per second of video that are looked at, if the video has as many. A
// counter that gets too few loses people; one that gets half as many again does not.
const leastPace = 0.85 * footfall.Pace

// counting is one run over a video.
type counting struct {
	watchBy func(*footfall.Counter) *footfall.Watch
	lines   []footfall.Line
	zones   []footfall.Zone
	drawTo  string

	report countReport
	watch  *footfall.Watch
	drawn  *opencv.Recorder
	pace   float64 // frames looked at per second of video
	passed map[int]int
}

// video counts in a whole video.
func (c *counting) video(ctx context.Context, path string) (_ *countReport, err error) {
	capture, err := opencv.OpenCapture("file:"+path, opencv.CaptureOptions{})
	if err != nil {
		return nil, withHint(err, "MP4, AVI and what else FFmpeg reads; is the file whole?")
	}
	defer capture.Close()
	c.report = countReport{Video: path, Crossings: []countCrossing{}}
	c.passed = map[int]int{}
	defer func() { err = errors.Join(err, c.closeDrawn()) }()
	stride := max(1, int(capture.FPS()/leastPace))
	c.pace = capture.FPS() / float64(stride)
	if c.pace <= 0 {
		c.pace = footfall.Pace
	}
	began := time.Now()
	var short error
	for ; ; c.report.Frames++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		err := capture.Grab()
		if errors.Is(err, io.EOF) && c.report.Frames > 0 {
			if cutShort(err) {
				short = fmt.Errorf("%w: %w", errCutShort, err)
			}
			break
		}
		if err != nil {
			return nil, withHint(err, "is the file whole, and a video?")
		}
		if c.report.Frames%stride != 0 {
			continue
		}
		frame, err := capture.Retrieve()
		if err != nil {
			return nil, err
		}
		if err := c.step(frame); err != nil {
			return nil, err
		}
	}
	c.note(c.watch.Counter.Close())
	c.report.FPS = round1(float64(c.report.Frames) / time.Since(began).Seconds())
	for _, lines := range c.passed {
		if lines == len(c.lines) {
			c.report.Passing++
		}
	}
	slices.SortStableFunc(c.report.Crossings, func(a, b countCrossing) int { return cmp.Compare(a.Frame, b.Frame) })
	return &c.report, short
}

func (c *counting) step(f vision.Frame) error {
	if c.watch == nil {
		if err := inPicture(c.lines, c.zones, f.Width, f.Height); err != nil {
			return err
		}
		counter, err := footfall.NewCounter(f.Width, f.Height, c.lines, c.zones)
		if err != nil {
			return err
		}
		c.watch = c.watchBy(counter)
		c.report.Width, c.report.Height = f.Width, f.Height
		if c.drawTo != "" {
			if c.drawn, err = opencv.OpenRecorder(c.drawTo, c.pace, f.Width, f.Height); err != nil {
				return withHint(err, "name a .mp4 or .avi in a folder that can be written to")
			}
		}
	}
	events, err := c.watch.Look(c.report.Frames, f)
	if err != nil {
		return err
	}
	c.note(events)
	if c.drawn == nil {
		return nil
	}
	return c.drawn.Write(vision.FromImage(draw.Footfall(f, c.lines, c.watch.Counter.People(), c.report.In, c.report.Out)))
}

// inPicture returns an error for lines and zones that lie entirely outside the picture, where nobody can be
// counted. A line that merely ends outside it is as good as one that ends at its edge.
func inPicture(lines []footfall.Line, zones []footfall.Zone, w, h int) error {
	var faults []error
	for _, l := range lines {
		if !footfall.InPicture(w, h, l.A, l.B) {
			faults = append(faults, fmt.Errorf("%s from %g,%g to %g,%g does not meet the picture of %d×%d pixels", l.Name, l.A.X, l.A.Y, l.B.X, l.B.Y, w, h))
		}
	}
	for _, z := range zones {
		if !footfall.InPicture(w, h, z.Corners...) {
			faults = append(faults, fmt.Errorf("%s does not meet the picture of %d×%d pixels", z.Name, w, h))
		}
	}
	return withHint(errors.Join(faults...), fmt.Sprintf("points are pixels of the video, 0,0 its upper left corner: x to %d, y to %d", w, h))
}

func (c *counting) note(e footfall.Events) {
	for _, x := range e.Crossings {
		if x.Dir == footfall.In {
			c.report.In++
		} else {
			c.report.Out++
		}
		c.report.Crossings = append(c.report.Crossings, countCrossing{x.Frame, x.Dir, x.Line})
	}
	for _, v := range e.Visits {
		c.report.Visits = append(c.report.Visits, countVisit{v.Zone, v.From, v.To})
	}
	for _, p := range e.Passings {
		c.passed[p.Person]++
	}
}

func (c *counting) closeDrawn() error {
	if c.drawn == nil {
		return nil
	}
	err := c.drawn.Close()
	c.drawn = nil
	return err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/footfall"
)

// footfallStall is how long the camera may be silent. A board that has just started reads its programs from a
// slow card.
const footfallStall = 30 * time.Second

// footfallOf returns a device that counts people with a camera. A frame stays in this process's memory until
// the next one comes; nothing but the counts leaves it.
func footfallOf(c config.Footfall, every time.Duration) agent.Device {
	return agent.Device{Name: "footfall", Run: func(ctx context.Context, say agent.Readings) error {
		cam, err := openCamera(footfallCamera(c))
		if err != nil {
			return err
		}
		defer cam.Close()
		people, err := openPeople()
		if err != nil {
			return err
		}
		defer people.Close()
		return newFootCounter(c, people, every, say).run(ctx, cam)
	}}
}

func footfallCamera(c config.Footfall) config.Camera {
	return config.Camera{Source: c.Source, Width: c.Width, Height: c.Height, Step: 1, Stall: footfallStall}
}

// footCounter counts the frames of a camera and reports the counts every interval.
type footCounter struct {
	lines  []footfall.Line
	zones  []footfall.Zone
	people *people
	every  time.Duration
	say    agent.Readings

	watch *footfall.Watch // nil before the first frame, which gives the picture's size
	size  [2]int
	tally *footfall.Tally
	told  time.Time
}

func newFootCounter(c config.Footfall, p *people, every time.Duration, say agent.Readings) *footCounter {
	lines, zones := c.LinesAndZones()
	return &footCounter{lines: lines, zones: zones, people: p, every: every, say: say, tally: footfall.NewTally(lines, zones), told: time.Now()}
}

// run counts until ctx ends or the camera fails. After the end of a clip it reports nothing more, and waits for
// ctx.
func (f *footCounter) run(ctx context.Context, cam agent.Camera) error {
	pace := time.NewTicker(time.Second / footfall.Pace)
	defer pace.Stop()
	began := time.Now()
	for {
		frame, err := cam.Capture(ctx)
		switch {
		case ctx.Err() != nil:
			f.finish()
			return nil
		case errors.Is(err, io.EOF):
			f.finish()
			<-ctx.Done()
			return nil
		case err != nil:
			f.finish()
			return err
		}
		if err := f.look(int(time.Since(began)*footfall.Pace/time.Second), frame); err != nil {
			return err
		}
		if time.Since(f.told) >= f.every {
			f.tell()
		}
		select {
		case <-ctx.Done():
		case <-pace.C:
		}
	}
}

// look counts one frame. Frames are numbered by time, so that a dwell time is right even if the board is slow.
func (f *footCounter) look(number int, frame vision.Frame) error {
	if size := [2]int{frame.Width, frame.Height}; f.watch == nil || f.size != size {
		f.finish()
		counter, err := footfall.NewCounter(frame.Width, frame.Height, f.lines, f.zones)
		if err != nil {
			return fmt.Errorf("footfall: %w", err)
		}
		if err := inPicture(f.lines, f.zones, frame.Width, frame.Height); err != nil {
			return fmt.Errorf("footfall: %w", err)
		}
		f.watch, f.size = f.people.watch(counter), size
	}
	events, err := f.watch.Look(number, frame)
	f.tally.Add(events)
	return err
}

// finish counts those who are still in view, and reports.
func (f *footCounter) finish() {
	if f.watch != nil {
		f.tally.Add(f.watch.Counter.Close())
		f.watch = nil
		f.tell()
	}
}

func (f *footCounter) tell() {
	span := time.Since(f.told)
	f.told = time.Now()
	for _, c := range f.tally.Take() {
		f.say.Footfall(telemetry.Footfall{
			Line: c.Name, In: c.In, Out: c.Out, Passing: c.Passing, Dwell: time.Duration(c.Dwell) * time.Second / footfall.Pace,
		}, span)
	}
}

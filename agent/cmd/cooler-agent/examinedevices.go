package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/devices/board"
	"github.com/coldshelf/coldshelf/devices/place"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// deviceTrial is how long a device may take for its first reading. A motion detector has none as long as nobody
// moves.
const deviceTrial = 5 * time.Second

// devices runs each device until its first reading.
func (x *examiner) devices(ctx context.Context) {
	wired := x.cfg.Devices
	if wired.Footfall != nil {
		x.footfall(ctx, *wired.Footfall)
		wired.Footfall = nil
	}
	for _, d := range fitted(wired, x.cfg.Device) {
		trial, cancel := context.WithTimeout(ctx, deviceTrial)
		first := &firstReading{heard: cancel}
		err := d.Run(trial, first)
		cancel()
		switch {
		case first.text != "":
			x.add("device", good, "", "%s: %s", d.Name, first.text)
		case errors.Is(err, board.ErrMissing):
			x.add("device", bad, "check the wiring and the overlays in firmware-config for this board; the agent goes on without and tries again", "%s: %v", d.Name, err)
		case err != nil:
			x.add("device", bad, "check the wiring; the agent goes on without and tries again", "%s: %v", d.Name, err)
		default:
			x.add("device", good, "", "%s: no reading in %v, as is usual while nothing moves", d.Name, deviceTrial)
		}
	}
	if x.cfg.Devices.Place != nil {
		x.place()
	}
	if l := x.cfg.Devices.Light; l != nil {
		if _, err := board.Pin(l.Pin); err != nil {
			x.fault("device", err, "check the wiring")
		} else {
			x.add("device", good, "", "light: %s", l.Pin)
		}
	}
}

// footfall takes one picture with the camera that counts, and checks whether anybody can be counted in it.
func (x *examiner) footfall(ctx context.Context, c config.Footfall) {
	cam, err := openCamera(footfallCamera(c))
	if err != nil {
		x.fault("footfall", err, "check devices.footfall.source")
		return
	}
	defer cam.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*footfallStall)
	defer cancel()
	f, err := cam.Capture(ctx)
	if err != nil {
		x.fault("footfall", err, cameraHint(err, c.Source))
		return
	}
	lines, zones := c.LinesAndZones()
	if err := inPicture(lines, zones, f.Width, f.Height); err != nil {
		x.fault("footfall", err, "")
		return
	}
	x.add("footfall", good, "", "%d×%d from %s, %d lines, %d zones", f.Width, f.Height, opencv.Redacted(c.Source), len(lines), len(zones))
}

// place reports by which routers the board would recognise its place.
func (x *examiner) place() {
	routers, err := place.Routers(procNet)
	switch {
	case err != nil:
		x.add("place", bad, "take devices.place out of the configuration; no move is told then", "%v", err)
	case len(routers) == 0:
		x.add("place", bad, "connect the board to the shop's network; one with a modem alone cannot tell by its router", "%v", place.ErrNoRouter)
	default:
		x.add("place", good, "", "known by router %s", strings.Join(routers, ", "))
	}
}

// firstReading keeps the first thing that a device reports.
type firstReading struct {
	text  string
	heard context.CancelFunc
}

var _ agent.Readings = (*firstReading)(nil)

func (f *firstReading) say(text string) {
	if f.text == "" {
		f.text = text
	}
	f.heard()
}

func (f *firstReading) Door(open bool) {
	if open {
		f.say("open")
	} else {
		f.say("closed")
	}
}

func (f *firstReading) Climate(c telemetry.Climate) {
	f.say(c.Temp.String() + ", " + c.HumidityPermille.String())
}

func (f *firstReading) Power(p telemetry.Power) {
	from := "the mains are there"
	if !p.Mains {
		from = "the mains are gone"
	}
	f.say(fmt.Sprintf("%d mV, %d mA: %s", p.MilliVolt, p.MilliAmp, from))
}

func (f *firstReading) Footfall(telemetry.Footfall, time.Duration) { f.say("counts") }

package config

import (
	"strings"

	"github.com/coldshelf/coldshelf/vision/footfall"
)

// maxCountings bounds the lines and zones of a camera, and maxCountingName the bytes of a name.
const maxCountings, maxCountingName = 32, 64

// LinesAndZones returns the lines and zones in the form that a footfall.Counter takes. f must be valid.
func (f *Footfall) LinesAndZones() (lines []footfall.Line, zones []footfall.Zone) {
	for _, c := range f.Lines {
		if p, err := footfall.ParsePoints(c.Points); err == nil && len(p) == 2 {
			lines = append(lines, footfall.Line{Name: c.Name, A: p[0], B: p[1]})
		}
	}
	for _, c := range f.Zones {
		if p, err := footfall.ParsePoints(c.Points); err == nil {
			zones = append(zones, footfall.Zone{Name: c.Name, Corners: p})
		}
	}
	return lines, zones
}

func (f *Footfall) validate(v *faults) {
	scheme, rest, _ := strings.Cut(f.Source, ":")
	switch scheme {
	case "v4l2", "file", "rtsp", "rtsps", "http", "https":
		v.check(rest != "", "devices.footfall.source: %q names nothing", f.Source)
	default:
		v.add("devices.footfall.source: %q, must begin with v4l2:, file:, rtsp:// or http://", f.Source)
	}
	v.check((f.Width == 0) == (f.Height == 0) && f.Width >= 0 && f.Width <= 8192 && f.Height >= 0 && f.Height <= 8192,
		"devices.footfall.width and height: give both, 0 to 8192, or neither")
	v.check(len(f.Lines)+len(f.Zones) > 0, "devices.footfall: counts nowhere; give lines or zones")
	v.check(len(f.Lines)+len(f.Zones) <= maxCountings, "devices.footfall: %d lines and zones, must be at most %d", len(f.Lines)+len(f.Zones), maxCountings)
	names := map[string]bool{}
	check := func(key string, c Counting, fits func(n int) bool, want string) {
		v.check(c.Name != "" && len(c.Name) <= maxCountingName, "devices.footfall.%s: name %q, must have 1 to %d bytes", key, c.Name, maxCountingName)
		v.check(!names[c.Name], "devices.footfall.%s: name %q is there twice", key, c.Name)
		names[c.Name] = true
		p, err := footfall.ParsePoints(c.Points)
		v.check(err == nil && fits(len(p)), "devices.footfall.%s: points %q of %q, must be %s", key, c.Points, c.Name, want)
	}
	for _, c := range f.Lines {
		check("lines", c, func(n int) bool { return n == 2 }, "x1,y1,x2,y2")
	}
	for _, c := range f.Zones {
		check("zones", c, func(n int) bool { return n >= 3 }, "three or more x,y")
	}
	for _, l := range f.Lines {
		if p, err := footfall.ParsePoints(l.Points); err == nil && len(p) == 2 {
			v.check(p[0] != p[1], "devices.footfall.lines: %q begins where it ends", l.Name)
		}
	}
}

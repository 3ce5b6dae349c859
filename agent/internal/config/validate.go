package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/enrol"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
)

// Validate joins every fault. The text of each begins with the key that is wrong.
func (c *Config) Validate() error {
	var v faults
	if err := c.Identity().Validate(); err != nil && !c.Unnamed() {
		v.add("%w", err)
	}
	if c.Cloud.URL != "" {
		if err := enrol.CheckURL(c.Cloud.URL); err != nil {
			v.add("cloud.url: %w", err)
		}
	}
	v.check(c.DataDir != "", "data_dir: must not be empty")
	if c.PlayedClock() == "" {
		v.oneOf("clock", c.Clock, "auto", "trusted", "played:FILE")
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		v.add("timezone: %w", err)
	}
	c.Camera.validate(&v)
	c.validateSchedule(&v)
	v.oneOf("vision.runtime", c.Vision.Runtime, "auto", "opencv", "onnxruntime")
	v.check(c.Vision.GalleryKey == "" || c.Vision.Gallery != "", "vision.gallery_key: needs vision.gallery")
	v.oneOf("vision.target", c.Vision.Target, "cpu", "cuda")
	c.Uplink.validate(&v)
	v.oneOf("picture.send", c.Picture.Send, "always", "on_change", "never")
	v.check(c.Picture.MaxPx >= 160 && c.Picture.MaxPx <= 1920, "picture.max_px: %d, must be 160 to 1920", c.Picture.MaxPx)
	v.check(c.Picture.Quality >= 1 && c.Picture.Quality <= 100, "picture.quality: %d, must be 1 to 100", c.Picture.Quality)
	c.Devices.validate(&v)
	v.check(c.Outbox.MaxBytes >= 1<<20, "outbox.max_bytes: %d, must be at least %d", c.Outbox.MaxBytes, 1<<20)
	return errors.Join(v...)
}

// PlayedClock returns the file that says how the clock behaves; "" for a real clock.
func (c *Config) PlayedClock() string {
	path, _ := strings.CutPrefix(c.Clock, playedClock)
	if path == c.Clock {
		return ""
	}
	return path
}

const playedClock = "played:"

type faults []error

func (v *faults) add(format string, args ...any) { *v = append(*v, fmt.Errorf(format, args...)) }

func (v *faults) check(ok bool, format string, args ...any) {
	if !ok {
		v.add(format, args...)
	}
}

func (v *faults) oneOf(key, got string, allowed ...string) {
	v.check(slices.Contains(allowed, got), "%s: %q, must be one of %s", key, got, strings.Join(allowed, ", "))
}

func (c *Camera) validate(v *faults) {
	scheme, rest, _ := strings.Cut(c.Source, ":")
	switch scheme {
	case "":
		v.add("camera.source: is missing; say dir:FOLDER, file:CLIP, v4l2:/dev/video0, rtsp://…, http://… or sim:")
	case "v4l2", "file", "dir":
		v.check(rest != "", "camera.source: %q names no path", c.Source)
	case "rtsp", "rtsps", "http", "https":
		u, err := url.Parse(c.Source)
		v.check(err == nil && u.Host != "", "camera.source: %q has no host", c.Source)
	case "sim":
	default:
		v.add("camera.source: %q, must begin with dir:, file:, v4l2:, rtsp://, http:// or sim:", c.Source)
	}
	v.check(c.Width >= 0 && c.Width <= 8192, "camera.width: %d, must be 0 to 8192", c.Width)
	v.check(c.Height >= 0 && c.Height <= 8192, "camera.height: %d, must be 0 to 8192", c.Height)
	v.check((c.Width == 0) == (c.Height == 0), "camera.width and camera.height: give both or neither")
	v.check(c.FPS >= 0 && c.FPS <= 240, "camera.fps: %v, must be 0 to 240", c.FPS)
	v.check(c.Step >= 1, "camera.step: %d, must be 1 or more", c.Step)
	v.check(c.Stall >= time.Second, "camera.stall: %v, must be at least 1s", c.Stall)
}

func (c *Config) validateSchedule(v *faults) {
	if _, err := c.Plan(); err != nil {
		v.add("%w", err)
	}
	s := c.Schedule
	v.check(s.Every > 0 || len(s.At) > 0 || s.OnDoorClose, "schedule: says never; give every, at or on_door_close")
	v.check(!s.OnDoorClose || c.Devices.Door != nil || c.Devices.Sim, "schedule.on_door_close: needs devices.door")
}

// Plan returns the schedule in the form that a schedule.Runner takes.
func (c *Config) Plan() (schedule.Plan, error) {
	var errs []error
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil || c.Timezone == "" {
		zone = time.Local
	}
	s := c.Schedule
	plan := schedule.Plan{Every: s.Every, OnDoorClose: s.OnDoorClose, Settle: s.Settle, Zone: zone}
	for _, text := range s.At {
		at, err := schedule.ParseTimeOfDay(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("schedule.at: %w", err))
		}
		plan.At = append(plan.At, at)
	}
	if plan.Hours, err = schedule.ParseHours(s.Hours); err != nil {
		errs = append(errs, fmt.Errorf("schedule.hours: %w", err))
	}
	if err := plan.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("schedule: %w", err))
	}
	return plan, errors.Join(errs...)
}

func (u *Uplink) validate(v *faults) {
	if u.Broker != "" {
		b, err := url.Parse(u.Broker)
		switch {
		case !strings.Contains(u.Broker, "://"):
			v.add("uplink.broker: %q lacks how to speak: write tcp://%s, or ssl://%s with TLS", u.Broker, u.Broker, u.Broker)
		case err != nil:
			v.add("uplink.broker: %w", err)
		case !slices.Contains([]string{"tcp", "mqtt", "ssl", "tls", "mqtts", "ws", "wss"}, b.Scheme):
			v.add("uplink.broker: %q, must begin with tcp://, ssl://, ws:// or wss://", u.Broker)
		case b.Hostname() == "" || b.Port() == "":
			v.add("uplink.broker: %q needs a host and a port", u.Broker)
		case b.User != nil:
			v.add("uplink.broker: name and password belong in uplink.username and uplink.password_file")
		}
	}
	v.check((u.Cert == "") == (u.Key == ""), "uplink.cert and uplink.key: give both or neither")
	v.check(u.PasswordFile == "" || u.Username != "", "uplink.password_file: needs uplink.username")
	v.check(u.Keepalive >= time.Second && u.Keepalive <= time.Hour, "uplink.keepalive: %v, must be 1s to 1h", u.Keepalive)
	v.check(u.Window >= 1 && u.Window <= 1000, "uplink.window: %d, must be 1 to 1000", u.Window)
	v.check(u.AckTimeout >= time.Second, "uplink.ack_timeout: %v, must be at least 1s", u.AckTimeout)
}

func (d *Devices) validate(v *faults) {
	v.check(d.Interval >= time.Second, "devices.interval: %v, must be at least 1s", d.Interval)
	v.check(d.SimSpeed >= 0 && d.SimSpeed <= 10000, "devices.sim_speed: %v, must be 0 to 10000", d.SimSpeed)
	v.check(!d.Sim || d.Door == nil && d.Thermometer == nil && d.Presence == nil && d.Power == nil,
		"devices.sim: a simulated cooler has no other devices; remove them or sim")
	if d.Door != nil {
		v.check(d.Door.Pin != "", "devices.door.pin: is missing")
		v.check(d.Door.Debounce >= 0 && d.Door.Debounce <= 10*time.Second, "devices.door.debounce: %v, must be 0 to 10s", d.Door.Debounce)
	}
	if t := d.Thermometer; t != nil {
		v.oneOf("devices.thermometer.kind", t.Kind, "ds18b20", "sht3x", "sht4x")
		v.hex("devices.thermometer.address", t.Address, 64)
	}
	if d.Presence != nil {
		v.check(d.Presence.Pin != "", "devices.presence.pin: is missing")
		v.check(d.Presence.Hold >= 0, "devices.presence.hold: %v, must not be negative", d.Presence.Hold)
	}
	if p := d.Power; p != nil {
		v.check(p.Of == "" || p.Of == "board" || p.Cooler(), "devices.power.of: %q, must be cooler or board", p.Of)
		v.check(!p.Cooler() || p.MainsMV > 0, "devices.power.mains_mv: is missing; for a cooler say below how many millivolts its supply is gone")
		v.hex("devices.power.address", p.Address, 7)
		v.check(p.ShuntMOhm >= 0 && p.ShuntMOhm <= 10000, "devices.power.shunt_mohm: %d, must be 0 to 10000", p.ShuntMOhm)
		v.check(p.MainsMV >= 0 && p.MainsMV <= 26000, "devices.power.mains_mv: %d, must be 0 to 26000", p.MainsMV)
	}
	if d.Footfall != nil {
		d.Footfall.validate(v)
	}
	if p := d.Place; p != nil {
		v.check(p.Every == 0 || p.Every >= time.Second && p.Every <= time.Hour, "devices.place.every: %v, must be 1s to 1h", p.Every)
	}
	if l := d.Light; l != nil {
		v.check(l.Pin != "", "devices.light.pin: is missing")
		v.check(l.Warmup >= 0 && l.Warmup <= 10*time.Second, "devices.light.warmup: %v, must be 0 to 10s", l.Warmup)
	}
}

func (v *faults) hex(key, text string, bits int) {
	if text == "" {
		return
	}
	if _, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, bits); err != nil {
		v.add("%s: %q, must be hexadecimal of up to %d bits", key, text, bits)
	}
}

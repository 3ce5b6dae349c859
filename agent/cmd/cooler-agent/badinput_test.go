//go:build customenv

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"periph.io/x/conn/v3/i2c/i2ctest"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/devices/thermometer"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision/picture"
	"github.com/coldshelf/coldshelf/vision/synth"
)

// plan is a planogram from which bad ones are made.
const plan = "id: drinks\nversion: 3\nshelves:\n  - slots:\n      - {id: a, gtin: 4006381333931, facings: 2, width_mm: 100}\n"

// TestEveryBadInputIsNamedAndChangesNothing gives the real program what is malformed, kind by kind: each is refused in
// words that name the place, and the board goes on looking under the last good state.
func TestEveryBadInputIsNamedAndChangesNothing(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c, l := newCarer(t, broker.URL()), listen(t, broker.URL())
	r := newReleases(t)
	stocked := stock(t, synth.Clean)
	head := strings.Replace(smallest, "every: 1s", "every: 200ms", 1)
	path := configure(t, head+"camera: {source: \"dir:frames\", loop: true}\npicture: {send: never}\nvision: {mount: "+stocked.mount+"}\n"+
		"uplink: {broker: \""+broker.URL()+"\", ack_timeout: 1s}\nupdates: {root: "+filepath.Join(r.keys, "1.root.json")+"}\n")
	inTwoLights(t, stocked.picture, filepath.Join(filepath.Dir(path), "frames"))
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	keptAlive(t, self, path)
	waitUntil(t, "the board", func() bool { return c.lastBirth().BootCount > 0 })
	good, err := os.ReadFile(stocked.planogram)
	if err != nil {
		t.Fatal(err)
	}
	c.want(wire.Desired{Planogram: good}, wire.OutcomeApplied, "")
	p, err := shelf.DecodePlanogram(good)
	if err != nil {
		t.Fatal(err)
	}
	under := fmt.Sprintf("%s %d", p.ID, p.Version)
	waitUntil(t, "a look under the good planogram", l.says(func(l *listener) bool { return l.plan == under }))

	online := map[string]struct {
		desired wire.Desired
		says    []string
	}{
		"planogram: not YAML":         {wire.Desired{Planogram: []byte("id: drinks\nshelves: [")}, []string{"planogram", "[2:10]"}},
		"planogram: unknown key":      {wire.Desired{Planogram: []byte(strings.Replace(plan, "width_mm", "width_cm", 1))}, []string{"planogram", "width_cm"}},
		"planogram: check digit":      {wire.Desired{Planogram: []byte(strings.Replace(plan, "4006381333931", "4006381333932", 1))}, []string{"planogram", "4006381333932"}},
		"planogram: no facings":       {wire.Desired{Planogram: []byte(strings.NewReplacer("facings: 2", "facings: 0", "version: 3", "version: 4").Replace(plan))}, []string{"planogram", "shelf 1, slot 1 (a)", "facings is 0"}},
		"planogram: nothing in it":    {wire.Desired{Planogram: []byte("{}")}, []string{"planogram"}},
		"schedule: hours":             {wire.Desired{Schedule: &wire.Schedule{Every: time.Minute, Hours: "25:00-99"}}, []string{"schedule", "25:00"}},
		"thresholds: out of range":    {wire.Desired{Thresholds: map[string]int64{"detector_permille": 4000}}, []string{"detector_permille"}},
		"bundle: cut short":           {wire.Desired{Model: r.spoiled("cut", func(b []byte) []byte { return b[:len(b)/2] })}, []string{"model"}},
		"bundle: a byte flipped":      {wire.Desired{Model: r.spoiled("flipped", func(b []byte) []byte { b[len(b)/2] ^= 1; return b })}, []string{"model"}},
		"bundle: no bundle at all":    {wire.Desired{Gallery: r.spoiled("garbage", func([]byte) []byte { return bytes.Repeat([]byte("garbage "), 100) })}, []string{"gallery"}},
		"bundle: nothing in it":       {wire.Desired{Gallery: r.spoiled("empty", func([]byte) []byte { return []byte("\n") })}, []string{"gallery"}},
		"bundle: another than hashed": {wire.Desired{Model: r.announce("cut", "7.0", strings.Repeat("00", 32), 1)}, []string{"model"}},
	}
	for name, row := range online {
		t.Run(name, func(t *testing.T) {
			c.t = t
			c.want(row.desired, wire.OutcomeRejected, row.says[0])
			c.mu.Lock()
			detail := c.reported[c.version].Detail
			c.mu.Unlock()
			for _, says := range row.says {
				if !strings.Contains(detail, says) {
					t.Errorf("%q does not name %q", detail, says)
				}
			}
			l.stillUnder(t, under)
		})
	}
	c.t = t

	for name, row := range map[string]struct{ payload, answer string }{
		"command: not of the wire":  {"garbage", ""},
		"command: nothing":          {"", ""},
		"command: of no such name":  {string(command(t, "dance", time.Time{})), "no such command: \"dance\""},
		"command: that has expired": {string(command(t, wire.CommandCapture, time.Now().Add(-time.Hour))), "expired at "},
	} {
		t.Run(name, func(t *testing.T) {
			c.client.Publish(boardID.Topic(wire.KindCommand), 1, false, row.payload)
			if row.answer != "" {
				waitUntil(t, "the answer", l.says(func(l *listener) bool { return strings.Contains(strings.Join(l.refused, "\n"), row.answer) }))
			}
			l.stillUnder(t, under)
		})
	}

	// What a board is told at its start ends the start, in words that name the place, before anything is begun.
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		write(t, path, []byte(text))
		return path
	}
	for name, row := range map[string]struct {
		args []string
		says []string
	}{
		"config: not YAML":        {[]string{"run", "--config", file("torn.yml", "tenant: [")}, []string{"torn.yml", "[1:9]"}},
		"config: unknown key":     {[]string{"run", "--config", file("key.yml", head+"camera: {sauce: x}\n")}, []string{"key.yml", "[6:10]", "sauce"}},
		"config: a value":         {[]string{"run", "--config", file("value.yml", head+"camera: {source: \"dir:.\"}\noutbox: {max_bytes: 3}\n")}, []string{"outbox.max_bytes"}},
		"planogram: on the disk":  {[]string{"run", "--config", file("plan.yml", head+"camera: {source: \"dir:.\"}\nplanogram: "+file("bad-plan.yml", "shelves: [")+"\n")}, []string{"bad-plan.yml", "[1:10]"}},
		"bundle: on the disk":     {[]string{"bundle", "verify", "--root", filepath.Join(r.keys, "1.root.json"), file("x.bundle", "garbage")}, []string{"x.bundle"}},
		"video: garbage":          {[]string{"count", "--line", "1,1,5,5", file("garbage.mp4", strings.Repeat("garbage ", 500))}, []string{"garbage.mp4"}},
		"video: nothing in it":    {[]string{"count", "--line", "1,1,5,5", file("empty.mp4", "")}, []string{"empty.mp4"}},
		"picture: garbage":        {[]string{"detect", file("garbage.jpg", "garbage")}, []string{"garbage.jpg"}},
		"gallery: garbage":        {[]string{"gallery", "show", file("garbage.gallery", "garbage")}, []string{"garbage.gallery"}},
		"calibration: no picture": {[]string{"calibrate", file("board.jpg", "garbage")}, []string{"board.jpg"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, _, errs := call(t, row.args...)
			if status != exitFailed || !strings.HasPrefix(errs, "error: ") {
				t.Errorf("status %d, %q", status, errs)
			}
			for _, says := range row.says {
				if !strings.Contains(errs, says) {
					t.Errorf("%q does not name %q", errs, says)
				}
			}
		})
	}

	for name, reply := range map[string][]byte{
		"sensor: checksum":   {0x66, 0x66, 0x00, 0x80, 0x00, 0xa2},
		"sensor: stuck high": bytes.Repeat([]byte{0xff}, 6),
	} {
		t.Run(name, func(t *testing.T) {
			bus := &i2ctest.Playback{DontPanic: true, Ops: []i2ctest.IO{{Addr: 0x44, W: []byte{0xfd}}, {Addr: 0x44, R: reply}}}
			_, err := thermometer.NewSHT4x(bus, 0x44).Read(context.Background())
			if err == nil || !strings.Contains(err.Error(), "SHT4x at 0x44: ") {
				t.Errorf("%v", err)
			}
		})
	}

	// A restart finds the good state, too.
	before := c.lastBirth().BootCount
	c.say(&wire.Command{ID: "again", Name: wire.CommandRestart})
	waitUntil(t, "the restart", func() bool { return c.lastBirth().BootCount > before })
	if b := c.lastBirth(); b.PlanogramID != p.ID || b.PlanogramVersion != p.Version {
		t.Errorf("after a restart under %s %d", b.PlanogramID, b.PlanogramVersion)
	}
}

// inTwoLights writes a picture twice: a camera whose pictures do not change is a frozen one.
func inTwoLights(t *testing.T, shot, dir string) {
	t.Helper()
	f, err := picture.Read(shot)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"1.png", "2.png"} {
		data, err := picture.PNG(f.Image())
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name), data)
		for i, v := range f.BGR {
			f.BGR[i] = v - v/8
		}
	}
}

// stillUnder waits for further looks and wants them under a planogram.
func (l *listener) stillUnder(t *testing.T, plan string) {
	t.Helper()
	l.mu.Lock()
	looks := l.looks
	l.mu.Unlock()
	waitUntil(t, "further looks", l.says(func(l *listener) bool { return l.looks >= looks+2 }))
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.plan != plan {
		t.Errorf("the board is under %q, want %q", l.plan, plan)
	}
}

// command is one as the cloud sends it.
func command(t *testing.T, name string, expires time.Time) []byte {
	t.Helper()
	payload, err := wire.Encode(&wire.Envelope{Identity: boardID, CapturedAt: time.Now(), Body: &wire.Command{ID: name, Name: name, Expires: expires}})
	if err != nil {
		t.Fatal(err)
	}
	return payload
}

// spoiled serves a bundle of networks that is not as it was signed, and announces what is served.
func (r *releases) spoiled(name string, spoil func([]byte) []byte) *wire.Bundle {
	r.t.Helper()
	if _, err := os.Stat(filepath.Join(r.dir, "model-5.0")); err != nil {
		r.make(bundle.Model, "5.0", networks(r.t, func(*weights.Manifest) {}))
	}
	data, err := os.ReadFile(filepath.Join(r.dir, "model-5.0"))
	if err != nil {
		r.t.Fatal(err)
	}
	data = spoil(data)
	write(r.t, filepath.Join(r.dir, name), data)
	return r.announce(name, "5.0", fmt.Sprintf("%x", sha256.Sum256(data)), uint64(len(data)))
}

package agent_test

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/devices/camera"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

var board = wire.Identity{Tenant: "acme", Store: "s1", Device: "cooler-1"}

// brightness is a pipeline that judges by light alone: dark frames are dark, red ones have somebody
// before the shelf, every other one shows one facing whose score is its brightness.
type brightness struct{}

func (brightness) Look(_ context.Context, f vision.Frame) (*shelf.Observation, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	b, r := int(f.BGR[0]), int(f.BGR[2])
	o := &shelf.Observation{Width: f.Width, Height: f.Height, Model: "brightness 1", Quality: shelf.Quality{Bright: float64(b) / 255}}
	switch {
	case r > 200 && b < 50:
		o.Quality.Reason = shelf.Blocked
	case b < 50:
		o.Quality.Reason = shelf.Dark
	default:
		o.Facings = []shelf.Facing{{Box: shelf.Box{W: f.Width, H: f.Height}, Score: float64(b) / 255}}
	}
	return o, nil
}

// folder makes pictures of one colour each, named so that their order is the list's.
func folder(t *testing.T, colours ...color.RGBA) string {
	t.Helper()
	dir := t.TempDir()
	for i, c := range colours {
		img := image.NewRGBA(image.Rect(0, 0, 1000, 750))
		for p := 0; p < len(img.Pix); p += 4 {
			img.Pix[p], img.Pix[p+1], img.Pix[p+2], img.Pix[p+3] = c.R, c.G, c.B, 255
		}
		data, err := picture.PNG(img)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%04d.png", i)), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func grey(v uint8) color.RGBA { return color.RGBA{v, v, v, 255} }

var red = color.RGBA{255, 0, 0, 255}

func openCamera(t *testing.T, dir string, opts camera.Options) *camera.Dir {
	t.Helper()
	cam, err := camera.OpenDir(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	return cam
}

func openOutbox(t *testing.T, dir string) *outbox.Outbox {
	t.Helper()
	box, err := outbox.Open(context.Background(), dir, outbox.Options{EncodeGap: agent.EncodeGap(board, clock.New(true))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	return box
}

// options of an agent that looks every 100 ms.
func options(t *testing.T, box *outbox.Outbox, cam agent.Camera, broker string) agent.Options {
	return agent.Options{
		Identity: board, Version: "test", Outbox: box, Clock: clock.New(true), Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Camera: cam, Pipeline: brightness{}, Plan: schedule.Plan{Every: schedule.MinEvery},
		Picture: agent.PicturePolicy{Send: agent.SendAlways}, Interval: time.Hour,
		Uplink: uplink.Config{Broker: broker, Keepalive: 5 * time.Second, Window: 16, AckTimeout: 2 * time.Second, MaxBackoff: 200 * time.Millisecond},
	}
}

// running is an agent in the background.
type running struct {
	stop context.CancelFunc
	done chan error
}

func start(t *testing.T, opts agent.Options) *running {
	t.Helper()
	a, err := agent.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &running{stop: cancel, done: make(chan error, 1)}
	go func() { r.done <- a.Run(ctx) }()
	t.Cleanup(func() { cancel(); r.wait(t) })
	return r
}

// wait gives what Run returned; it may be called again.
func (r *running) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.done:
		r.done <- err
		return err
	case <-time.After(60 * time.Second):
		t.Fatal("agent does not end")
		return nil
	}
}

func TestAFolderOfPicturesReachesTheCloud(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	box := openOutbox(t, t.TempDir())
	opts := options(t, box, openCamera(t, folder(t, grey(100), grey(150), grey(0), red), camera.Options{}), broker.URL())
	opts.UntilEnd = true
	if err := start(t, opts).wait(t); err != nil {
		t.Fatalf("agent: %v", err)
	}
	if n := box.Health().Messages; n != 0 {
		t.Errorf("%d messages are left in the outbox", n)
	}

	c.until("the good-bye", func() bool { return len(c.statuses) > 0 && !c.statuses[len(c.statuses)-1].Online })
	c.mu.Lock()
	defer c.mu.Unlock()
	var got []string
	for _, o := range of[*wire.Observation](c) {
		got = append(got, fmt.Sprintf("%d %s", len(o.Facings), o.Quality.Reason))
	}
	want := []string{"1 ", "1 ", "0 dark", "0 blocked"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("observations: got %q, want %q", got, want)
	}
	// The frame with somebody in it stays on the board.
	pictures := of[*wire.Picture](c)
	if len(pictures) != 3 {
		t.Fatalf("%d pictures, want 3", len(pictures))
	}
	for _, p := range pictures {
		f, err := picture.Decode(p.JPEG)
		if err != nil || f.Width != 960 || f.Height != 720 || p.Width != 960 || p.Height != 720 {
			t.Errorf("picture of %d×%d says %d×%d: %v, want 960×720", f.Width, f.Height, p.Width, p.Height, err)
		}
		if o, ok := c.stored[wire.Key{Device: board.Device, Boot: box.Boot(), Seq: p.ObservationSeq}]; !ok || o.Body.Kind() != wire.KindObservation {
			t.Errorf("picture belongs to %d, which is no observation", p.ObservationSeq)
		}
	}
	if births := of[*wire.Birth](c); len(births) != 1 || births[0].AgentVersion != "test" {
		t.Errorf("births: %+v", births)
	}
}

func TestNothingIsLostWhenTheBrokerDies(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	box := openOutbox(t, t.TempDir())
	const frames = 40
	var colours []color.RGBA
	for i := range frames {
		colours = append(colours, grey(uint8(60+4*i)))
	}
	opts := options(t, box, openCamera(t, folder(t, colours...), camera.Options{}), broker.URL())
	opts.Picture.Send = agent.SendNever
	opts.UntilEnd = true
	r := start(t, opts)
	for _, n := range []int{5, 15, 25} {
		c.until(fmt.Sprintf("%d observations", n), func() bool { return len(of[*wire.Observation](c)) >= n })
		broker.Kill()
		broker.Start()
	}
	if err := r.wait(t); err != nil {
		t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[int]int{}
	for _, o := range of[*wire.Observation](c) {
		seen[int(o.Facings[0].Score*255+0.5)]++
	}
	for i := range frames {
		if seen[60+4*i] != 1 {
			t.Errorf("frame %d was stored %d times", i, seen[60+4*i])
		}
	}
	t.Logf("%d messages came more than once and were recognised", c.twice)
}

func TestWhatIsNotAcknowledgedIsSentAgain(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	c.setMute(true)
	dir := t.TempDir()
	box := openOutbox(t, dir)
	r := start(t, options(t, box, openCamera(t, folder(t, grey(100), grey(200)), camera.Options{}), broker.URL()))
	c.until("two observations", func() bool { return len(of[*wire.Observation](c)) == 2 })
	c.until("a repetition", func() bool { return c.twice > 0 })
	r.stop()
	if err := r.wait(t); err != nil {
		t.Fatal(err)
	}
	before := box.Health().Messages
	if before < 4 {
		t.Fatalf("%d messages are in the outbox, want at least birth, two observations and two pictures", before)
	}
	box.Close()

	c.setMute(false)
	box = openOutbox(t, dir)
	opts := options(t, box, nil, broker.URL())
	start(t, opts)
	c.until("the birth of the second start", func() bool { return len(of[*wire.Birth](c)) == 2 })
	for deadline := time.Now().Add(30 * time.Second); box.Health().ByClass[outbox.Observation] > 0; {
		if time.Now().After(deadline) {
			t.Fatal("observations of the first start are not acknowledged")
		}
		c.until("any", func() bool { return true })
	}
}

func TestARejectedMessageDoesNotStopTheRest(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	c.setMute(true)
	box := openOutbox(t, t.TempDir())
	opts := options(t, box, openCamera(t, folder(t, grey(100)), camera.Options{}), broker.URL())
	opts.UntilEnd = true
	r := start(t, opts)
	c.until("everything", func() bool {
		return len(of[*wire.Picture](c)) == 1 && len(of[*wire.Observation](c)) == 1 && len(of[*wire.Telemetry](c)) == 1
	})
	c.mu.Lock()
	var ack wire.Ack
	for key := range c.stored {
		ack.Rejected = append(ack.Rejected, wire.Rejection{Boot: key.Boot, Seq: key.Seq, Reason: "test"})
	}
	c.mu.Unlock()
	c.say(board, &ack)
	if err := r.wait(t); err != nil {
		t.Fatal(err)
	}
}

func TestTheWillTellsThatABoardHasGone(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	box := openOutbox(t, t.TempDir())
	r := start(t, options(t, box, nil, broker.URL()))
	c.until("the birth", func() bool { return len(c.statuses) > 0 && c.statuses[0].Online && c.statuses[0].Birth != nil })
	r.stop()
	c.until("the good-bye", func() bool { return !c.statuses[len(c.statuses)-1].Online })
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := c.statuses[len(c.statuses)-1]; got.Boot != box.Boot() || got.Birth != nil {
		t.Errorf("good-bye: %+v", got)
	}
}

// shelves is a pipeline that sees sixty facings, of which one is sold at every fifth look.
type shelves struct{ looks int }

func (p *shelves) Look(_ context.Context, f vision.Frame) (*shelf.Observation, error) {
	o := &shelf.Observation{Width: f.Width, Height: f.Height, Model: "shelves 1"}
	for i := range 60 - (p.looks/5)%60 {
		o.Facings = append(o.Facings, shelf.Facing{
			Box: shelf.Box{X: 20 * (i % 20), Y: 150 * (i / 20), W: 18, H: 140}, Score: 0.9, GTIN: "4006381333931", SKUScore: 0.8,
			Shelf: 1 + i/20, Position: 1 + i%20,
		})
	}
	p.looks++
	return o, nil
}

// A shelf that hardly changes is told as the difference to what the cloud has; the cloud holds every
// observation complete all the same, also after it has lost the base.
func TestAShelfThatHardlyChangesIsToldShort(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	box := openOutbox(t, t.TempDir())
	opts := options(t, box, &moody{next: bright}, broker.URL())
	opts.Pipeline, opts.Picture.Send = &shelves{}, agent.SendNever
	start(t, opts)
	c.until("ten differences", func() bool { return c.deltas >= 10 })
	c.mu.Lock()
	c.forget = true
	c.mu.Unlock()
	c.until("a difference that the cloud cannot use", func() bool { return c.deltas >= 12 })
	c.mu.Lock()
	c.forget = false
	c.mu.Unlock()
	c.until("thirty observations", func() bool { return len(of[*wire.Observation](c)) >= 30 })
	c.mu.Lock()
	defer c.mu.Unlock()
	seen := map[int]int{}
	for _, o := range of[*wire.Observation](c) {
		seen[len(o.Facings)]++
	}
	for _, n := range []int{60, 59, 58, 57, 56} {
		if seen[n] != 5 {
			t.Errorf("%d observations of %d facings, want 5: %v", seen[n], n, seen)
		}
	}
}

// moody is a camera that does what it is told.
type moody struct {
	mu   sync.Mutex
	next func() (vision.Frame, error)
}

func (m *moody) set(f func() (vision.Frame, error)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.next = f
}

func (m *moody) Capture(context.Context) (vision.Frame, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.next()
}

func (m *moody) Close() error { return nil }

func bright() (vision.Frame, error) {
	f := vision.Frame{Width: 64, Height: 48, BGR: make([]byte, 3*64*48)}
	for i := range f.BGR {
		f.BGR[i] = 180
	}
	return f, nil
}

func TestCommandsAreAnswered(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	cam := &moody{next: bright}
	opts := options(t, openOutbox(t, t.TempDir()), cam, broker.URL())
	opts.Plan, opts.Picture, opts.DataDir = schedule.Plan{}, agent.PicturePolicy{}, t.TempDir()
	r := start(t, opts)
	c.until("the birth", func() bool { return len(of[*wire.Birth](c)) == 1 })
	ask := func(id, name string, expires time.Time) *wire.Answer {
		t.Helper()
		c.say(board, &wire.Command{ID: id, Name: name, Expires: expires})
		var answer *wire.Answer
		c.until("the answer to "+id, func() bool {
			for _, a := range of[*wire.Answer](c) {
				if a.CommandID == id {
					answer = a
				}
			}
			return answer != nil
		})
		return answer
	}
	check := func(a *wire.Answer, ok bool, detail string) {
		t.Helper()
		if a.OK != ok || !strings.Contains(a.Detail, detail) {
			t.Errorf("answer to %s: got %t %q, want %t %q", a.CommandID, a.OK, a.Detail, ok, detail)
		}
	}
	check(ask("1", wire.CommandCapture, time.Time{}), true, "1 facings")
	check(ask("2", wire.CommandPicture, time.Now().Add(time.Hour)), true, "picture of observation")
	check(ask("3", wire.CommandSelfTest, time.Time{}), true, "everything works")
	check(ask("4", wire.CommandCapture, time.Now().Add(-time.Minute)), false, "expired")
	check(ask("5", "dance", time.Time{}), false, "no such command")
	check(ask("settle", wire.CommandSettle, time.Time{}), false, "has no devices.place")
	cam.set(func() (vision.Frame, error) {
		f, _ := bright()
		f.BGR[0], f.BGR[2] = 0, 255
		return f, nil
	})
	check(ask("6", wire.CommandPicture, time.Time{}), false, "withheld")
	cam.set(func() (vision.Frame, error) { return vision.Frame{}, errors.New("unplugged") })
	check(ask("7", wire.CommandSelfTest, time.Time{}), false, "unplugged")
	c.until("the pictures", func() bool { return len(of[*wire.Picture](c)) == 1 })

	// Said twice, done once.
	c.say(board, &wire.Command{ID: "1", Name: wire.CommandRestart})
	check(ask("8", wire.CommandRestart, time.Time{}), true, "restarting")
	if err := r.wait(t); !errors.Is(err, agent.ErrRestart) {
		t.Errorf("Run: got %v, want ErrRestart", err)
	}
}

func TestACameraThatGoesAndComesBack(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	cam := &moody{next: bright}
	opts := options(t, openOutbox(t, t.TempDir()), cam, broker.URL())
	opts.Interval = 100 * time.Millisecond
	start(t, opts)
	events := func(kind string) (n int) {
		for _, e := range of[*wire.Event](c) {
			if e.Type == kind {
				n++
			}
		}
		return n
	}
	degraded := func() bool {
		all := of[*wire.Telemetry](c)
		return len(all) > 0 && strings.Contains(fmt.Sprint(all[len(all)-1].Health.Reasons), "unplugged")
	}
	c.until("an observation", func() bool { return len(of[*wire.Observation](c)) > 0 })
	cam.set(func() (vision.Frame, error) { return vision.Frame{}, errors.New("unplugged") })
	c.until("camera_lost", func() bool { return events(wire.EventCameraLost) == 1 })
	c.until("health that names it", degraded)
	cam.set(bright)
	c.until("camera_back", func() bool { return events(wire.EventCameraBack) == 1 })
	c.until("good health", func() bool { return !degraded() })
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := events(wire.EventCameraLost); n != 1 {
		t.Errorf("camera_lost was said %d times", n)
	}
}

func TestDevicesAreReadAndRunAgain(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	c := newCloud(t, broker.URL(), "cloud")
	opts := options(t, openOutbox(t, t.TempDir()), &moody{next: bright}, broker.URL())
	opts.Interval = 100 * time.Millisecond
	opts.Plan = schedule.Plan{OnDoorClose: true, Settle: 10 * time.Millisecond}
	runs := 0
	opts.Devices = []agent.Device{
		{Name: "door: test", Run: func(ctx context.Context, say agent.Readings) error {
			say.Door(false) // as it is found
			say.Door(true)
			say.Door(false)
			<-ctx.Done()
			return nil
		}},
		{Name: "thermometer: test", Run: func(ctx context.Context, say agent.Readings) error {
			if runs++; runs == 1 {
				return errors.New("no answer")
			}
			say.Climate(telemetry.Climate{Temp: 4250})
			say.Power(telemetry.Power{MilliVolt: 5000, Mains: true})
			say.Footfall(telemetry.Footfall{In: 2}, time.Minute)
			<-ctx.Done()
			return nil
		}},
	}
	start(t, opts)
	c.until("the look after the door has closed", func() bool { return len(of[*wire.Observation](c)) == 1 })
	c.until("a reason", func() bool {
		for _, m := range of[*wire.Telemetry](c) {
			if strings.Contains(fmt.Sprint(m.Health.Reasons), "thermometer: test: no answer") {
				return true
			}
		}
		return false
	})
	var doors, climate, power, footfall int
	c.until("the readings", func() bool {
		doors, climate, power, footfall = 0, 0, 0, 0
		for _, m := range of[*wire.Telemetry](c) {
			doors += len(m.Doors)
			climate += len(m.Climate)
			power += len(m.Power)
			footfall += len(m.Footfall)
		}
		return doors == 3 && climate == 1 && power == 1 && footfall == 1
	})
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(of[*wire.Event](c)); n != 2 {
		t.Errorf("%d events, want the door's opening and closing", n)
	}
	if got := of[*wire.Birth](c)[0].Devices; fmt.Sprint(got) != "[door: test thermometer: test]" {
		t.Errorf("devices in the birth: %v", got)
	}
}

func TestCaptureThatEndsIsNotAFault(t *testing.T) {
	box := openOutbox(t, t.TempDir())
	opts := options(t, box, &moody{next: func() (vision.Frame, error) { return vision.Frame{}, fmt.Errorf("clip: %w", io.EOF) }}, "")
	opts.UntilEnd = true
	if err := start(t, opts).wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	if n := box.Health().ByClass[outbox.Observation]; n != 0 {
		t.Errorf("%d observations of nothing", n)
	}
}

// counted is a pipeline that tells of every look.
type counted struct {
	agent.Pipeline
	looked chan<- struct{}
}

func (c counted) Look(ctx context.Context, f vision.Frame) (*shelf.Observation, error) {
	o, err := c.Pipeline.Look(ctx, f)
	c.looked <- struct{}{}
	return o, err
}

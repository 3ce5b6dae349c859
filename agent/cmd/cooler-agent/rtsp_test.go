//go:build customenv

package main

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/models/wire"
)

// rtspCamera is a network camera: an RTSP server with a publisher of a clip, both of Debian.
type rtspCamera struct {
	t                 *testing.T
	clip              string
	address, publish  string // of those who watch, and of the publisher
	server, publisher *exec.Cmd
}

// newRTSPCamera makes the clip that the camera shows. Ports are free ones, and stay the camera's own.
func newRTSPCamera(t *testing.T) *rtspCamera {
	t.Helper()
	c := &rtspCamera{t: t, clip: filepath.Join(t.TempDir(), "clip.mp4"), address: freePort(t), publish: freePort(t)}
	out, err := exec.Command("ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=10", "-t", "4",
		"-c:v", "libx264", "-pix_fmt", "yuv420p", "-g", "5", "-bf", "0", c.clip).CombinedOutput()
	if err != nil {
		t.Fatalf("ffmpeg makes no clip: %v: %s (make setup-test)", err, out)
	}
	t.Cleanup(c.kill)
	return c
}

func port(address string) string { return address[strings.LastIndex(address, ":")+1:] }

func (c *rtspCamera) source() string { return "rtsp://" + c.address + "/shelf" }

// start runs the camera and waits until its server listens.
func (c *rtspCamera) start() {
	c.t.Helper()
	c.server = c.run("perl", "-MAnyEvent", "-MRTSP::Server", "-e", "RTSP::Server->new_with_options->listen; AnyEvent->condvar->recv", "--",
		"--clientport", port(c.address), "--serverport", port(c.publish), "--client_listen_address", "127.0.0.1", "--source_listen_address", "127.0.0.1")
	waitUntil(c.t, "the RTSP server to listen", func() bool {
		conn, err := net.DialTimeout("tcp", c.publish, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	c.publisher = c.run("ffmpeg", "-loglevel", "error", "-re", "-stream_loop", "-1", "-i", c.clip, "-c:v", "copy",
		"-f", "rtsp", "rtsp://"+c.publish+"/shelf")
}

func (c *rtspCamera) run(name string, args ...string) *exec.Cmd {
	c.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Stderr = c.t.Output()
	if err := cmd.Start(); err != nil {
		c.t.Fatalf("%v (make setup-test)", err)
	}
	return cmd
}

// kill ends the camera as a pulled plug does.
func (c *rtspCamera) kill() {
	for _, cmd := range []*exec.Cmd{c.server, c.publisher} {
		if cmd != nil {
			cmd.Process.Kill()
			cmd.Wait()
		}
	}
	c.server, c.publisher = nil, nil
}

// freeze and thaw a camera: its connections stay, nothing comes.
func (c *rtspCamera) freeze() { c.signal(syscall.SIGSTOP) }
func (c *rtspCamera) thaw()   { c.signal(syscall.SIGCONT) }

func (c *rtspCamera) signal(s syscall.Signal) {
	c.t.Helper()
	for _, cmd := range []*exec.Cmd{c.server, c.publisher} {
		if err := cmd.Process.Signal(s); err != nil {
			c.t.Fatal(err)
		}
	}
}

// listener hears what a board tells of its looks.
type listener struct {
	mu      sync.Mutex
	looks   int
	plan    string // of the last look told whole, and so of the differences after it
	events  map[string]int
	sick    bool     // the last health names the camera
	refused []string // what was said to commands that were not carried out
}

func listen(t *testing.T, broker string) *listener {
	t.Helper()
	l := &listener{events: map[string]int{}}
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker).SetClientID("listener"))
	if token := client.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("listener: %v", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(10) })
	token := client.Subscribe(wire.AllUp, 1, func(_ mqtt.Client, m mqtt.Message) {
		env, err := wire.Decode(m.Payload())
		if err != nil {
			t.Errorf("listener: %v", err)
			return
		}
		l.hear(env)
	})
	if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("listener: %v", token.Error())
	}
	return l
}

func (l *listener) hear(env *wire.Envelope) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch b := env.Body.(type) {
	case *wire.Observation:
		l.looks++
		l.plan = fmt.Sprintf("%s %d", b.PlanogramID, b.PlanogramVersion)
	case *wire.Delta:
		l.looks++
	case *wire.Answer:
		if !b.OK {
			l.refused = append(l.refused, b.Detail)
		}
	case *wire.Event:
		l.events[b.Type]++
	case *wire.Telemetry:
		if b.Health != nil {
			l.sick = strings.Contains(strings.Join(b.Health.Reasons, "\n"), "camera: ")
		}
	}
}

func (l *listener) says(ok func(*listener) bool) func() bool {
	return func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return ok(l)
	}
}

// TestAnRTSPCameraIsLostAndComesBack runs the real program on a real RTSP server that is killed, started again,
// frozen and thawed. Each time the board tells that its camera has gone and why its health is poor, and looks again
// when the camera is back.
func TestAnRTSPCameraIsLostAndComesBack(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	newStore(t, broker.URL())
	l := listen(t, broker.URL())
	cam := newRTSPCamera(t)
	cam.start()
	config := configure(t, strings.Replace(smallest, "every: 1s", "every: 500ms", 1)+"camera: {source: '"+cam.source()+"', stall: 10s}\n"+
		"devices: {interval: 1s}\nuplink: {broker: '"+broker.URL()+"', ack_timeout: 5s}\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	agent := exec.Command(self, "run", "--log", "warn", "--config", config)
	// Debian's server sends over UDP alone, where OpenCV asks for TCP if nothing is said.
	agent.Env = append(os.Environ(), programVariable+"=1", "OPENCV_FFMPEG_CAPTURE_OPTIONS=rtsp_transport;udp")
	agent.Stderr = t.Output()
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { agent.Process.Kill(); agent.Wait() })

	waitUntil(t, "the first looks", l.says(func(l *listener) bool { return l.looks >= 3 && !l.sick }))
	for _, fault := range []struct {
		name        string
		begin, mend func()
	}{{"killed", cam.kill, cam.start}, {"frozen", cam.freeze, cam.thaw}} {
		l.mu.Lock()
		lost, back := l.events[wire.EventCameraLost], l.events[wire.EventCameraBack]
		l.mu.Unlock()
		fault.begin()
		waitUntil(t, "a camera that is "+fault.name+" to be told", l.says(func(l *listener) bool { return l.events[wire.EventCameraLost] > lost && l.sick }))
		fault.mend()
		l.mu.Lock()
		looks := l.looks
		l.mu.Unlock()
		waitUntil(t, "a camera that was "+fault.name+" to be back", l.says(func(l *listener) bool {
			return l.events[wire.EventCameraBack] > back && l.looks > looks+2 && !l.sick
		}))
	}
}

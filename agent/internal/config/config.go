// Package config reads the agent's configuration: one YAML file, decoded strictly, before any frame is taken. A
// key that is unknown or occurs twice is an error that names the key and its line. Validate joins every fault
// that it finds, each with its key. The Config that Load returns is complete and is not changed afterwards.
//
// It does not look at the machine: whether a camera opens or a broker answers is for doctor to find out.
// Relative paths are resolved against the folder of the file. A key never changes its meaning, and one that is
// no longer needed is accepted for another year.
package config

import (
	"time"

	"github.com/coldshelf/coldshelf/models/wire"
)

// Config is the whole file.
type Config struct {
	Tenant    string `yaml:"tenant"`
	Store     string `yaml:"store"`
	Device    string `yaml:"device"`
	DataDir   string `yaml:"data_dir"`  // holds the outbox; survives updates
	Clock     string `yaml:"clock"`     // auto: ask the kernel; trusted: right, although the kernel does not know it (virtual machines); played:FILE: as a file says, on a desk
	Timezone  string `yaml:"timezone"`  // IANA name for schedule; "": the machine's
	Planogram string `yaml:"planogram"` // file; "": facings are reported, slots are not judged

	Camera   Camera   `yaml:"camera"`
	Schedule Schedule `yaml:"schedule"`
	Vision   Vision   `yaml:"vision"`
	Uplink   Uplink   `yaml:"uplink"`
	Picture  Picture  `yaml:"picture"`
	Devices  Devices  `yaml:"devices"`
	Outbox   Outbox   `yaml:"outbox"`
	Updates  Updates  `yaml:"updates"`
	Cloud    Cloud    `yaml:"cloud"`
}

// Camera says where frames come from.
type Camera struct {
	Source string        `yaml:"source"` // v4l2:/dev/video0, rtsp://…, http://…, file:clip.mp4, dir:frames, sim:NAME
	Width  int           `yaml:"width"`  // requested from a v4l2 camera; 0: its own
	Height int           `yaml:"height"`
	FPS    float64       `yaml:"fps"`   // requested from a v4l2 camera; 0: its own
	Step   int           `yaml:"step"`  // of a file or folder: use every step-th frame
	Loop   bool          `yaml:"loop"`  // of a file or folder: start again at its end
	Stall  time.Duration `yaml:"stall"` // restart the camera after so long without a new frame
	Lens   string        `yaml:"lens"`  // file of the lens profile with which pictures are rectified; "": they are used as they come
}

// Schedule says when the camera looks.
type Schedule struct {
	Every       time.Duration `yaml:"every"`         // 0: not at intervals
	At          []string      `yaml:"at"`            // times of day, HH:MM
	OnDoorClose bool          `yaml:"on_door_close"` // needs devices.door or devices.sim
	Settle      time.Duration `yaml:"settle"`        // wait after the door has closed, so that fog lifts and goods come to rest
	Hours       string        `yaml:"hours"`         // opening hours HH:MM-HH:MM, over midnight too; "": always
}

// Vision says which networks look and what they know.
type Vision struct {
	Weights string `yaml:"weights"` // folder of the networks with their manifest; "": the networks built into the program
	Runtime string `yaml:"runtime"` // auto, opencv or onnxruntime
	Target  string `yaml:"target"`  // cpu or cuda
	Gallery string `yaml:"gallery"` // file of the enrolled references; "": facings get no names
	// GalleryKey is a PEM file of public keys. The gallery must be signed by one of them, and must not be older
	// than one that this board has used. "": it need not be signed.
	GalleryKey string `yaml:"gallery_key"`
	Mount      string `yaml:"mount"` // file that describes how the camera hangs; "": there are shelf rows, but no slots are judged
}

// Uplink says where messages go.
type Uplink struct {
	Broker       string        `yaml:"broker"` // tcp://, ssl://, ws:// or wss:// with host and port; "": offline, the outbox keeps everything
	Username     string        `yaml:"username"`
	PasswordFile string        `yaml:"password_file"`
	CA           string        `yaml:"ca"` // PEM; "": the system's roots
	Cert         string        `yaml:"cert"`
	Key          string        `yaml:"key"`
	Keepalive    time.Duration `yaml:"keepalive"`
	Window       int           `yaml:"window"`      // largest number of messages sent and not yet acknowledged
	AckTimeout   time.Duration `yaml:"ack_timeout"` // after this, a message is sent again
}

// Picture says which frames leave the board as evidence. One with people in it never does.
type Picture struct {
	Send    string `yaml:"send"`    // always, on_change or never
	MaxPx   int    `yaml:"max_px"`  // longest edge, in pixels
	Quality int    `yaml:"quality"` // of the JPEG, 1 to 100
}

// Outbox bounds what is stored on the board.
type Outbox struct {
	MaxBytes int64 `yaml:"max_bytes"`
}

// Cloud says where the board gets and renews its certificate. With it, tenant, store and device may be left
// out, because `cooler-agent provision` learns them, so that one file serves a whole fleet.
type Cloud struct {
	URL string `yaml:"url"` // https://cloud.example; "": certificates come from elsewhere
	CA  string `yaml:"ca"`  // PEM; "": the system's roots
}

// Unnamed reports whether the file leaves the board's identity to its credentials.
func (c *Config) Unnamed() bool { return c.Cloud.URL != "" && c.Identity() == wire.Identity{} }

// Updates says whose bundles are accepted: networks, galleries and agents that the cloud sends.
type Updates struct {
	Root string `yaml:"root"` // file that `cooler-agent bundle init` made; "": no bundles are accepted
}

// Identity returns the identity from which topics are made.
func (c *Config) Identity() wire.Identity {
	return wire.Identity{Tenant: c.Tenant, Store: c.Store, Device: c.Device}
}

// Defaults returns the configuration that an empty file stands for.
func Defaults() Config {
	return Config{
		DataDir:  "data",
		Clock:    "auto",
		Camera:   Camera{Step: 1, Stall: 10 * time.Second},
		Schedule: Schedule{Settle: 3 * time.Second},
		Vision:   Vision{Runtime: "auto", Target: "cpu"},
		Uplink:   Uplink{Keepalive: 30 * time.Second, Window: 32, AckTimeout: 20 * time.Second},
		Picture:  Picture{Send: "on_change", MaxPx: 960, Quality: 80},
		Outbox:   Outbox{MaxBytes: 200 << 20},
		Devices:  Devices{Interval: time.Minute},
	}
}

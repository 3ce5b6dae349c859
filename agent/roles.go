package agent

import (
	"context"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/vision"
)

// Camera gives one frame of what stands before it now. io.EOF means that no frame will come any more (a folder or a
// clip has ended); after any other error Capture is called again at the next look. It is used by one goroutine at a
// time.
type Camera interface {
	Capture(ctx context.Context) (vision.Frame, error)
	Close() error
}

// Pipeline makes an observation of a frame. It is used from one goroutine at a time.
type Pipeline interface {
	Look(ctx context.Context, f vision.Frame) (*shelf.Observation, error)
}

// Setting is what a pipeline is built of. For what is "" or nil, the board's own configuration holds.
type Setting struct {
	Planogram  *shelf.Planogram
	Weights    string           // folder of the networks
	Gallery    string           // file of the references
	Thresholds map[string]int64 // unit in the name: detector_permille
}

// View is a pipeline as it was built, with the names of what it was built of.
type View struct {
	Pipeline Pipeline
	Model    string // which networks
	Gallery  string // which references
	Close    func() error
}

// Device is something fitted to the cooler. Run reads it until ctx ends or it fails; then its name
// and the error are a reason in the agent's health, and it is run again after a pause that doubles
// from a second to five minutes.
type Device struct {
	Name string // "door: GPIO17", as the birth tells it
	Run  func(ctx context.Context, say Readings) error
}

// Place tells whether the board stands where it was set up; devices/place tells it by the routers around. It says only
// what has changed since it said something last, over restarts too.
type Place interface {
	Look(say func(home bool)) error
	// Settle makes the place where the board is now its home, and says so.
	Settle(say func(home bool)) error
}

// Duty is some other work that goes on until ctx ends, such as renewing a certificate. An error that it tells is a
// reason in the agent's health until it tells nil.
type Duty struct {
	Name string
	Run  func(ctx context.Context, tell func(error))
}

// Readings is where devices put what they read. Times are the agent's to stamp: At is left zero. The
// first reading after a fault clears the fault. Safe for concurrent use.
type Readings interface {
	Door(open bool)
	Climate(telemetry.Climate)
	Power(telemetry.Power)
	// Footfall counts what passed during the span that ends now.
	Footfall(f telemetry.Footfall, span time.Duration)
}

package agent

import (
	"context"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/vision"
)

// Camera gives one frame of what is before it now. An error that is io.EOF says that no frame will
// come any more (a folder or a clip has ended); after any other, Capture is called again at the next
// look. It is used from one goroutine at a time.
type Camera interface {
	Capture(ctx context.Context) (vision.Frame, error)
	Close() error
}

// Pipeline makes an observation of a frame. It is used from one goroutine at a time.
type Pipeline interface {
	Look(ctx context.Context, f vision.Frame) (*shelf.Observation, error)
}

// Setting is what a pipeline is built of; what is "" or nil is as the board's own configuration says.
type Setting struct {
	Planogram  *shelf.Planogram
	Weights    string           // folder of the networks
	Gallery    string           // file of the references
	Thresholds map[string]int64 // unit in the name: detector_permille
}

// View is a pipeline that was built, with what it holds.
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

// Place tells whether the board stands where it was set up; devices/place does by its routers. It says what has changed since
// it last did, over restarts.
type Place interface {
	Look(say func(home bool)) error
	// Settle takes where the board is now for its home, and says so.
	Settle(say func(home bool)) error
}

// Duty is something that the agent sees to besides, until ctx ends. What it tells is a reason in the agent's
// health until it tells nil.
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

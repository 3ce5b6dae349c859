package agent

import (
	"context"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/vision"
)

// Camera captures one frame of what is in front of it now. io.EOF means that no more frames will come (a folder
// or a clip has ended); after any other error Capture is called again at the next look. It is used by one
// goroutine at a time.
type Camera interface {
	Capture(ctx context.Context) (vision.Frame, error)
	Close() error
}

// Pipeline makes an observation from a frame. It is used by one goroutine at a time.
type Pipeline interface {
	Look(ctx context.Context, f vision.Frame) (*shelf.Observation, error)
}

// Setting is what a pipeline is built from. Where a field is "" or nil, the board's own configuration applies.
type Setting struct {
	Planogram  *shelf.Planogram
	Weights    string           // folder of the networks
	Gallery    string           // file of the references
	Thresholds map[string]int64 // the keys include the unit: detector_permille
}

// View is a pipeline as it was built, with the names of its parts.
type View struct {
	Pipeline Pipeline
	Model    string // the networks in use
	Gallery  string // the references in use
	Close    func() error
}

// Device is something fitted to the cooler. Run reads it until ctx ends or it fails. After a failure its name
// and the error are a reason in the agent's health, and it is run again after a pause that doubles from a
// second to five minutes.
type Device struct {
	Name string // "door: GPIO17", as the birth tells it
	Run  func(ctx context.Context, say Readings) error
}

// Place tells whether the board is where it was set up; devices/place implements it by means of the routers
// nearby. It only reports what has changed since its last report, even across restarts.
type Place interface {
	Look(say func(home bool)) error
	// Settle makes the place where the board is now its home, and reports that.
	Settle(say func(home bool)) error
}

// Duty is other work that goes on until ctx ends, such as renewing a certificate. An error that it reports is a
// reason in the agent's health until it reports nil.
type Duty struct {
	Name string
	Run  func(ctx context.Context, tell func(error))
}

// Readings receives what devices read. The agent stamps the times: At is left zero. The first reading after a
// fault clears the fault. It is safe for concurrent use.
type Readings interface {
	Door(open bool)
	Climate(telemetry.Climate)
	Power(telemetry.Power)
	// Footfall reports what passed during the span that ends now.
	Footfall(f telemetry.Footfall, span time.Duration)
}

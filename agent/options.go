package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/clock"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/agent/internal/update"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Options configures an Agent. Identity, Version, Outbox and Clock are required; everything else may be
// missing. For a part that is missing because it failed, Degraded gives the reason.
type Options struct {
	Identity wire.Identity
	Version  string // of the program
	Board    string // the board's own name
	Runtime  string // the runtime of the networks
	Model    string // the networks in use
	Gallery  string // version of the enrolled references
	DataDir  string // for the desired state and the answered commands; "": they are not stored

	Outbox *outbox.Outbox
	Clock  *clock.Clock
	Log    *slog.Logger

	Camera   Camera
	Pipeline Pipeline
	Setting  Setting // what Pipeline was built from
	// Rebuild makes a pipeline for another setting; nil: the cloud cannot change the setting. The agent closes
	// a view when it replaces it; the last one is left to the caller.
	Rebuild func(ctx context.Context, s Setting) (*View, error)
	Close   func() error // closes Pipeline when it is replaced; may be nil

	// Updates stores bundles that the cloud sends; nil: they are refused. Self is the path of this program.
	Updates *update.Store
	Self    string
	// Trial is how long this program may take to prove itself, if it is on trial; 0: update.TrialTime.
	Trial time.Duration

	Plan     schedule.Plan
	Picture  PicturePolicy
	Devices  []Device
	Interval time.Duration // between telemetry messages
	Uplink   uplink.Config // no Broker: offline. Identity, Status, Amend, Command and Desired are the agent's to fill in
	Degraded []string      // what main could not set up, in a few words each

	// Place tells whether the board is still where it was set up, and is asked every PlaceEvery; nil: moves go
	// unnoticed.
	Place      Place
	PlaceEvery time.Duration

	Duties []Duty

	// UntilEnd ends Run once the camera has ended and everything is acknowledged.
	UntilEnd bool
	// Alive is called at least every ten seconds while the agent is well; nil: there is no watchdog.
	Alive func()
}

// ErrRestart is returned by Run when a command asked for a restart.
var ErrRestart = errors.New("restart was asked for")

// captureTimeout bounds one capture, including the opening of the camera.
const captureTimeout = 45 * time.Second

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

// Options of an Agent. Identity, Version, Outbox and Clock are required; everything else may be missing. What is
// missing because it failed has its reason in Degraded.
type Options struct {
	Identity wire.Identity
	Version  string // of the program
	Board    string // as the board names itself
	Runtime  string // what runs the networks
	Model    string // which networks
	Gallery  string // version of the enrolled references
	DataDir  string // for the desired state and the answered commands; "": they are not kept

	Outbox *outbox.Outbox
	Clock  *clock.Clock
	Log    *slog.Logger

	Camera   Camera
	Pipeline Pipeline
	Setting  Setting // what Pipeline was built of
	// Rebuild makes a pipeline for another setting; nil: the cloud cannot change the setting. The agent closes a view
	// that it replaces; the last one is left to the caller.
	Rebuild func(ctx context.Context, s Setting) (*View, error)
	Close   func() error // of Pipeline, when it gives way; may be nil

	// Updates keeps bundles that the cloud sends; nil: they are refused. Self is the path of this program.
	Updates *update.Store
	Self    string
	// Trial is how long this program may take to prove itself, if it is on trial; 0: update.TrialTime.
	Trial time.Duration

	Plan     schedule.Plan
	Picture  PicturePolicy
	Devices  []Device
	Interval time.Duration // between telemetry messages
	Uplink   uplink.Config // no Broker: offline. Identity, Status, Amend, Command and Desired are the agent's to fill in
	Degraded []string      // what main could not set up, short

	// Place tells whether the board still stands where it was set up, asked every PlaceEvery; nil: moves go unnoticed.
	Place      Place
	PlaceEvery time.Duration

	Duties []Duty

	// UntilEnd ends Run once the camera has ended and everything is acknowledged.
	UntilEnd bool
	// Alive is called at least every ten seconds while the agent is well; nil: there is no watchdog.
	Alive func()
}

// ErrRestart is what Run returns when a command asked for a restart.
var ErrRestart = errors.New("restart was asked for")

// captureTimeout bounds one look at the camera, opening it included.
const captureTimeout = 45 * time.Second

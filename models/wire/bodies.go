package wire

import (
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
)

// Observation is one look at the shelves, complete in itself. Scores are carried in thousandths,
// sharpness in hundredths; each facing is in the Seen of one slot at most.
type Observation struct{ shelf.Observation }

// Telemetry is a batch of readings of the small sensors; Health is nil where the batch has none.
type Telemetry struct {
	Doors    []telemetry.DoorEvent `json:"doors,omitempty"`
	Climate  []telemetry.Climate   `json:"climate,omitempty"`
	Footfall []telemetry.Footfall  `json:"footfall,omitempty"`
	Power    []telemetry.Power     `json:"power,omitempty"`
	Health   *telemetry.Health     `json:"health,omitempty"`
}

// Types of events. The set is open: a reader keeps a type that it does not know.
const (
	EventDoorOpen   = "door_open"
	EventDoorClose  = "door_close"
	EventRemoval    = "removal"
	EventRestock    = "restock"
	EventCameraLost = "camera_lost"
	EventCameraBack = "camera_back"
	EventMoved      = "moved"   // the board is no longer where it was set up
	EventSettled    = "settled" // it is back, or somebody has agreed to its new place
)

// Event is something that happened at one moment. Type is 1 to 48 of a-z 0-9 _; Slot and GTIN are
// empty where it concerns none.
type Event struct {
	At     time.Time         `json:"at"`
	Type   string            `json:"type"`
	Slot   string            `json:"slot,omitempty"`
	GTIN   shelf.GTIN        `json:"gtin,omitempty"`
	Detail map[string]string `json:"detail,omitempty"`
}

// Purposes of pictures.
const (
	PurposeEvidence  = "evidence"  // of the observation that ObservationSeq names
	PurposeRequested = "requested" // a command asked for it
	PurposeSetup     = "setup"     // for whoever aims the camera
)

// Picture is one JPEG of the shelves. ObservationSeq is the Seq of the observation of the same boot
// that was made from it, 0 where none was; boxes of that observation scale with Width to its Width.
type Picture struct {
	ObservationSeq uint64 `json:"observation_seq"`
	JPEG           []byte `json:"jpeg"`
	Width          int    `json:"width"` // of the JPEG, pixels
	Height         int    `json:"height"`
	Purpose        string `json:"purpose"`
}

// Birth is what a board says of itself after each start.
type Birth struct {
	AgentVersion     string    `json:"agent_version"`
	Model            string    `json:"model,omitempty"`   // detector and embedder with their versions
	Runtime          string    `json:"runtime,omitempty"` // what runs the networks
	PlanogramID      string    `json:"planogram_id,omitempty"`
	PlanogramVersion int       `json:"planogram_version,omitempty"`
	Gallery          string    `json:"gallery,omitempty"` // version of the enrolled references
	Board            string    `json:"board,omitempty"`   // as the board names itself
	Arch             string    `json:"arch,omitempty"`    // GOARCH of the agent, so that the cloud can choose one for it
	StartedAt        time.Time `json:"started_at,omitzero"`
	BootCount        uint32    `json:"boot_count,omitempty"`
	DesiredVersion   uint64    `json:"desired_version,omitempty"` // of the Desired in force, 0: its own file
	Devices          []string  `json:"devices,omitempty"`         // what is fitted, "door: gpio17" and the like
}

// Gap owns up to messages that the outbox had to give up: Count of those from FromSeq to ToSeq of
// Boot will never come.
type Gap struct {
	Boot    uint32 `json:"boot"`
	FromSeq uint64 `json:"from_seq"`
	ToSeq   uint64 `json:"to_seq"` // inclusive
	Count   uint64 `json:"count"`
	Reason  string `json:"reason"`
}

// Answer is what came of a Command.
type Answer struct {
	CommandID string `json:"command_id"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail,omitempty"`
}

// Outcomes of a Desired.
const (
	OutcomeApplied    = "applied"
	OutcomeRejected   = "rejected"    // it broke a rule; the last good state stays
	OutcomeRolledBack = "rolled_back" // the board was unhealthy under it
)

// Reported is what came of a Desired; Detail says why where it was not applied.
type Reported struct {
	DesiredVersion uint64 `json:"desired_version"`
	Outcome        string `json:"outcome"`
	Detail         string `json:"detail,omitempty"`
}

// Status is the board's presence, retained. The will is a Status with Online false; At is when it
// was said, so for the will: when the board connected. Boot is that of the envelope.
type Status struct {
	Online bool      `json:"online"`
	At     time.Time `json:"at"`
	Boot   uint32    `json:"boot"`
	Birth  *Birth    `json:"birth,omitempty"` // nil in a will
}

// Ack tells a board which of its messages the store has, and which it will never take.
type Ack struct {
	Ranges   []AckRange  `json:"ranges,omitempty"`
	Rejected []Rejection `json:"rejected,omitempty"`
}

// AckRange is the messages From to To, both inclusive, of one boot.
type AckRange struct {
	Boot uint32 `json:"boot"`
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// ReasonBaseMissing rejects a Delta whose base the store does not have: the board sends the same
// observation again complete, under a new Seq.
const ReasonBaseMissing = "base missing"

// Rejection is one message that the store will never take as it is. It is quarantined with its
// bytes; the board moves on.
type Rejection struct {
	Boot   uint32 `json:"boot"`
	Seq    uint64 `json:"seq"`
	Reason string `json:"reason"`
}

// Names of commands.
const (
	CommandCapture  = "capture"
	CommandPicture  = "picture"
	CommandRestart  = "restart"
	CommandSelfTest = "selftest"
	CommandSettle   = "settle" // where the board is now is where it belongs
)

// Command asks a board to do something once; a board that gets the same ID twice does it once.
// Expires is zero where it does not.
type Command struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Args    map[string]string `json:"args,omitempty"`
	Expires time.Time         `json:"expires,omitzero"`
}

// Desired is how a board shall be set, retained; a part that is empty leaves the board's own.
// Version rises with every change.
type Desired struct {
	Version    uint64           `json:"version"`
	Planogram  []byte           `json:"planogram,omitempty"` // YAML, for shelf.DecodePlanogram
	Schedule   *Schedule        `json:"schedule,omitempty"`
	Thresholds map[string]int64 `json:"thresholds,omitempty"` // unit in the name: detector_permille, temperature_high_mc
	Gallery    *Bundle          `json:"gallery,omitempty"`
	Model      *Bundle          `json:"model,omitempty"`
	Agent      *Bundle          `json:"agent,omitempty"`
}

// Schedule says when to look.
type Schedule struct {
	Every       time.Duration `json:"every_ns,omitempty"` // 0: not by interval; carried in milliseconds
	At          []string      `json:"at,omitempty"`       // "HH:MM", the board's local time
	OnDoorClose bool          `json:"on_door_close,omitempty"`
	Settle      time.Duration `json:"settle_ns,omitempty"` // wait after the door closes; carried in milliseconds
	Hours       string        `json:"hours,omitempty"`     // "07:00-22:00"; "": always
}

// Bundle points at a signed file and pins its content.
type Bundle struct {
	Version string `json:"version"`
	URL     string `json:"url"`
	SHA256  []byte `json:"sha256"` // 32 bytes
	Size    uint64 `json:"size"`
}

// Kind of each body.
func (*Observation) Kind() Kind { return KindObservation }
func (*Telemetry) Kind() Kind   { return KindTelemetry }
func (*Event) Kind() Kind       { return KindEvent }
func (*Picture) Kind() Kind     { return KindPicture }
func (*Birth) Kind() Kind       { return KindBirth }
func (*Gap) Kind() Kind         { return KindGap }
func (*Answer) Kind() Kind      { return KindAnswer }
func (*Reported) Kind() Kind    { return KindReported }
func (*Status) Kind() Kind      { return KindStatus }
func (*Ack) Kind() Kind         { return KindAck }
func (*Command) Kind() Kind     { return KindCommand }
func (*Desired) Kind() Kind     { return KindDesired }

func (*Observation) sealed() {}
func (*Telemetry) sealed()   {}
func (*Event) sealed()       {}
func (*Picture) sealed()     {}
func (*Birth) sealed()       {}
func (*Gap) sealed()         {}
func (*Answer) sealed()      {}
func (*Reported) sealed()    {}
func (*Status) sealed()      {}
func (*Ack) sealed()         {}
func (*Command) sealed()     {}
func (*Desired) sealed()     {}

// Package rollout brings a bundle to boards in stages: to one board, then to a few per cent, then to all. Each
// stage waits until its boards have reported that the bundle is in force and have then been well for some time.
// It halts by itself when more boards than allowed refuse the bundle, roll it back, or are unwell with it.
//
// Its whole state is in the database, so that it continues after a restart, and on whichever node: the nodes
// take turns. What a board should have is a wish in package care; this package only decides when.
//
// A board that has refused the bundle, or rolled it back, is wished what it had before. After a halt or a
// cancellation, no further board takes the bundle. It does not take a bundle back from boards that have it:
// versions only rise, and the remedy is a higher one.
package rollout

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
)

// Tables are the tables of this package.
var Tables = state.Migrations{Name: "rollout", Steps: []string{`
CREATE TABLE rollouts (
	id           AUTOID,
	tenant       TEXT NOT NULL,
	order_body   TEXT NOT NULL,
	status       TEXT NOT NULL,
	stage        BIGINT NOT NULL,
	stage_since  BIGINT NOT NULL,
	reason       TEXT NOT NULL DEFAULT '',
	forgiven     BIGINT NOT NULL DEFAULT 0,
	created_at   BIGINT NOT NULL,
	created_by   TEXT NOT NULL,
	changed_at   BIGINT NOT NULL,
	finished_at  BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX rollouts_by_status ON rollouts (status);
CREATE TABLE rollout_boards (
	tenant  TEXT NOT NULL,
	rollout BIGINT NOT NULL,
	device  TEXT NOT NULL,
	place   BIGINT NOT NULL,
	status  TEXT NOT NULL,
	body    TEXT NOT NULL,
	PRIMARY KEY (tenant, rollout, device)
);
CREATE INDEX rollout_boards_by_place ON rollout_boards (tenant, rollout, status, place);
`}}

// Errors that a caller may branch on.
var (
	ErrOrder  = errors.New("the order is not understood")
	ErrBusy   = errors.New("another staged update of this kind is under way on some of these boards")
	ErrStatus = errors.New("the staged update is not in a state for that")
	ErrNobody = errors.New("no board is to get it")
)

// Order describes the staged update that somebody asks for.
type Order struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"`
	Version     string   `json:"version"`
	Regions     []string `json:"regions,omitempty"` // only boards in these; if all three are empty, every board
	Stores      []string `json:"stores,omitempty"`
	Devices     []string `json:"devices,omitempty"`
	Stages      []string `json:"stages"`       // boards that have it at the end of each stage: "1", "5%"; the last is "100%"
	SoakS       int64    `json:"soak_s"`       // seconds for which a board must be well with it
	PatienceS   int64    `json:"patience_s"`   // seconds that a board may take to get there
	MaxFailures int      `json:"max_failures"` // number of boards that may fail before it halts
}

// The defaults of an order.
const (
	defaultSoak     = 15 * time.Minute
	defaultPatience = 24 * time.Hour // more than a night without power
)

// Complete fills in what was left out, and names what is wrong.
func (o *Order) Complete() error {
	if len(o.Stages) == 0 {
		o.Stages = []string{"1", "5%", "25%", "100%"}
	}
	if o.Stages[len(o.Stages)-1] == "all" {
		o.Stages[len(o.Stages)-1] = "100%"
	}
	if o.Stages[len(o.Stages)-1] != "100%" {
		o.Stages = append(o.Stages, "100%")
	}
	if o.SoakS == 0 {
		o.SoakS = int64(defaultSoak / time.Second)
	}
	if o.PatienceS == 0 {
		o.PatienceS = int64(defaultPatience / time.Second)
	}
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if !slices.Contains(bundle.Kinds(), o.Kind) {
		fault("kind: %q is none of %s", o.Kind, strings.Join(bundle.Kinds(), ", "))
	}
	if o.Version == "" {
		fault("version: is missing")
	}
	if len(o.Name) > 200 {
		fault("name: is longer than 200 bytes")
	}
	if o.SoakS < 1 || o.SoakS > 30*86400 {
		fault("soak_s: %d is not from 1 to 2592000", o.SoakS)
	}
	if o.PatienceS < o.SoakS || o.PatienceS > 90*86400 {
		fault("patience_s: %d is not from soak_s to 7776000", o.PatienceS)
	}
	if o.MaxFailures < 0 {
		fault("max_failures: %d is negative", o.MaxFailures)
	}
	if len(o.Stages) > 20 {
		fault("stages: more than 20")
	}
	last := 0.0
	for _, s := range o.Stages {
		n, err := share(s, 1_000_000)
		switch isShare := strings.HasSuffix(s, "%"); { // a share cannot be compared with a number before it yet
		case err != nil:
			fault("stages: %w", err)
		case isShare && float64(n) < last:
			fault("stages: %s comes after more", s)
		case isShare:
			last = float64(n)
		}
	}
	if len(faults) > 0 {
		return fmt.Errorf("%w: %w", ErrOrder, errors.Join(faults...))
	}
	return nil
}

// share returns how many of total boards have it at the end of a stage.
func share(stage string, total int) (int, error) {
	if percent, ok := strings.CutSuffix(stage, "%"); ok {
		p, err := strconv.ParseFloat(percent, 64)
		if err != nil || !(p > 0 && p <= 100) {
			return 0, fmt.Errorf("%q is not more than 0%% and at most 100%%", stage)
		}
		return min(total, int(p*float64(total)/100+0.999999)), nil
	}
	n, err := strconv.Atoi(stage)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is neither a number of boards nor a share such as 5%%", stage)
	}
	return min(total, n), nil
}

// Status is the status of a staged update.
type Status string

// The statuses of a staged update.
const (
	Running   Status = "running"
	Paused    Status = "paused" // by hand
	Halted    Status = "halted" // by itself, for the reason in Reason
	Cancelled Status = "cancelled"
	Done      Status = "done"
)

// BoardStatus says how far one board is.
type BoardStatus string

// The statuses of a board.
const (
	Waiting   BoardStatus = "waiting"
	Asked     BoardStatus = "asked"
	Watched   BoardStatus = "watched" // it has the bundle, and is being watched
	Healthy   BoardStatus = "healthy"
	Failed    BoardStatus = "failed"
	Late      BoardStatus = "late"       // it was away; it will take the bundle when it returns, and nobody waits for it
	Skipped   BoardStatus = "skipped"    // it has this version or a higher one, or there is none for it
	TakenBack BoardStatus = "taken_back" // the update ended before the board had it
)

// Rollout is one staged update.
type Rollout struct {
	ID int64 `json:"id"`
	Order
	Status     Status              `json:"status"`
	Stage      int                 `json:"stage"`  // index in Stages, from 0
	Target     int                 `json:"target"` // boards that have it at the end of this stage
	Reason     string              `json:"reason,omitempty"`
	CreatedAt  time.Time           `json:"created_at"`
	CreatedBy  string              `json:"created_by"`
	ChangedAt  time.Time           `json:"changed_at"`
	FinishedAt *time.Time          `json:"finished_at,omitempty"`
	Counts     map[BoardStatus]int `json:"counts"`

	tenant     string
	stageSince time.Time
	forgiven   int
}

// Board is one board of a staged update.
type Board struct {
	Device string      `json:"device"`
	Status BoardStatus `json:"status"`
	boardBody
}

// boardBody is stored as JSON.
type boardBody struct {
	Detail    string     `json:"detail,omitempty"`
	AskedAt   *time.Time `json:"asked_at,omitempty"`
	AppliedAt *time.Time `json:"applied_at,omitempty"`
	WellSince *time.Time `json:"well_since,omitempty"`
	IllSince  *time.Time `json:"ill_since,omitempty"`
	DoneAt    *time.Time `json:"done_at,omitempty"`

	Asked  uint64      `json:"asked_version,omitempty"` // number of the desired state that brought it
	Before *string     `json:"before,omitempty"`        // what was wished of the board before; absent: nothing of its own
	Ills   []string    `json:"ills,omitempty"`          // why it was not well before
	Heard  state.Order `json:"heard,omitzero"`          // message with its health when it first had the bundle
	Higher bool        `json:"higher,omitempty"`        // skipped because of a higher version
}

package care

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Wanted is the desired state of one board, with the scope of the wish from which each part comes.
type Wanted struct {
	Planogram  *WantedPlanogram `json:"planogram,omitempty"`
	Schedule   *WantedSchedule  `json:"schedule,omitempty"`
	Thresholds *WantedNumbers   `json:"thresholds,omitempty"`
	Gallery    *WantedBundle    `json:"gallery,omitempty"`
	Model      *WantedBundle    `json:"model,omitempty"`
	Agent      *WantedBundle    `json:"agent,omitempty"`
	Missing    []string         `json:"missing,omitempty"` // why a part that is wished for is not sent
}

// WantedPlanogram is a published version of a planogram.
type WantedPlanogram struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
	From    Scope  `json:"from"`
}

// WantedSchedule is a schedule.
type WantedSchedule struct {
	Schedule
	From Scope `json:"from"`
}

// WantedNumbers are thresholds.
type WantedNumbers struct {
	Values map[string]int64 `json:"values"`
	From   Scope            `json:"from"`
}

// WantedBundle is a bundle that is stored here.
type WantedBundle struct {
	Version string `json:"version"`
	SHA256  string `json:"sha256,omitempty"`
	Size    int64  `json:"size"`
	From    Scope  `json:"from"`
	Rollout int64  `json:"rollout,omitempty"` // the staged update that set it
}

// Of returns the bundle of a kind.
func (w *Wanted) Of(kind string) *WantedBundle { return *w.of(kind) }

func (w *Wanted) of(kind string) **WantedBundle {
	switch kind {
	case "agent":
		return &w.Agent
	case "model":
		return &w.Model
	}
	return &w.Gallery
}

// same reports whether a board would be told the same by both.
func (w Wanted) same(o Wanted) bool { return w.told() == o.told() }

// told returns the part of it that a board is told.
func (w Wanted) told() string {
	type plan struct {
		ID      string
		Version int
	}
	var t struct {
		Plan       *plan
		Schedule   *Schedule
		Thresholds map[string]int64
		Bundles    [3]string
	}
	if w.Planogram != nil {
		t.Plan = &plan{w.Planogram.ID, w.Planogram.Version}
	}
	if w.Schedule != nil {
		t.Schedule = &w.Schedule.Schedule
	}
	if w.Thresholds != nil {
		t.Thresholds = w.Thresholds.Values
	}
	for i, b := range []*WantedBundle{w.Gallery, w.Model, w.Agent} {
		if b != nil {
			t.Bundles[i] = b.SHA256
		}
	}
	data, err := json.Marshal(t)
	if err != nil {
		return err.Error() // impossible: it is plain data
	}
	return string(data)
}

// State says how a board stands to what is wanted of it.
type State string

// The states of a board.
const (
	NothingWanted State = "none"        // nothing is wished
	Pending       State = "pending"     // it has not answered yet
	InForce       State = "in_force"    // it is as wanted
	Rejected      State = "rejected"    // it refused, and is as it was before
	RolledBack    State = "rolled_back" // it tried, was unhealthy, and is as it was before
)

// Facts is what a board has reported about itself.
type Facts struct {
	Arch     string     `json:"arch,omitempty"`
	Agent    string     `json:"agent_version,omitempty"`
	Model    string     `json:"model,omitempty"`
	Gallery  string     `json:"gallery,omitempty"`
	InForce  uint64     `json:"in_force"`          // number of the desired state that it follows; 0: its own configuration
	Reported uint64     `json:"reported"`          // number of which it last reported the outcome
	Outcome  string     `json:"outcome,omitempty"` // of that
	Detail   string     `json:"detail,omitempty"`  // why it is not in force
	ToldAt   *time.Time `json:"reported_at,omitempty"`

	born, told state.Order
}

// Board is the desired and the reported state of one board.
type Board struct {
	Device  string    `json:"device"`
	State   State     `json:"state"`
	Version uint64    `json:"version"` // of what is wanted; 0: nothing was ever wanted
	Since   time.Time `json:"since,omitzero"`
	Wanted  Wanted    `json:"wanted"`
	Applied Wanted    `json:"applied"` // what it last reported to be in force
	Facts

	published uint64
}

func (b *Board) judge() {
	switch {
	case b.Version == 0:
		b.State = NothingWanted
	case b.InForce == b.Version:
		b.State = InForce
	case b.Reported == b.Version && b.Outcome == wire.OutcomeRejected:
		b.State = Rejected
	case b.Reported == b.Version && b.Outcome == wire.OutcomeRolledBack:
		b.State = RolledBack
	default:
		b.State = Pending
	}
}

const boardQuery = `SELECT c.device, COALESCE(b.version, 0), COALESCE(b.wanted, '{}'), COALESCE(b.since, 0), COALESCE(b.published, 0), COALESCE(b.applied, '{}'),
	COALESCE(f.birth_boot, 0), COALESCE(f.birth_seq, 0), COALESCE(f.arch, ''), COALESCE(f.agent, ''), COALESCE(f.model, ''), COALESCE(f.gallery, ''), COALESCE(f.in_force, 0),
	COALESCE(f.told_boot, 0), COALESCE(f.told_seq, 0), COALESCE(f.told, 0), COALESCE(f.outcome, ''), COALESCE(f.detail, ''), COALESCE(f.told_at, 0)
	FROM coolers c LEFT JOIN care_boards b ON b.tenant = c.tenant AND b.device = c.device LEFT JOIN care_facts f ON f.tenant = c.tenant AND f.device = c.device WHERE c.tenant = ?`

func scanBoard(row interface{ Scan(...any) error }) (*Board, error) {
	var b Board
	var wanted, applied string
	var version, since, published, bornBoot, bornSeq, inForce, toldBoot, toldSeq, told, toldAt int64
	err := row.Scan(&b.Device, &version, &wanted, &since, &published, &applied, &bornBoot, &bornSeq, &b.Arch, &b.Agent, &b.Model, &b.Gallery, &inForce,
		&toldBoot, &toldSeq, &told, &b.Outcome, &b.Detail, &toldAt)
	if err != nil {
		return nil, err
	}
	b.Version, b.published, b.InForce, b.Reported, b.Since = uint64(version), uint64(published), uint64(inForce), uint64(told), state.Time(since)
	b.born, b.told = state.Order{Boot: uint32(bornBoot), Seq: uint64(bornSeq)}, state.Order{Boot: uint32(toldBoot), Seq: uint64(toldSeq)}
	if toldAt > 0 {
		at := state.Time(toldAt)
		b.ToldAt = &at
	}
	if err := errors.Join(json.Unmarshal([]byte(wanted), &b.Wanted), json.Unmarshal([]byte(applied), &b.Applied)); err != nil {
		return nil, err
	}
	b.judge()
	return &b, nil
}

// GetBoard reads one board. The error is state.ErrNotFound if there is none.
func GetBoard(ctx context.Context, q state.Querier, tenant, device string) (*Board, error) {
	b, err := scanBoard(q.QueryRow(ctx, boardQuery+" AND c.device = ?", tenant, device))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("cooler %s: %w", device, state.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("read board %s: %w", device, err)
	}
	return b, nil
}

// Boards returns all boards of a tenant, by device.
func Boards(ctx context.Context, q state.Querier, tenant string) ([]*Board, error) {
	rows, err := q.Query(ctx, boardQuery+" ORDER BY c.device", tenant)
	if err != nil {
		return nil, fmt.Errorf("list boards: %w", err)
	}
	defer rows.Close()
	list := []*Board{}
	for rows.Next() {
		b, err := scanBoard(rows)
		if err != nil {
			return nil, fmt.Errorf("list boards: %w", err)
		}
		list = append(list, b)
	}
	return list, rows.Err()
}

// Difference is one part in which a board is not as wanted.
type Difference struct {
	Part   string `json:"part"`
	Wanted string `json:"wanted"`
	Has    string `json:"has"` // "": that of its own configuration, or not known
}

// Differences lists the parts in which the board is not as wanted, according to its last report.
func (b *Board) Differences() []Difference {
	list := []Difference{}
	if b.State == InForce {
		return list
	}
	add := func(part, wanted, has string) {
		if wanted != "" && wanted != has {
			list = append(list, Difference{part, wanted, has})
		}
	}
	add("agent", b.Wanted.Agent.words(), cmp.Or(b.Applied.Agent.words(), b.Agent))
	add("model", b.Wanted.Model.words(), b.Applied.Model.words())
	add("gallery", b.Wanted.Gallery.words(), b.Applied.Gallery.words())
	add("planogram", b.Wanted.Planogram.words(), b.Applied.Planogram.words())
	add("schedule", b.Wanted.Schedule.words(), b.Applied.Schedule.words())
	add("thresholds", b.Wanted.Thresholds.words(), b.Applied.Thresholds.words())
	return list
}

func (w *WantedBundle) words() string {
	if w == nil {
		return ""
	}
	return w.Version
}

func (w *WantedPlanogram) words() string {
	if w == nil {
		return ""
	}
	return fmt.Sprintf("%s %d", w.ID, w.Version)
}

func (w *WantedSchedule) words() string {
	if w == nil {
		return ""
	}
	var words []string
	if w.EveryS > 0 {
		words = append(words, (time.Duration(w.EveryS) * time.Second).String())
	}
	words = append(words, w.At...)
	if w.OnDoorClose {
		words = append(words, "door")
	}
	if w.Hours != "" {
		words = append(words, w.Hours)
	}
	return strings.Join(words, " ")
}

func (w *WantedNumbers) words() string {
	if w == nil {
		return ""
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(w.Values)) {
		words = append(words, fmt.Sprintf("%s %d", name, w.Values[name]))
	}
	return strings.Join(words, ", ")
}

// Shown returns what people may see of it, without the hashes of bundles: whoever knows a hash can fetch the
// bundle.
func (w Wanted) Shown() Wanted {
	for _, kind := range bundle.Kinds() {
		if b := w.Of(kind); b != nil {
			open := *b
			open.SHA256 = ""
			*w.of(kind) = &open
		}
	}
	return w
}

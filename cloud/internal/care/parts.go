package care

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Assigned stands for the planogram to which the cooler is assigned, in its newest version.
const Assigned = "assigned"

// Parts is what somebody wishes for. A part that is nil is left to the wish of the wider scope; one that is ""
// is left to the board.
type Parts struct {
	Planogram  *string          `json:"planogram,omitempty"` // Assigned, or an ID
	Schedule   *Schedule        `json:"schedule,omitempty"`
	Thresholds map[string]int64 `json:"thresholds,omitempty"`
	Gallery    *string          `json:"gallery,omitempty"` // version of a bundle
	Model      *string          `json:"model,omitempty"`
	Agent      *string          `json:"agent,omitempty"`
	// Rollouts says which staged update has set the version of a kind.
	Rollouts map[string]int64 `json:"rollouts,omitempty"`
}

// Schedule says when boards look.
type Schedule struct {
	EveryS      int64    `json:"every_s,omitempty"` // seconds; 0: not at intervals
	At          []string `json:"at,omitempty"`      // "HH:MM", the board's local time
	OnDoorClose bool     `json:"on_door_close,omitempty"`
	SettleS     int64    `json:"settle_s,omitempty"` // seconds after the door closes
	Hours       string   `json:"hours,omitempty"`    // "07:00-22:00"; "": always
}

func (s *Schedule) wire() *wire.Schedule {
	if s == nil {
		return nil
	}
	return &wire.Schedule{Every: time.Duration(s.EveryS) * time.Second, At: s.At, OnDoorClose: s.OnDoorClose,
		Settle: time.Duration(s.SettleS) * time.Second, Hours: s.Hours}
}

// Version returns the version of a kind of bundle that is wished for.
func (p *Parts) Version(kind string) *string { return *p.version(kind) }

func (p *Parts) version(kind string) **string {
	switch kind {
	case bundle.Agent:
		return &p.Agent
	case bundle.Model:
		return &p.Model
	}
	return &p.Gallery
}

// set wishes for a version, on behalf of a rollout, or of a person if rollout is 0.
func (p *Parts) set(kind string, version *string, rollout int64) {
	*p.version(kind) = version
	p.Rollouts = maps.Clone(p.Rollouts)
	delete(p.Rollouts, kind)
	if rollout != 0 && version != nil {
		if p.Rollouts == nil {
			p.Rollouts = map[string]int64{}
		}
		p.Rollouts[kind] = rollout
	}
	if len(p.Rollouts) == 0 {
		p.Rollouts = nil
	}
}

func (p *Parts) empty() bool {
	data, err := json.Marshal(p)
	return err == nil && string(data) == "{}"
}

// ErrParts marks a change of wishes that is wrong in itself.
var ErrParts = errors.New("the wish is not understood")

// change takes over the parts that body, a JSON object, contains; null leaves a part to the wish of the wider
// scope.
func (p *Parts) change(body []byte) error {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(body, &keys); err != nil {
		return fmt.Errorf("%w: %w", ErrParts, err)
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		into, ok := map[string]any{"planogram": &p.Planogram, "schedule": &p.Schedule, "thresholds": &p.Thresholds,
			"gallery": &p.Gallery, "model": &p.Model, "agent": &p.Agent}[key]
		if !ok {
			return fmt.Errorf("%w: there is no part %q, only planogram, schedule, thresholds, gallery, model and agent", ErrParts, key)
		}
		switch key { // reset the part first, because decoding would merge: a part is wished for as a whole
		case "thresholds":
			p.Thresholds = nil
		case "schedule":
			p.Schedule = nil
		}
		dec := json.NewDecoder(bytes.NewReader(keys[key]))
		dec.DisallowUnknownFields()
		if err := dec.Decode(into); err != nil {
			return fmt.Errorf("%w: %s: %s", ErrParts, key, strings.TrimPrefix(err.Error(), "json: "))
		}
		if slices.Contains(bundle.Kinds(), key) {
			p.set(key, *p.version(key), 0)
		}
	}
	return p.validate()
}

// validate checks the parts against what the wire format allows.
func (p *Parts) validate() error {
	if s := p.Schedule; s != nil && (s.EveryS < 0 || s.SettleS < 0) {
		return fmt.Errorf("%w: schedule: seconds are negative", ErrParts)
	}
	if s := p.Schedule; s != nil && s.EveryS == 0 && len(s.At) == 0 && !s.OnDoorClose {
		return fmt.Errorf("%w: schedule: it says never: give every_s, at or on_door_close", ErrParts)
	}
	d := &wire.Desired{Version: 1, Schedule: p.Schedule.wire(), Thresholds: p.Thresholds}
	_, err := wire.Encode(&wire.Envelope{Identity: wire.Identity{Tenant: "t", Store: "s", Device: "d"}, CapturedAt: time.Unix(1e9, 0), Body: d})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrParts, err)
	}
	return nil
}

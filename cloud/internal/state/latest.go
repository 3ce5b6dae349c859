package state

import "github.com/coldshelf/coldshelf/models/telemetry"

// Latest holds the newest reading of each kind of one cooler. Each carries the Order of the message that
// brought it, so that a late message never replaces a newer reading.
type Latest struct {
	Clock    *Reading[telemetry.ClockQuality] `json:"clock,omitempty"`
	Climate  *Reading[telemetry.Climate]      `json:"climate,omitempty"`
	Door     *Reading[telemetry.DoorEvent]    `json:"door,omitempty"`
	Power    *Reading[telemetry.Power]        `json:"power,omitempty"`
	Health   *Reading[telemetry.Health]       `json:"health,omitempty"`
	Shelf    *Reading[ShelfSummary]           `json:"shelf,omitempty"`
	Software *Reading[Software]               `json:"software,omitempty"`
	Answer   *Reading[Answer]                 `json:"answer,omitempty"`
}

// Reading is a value with the Order of the message that brought it.
type Reading[T any] struct {
	Order
	Value T `json:"value"`
}

// Newer returns a reading of value at o if o comes after was, else was.
func Newer[T any](was *Reading[T], o Order, value T) *Reading[T] {
	if was != nil && !o.After(was.Order) {
		return was
	}
	return &Reading[T]{Order: o, Value: value}
}

// ShelfSummary is one observation in numbers.
type ShelfSummary struct {
	At               int64  `json:"at"` // capture time, µs since 1970 UTC
	OK               int    `json:"ok"`
	Low              int    `json:"low"`
	Empty            int    `json:"empty"`
	Misplaced        int    `json:"misplaced"`
	Foreign          int    `json:"foreign"`
	Unknown          int    `json:"unknown"`
	Present          int    `json:"present"`  // required SKUs seen on the shelf
	Observed         int    `json:"observed"` // required SKUs of which at least one slot could be judged
	Required         int    `json:"required"`
	Planogram        string `json:"planogram,omitempty"` // by which the board judged
	PlanogramVersion int    `json:"planogram_version,omitempty"`
}

// Software is what a board said about itself at its birth.
type Software struct {
	AgentVersion     string `json:"agent_version"`
	Model            string `json:"model"`
	Board            string `json:"board"`
	Planogram        string `json:"planogram,omitempty"`
	PlanogramVersion int    `json:"planogram_version,omitempty"`
	StartedAt        int64  `json:"started_at,omitempty"` // µs since 1970 UTC
	Runtime          string `json:"runtime,omitempty"`    // the runtime of the networks
	Gallery          string `json:"gallery,omitempty"`    // version of the enrolled references
	// Devices are the sensors that are fitted, such as "door: gpio17".
	Devices []string `json:"devices,omitempty"`
}

// Answer is the outcome of the last command that a board carried out.
type Answer struct {
	CommandID string `json:"command_id"`
	OK        bool   `json:"ok"`
	Detail    string `json:"detail,omitempty"`
}

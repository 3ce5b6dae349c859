package alert

import (
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Input is one observation at a device, or something that the clock says about it.
type Input struct {
	Key  Key
	At   time.Time // when it was so, UTC
	Late bool      // it arrived so long after At that it must not call anybody
	Fact Fact
}

// Mark returns the input as evidence.
func (in Input) Mark() Mark { return Mark{in.Key, in.At} }

// Fact is the content of an input: Look, Readings, Sales, Heard, Gone or Tick.
type Fact interface{ fact() }

// Look is one judged picture.
type Look struct {
	Planogram PlanogramRef `json:"p"`
	Model     string       `json:"m,omitempty"`
	Whole     shelf.Reason `json:"w,omitempty"`  // the reason why the whole picture is blind, if not NoReason
	Width     int          `json:"pw,omitempty"` // of the picture that was judged, in pixels; 0: not known
	Height    int          `json:"ph,omitempty"`
	Slots     []Slot       `json:"s,omitempty"` // in the planogram's order
}

// Slot is what a look says about one slot.
type Slot struct {
	ID      string       `json:"i"`
	GTIN    shelf.GTIN   `json:"g"`
	State   shelf.State  `json:"s"`
	Reason  shelf.Reason `json:"r,omitempty"`
	Due     int          `json:"d"`           // facings due
	Present int          `json:"n,omitempty"` // facings there
	Box     shelf.Box    `json:"b,omitzero"`  // where it was looked for, in pixels of the picture
}

// PlanogramRef names the version of a planogram under which a judgement was made.
type PlanogramRef struct {
	ID      string `json:"id"`
	Version int    `json:"version"`
}

// Readings are what a device's sensors read, each with its own time. Readings that are not newer than the last
// one of their kind are skipped, so a repeated message changes nothing.
type Readings []Reading

// Reading is one sensor's reading; exactly one of the pointers is set.
type Reading struct {
	At      time.Time `json:"at"`
	Door    *bool     `json:"d,omitempty"` // open
	MilliC  *int32    `json:"t,omitempty"` // inner temperature, thousandths of a degree Celsius
	Mains   *bool     `json:"m,omitempty"` // the cooler has mains power
	Camera  *bool     `json:"c,omitempty"` // the camera answers
	People  *int      `json:"p,omitempty"` // number of people who came past, up to At
	Settled *bool     `json:"s,omitempty"` // the cooler stands where it belongs; false: it was moved
}

// Heard says that the device was alive at Input.At, by the cloud's clock.
type Heard struct{}

// Gone says that the broker lost the device at Input.At, by the cloud's clock: its will came, or it said
// goodbye.
type Gone struct{}

// Tick says that the cloud's clock is at Input.At, and asks what has lasted too long. A device's silence only
// counts from Since, when the cloud began to listen.
type Tick struct{ Since time.Time }

func (Look) fact()     {}
func (Readings) fact() {}
func (Heard) fact()    {}
func (Gone) fact()     {}
func (Tick) fact()     {}

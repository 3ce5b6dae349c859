package alert

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Type says what is wrong.
type Type string

// The types, in the order in which transitions of one input are reported.
const (
	Stockout          Type = "stockout"            // a slot was seen with nothing in it
	LowStock          Type = "low_stock"           // facings are missing, or a lane is nearly sold out
	Misplaced         Type = "misplaced"           // a product of the planogram is in another product's slot
	ForeignProduct    Type = "foreign_product"     // a competitor's product, or one of no planogram, is in a slot
	PlanogramDrift    Type = "planogram_drift"     // too many slots hold something else
	CameraBlocked     Type = "camera_blocked"      // something is in front of the lens
	CameraFogged      Type = "camera_fogged"       // the lens or the glass is fogged
	CameraShifted     Type = "camera_shifted"      // the camera's view has changed since it was set up
	CameraImpaired    Type = "camera_impaired"     // too dark, too bright, glaring, blurred or frozen
	CameraLost        Type = "camera_lost"         // the board does not reach its camera
	DoorAjar          Type = "door_ajar"           // the door stands open
	DoorBusy          Type = "door_busy"           // the door was opened too often within an hour
	DoorUnused        Type = "door_unused"         // nobody has opened the door for too long
	NoFootfall        Type = "no_footfall"         // nobody has come past for too long
	ColdChain         Type = "cold_chain"          // too warm for longer than the door explains
	PowerLost         Type = "power_lost"          // the cooler has no mains power
	CoolerMoved       Type = "cooler_moved"        // the cooler is not where it belongs
	PhantomInventory  Type = "phantom_inventory"   // the books contain stock that no slot shows
	SalesWithoutShelf Type = "sales_without_shelf" // it sells, but no slot contains it
	CoolerOffline     Type = "cooler_offline"      // nothing is heard from the board
)

// Types lists every type in that order.
func Types() []Type {
	return []Type{Stockout, LowStock, Misplaced, ForeignProduct, PlanogramDrift, CameraBlocked, CameraFogged, CameraShifted,
		CameraImpaired, CameraLost, DoorAjar, DoorBusy, DoorUnused, NoFootfall, ColdChain, PowerLost, CoolerMoved,
		PhantomInventory, SalesWithoutShelf, CoolerOffline}
}

// Severity ranks alerts for people.
type Severity string

// Severities, the most severe first.
const (
	Critical Severity = "critical"
	Warning  Severity = "warning"
	Info     Severity = "info"
)

// Rule says when one type of alert opens and closes. Observations that say nothing about it are not counted.
type Rule struct {
	Bad, Of  int           // opens when Bad of the last Of judged observations are bad; 1 ≤ Bad ≤ Of ≤ 16
	Good     int           // closes after so many good observations in a row, ≥ 1
	Hold     time.Duration // and it must have lasted so long, from the first bad observation
	Severity Severity

	LimitMilliC      int32   // ColdChain: too warm above this
	HysteresisMilliC int32   // ColdChain: in order again at LimitMilliC less this
	DoorExplains     float64 // ColdChain: each second of open door lengthens Hold by so many seconds

	Share    float64 // PlanogramDrift: of the judged slots, 0 to 1; in order again at half of it
	Openings int     // DoorBusy: more than this in an hour are too many

	Grading Grading // Stockout, PhantomInventory: takes precedence over Severity if the loss is known

	Muted bool // nothing wrong counts at this time
}

// Ruler returns the rules in force for one device.
type Ruler interface {
	// For returns the rule for a type at a time, and for a slot's product if the type is about slots. ok is
	// false if nobody wants to know about the type at all.
	For(t Type, gtin shelf.GTIN, at time.Time) (rule Rule, ok bool)
}

// Rules has one rule per type, the same at any time and for any product. A type without a rule is not judged.
type Rules map[Type]Rule

// For returns the rule for a type.
func (r Rules) For(t Type, _ shelf.GTIN, _ time.Time) (Rule, bool) {
	rule, ok := r[t]
	return rule, ok
}

// DefaultRules returns the rules for a tenant who has set none. They suit a picture every few minutes and a
// heartbeat every minute.
func DefaultRules() Rules {
	return Rules{
		Stockout:          {Bad: 2, Of: 3, Good: 2, Severity: Critical},
		LowStock:          {Bad: 3, Of: 4, Good: 2, Severity: Warning},
		Misplaced:         {Bad: 3, Of: 4, Good: 2, Severity: Info},
		ForeignProduct:    {Bad: 3, Of: 4, Good: 2, Severity: Warning},
		PlanogramDrift:    {Bad: 3, Of: 4, Good: 2, Severity: Warning, Share: 0.25},
		CameraBlocked:     {Bad: 3, Of: 3, Good: 1, Hold: 5 * time.Minute, Severity: Warning},
		CameraFogged:      {Bad: 3, Of: 3, Good: 2, Hold: 5 * time.Minute, Severity: Warning},
		CameraShifted:     {Bad: 3, Of: 3, Good: 2, Severity: Warning},
		CameraImpaired:    {Bad: 3, Of: 3, Good: 2, Hold: 15 * time.Minute, Severity: Warning},
		CameraLost:        {Bad: 1, Of: 1, Good: 1, Hold: 2 * time.Minute, Severity: Warning},
		DoorAjar:          {Bad: 1, Of: 1, Good: 1, Hold: 3 * time.Minute, Severity: Warning},
		DoorBusy:          {Bad: 1, Of: 1, Good: 1, Severity: Info, Openings: 120},
		DoorUnused:        {Bad: 1, Of: 1, Good: 1, Hold: 24 * time.Hour, Severity: Info},
		NoFootfall:        {Bad: 1, Of: 1, Good: 1, Hold: 24 * time.Hour, Severity: Info},
		PhantomInventory:  {Bad: 2, Of: 2, Good: 1, Hold: 2 * time.Hour, Severity: Warning},
		SalesWithoutShelf: {Bad: 3, Of: 3, Good: 1, Severity: Info},
		ColdChain: {Bad: 2, Of: 2, Good: 2, Hold: 30 * time.Minute, Severity: Critical,
			LimitMilliC: 8000, HysteresisMilliC: 500, DoorExplains: 4},
		PowerLost:     {Bad: 1, Of: 1, Good: 1, Hold: time.Minute, Severity: Critical},
		CoolerMoved:   {Bad: 1, Of: 1, Good: 1, Severity: Critical},
		CoolerOffline: {Bad: 1, Of: 1, Good: 1, Hold: 10 * time.Minute, Severity: Critical},
	}
}

// maxOf bounds the window that is kept for a subject.
const maxOf = 16

// Validate joins every fault of the rules, each naming its type.
func (r Rules) Validate() error {
	var faults []error
	known := Types()
	for t, rule := range r {
		if !slices.Contains(known, t) {
			faults = append(faults, fmt.Errorf("unknown alert type %q", t))
			continue
		}
		for _, fault := range rule.faults() {
			faults = append(faults, fmt.Errorf("%s: %w", t, fault))
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return compareStrings(a.Error(), b.Error()) })
	return errors.Join(faults...)
}

func (r Rule) faults() (faults []error) {
	if r.Bad < 1 || r.Of < r.Bad || r.Of > maxOf {
		faults = append(faults, fmt.Errorf("opens after %d of %d, must be 1 ≤ bad ≤ of ≤ %d", r.Bad, r.Of, maxOf))
	}
	if r.Good < 1 || r.Good > maxOf {
		faults = append(faults, fmt.Errorf("closes after %d, must be 1 to %d", r.Good, maxOf))
	}
	if r.Hold < 0 {
		faults = append(faults, fmt.Errorf("hold is %s, must not be negative", r.Hold))
	}
	if !slices.Contains(severities[:], r.Severity) {
		faults = append(faults, fmt.Errorf("unknown severity %q", r.Severity))
	}
	if r.HysteresisMilliC < 0 || r.DoorExplains < 0 {
		faults = append(faults, errors.New("hysteresis and door_explains must not be negative"))
	}
	if r.Share < 0 || r.Share >= 1 {
		faults = append(faults, fmt.Errorf("share is %g, must be 0 to less than 1", r.Share))
	}
	if r.Openings < 0 {
		faults = append(faults, fmt.Errorf("openings is %d, must not be negative", r.Openings))
	}
	for _, err := range r.Grading.faults() {
		faults = append(faults, fmt.Errorf("severity_by_loss: %w", err))
	}
	return faults
}

package alert

import (
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Resolution says why an alert is over.
type Resolution string

// Resolutions.
const (
	ResolvedSeen       Resolution = "seen"              // the opposite was observed: for a stockout, the restock
	ResolvedSuperseded Resolution = "superseded"        // a more severe alert of the same slot took over
	ResolvedPlanogram  Resolution = "planogram_changed" // the slot is gone, or another product is due in it
	ResolvedRetracted  Resolution = "retracted"         // a message that arrived later shows that nothing was ever wrong
	ResolvedRule       Resolution = "rule_removed"      // nobody wants to know any longer
)

// Episode is one stretch of time in which something was wrong with one subject. Its bounds are known only by
// the observations around them; a zero Mark means "not known".
type Episode struct {
	Type   Type       `json:"t"`
	Slot   string     `json:"s,omitempty"` // "" if it concerns the whole cooler
	GTIN   shelf.GTIN `json:"g,omitempty"`
	Origin Mark       `json:"k"`           // the input that made it an alert when it was first told: with Nth it identifies the episode and never changes
	Nth    int        `json:"n,omitempty"` // how many earlier episodes of this subject and type had that origin

	LastGood Mark `json:"lg,omitzero"` // last seen in order before it
	FirstBad Mark `json:"fb"`          // first seen wrong
	Opened   Mark `json:"op"`          // the observation that made it an alert
	LastBad  Mark `json:"lb"`          // last seen wrong
	End      Mark `json:"e,omitzero"`  // first seen in order again, or whatever else ended it
	Closed   Mark `json:"c,omitzero"`  // the observation that proved the end: the last of those that were needed

	Severity   Severity          `json:"v"`
	Was        []Severity        `json:"vw,omitempty"` // other severities that it has had, the latest last
	Loss       *Loss             `json:"l,omitempty"`  // when it was last graded; nil: not known
	Graded     time.Time         `json:"vt,omitzero"`  // when its loss was last asked for
	Planogram  PlanogramRef      `json:"p,omitzero"`
	Model      string            `json:"m,omitempty"`
	Detail     map[string]string `json:"d,omitempty"`
	Flapping   bool              `json:"f,omitempty"`
	Raised     bool              `json:"r,omitempty"` // somebody was told while it lasted
	Resolution Resolution        `json:"w,omitempty"` // "" while it lasts
}

// Over reports that the episode has ended.
func (e Episode) Over() bool { return e.Resolution != "" }

// Lasted returns the bounds of the episode's duration: at least from first to last seen wrong, at most from
// last seen in order before to first seen in order after. longest is negative if the subject was never seen in
// order before, so that there is no upper bound. Only an episode that is over has a duration.
func (e Episode) Lasted() (shortest, longest time.Duration) {
	shortest = e.LastBad.At.Sub(e.FirstBad.At)
	if e.LastGood.IsZero() {
		return shortest, -1
	}
	return shortest, e.End.At.Sub(e.LastGood.At)
}

// overlaps reports whether two episodes of one subject are the same one seen differently: their stretches from
// last to first seen in order overlap. Between two different episodes there is a good observation.
func (e Episode) overlaps(o Episode) bool {
	return !endsBefore(e, o) && !endsBefore(o, e)
}

func endsBefore(a, b Episode) bool { return a.Over() && a.LastBad.Compare(b.FirstBad.Key) < 0 }

// sameFacts reports whether a reader would be told the same about both.
func (e Episode) sameFacts(o Episode) bool {
	return e.Opened == o.Opened && e.Closed == o.Closed && e.LastGood == o.LastGood && e.FirstBad == o.FirstBad && e.End == o.End &&
		e.Resolution == o.Resolution && (!e.Over() || e.LastBad == o.LastBad)
}

// Kind says what happened to an alert.
type Kind string

// The kinds of transitions.
const (
	Opened       Kind = "opened"       // it is wrong now: the only kind that calls people
	Resolved     Kind = "resolved"     // it is over
	Restated     Kind = "restated"     // late observations corrected what was known about it, or made it known
	Regraded     Kind = "regraded"     // what it loses now has raised or lowered its severity
	Acknowledged Kind = "acknowledged" // a person has taken it on
	Assigned     Kind = "assigned"     // it belongs to somebody now, or to nobody any more
	Muted        Kind = "muted"        // people are no longer told about it, or are told again
	Commented    Kind = "commented"    // somebody said something about it
)

// Transition is one step in an alert's life.
type Transition struct {
	Kind    Kind
	At      time.Time // of the input that caused it
	Late    bool      // that input was late
	Episode Episode   // after the step
}

// same reports whether two values are states of one episode.
func (e Episode) same(o Episode) bool {
	return e.Type == o.Type && e.Slot == o.Slot && e.Origin == o.Origin && e.Nth == o.Nth
}

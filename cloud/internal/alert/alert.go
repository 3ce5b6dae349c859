package alert

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Status says where an alert is in its life.
type Status string

// The statuses. Resolved is final, unless a late observation shows that the alert was not over.
const (
	StatusOpen         Status = "open"
	StatusAcknowledged Status = "acknowledged"
	StatusResolved     Status = "resolved"
)

// Alert is one episode of one subject as it is known now, in the form that the outside world sees. Its JSON is a
// contract (docs/schema/alert.json): fields are added, never changed.
type Alert struct {
	ID       string     `json:"id"`
	Type     Type       `json:"type"`
	Subject  string     `json:"subject"` // tenant/store/device, and /slot if it concerns one
	Tenant   string     `json:"tenant"`
	Store    string     `json:"store"`
	Device   string     `json:"device"`
	StoreWas []string   `json:"store_was,omitempty"` // other stores in which the cooler stood while it lasted, the latest last
	Slot     string     `json:"slot,omitempty"`
	GTIN     shelf.GTIN `json:"gtin,omitempty"`
	Product  *Product   `json:"product,omitempty"`
	Severity Severity   `json:"severity"`
	Was      []Severity `json:"severity_was,omitempty"` // other severities that it has had, the latest last
	Loss     *Loss      `json:"loss,omitempty"`         // if the demand is known
	State    Status     `json:"state"`

	OpenedAt       time.Time  `json:"opened_at"`                  // time of the observation that made it an alert
	LastSeenGood   *time.Time `json:"last_seen_good"`             // null: never seen in order before
	FirstSeenBad   time.Time  `json:"first_seen_bad"`             //
	LastSeenFilled *time.Time `json:"last_seen_filled,omitempty"` // for a stockout: LastSeenGood in the words of the shop
	FirstSeenEmpty *time.Time `json:"first_seen_empty,omitempty"` // for a stockout: FirstSeenBad
	ResolvedAt     *time.Time `json:"resolved_at,omitempty"`      // first seen in order again
	Resolution     Resolution `json:"resolution,omitempty"`
	Duration       *Interval  `json:"duration"` // null while it lasts

	Planogram *PlanogramRef     `json:"planogram,omitempty"`
	Model     string            `json:"model,omitempty"` // the networks that judged
	Evidence  Evidence          `json:"evidence"`
	Proof     *ProofLinks       `json:"proof,omitempty"` // for an alert about a slot
	Detail    map[string]string `json:"detail,omitempty"`
	Flapping  bool              `json:"flapping,omitempty"` // it has opened and closed so often that opening takes more observations
	Untold    bool              `json:"untold,omitempty"`   // known only from late observations: nobody was called
	Ack       *Ack              `json:"acknowledged,omitempty"`
	Assigned  *Assignment       `json:"assigned,omitempty"`
	Muted     *Muting           `json:"muted,omitempty"`
	Comments  []Remark          `json:"comments,omitempty"`
	Reopened  int               `json:"reopened,omitempty"` // how often it turned out not to be over after all
	Revision  int               `json:"revision"`           // increases by one with each event about it
}

// Product names the product that is due in the slot.
type Product struct {
	Name   string `json:"name"`
	NameZH string `json:"name_zh,omitempty"`
	Brand  string `json:"brand,omitempty"`
}

// Interval is how long it lasted, in seconds: at least Min, at most Max. Max is null if the subject was never
// seen in order before.
type Interval struct {
	Min int64  `json:"min_s"`
	Max *int64 `json:"max_s"`
}

// Evidence names the device's messages on which an alert rests; their observations and pictures can be
// retrieved by these keys. A key that is null is not known, or not known yet.
type Evidence struct {
	BeforeBoot *uint32 `json:"before_boot"` // last seen in order
	BeforeSeq  *uint64 `json:"before_seq"`
	AfterBoot  *uint32 `json:"after_boot"` // first seen wrong
	AfterSeq   *uint64 `json:"after_seq"`
	EndBoot    *uint32 `json:"end_boot"` // first seen in order again
	EndSeq     *uint64 `json:"end_seq"`
}

// Ack says that a person has taken an alert on.
type Ack struct {
	At   time.Time `json:"at"`
	By   string    `json:"by,omitempty"`
	Note string    `json:"note,omitempty"`
}

// nameID derives an identifier from what it names, so that naming the same thing twice gives the same identifier.
// %#v keeps any two lists apart; %q would not, since it writes all large numbers as the same rune.
func nameID(prefix string, parts ...any) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%#v", parts))
	return prefix + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:15]))
}

// alertID names an episode of a device. The store is left out: a cooler may move while an alert lasts.
func alertID(id wire.Identity, e Episode) string {
	return nameID("al_", id.Tenant, id.Device, e.Type, e.Slot, e.Origin.Boot, e.Origin.Seq, e.Origin.At.UnixMicro(), e.Nth)
}

func subjectOf(id wire.Identity, slot string) string {
	subject := id.Tenant + "/" + id.Store + "/" + id.Device
	if slot != "" {
		subject += "/" + slot
	}
	return subject
}

// tell updates the alert to what is known about the episode.
func (a *Alert) tell(id wire.Identity, e Episode) {
	a.ID, a.Type, a.Slot, a.GTIN = alertID(id, e), e.Type, e.Slot, e.GTIN
	if a.Store != "" && a.Store != id.Store {
		a.StoreWas = append(slices.DeleteFunc(a.StoreWas, func(s string) bool { return s == a.Store || s == id.Store }), a.Store)
	}
	a.Tenant, a.Store, a.Device, a.Subject = id.Tenant, id.Store, id.Device, subjectOf(id, e.Slot)
	a.Severity, a.Was, a.Model, a.Detail = e.Severity, e.Was, e.Model, e.Detail
	if e.Loss != nil { // an episode of an earlier version has none, but its alert may have one
		a.Loss = e.Loss
	}
	a.Flapping, a.Untold = e.Flapping, !e.Raised
	if e.Planogram.ID != "" {
		a.Planogram = &e.Planogram
	}
	a.OpenedAt, a.FirstSeenBad, a.LastSeenGood = e.Opened.At, e.FirstBad.At, timeOf(e.LastGood)
	if e.Type == Stockout {
		a.LastSeenFilled, a.FirstSeenEmpty = a.LastSeenGood, &a.FirstSeenBad
	}
	a.Evidence.BeforeBoot, a.Evidence.BeforeSeq = keyOf(e.LastGood)
	a.Evidence.AfterBoot, a.Evidence.AfterSeq = keyOf(e.FirstBad)
	a.Evidence.EndBoot, a.Evidence.EndSeq = keyOf(e.End)
	a.Proof = a.links()
	if a.State == StatusResolved && !e.Over() {
		a.Reopened++
	}
	a.ResolvedAt, a.Resolution, a.Duration = timeOf(e.End), e.Resolution, nil
	switch {
	case e.Over():
		a.State = StatusResolved
		a.Duration = lasted(e)
	case a.Ack != nil:
		a.State = StatusAcknowledged
	default:
		a.State = StatusOpen
	}
	a.Revision++
}

// lasted returns how long the episode lasted; nil if it did not end by itself. A retracted episode never
// happened, and if a slot left the planogram, nobody saw how long it stayed empty.
func lasted(e Episode) *Interval {
	if e.Resolution != ResolvedSeen {
		return nil
	}
	shortest, longest := e.Lasted()
	i := &Interval{Min: int64(shortest / time.Second)}
	if longest >= 0 {
		s := int64((longest + time.Second - 1) / time.Second)
		i.Max = &s
	}
	return i
}

func timeOf(m Mark) *time.Time {
	if m.IsZero() {
		return nil
	}
	return &m.At
}

func keyOf(m Mark) (*uint32, *uint64) {
	if m.IsZero() || m.Boot == 0 {
		return nil, nil
	}
	return &m.Boot, &m.Seq
}

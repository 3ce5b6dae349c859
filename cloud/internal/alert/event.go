package alert

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EventPrefix is the beginning of the CloudEvents type of every event; a Kind follows it.
const EventPrefix = "org.coldshelf.alert."

// Event is one entry of the alert log as a CloudEvents 1.0 envelope in JSON. Its ID is derived from the alert
// and its revision: the same event always has the same ID.
type Event struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"` // /coldshelf/tenant/store/device
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            time.Time       `json:"time"` // of the observation, not of when it became known
	DataContentType string          `json:"datacontenttype"`
	Sequence        string          `json:"sequence"` // cursor in the log
	Data            json.RawMessage `json:"data"`     // an Alert
}

// Entry is one row of the log: an event with the columns by which readers select.
type Entry struct {
	Cursor   int64
	EventID  string
	Kind     Kind
	At       time.Time // of the observation
	LoggedAt time.Time // by the clock of the service that logged it; 1970 for entries of versions that did not record it
	AlertID  string
	Tenant   string
	Store    string
	StoreWas []string // other stores in which the cooler stood while the alert lasted
	Device   string
	Slot     string
	GTIN     string
	Type     Type
	Severity Severity
	Was      string // other severities that the alert has had, separated by commas
	Alert    []byte // JSON of the Alert as it was then
}

// Event returns the entry in the form that the outside world sees.
func (e Entry) Event() Event {
	subject := e.Tenant + "/" + e.Store + "/" + e.Device
	source := "/coldshelf/" + subject
	if e.Slot != "" {
		subject += "/" + e.Slot
	}
	return Event{SpecVersion: "1.0", ID: e.EventID, Source: source, Type: EventPrefix + string(e.Kind),
		Subject: subject, Time: e.At, DataContentType: "application/json",
		Sequence: strconv.FormatInt(e.Cursor, 10), Data: e.Alert}
}

// AnyStore reports whether want is true for the alert's store, or for one in which the cooler stood earlier
// while the alert lasted: a reader who selects by store and has seen an alert also sees how it ends, wherever
// the cooler is then.
func (e *Entry) AnyStore(want func(store string) bool) bool {
	return want(e.Store) || slices.ContainsFunc(e.StoreWas, want)
}

// AnyStore is Entry.AnyStore for an alert.
func (a *Alert) AnyStore(want func(store string) bool) bool {
	return want(a.Store) || slices.ContainsFunc(a.StoreWas, want)
}

// AnySeverity reports whether want is true for a severity that the alert has or has had: a reader who selects by severity
// and has seen an alert also sees how it ends, whatever its severity is then.
func (e *Entry) AnySeverity(want func(Severity) bool) bool {
	if want(e.Severity) {
		return true
	}
	if e.Was == "" {
		return false
	}
	for s := range strings.SplitSeq(e.Was, ",") {
		if want(Severity(s)) {
			return true
		}
	}
	return false
}

// Withdrawn reports whether the entry retracts an alert of which people were told, because it was never true.
func (e *Entry) Withdrawn() bool {
	var a struct {
		Resolution Resolution `json:"resolution"`
		Untold     bool       `json:"untold"`
	}
	return e.Kind == Restated && json.Unmarshal(e.Alert, &a) == nil && a.Resolution == ResolvedRetracted && !a.Untold
}

// Graver reports whether the entry has just raised its alert's severity.
func (e *Entry) Graver() bool {
	before := Severity(e.Was[strings.LastIndexByte(e.Was, ',')+1:])
	return e.Kind == Regraded && before != "" && e.Severity.Graver(before)
}

package alert

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
)

// EventPrefix begins the CloudEvents type of every event; a Kind follows.
const EventPrefix = "org.coldshelf.alert."

// Event is one entry of the alert log as a CloudEvents 1.0 envelope in JSON. ID is derived from the
// alert and its revision: the same event always has the same ID.
type Event struct {
	SpecVersion     string          `json:"specversion"`
	ID              string          `json:"id"`
	Source          string          `json:"source"` // /coldshelf/tenant/store/device
	Type            string          `json:"type"`
	Subject         string          `json:"subject"`
	Time            time.Time       `json:"time"` // of what was observed, not of when it was known
	DataContentType string          `json:"datacontenttype"`
	Sequence        string          `json:"sequence"` // cursor in the log
	Data            json.RawMessage `json:"data"`     // an Alert
}

// Entry is one row of the log: an event with what readers select by.
type Entry struct {
	Cursor   int64
	EventID  string
	Kind     Kind
	At       time.Time // of what was observed
	LoggedAt time.Time // by the clock of the service that logged it; 1970 where an earlier version has
	AlertID  string
	Tenant   string
	Store    string
	StoreWas []string // others that the cooler stood in while the alert lasted
	Device   string
	Slot     string
	GTIN     string
	Type     Type
	Severity Severity
	Was      string // other severities that the alert has had, by commas
	Alert    []byte // JSON of the Alert as it was then
}

// Event gives the entry as the outside world is told.
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

// AnyStore reports whether want holds true of the alert's store, or of one that the cooler stood in before
// while it lasted: whoever selects by store and was told of an alert is also told how it ends, wherever the
// cooler is by then.
func (e *Entry) AnyStore(want func(store string) bool) bool {
	return want(e.Store) || slices.ContainsFunc(e.StoreWas, want)
}

// AnyStore is that of an Entry.
func (a *Alert) AnyStore(want func(store string) bool) bool {
	return want(a.Store) || slices.ContainsFunc(a.StoreWas, want)
}

// AnySeverity reports whether the alert is, or has been, of a severity that want holds true of: whoever
// selects by severity and was told of an alert is also told how it ends, whatever it is by then.
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

// Withdrawn reports whether the entry takes back an alert that was told of: it never was so.
func (e *Entry) Withdrawn() bool {
	var a struct {
		Resolution Resolution `json:"resolution"`
		Untold     bool       `json:"untold"`
	}
	return e.Kind == Restated && json.Unmarshal(e.Alert, &a) == nil && a.Resolution == ResolvedRetracted && !a.Untold
}

// Graver reports whether the entry tells of an alert that has just become graver.
func (e *Entry) Graver() bool {
	before := Severity(e.Was[strings.LastIndexByte(e.Was, ',')+1:])
	return e.Kind == Regraded && before != "" && e.Severity.Graver(before)
}

package live

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/fleet"
	"github.com/coldshelf/coldshelf/cloud/internal/problem"
)

// Version is the version of the protocol, as it stands in the server's hello.
const Version = 1

// Subscribe is the client's first message, which it sends again whenever it wants something else.
type Subscribe struct {
	Type    string `json:"type"`   // "subscribe"
	Cursor  string `json:"cursor"` // the last one that was received, LOG.N or N; "": begin with a snapshot
	Alerts  Filter `json:"alerts"`
	Coolers bool   `json:"coolers"` // also the rows of coolers that change
	// Rollouts asks for the tenant's staged updates too: all of them at once, and again whenever one changes.
	Rollouts bool `json:"rollouts"`
	// Figures asks for a message whenever the tenant's KPIs may have changed.
	Figures bool `json:"figures"`
}

// Filter selects alerts; an empty list selects all. Stores, Regions and Devices select coolers as well.
type Filter struct {
	Types      []string `json:"types"`
	Stores     []string `json:"stores"`
	Devices    []string `json:"devices"`
	GTINs      []string `json:"gtins"`
	Severities []string `json:"severities"`
	Regions    []string `json:"regions"` // of the stores
}

// Hello is the server's first message.
type Hello struct {
	Type      string `json:"type"`
	Version   int    `json:"version"`
	Heartbeat int    `json:"heartbeat_s"` // longest silence of the server, in seconds
	Log       string `json:"log"`         // identity of the log; put before a cursor with a full stop, it makes the cursor valid in this log alone
}

// Snapshot is the state at Cursor: the alerts that are not over, and the coolers if they were asked for. If it
// is too large for one message, it comes in several, one after the other; only the last of them has a cursor.
type Snapshot struct {
	Type    string        `json:"type"`
	Cursor  string        `json:"cursor"`
	More    bool          `json:"more,omitempty"` // the next message continues it
	Alerts  []alert.Alert `json:"alerts"`
	Coolers []fleet.Row   `json:"coolers"`
}

// Changes is what came since the last cursor. Without events and coolers it is a heartbeat.
type Changes struct {
	Type    string            `json:"type"`
	Cursor  string            `json:"cursor"`
	Events  []json.RawMessage `json:"events"`
	Coolers []json.RawMessage `json:"coolers"`
	// Rollouts are the newest staged updates of the tenant, complete; left out if none has changed.
	Rollouts json.RawMessage `json:"rollouts,omitempty"`
	// Figures is another number whenever an hour from which KPIs are read has changed; left out if none has.
	Figures int64 `json:"figures,omitempty"`
}

// Resync asks the client to subscribe again with an empty cursor.
type Resync struct {
	Type   string `json:"type"`
	Reason string `json:"reason"`
}

// Fault is the last message before the server closes a connection that broke a rule.
type Fault struct {
	Type  string       `json:"type"`
	Code  problem.Code `json:"code"`
	Error string       `json:"error"`
	Hint  string       `json:"hint"`
}

// maxFilter bounds the values in one list of a Filter.
const maxFilter = 1000

// decodeSubscribe decodes a client's message strictly: an unknown word is an error, because a filter that is
// silently ignored would look like a shop without alerts.
func decodeSubscribe(data []byte) (s Subscribe, log string, cursor int64, err error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, "", 0, fmt.Errorf("message is not understood: %w", err)
	}
	if dec.More() {
		return s, "", 0, errors.New("message is not understood: there is something after it")
	}
	if s.Type != "subscribe" {
		return s, "", 0, fmt.Errorf("message of type %q is not understood", s.Type)
	}
	if s.Cursor != "" {
		var number string
		var named bool
		if log, number, named = strings.Cut(s.Cursor, "."); !named {
			log, number = "", s.Cursor
		}
		cursor, err = strconv.ParseInt(number, 10, 64)
		if err != nil || cursor < 0 || named && log == "" {
			return s, "", 0, fmt.Errorf("cursor %q is not a position in the log", s.Cursor)
		}
	}
	return s, log, cursor, s.Alerts.validate()
}

func (f Filter) validate() error {
	for name, list := range map[string][]string{"types": f.Types, "stores": f.Stores, "devices": f.Devices, "gtins": f.GTINs, "severities": f.Severities, "regions": f.Regions} {
		if len(list) > maxFilter {
			return fmt.Errorf("alerts.%s has %d values, the limit is %d", name, len(list), maxFilter)
		}
	}
	for _, t := range f.Types {
		if !slices.Contains(alert.Types(), alert.Type(t)) {
			return fmt.Errorf("alerts.types: unknown type %q", t)
		}
	}
	for _, s := range f.Severities {
		if !slices.Contains([]alert.Severity{alert.Critical, alert.Warning, alert.Info}, alert.Severity(s)) {
			return fmt.Errorf("alerts.severities: unknown severity %q", s)
		}
	}
	return nil
}

// key identifies a subscription: connections with the same key are sent the same frames.
func (s Subscribe) key(tenant string) string {
	parts := []string{tenant, strconv.FormatBool(s.Coolers), strconv.FormatBool(s.Rollouts), strconv.FormatBool(s.Figures)}
	for _, list := range [][]string{s.Alerts.Types, s.Alerts.Stores, s.Alerts.Devices, s.Alerts.GTINs, s.Alerts.Severities, s.Alerts.Regions} {
		list = slices.Clone(list)
		slices.Sort(list)
		parts = append(parts, strconv.Quote(strings.Join(slices.Compact(list), "\x00")))
	}
	return strings.Join(parts, " ")
}

// selection is a Filter prepared for frequent use.
type selection struct {
	tenant                                    string
	coolers, rollouts, figures                bool
	types, stores, devices, gtins, severities map[string]bool
	regions                                   map[string]bool
	where                                     *regions
}

func (s Subscribe) selection(tenant string, where *regions) *selection {
	set := func(list []string) map[string]bool {
		if len(list) == 0 {
			return nil
		}
		m := make(map[string]bool, len(list))
		for _, v := range list {
			m[v] = true
		}
		return m
	}
	a := s.Alerts
	return &selection{tenant, s.Coolers, s.Rollouts, s.Figures, set(a.Types), set(a.Stores), set(a.Devices), set(a.GTINs), set(a.Severities), set(a.Regions), where}
}

func (s *selection) region(store string) bool {
	return s.regions == nil || s.regions[s.where.of(s.tenant, store)]
}

func in(set map[string]bool, v string) bool { return set == nil || set[v] }

func (s *selection) entry(e *alert.Entry) bool {
	return e.Tenant == s.tenant && in(s.types, string(e.Type)) && e.AnyStore(s.store) && in(s.devices, e.Device) &&
		in(s.gtins, e.GTIN) && e.AnySeverity(s.severity)
}

func (s *selection) alert(a *alert.Alert) bool {
	return in(s.types, string(a.Type)) && a.AnyStore(s.store) && in(s.devices, a.Device) &&
		in(s.gtins, string(a.GTIN)) && (s.severity(a.Severity) || slices.ContainsFunc(a.Was, s.severity))
}

func (s *selection) store(id string) bool { return in(s.stores, id) && s.region(id) }

func (s *selection) severity(v alert.Severity) bool { return in(s.severities, string(v)) }

func (s *selection) cooler(tenant, store, device string) bool {
	return s.coolers && tenant == s.tenant && in(s.stores, store) && in(s.devices, device) && s.region(store)
}

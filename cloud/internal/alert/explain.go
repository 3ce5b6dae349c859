package alert

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Explanation says which rule a book gives for one type at one place, and which entry each setting comes from.
type Explanation struct {
	Type    Type       `json:"type"`
	GTIN    shelf.GTIN `json:"gtin,omitempty"`
	Enabled bool       `json:"enabled"`
	Says    []Said     `json:"says"`
	Muted   []string   `json:"muted"` // entries that mute it at the time
	Told    []Told     `json:"told"`  // who would be told of an alert that opens at the time
}

// Told is somebody who would be told.
type Told struct {
	Role   string    `json:"role"`
	Name   string    `json:"name"`
	Format string    `json:"format"`
	Stage  int       `json:"stage"` // 0: at first; n: by the n-th step, if nobody has acknowledged by then
	Digest bool      `json:"digest"`
	Due    time.Time `json:"due"`
	By     string    `json:"by"` // the entry of the recipient
}

// Said is one setting in force.
type Said struct {
	Key   string `json:"key"` // as in the file
	Value string `json:"value"`
	By    string `json:"by"` // the entry, such as "rule 2, line 7: stores [s1]", or "the defaults"
}

// byDefault is given as the entry of a setting that no entry sets.
const byDefault = "the defaults"

// Explain returns the rule for a type at a place and a time, and for a slot's product if the type is about
// slots.
func (b *Rulebook) Explain(p Place, t Type, gtin shelf.GTIN, at time.Time) Explanation {
	r := b.ruling(p)
	rule, enabled := r.For(t, gtin, at)
	by := map[string]string{}
	for _, c := range r.changes {
		if c.about(t, gtin) {
			for _, key := range c.keys() {
				by[key] = b.nameOf(c)
			}
		}
	}
	out := Explanation{Type: t, GTIN: gtin, Enabled: enabled, Says: []Said{}, Muted: []string{}}
	for _, s := range append([]Said{{Key: "enabled", Value: strconv.FormatBool(enabled)}}, settings(t, rule)...) {
		if s.By = by[s.Key]; s.By == "" {
			s.By = byDefault
		}
		out.Says = append(out.Says, s)
	}
	for i := range b.Mutes {
		if m := &b.Mutes[i]; slices.Contains(r.mutes, m) && m.about(t, gtin) && m.covers(at, r.place) {
			out.Muted = append(out.Muted, fmt.Sprintf("mute %d, line %d: %s", i+1, m.line, m.Scope))
		}
	}
	out.Told = []Told{}
	for _, n := range b.Notices(p, &Alert{Type: t, GTIN: gtin, Severity: rule.Severity}, at) {
		out.Told = append(out.Told, Told{Role: n.Role, Name: n.Recipient.Name, Format: n.Recipient.Format, Stage: n.Stage, Digest: n.Digest, Due: n.Due,
			By: fmt.Sprintf("line %d: %s", n.Recipient.line, n.Recipient.Scope)})
	}
	return out
}

func (b *Rulebook) nameOf(c *Change) string {
	for i := range b.Rules {
		if c == &b.Rules[i] {
			return fmt.Sprintf("rule %d, line %d: %s", i+1, c.line, c.Scope)
		}
	}
	return ""
}

// keys returns the keys that an entry sets.
func (c *Change) keys() (keys []string) {
	for key, set := range map[string]bool{"enabled": c.Enabled != nil, "open": c.Open != nil, "close": c.Close != nil, "hold": c.Hold != nil,
		"severity": c.Severity != nil, "limit_c": c.LimitC != nil, "hysteresis_c": c.HysteresisC != nil, "door_explains": c.DoorExplains != nil,
		"share": c.Share != nil, "openings": c.Openings != nil,
		"severity_by_loss": c.Grading != nil} {
		if set {
			keys = append(keys, key)
		}
	}
	return keys
}

// settings returns a rule in the words of the file, without the settings that do not apply to the type.
func settings(t Type, r Rule) []Said {
	list := []Said{{Key: "open", Value: fmt.Sprintf("%d of %d", r.Bad, r.Of)}, {Key: "close", Value: strconv.Itoa(r.Good)},
		{Key: "hold", Value: r.Hold.String()}, {Key: "severity", Value: string(r.Severity)}}
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	if t.losing() && r.Grading.Currency != "" {
		list = append(list, Said{Key: "severity_by_loss", Value: r.Grading.String()})
	}
	switch t {
	case ColdChain:
		list = append(list, Said{Key: "limit_c", Value: number(float64(r.LimitMilliC) / 1000)},
			Said{Key: "hysteresis_c", Value: number(float64(r.HysteresisMilliC) / 1000)}, Said{Key: "door_explains", Value: number(r.DoorExplains)})
	case PlanogramDrift:
		list = append(list, Said{Key: "share", Value: number(r.Share)})
	case DoorBusy:
		list = append(list, Said{Key: "openings", Value: strconv.Itoa(r.Openings)})
	}
	return list
}

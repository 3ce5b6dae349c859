package alert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Rulebook is a file of rules: the defaults, changed by each entry in turn for what it applies to, and
// times at which nothing is to be said. It is immutable and a RuleSource.
//
//	version: 1
//	rules:
//	- types: [stockout]
//	  gtins: ["4006381333931"]        # the brand's best seller: at once
//	  open: {bad: 1, of: 1}
//	- types: [misplaced, foreign_product]
//	  stores: ["kiosk-*"]
//	  enabled: false
//	- types: [cold_chain]
//	  limit_c: 6
//	  hold: 20m
//	mute:
//	- {stores: [s1], from: 2026-03-02T08:00:00Z, to: 2026-03-02T12:00:00Z}   # maintenance
//	- {types: [low_stock], daily: "22:00-07:00", tz: Asia/Shanghai}           # closed
type Rulebook struct {
	Version int      `yaml:"version"`
	Rules   []Change `yaml:"rules"`
	Mutes   []Mute   `yaml:"mute"`
}

// Scope says what an entry applies to: every one of its lists that is not empty must match. Tenants,
// stores and devices are patterns of path.Match.
type Scope struct {
	Types   []Type       `yaml:"types"`
	Tenants []string     `yaml:"tenants"`
	Stores  []string     `yaml:"stores"`
	Devices []string     `yaml:"devices"`
	GTINs   []shelf.GTIN `yaml:"gtins"`
}

// Change is one entry: what it leaves out stays as it was.
type Change struct {
	Scope        `yaml:",inline"`
	Enabled      *bool          `yaml:"enabled"`
	Open         *Quorum        `yaml:"open"`
	Close        *int           `yaml:"close"` // good observations in a row
	Hold         *time.Duration `yaml:"hold"`
	Severity     *Severity      `yaml:"severity"`
	LimitC       *float64       `yaml:"limit_c"`
	HysteresisC  *float64       `yaml:"hysteresis_c"`
	DoorExplains *float64       `yaml:"door_explains"`
	Share        *float64       `yaml:"share"`    // planogram_drift
	Openings     *int           `yaml:"openings"` // door_busy, in an hour
}

// Quorum is so many bad of the last so many.
type Quorum struct {
	Bad int `yaml:"bad"`
	Of  int `yaml:"of"`
}

// Mute is a time at which what is wrong is not counted: once from From to To, or each day.
type Mute struct {
	Scope `yaml:",inline"`
	From  time.Time `yaml:"from"`
	To    time.Time `yaml:"to"`
	Daily string    `yaml:"daily"` // "22:00-07:00"
	TZ    string    `yaml:"tz"`    // IANA name, for Daily; "": UTC

	zone     *time.Location
	from, to time.Duration // since midnight
}

// MaxRulebookBytes bounds what DecodeRulebook reads.
const MaxRulebookBytes = 1 << 20

// DecodeRulebook reads a file of rules strictly, and validates it: every fault is in the error, each
// with the entry that it is in.
func DecodeRulebook(data []byte) (*Rulebook, error) {
	if len(data) > MaxRulebookBytes {
		return nil, fmt.Errorf("rules are %d bytes, the limit is %d", len(data), MaxRulebookBytes)
	}
	var b Rulebook
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(&b); errors.Is(err, io.EOF) {
		return nil, errors.New("rules: the file is empty")
	} else if err != nil {
		return nil, fmt.Errorf("rules: %s", yaml.FormatError(err, false, true))
	}
	at := linesOf(data)
	var faults []error
	if b.Version != 1 {
		faults = append(faults, fmt.Errorf("version is %d, this program reads 1", b.Version))
	}
	for i := range b.Rules {
		for _, err := range b.Rules[i].faults() {
			faults = append(faults, fmt.Errorf("line %d: rule %d: %w", at("rules", i), i+1, err))
		}
	}
	for i := range b.Mutes {
		for _, err := range b.Mutes[i].faults() {
			faults = append(faults, fmt.Errorf("line %d: mute %d: %w", at("mute", i), i+1, err))
		}
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("rules: %w", errors.Join(faults...))
	}
	return &b, nil
}

// linesOf tells in which line an entry of a list begins, 0 where that is not known.
func linesOf(data []byte) func(list string, i int) int {
	file, err := parser.ParseBytes(data, 0)
	return func(list string, i int) int {
		path, fault := yaml.PathString(fmt.Sprintf("$.%s[%d]", list, i))
		if err != nil || fault != nil {
			return 0
		}
		node, fault := path.FilterFile(file)
		if fault != nil || node == nil {
			return 0
		}
		return node.GetToken().Position.Line
	}
}

func (s Scope) faults() (faults []error) {
	for _, t := range s.Types {
		if !slices.Contains(Types(), t) {
			faults = append(faults, fmt.Errorf("unknown alert type %q", t))
		}
		if len(s.GTINs) > 0 && !slices.Contains(slotTypes[:], t) && !slices.Contains(salesTypes[:], t) {
			faults = append(faults, fmt.Errorf("%s is not about a product, gtins do not apply", t))
		}
	}
	for _, pattern := range slices.Concat(s.Tenants, s.Stores, s.Devices) {
		if _, err := path.Match(pattern, "x"); err != nil {
			faults = append(faults, fmt.Errorf("pattern %q: %w", pattern, err))
		}
	}
	return faults
}

func (c Change) faults() (faults []error) {
	faults = c.Scope.faults()
	if len(c.Types) == 0 {
		faults = append(faults, errors.New("types is missing"))
	}
	for _, t := range c.Types {
		rule := c.apply(DefaultRules()[t])
		for _, err := range rule.faults() {
			faults = append(faults, fmt.Errorf("%s: %w", t, err))
		}
		if t != ColdChain && (c.LimitC != nil || c.HysteresisC != nil || c.DoorExplains != nil) {
			faults = append(faults, fmt.Errorf("%s has no temperature", t))
		}
		if t != PlanogramDrift && c.Share != nil {
			faults = append(faults, fmt.Errorf("%s has no share", t))
		}
		if t != DoorBusy && c.Openings != nil {
			faults = append(faults, fmt.Errorf("%s counts no openings", t))
		}
	}
	return faults
}

func (c Change) apply(r Rule) Rule {
	if c.Open != nil {
		r.Bad, r.Of = c.Open.Bad, c.Open.Of
	}
	put(&r.Good, c.Close)
	put(&r.Hold, c.Hold)
	put(&r.Severity, c.Severity)
	put(&r.DoorExplains, c.DoorExplains)
	put(&r.Share, c.Share)
	put(&r.Openings, c.Openings)
	if c.LimitC != nil {
		r.LimitMilliC = int32(*c.LimitC * 1000)
	}
	if c.HysteresisC != nil {
		r.HysteresisMilliC = int32(*c.HysteresisC * 1000)
	}
	return r
}

func put[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

func (m *Mute) faults() (faults []error) {
	faults = m.Scope.faults()
	once := !m.From.IsZero() || !m.To.IsZero()
	switch {
	case once == (m.Daily != ""):
		return append(faults, errors.New("give from and to, or daily"))
	case once && !m.From.Before(m.To):
		return append(faults, errors.New("from is not before to"))
	case once:
		return faults
	}
	var err error
	if m.zone, err = time.LoadLocation(m.TZ); err != nil || m.TZ == "Local" {
		faults = append(faults, fmt.Errorf("time zone %q is not known", m.TZ))
	}
	var h1, m1, h2, m2 int
	if n, err := fmt.Sscanf(m.Daily+"\n", "%d:%d-%d:%d\n", &h1, &m1, &h2, &m2); n != 4 || err != nil || h1 > 23 || h2 > 24 || m1 > 59 || m2 > 59 || min(h1, m1, h2, m2) < 0 {
		return append(faults, fmt.Errorf("daily is %q, want 22:00-07:00", m.Daily))
	}
	m.from = time.Duration(h1)*time.Hour + time.Duration(m1)*time.Minute
	m.to = time.Duration(h2)*time.Hour + time.Duration(m2)*time.Minute
	return faults
}

func (m *Mute) covers(at time.Time) bool {
	if m.Daily == "" {
		return !at.Before(m.From) && at.Before(m.To)
	}
	local := at.In(m.zone)
	clock := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	if m.from <= m.to {
		return m.from <= clock && clock < m.to
	}
	return clock >= m.from || clock < m.to
}

// here reports whether the scope is about a device at all.
func (s Scope) here(id wire.Identity) bool {
	return matchesAny(s.Tenants, id.Tenant) && matchesAny(s.Stores, id.Store) && matchesAny(s.Devices, id.Device)
}

func (s Scope) about(t Type, gtin shelf.GTIN) bool {
	return (len(s.Types) == 0 || slices.Contains(s.Types, t)) && (len(s.GTINs) == 0 || slices.Contains(s.GTINs, gtin))
}

func matchesAny(patterns []string, name string) bool {
	for _, p := range patterns {
		if ok, _ := path.Match(p, name); ok {
			return true
		}
	}
	return len(patterns) == 0
}

// RulesFor gives the book's rules for one device.
func (b *Rulebook) RulesFor(id wire.Identity) Ruler {
	r := &ruling{base: DefaultRules()}
	for _, c := range b.Rules {
		if c.here(id) {
			r.changes = append(r.changes, c)
		}
	}
	for i := range b.Mutes {
		if b.Mutes[i].here(id) {
			r.mutes = append(r.mutes, &b.Mutes[i])
		}
	}
	return r
}

// ruling is a Rulebook for one device.
type ruling struct {
	base    Rules
	changes []Change
	mutes   []*Mute
}

func (r *ruling) For(t Type, gtin shelf.GTIN, at time.Time) (Rule, bool) {
	rule, ok := r.base[t]
	for _, c := range r.changes {
		if c.about(t, gtin) {
			rule = c.apply(rule)
			put(&ok, c.Enabled)
		}
	}
	for _, m := range r.mutes {
		if m.about(t, gtin) && m.covers(at) {
			rule.Muted = true
		}
	}
	return rule, ok
}

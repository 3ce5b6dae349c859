package alert

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Rulebook is a rule file: entries that change the defaults for whatever is in their scope, and times at which
// nothing wrong counts. If several entries set the same, the most specific one wins (see Scope), and of two
// equal ones the later. A Rulebook is immutable; it is a RuleSource.
//
//	version: 1
//	tz: Asia/Shanghai               # of whatever says none
//	rules:
//	- types: [stockout]
//	  gtins: ["4006381333931"]        # the brand's best seller: at once
//	  open: {bad: 1, of: 1}
//	- types: [stockout]
//	  severity_by_loss: {currency: CNY, critical: 5000, warning: 1000}   # fen an hour, where known
//	- types: [misplaced, foreign_product]
//	  stores: ["kiosk-*"]
//	  enabled: false
//	- types: [cold_chain]
//	  regions: [south]
//	  cooler_models: ["GX-*"]
//	  limit_c: 6
//	  hold: 20m
//	mute:
//	- {stores: [s1], from: 2026-03-02T08:00:00Z, to: 2026-03-02T12:00:00Z}   # maintenance
//	- {types: [low_stock], daily: "22:00-07:00", tz: Asia/Shanghai}           # each night
//	- {types: [no_footfall, door_unused], outside_hours: true}                # while the store is closed
type Rulebook struct {
	Version int      `yaml:"version"`
	TZ      string   `yaml:"tz"` // IANA name; "": UTC
	Rules   []Change `yaml:"rules"`
	Mutes   []Mute   `yaml:"mute"`

	Recipients []Recipient `yaml:"recipients"`
	Notify     []Notify    `yaml:"notify"`

	zone *time.Location
}

// Change is one entry. Whatever it leaves out stays as it was.
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
	Openings     *int           `yaml:"openings"` // door_busy, per hour
	Grading      *Grading       `yaml:"severity_by_loss"`

	line int
}

// Quorum is so many bad ones of the last so many.
type Quorum struct {
	Bad int `yaml:"bad"`
	Of  int `yaml:"of"`
}

// MaxRulebookBytes bounds what DecodeRulebook reads.
const MaxRulebookBytes = 1 << 20

// DecodeRulebook reads a rule file strictly, and validates it. The error contains every fault, each with the
// entry that it is in.
func DecodeRulebook(data []byte) (*Rulebook, error) {
	if len(data) > MaxRulebookBytes {
		return nil, fmt.Errorf("rules are %d bytes, the limit is %d", len(data), MaxRulebookBytes)
	}
	var b Rulebook
	faults, err := b.decode(data)
	if err != nil {
		return nil, fmt.Errorf("rules: %w", errors.Join(append(faults, err)...))
	}
	at := linesOf(data)
	if b.zone, err = time.LoadLocation(b.TZ); err != nil || b.TZ == "Local" {
		faults = append(faults, fmt.Errorf("time zone %q is not known", b.TZ))
	}
	if b.Version == 0 {
		faults = append(faults, errors.New("version is missing: begin the file with a line version: 1"))
	} else if b.Version != 1 {
		faults = append(faults, fmt.Errorf("version is %d, this program reads 1", b.Version))
	}
	for i := range b.Rules {
		b.Rules[i].line = at("rules", i)
		for _, err := range b.Rules[i].faults() {
			faults = append(faults, fmt.Errorf("line %d: rule %d: %w", b.Rules[i].line, i+1, err))
		}
	}
	for i := range b.Mutes {
		b.Mutes[i].line = at("mute", i)
		for _, err := range b.Mutes[i].faults(b.TZ) {
			faults = append(faults, fmt.Errorf("line %d: mute %d: %w", b.Mutes[i].line, i+1, err))
		}
	}
	faults = append(faults, b.checkPeople(at)...)
	if len(faults) > 0 {
		return nil, fmt.Errorf("rules: %w", errors.Join(faults...))
	}
	return &b, nil
}

// decode reads the text and checks its single values, so that their faults do not hide what else is wrong. It
// recovers from panics of the YAML library, which some malformed texts cause ("types: !0"): people write these
// files, and the service reads them while it runs.
func (b *Rulebook) decode(data []byte) (faults []error, err error) {
	defer func() {
		if what := recover(); what != nil {
			err = fmt.Errorf("the text is no YAML that can be read: %v", what)
		}
	}()
	healed, faults := checkValues(data)
	dec := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict())
	if healed != nil {
		err = dec.DecodeFromNode(healed, b)
	} else {
		err = dec.Decode(b)
	}
	if errors.Is(err, io.EOF) {
		return faults, errors.New("the file is empty")
	}
	if err != nil {
		return faults, errors.New(yaml.FormatError(err, false, true))
	}
	return faults, nil
}

// linesOf returns a function that gives the line in which an entry of a list begins, or 0 if that is not known.
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

func (c Change) faults() (faults []error) {
	faults = c.Scope.faults()
	if len(c.Types) == 0 {
		faults = append(faults, errors.New("types is missing"))
	}
	outside := func(key string, v *float64, from, to float64) {
		if v != nil && !(*v >= from && *v <= to) { // NaN is neither
			faults = append(faults, fmt.Errorf("%s is %g, must be %g to %g", key, *v, from, to))
		}
	}
	outside("limit_c", c.LimitC, -100, 100)
	outside("hysteresis_c", c.HysteresisC, 0, 100)
	outside("door_explains", c.DoorExplains, 0, 1000)
	outside("share", c.Share, 0, 1)
	if c.Grading != nil {
		outside("severity_by_loss: hysteresis", &c.Grading.Hysteresis, 0, 1)
	}
	for _, t := range c.Types {
		if !slices.Contains(Types(), t) {
			continue // the scope has already reported that
		}
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
		if !t.losing() && c.Grading != nil {
			faults = append(faults, fmt.Errorf("%s %w", t, errNoLoss))
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
	put(&r.Grading, c.Grading)
	if c.LimitC != nil {
		r.LimitMilliC = int32(math.Round(*c.LimitC * 1000))
	}
	if c.HysteresisC != nil {
		r.HysteresisMilliC = int32(math.Round(*c.HysteresisC * 1000))
	}
	return r
}

func put[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// RulesFor returns the book's rules for one place.
func (b *Rulebook) RulesFor(p Place) Ruler { return b.ruling(p) }

func (b *Rulebook) ruling(p Place) *ruling {
	r := &ruling{base: DefaultRules(), place: b.zoned(p)}
	var ranks []int
	for i := range b.Rules {
		if rank, ok := b.Rules[i].here(p); ok {
			// Put it after all that are not more specific, because of two equal ones the later in the file
			// wins.
			at, _ := slices.BinarySearch(ranks, rank+1)
			ranks = slices.Insert(ranks, at, rank)
			r.changes = slices.Insert(r.changes, at, &b.Rules[i])
		}
	}
	for i := range b.Mutes {
		if _, ok := b.Mutes[i].here(p); ok {
			r.mutes = append(r.mutes, &b.Mutes[i])
		}
	}
	return r
}

// zoned returns the place, with the book's time zone if it has none of its own.
func (b *Rulebook) zoned(p Place) Place {
	if p.Zone == nil {
		p.Zone = b.Zone()
	}
	return p
}

// Zone returns the time zone of whatever does not name one.
func (b *Rulebook) Zone() *time.Location {
	if b.zone == nil {
		return time.UTC
	}
	return b.zone
}

// ruling is a Rulebook for one place.
type ruling struct {
	place   Place
	base    Rules
	changes []*Change // the most specific last
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
		if m.about(t, gtin) && m.covers(at, r.place) {
			rule.Muted = true
		}
	}
	return rule, ok
}

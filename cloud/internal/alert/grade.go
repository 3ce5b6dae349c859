package alert

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Grading derives an alert's severity from the money that it loses per hour, if that is known: a loss of
// Critical or more is critical, of Warning or more a warning, and a smaller one info. An open alert is graded
// again at each look that finds it still wrong, at most once in regradeEvery. Its severity only falls if the
// loss is below the threshold by Hysteresis. The zero value grades nothing.
type Grading struct {
	Currency   string  `yaml:"currency"`   // ISO 4217; a loss in another currency is left to the rule's severity
	Critical   Minor   `yaml:"critical"`   // per hour
	Warning    Minor   `yaml:"warning"`    // per hour, less than Critical
	Hysteresis float64 `yaml:"hysteresis"` // as a share of a threshold, from 0 to less than 1; 0: DefaultHysteresis
}

// Minor is money in the minor unit of a currency.
type Minor int64

// UnmarshalYAML refuses anything but a whole number: whoever writes 50.5 means yuan, and would get fen.
func (m *Minor) UnmarshalYAML(unmarshal func(any) error) error {
	var v float64
	if err := unmarshal(&v); err != nil {
		return err
	}
	if *m = Minor(v); float64(*m) != v || math.Abs(v) > 1<<53 {
		return fmt.Errorf("%g is no number of minor units", v)
	}
	return nil
}

// DefaultHysteresis is how far a loss must fall below a threshold, as a share of it: the rate is learnt again
// from each day's sales, and moves by less than this while nothing changes.
const DefaultHysteresis = 0.2

// regradeEvery is the shortest time for which an alert keeps its severity. Demand changes over days, not
// minutes.
const regradeEvery = 10 * time.Minute

// severities lists all severities, the most severe first.
var severities = [...]Severity{Critical, Warning, Info}

// Severities returns all severities, the most severe first.
func Severities() []Severity { return slices.Clone(severities[:]) }

// Graver reports whether s is more severe than o.
func (s Severity) Graver(o Severity) bool {
	return slices.Index(severities[:], s) < slices.Index(severities[:], o)
}

func (g Grading) faults() (faults []error) {
	if g == (Grading{}) {
		return nil
	}
	if len(g.Currency) != 3 || slices.ContainsFunc([]byte(g.Currency), func(c byte) bool { return c < 'A' || c > 'Z' }) {
		faults = append(faults, fmt.Errorf("currency is %q, want a code such as CNY", g.Currency))
	}
	if g.Warning <= 0 || g.Critical <= g.Warning {
		faults = append(faults, fmt.Errorf("critical is %d and warning %d, must be 0 < warning < critical, in minor units an hour", g.Critical, g.Warning))
	}
	if g.Hysteresis < 0 || g.Hysteresis >= 1 {
		faults = append(faults, fmt.Errorf("hysteresis is %g, must be 0 to less than 1", g.Hysteresis))
	}
	return faults
}

// String returns the grading as people read it.
func (g Grading) String() string {
	return fmt.Sprintf("critical from %d, warning from %d minor units of %s an hour", g.Critical, g.Warning, g.Currency)
}

// of returns the severity for a loss; ok is false if the grading cannot tell.
func (g Grading) of(l *Loss) (s Severity, ok bool) {
	switch {
	case l == nil || g.Currency == "" || l.Currency != g.Currency:
		return "", false
	case Minor(l.MinorPerHour) >= g.Critical:
		return Critical, true
	case Minor(l.MinorPerHour) >= g.Warning:
		return Warning, true
	}
	return Info, true
}

// again is of for an alert that already has a severity, which only falls if the loss is well below the
// threshold.
func (g Grading) again(was Severity, l *Loss) (s Severity, ok bool) {
	if s, ok = g.of(l); !ok || !was.Graver(s) {
		return s, ok
	}
	share := g.Hysteresis
	if share == 0 {
		share = DefaultHysteresis
	}
	raised := *l
	raised.MinorPerHour = int64(float64(l.MinorPerHour) / (1 - share))
	s, _ = g.of(&raised)
	if s.Graver(was) {
		s = was
	}
	return s, true
}

// Loss is the money that an alert's slot loses per hour.
type Loss struct {
	MinorPerHour int64  `json:"minor_per_hour"`
	Currency     string `json:"currency"`
}

// Losses returns what an empty slot of one device loses: the money that its product would earn per hour, as
// known at a time; nil if that is not known.
type Losses func(gtin shelf.GTIN, at time.Time) *Loss

// losing reports whether an alert of this type loses sales while it is open.
func (t Type) losing() bool { return t == Stockout || t == PhantomInventory }

var errNoLoss = errors.New("loses no money that could be told: severity_by_loss is of stockout and phantom_inventory")

// lossOf returns what a subject loses at a time.
func (m Machine) lossOf(t Type, gtin shelf.GTIN, at time.Time) *Loss {
	if m.Losses == nil || gtin == "" || !t.losing() {
		return nil
	}
	return m.Losses(gtin, at)
}

// grade sets a new episode's severity, which follows from its loss if that is known, and else from the rule.
func (e *Episode) grade(rule Rule, l *Loss, at time.Time) {
	e.Severity, e.Loss, e.Graded = rule.Severity, l, at
	if s, ok := rule.Grading.of(l); ok {
		e.Severity = s
	}
}

// regrade grades an episode by what it loses now, and reports whether its severity has changed. A loss that is
// no longer known changes nothing.
func (e *Episode) regrade(rule Rule, loss func() *Loss, at time.Time) bool {
	if rule.Grading.Currency == "" || loss == nil || at.Sub(e.Graded) < regradeEvery {
		return false
	}
	e.Graded = at
	l := loss()
	s, ok := rule.Grading.again(e.Severity, l)
	if !ok || s == e.Severity {
		return false
	}
	earlier := slices.DeleteFunc(slices.Clone(e.Was), func(old Severity) bool { return old == s || old == e.Severity })
	e.Was = slices.Concat(earlier, []Severity{e.Severity})
	e.Severity, e.Loss = s, l
	return true
}

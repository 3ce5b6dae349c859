package alert_test

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// scenario is one text file of testdata/scenarios. Its lines are
//
//	# a comment
//	rule TYPE BAD/OF good=N hold=DURATION [severity=S] [money=CRITICAL/WARNING] [limit=MILLI_C|share=S|openings=N]     only the rules named are in force
//	mute {…}                                        as in a file of rules
//	hours 07:00-22:00                               of the store, UTC
//	HH:MM[:SS] BOOT.SEQ [late] WORD… [=> TRANSITION; TRANSITION…]
//
// where a word is SLOT=STATE[/PRESENT] or SLOT=unknown:REASON, whole=REASON, planogram=ID/VERSION,
// SLOT@GTIN, door=open|closed, temp=CELSIUS, mains=on|off, camera=lost|back, place=moved|home, people=N,
// on_hand=N, sold=N, loses=MINOR|MINOR:CURRENCY|unknown an hour from here on, heard, gone, tick; and a transition is KIND TYPE [SLOT] with fields of Describe that must be among what
// came of it.
type scenario struct {
	rules alert.Rules
	mutes []string
	place alert.Place
	steps []scenarioStep
	loses []scenarioLoss
}

// scenarioLoss is what an empty slot loses from a time on; nil: not known.
type scenarioLoss struct {
	from time.Time
	loss *alert.Loss
}

func (sc *scenario) losses(_ shelf.GTIN, at time.Time) (loss *alert.Loss) {
	for _, l := range sc.loses {
		if !l.from.After(at) {
			loss = l.loss
		}
	}
	return loss
}

// scenarioRules are the scenario's rules, muted at the times that it says.
type scenarioRules struct {
	alert.Rules
	muted alert.Ruler
}

func (r scenarioRules) For(t alert.Type, gtin shelf.GTIN, at time.Time) (alert.Rule, bool) {
	rule, ok := r.Rules.For(t, gtin, at)
	said, _ := r.muted.For(t, gtin, at)
	rule.Muted = said.Muted
	return rule, ok
}

func (sc *scenario) ruler(t *testing.T) alert.Ruler {
	t.Helper()
	text := "version: 1\nmute:\n"
	for _, m := range sc.mutes {
		text += "- " + m + "\n"
	}
	book, err := alert.DecodeRulebook([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return scenarioRules{sc.rules, book.RulesFor(sc.place)}
}

type scenarioStep struct {
	line int
	text string
	in   alert.Input
	loss *saidLoss
	want []string
}

// saidLoss is the word loses=…; without a currency nothing is known.
type saidLoss alert.Loss

func (l *saidLoss) known() *alert.Loss {
	if l.Currency == "" {
		return nil
	}
	return (*alert.Loss)(l)
}

func parseLoss(text string) (*saidLoss, error) {
	if text == "unknown" {
		return &saidLoss{}, nil
	}
	amount, currency, other := strings.Cut(text, ":")
	if !other {
		currency = "CNY"
	}
	minor, err := strconv.ParseInt(amount, 10, 64)
	return &saidLoss{minor, currency}, err
}

var scenarioDay = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const scenarioGTIN = shelf.GTIN("4006381333931")

func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/scenarios/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios found (%v)", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			sc := readScenario(t, file)
			if err := sc.rules.Validate(); err != nil {
				t.Fatalf("rules: %v", err)
			}
			timeline := alert.NewTimeline(alert.Machine{Rules: sc.ruler(t), Losses: sc.losses})
			for _, step := range sc.steps {
				var got []string
				for _, tr := range timeline.Add(step.in) {
					got = append(got, describe(tr))
				}
				if !slices.EqualFunc(got, step.want, hasAll) {
					t.Errorf("%s:%d: %s\n got: %s\nwant: %s", file, step.line, step.text,
						strings.Join(got, "; "), strings.Join(step.want, "; "))
				}
			}
		})
	}
}

// hasAll reports whether every field of want is a field of got, kind, type and slot first.
func hasAll(got, want string) bool {
	fields := strings.Fields(got)
	for i, w := range strings.Fields(want) {
		if j := slices.Index(fields, w); j < 0 || i < 2 && i != j {
			return false
		}
	}
	return true
}

// describe writes a transition as a scenario expects it.
func describe(tr alert.Transition) string {
	e := tr.Episode
	text := fmt.Sprintf("%s %s", tr.Kind, e.Type)
	if e.Slot != "" {
		text += " " + e.Slot
	}
	text += " " + string(e.Severity)
	if len(e.Was) > 0 {
		text += fmt.Sprintf(" was=%s", e.Was[len(e.Was)-1])
	}
	if e.Loss != nil {
		text += fmt.Sprintf(" loses=%d", e.Loss.MinorPerHour)
	}
	mark := func(name string, m alert.Mark) {
		if m.IsZero() {
			text += " " + name + "=never"
		} else {
			text += " " + name + "=" + strings.TrimSuffix(m.At.Format("15:04:05"), ":00")
		}
	}
	mark("good", e.LastGood)
	mark("bad", e.FirstBad)
	if e.Over() {
		mark("end", e.End)
		text += " why=" + string(e.Resolution)
		shortest, longest := e.Lasted()
		text += fmt.Sprintf(" min=%s", shortest)
		if longest >= 0 {
			text += fmt.Sprintf(" max=%s", longest)
		}
	}
	if e.Flapping {
		text += " flapping"
	}
	if tr.Late {
		text += " late"
	}
	if !e.Raised {
		text += " untold"
	}
	return text
}

func readScenario(t *testing.T, file string) (sc scenario) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc.rules = alert.Rules{}
	p := &scenarioParser{planogram: alert.PlanogramRef{ID: "p", Version: 1}, gtins: map[string]shelf.GTIN{}}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if rest, ok := strings.CutPrefix(text, "rule "); ok {
			typ, rule, err := parseRule(rest)
			if err != nil {
				t.Fatalf("%s:%d: %v", file, n, err)
			}
			sc.rules[typ] = rule
			continue
		}
		if rest, ok := strings.CutPrefix(text, "mute "); ok {
			sc.mutes = append(sc.mutes, rest)
			continue
		}
		if rest, ok := strings.CutPrefix(text, "hours "); ok {
			if sc.place.Hours, err = sales.ParseHours(rest); err != nil {
				t.Fatalf("%s:%d: %v", file, n, err)
			}
			continue
		}
		step, err := p.step(text)
		if err != nil {
			t.Fatalf("%s:%d: %v", file, n, err)
		}
		step.line = n
		if step.loss != nil {
			sc.loses = append(sc.loses, scenarioLoss{step.in.At, step.loss.known()})
		}
		sc.steps = append(sc.steps, step)
	}
	if len(sc.rules) == 0 || len(sc.steps) == 0 {
		t.Fatalf("%s: %d rules and %d steps", file, len(sc.rules), len(sc.steps))
	}
	return sc
}

func parseRule(text string) (alert.Type, alert.Rule, error) {
	f := strings.Fields(text)
	r := alert.Rule{Good: 1, Severity: alert.Warning}
	if len(f) < 2 {
		return "", r, fmt.Errorf("rule %q: want TYPE BAD/OF …", text)
	}
	if _, err := fmt.Sscanf(f[1], "%d/%d", &r.Bad, &r.Of); err != nil {
		return "", r, fmt.Errorf("rule %q: %w", text, err)
	}
	for _, word := range f[2:] {
		name, value, _ := strings.Cut(word, "=")
		var err error
		var n int
		switch name {
		case "good":
			r.Good, err = strconv.Atoi(value)
		case "hold":
			r.Hold, err = time.ParseDuration(value)
		case "limit":
			n, err = strconv.Atoi(value)
			r.LimitMilliC = int32(n)
		case "hysteresis":
			n, err = strconv.Atoi(value)
			r.HysteresisMilliC = int32(n)
		case "severity":
			r.Severity = alert.Severity(value)
		case "money":
			r.Grading.Currency = "CNY"
			_, err = fmt.Sscanf(value, "%d/%d", &r.Grading.Critical, &r.Grading.Warning)
		case "share":
			r.Share, err = strconv.ParseFloat(value, 64)
		case "openings":
			r.Openings, err = strconv.Atoi(value)
		case "door":
			r.DoorExplains, err = strconv.ParseFloat(value, 64)
		default:
			err = fmt.Errorf("unknown setting %q", name)
		}
		if err != nil {
			return "", r, fmt.Errorf("rule %q: %w", text, err)
		}
	}
	return alert.Type(f[0]), r, nil
}

type scenarioParser struct {
	planogram alert.PlanogramRef
	gtins     map[string]shelf.GTIN
}

func (p *scenarioParser) step(text string) (step scenarioStep, err error) {
	step.text = text
	said, want, _ := strings.Cut(text, "=>")
	for _, w := range strings.Split(want, ";") {
		if w = strings.TrimSpace(w); w != "" {
			step.want = append(step.want, w)
		}
	}
	f := strings.Fields(said)
	if len(f) < 3 {
		return step, fmt.Errorf("%q: want TIME BOOT.SEQ WORD…", text)
	}
	clock, err := time.Parse("15:04:05", f[0]+strings.Repeat(":00", 2-strings.Count(f[0], ":")))
	if err != nil {
		return step, err
	}
	step.in.At = scenarioDay.Add(time.Duration(clock.Hour())*time.Hour + time.Duration(clock.Minute())*time.Minute + time.Duration(clock.Second())*time.Second)
	if _, err := fmt.Sscanf(f[1], "%d.%d", &step.in.Key.Boot, &step.in.Key.Seq); err != nil {
		return step, fmt.Errorf("key %q: %w", f[1], err)
	}
	var look alert.Look
	var readings alert.Readings
	var books alert.Sales
	for _, word := range f[2:] {
		name, value, _ := strings.Cut(word, "=")
		reading := func(set func(*alert.Reading)) {
			r := alert.Reading{At: step.in.At}
			set(&r)
			readings = append(readings, r)
		}
		yes, no := true, false
		is := func(v bool) *bool {
			if v {
				return &yes
			}
			return &no
		}
		switch {
		case name == "late":
			step.in.Late = true
		case name == "heard":
			step.in.Fact = alert.Heard{}
		case name == "gone":
			step.in.Fact = alert.Gone{}
		case name == "tick":
			step.in.Fact = alert.Tick{Since: scenarioDay}
		case name == "door":
			reading(func(r *alert.Reading) { r.Door = is(value == "open") })
		case name == "mains":
			reading(func(r *alert.Reading) { r.Mains = is(value == "on") })
		case name == "camera":
			reading(func(r *alert.Reading) { r.Camera = is(value == "back") })
		case name == "people", name == "on_hand", name == "sold":
			n, err := strconv.Atoi(value)
			if err != nil {
				return step, err
			}
			switch name {
			case "people":
				reading(func(r *alert.Reading) { r.People = &n })
			case "on_hand":
				books = append(books, alert.BookedSKU{GTIN: scenarioGTIN, OnHand: &n})
			case "sold":
				books = append(books, alert.BookedSKU{GTIN: scenarioGTIN, Sold: n})
			}
		case name == "loses":
			if step.loss, err = parseLoss(value); err != nil {
				return step, err
			}
		case name == "place":
			reading(func(r *alert.Reading) { r.Settled = is(value == "home") })
		case name == "temp":
			c, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return step, err
			}
			milli := int32(c * 1000)
			reading(func(r *alert.Reading) { r.MilliC = &milli })
		case name == "whole":
			if err := look.Whole.UnmarshalText([]byte(value)); err != nil {
				return step, err
			}
		case name == "planogram":
			if _, err := fmt.Sscanf(value, "p/%d", &p.planogram.Version); err != nil {
				return step, err
			}
		case strings.Contains(word, "@"):
			slot, gtin, _ := strings.Cut(word, "@")
			p.gtins[slot] = shelf.GTIN(gtin)
		default:
			slot, err := p.slot(name, value)
			if err != nil {
				return step, err
			}
			look.Slots = append(look.Slots, slot)
		}
	}
	look.Planogram, look.Model = p.planogram, "m1"
	switch {
	case step.in.Fact != nil:
	case books != nil:
		step.in.Fact = books
	case readings != nil:
		step.in.Fact = readings
	default:
		step.in.Fact = look
	}
	return step, nil
}

func (p *scenarioParser) slot(id, value string) (alert.Slot, error) {
	s := alert.Slot{ID: id, GTIN: scenarioGTIN, Due: 3}
	if g, ok := p.gtins[id]; ok {
		s.GTIN = g
	}
	state, present, counted := strings.Cut(value, "/")
	state, reason, _ := strings.Cut(state, ":")
	if err := s.State.UnmarshalText([]byte(state)); err != nil {
		return s, err
	}
	if err := s.Reason.UnmarshalText([]byte(reason)); err != nil {
		return s, err
	}
	switch {
	case counted:
		n, err := strconv.Atoi(present)
		if err != nil {
			return s, err
		}
		s.Present = n
	case s.State == shelf.OK:
		s.Present = 3
	case s.State == shelf.Low:
		s.Present = 1
	}
	return s, nil
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/shop"
	"github.com/coldshelf/coldshelf/agent/cmd/cooler-demo/internal/watch"
)

// score compares what the day calls for with what was reported.
type score struct {
	coolers  []shop.Cooler
	opened   map[string]int // device, type and slot → how often
	resolved map[string]int
	wrong    []string
}

func newScore(coolers []shop.Cooler) *score {
	return &score{coolers: coolers, opened: map[string]int{}, resolved: map[string]int{}}
}

func key(device, kind, slot string) string { return device + " " + kind + " " + slot }

// judged reports whether alerts of this type decide the demo's exit status. The others (a product in a wrong
// slot, a fogged camera, low stock) are only shown: the networks see just some of the wrong slots, see the
// model cards.
func judged(kind string) bool { return kind == "stockout" }

// take counts an event and returns the line to print, or "" for an event that is no news to people.
func (s *score) take(e watch.Event) string {
	a, what := e.Data, e.Type[strings.LastIndex(e.Type, ".")+1:]
	k := key(a.Device, a.Type, a.Slot)
	mark := " "
	switch what {
	case "opened":
		s.opened[k]++
		if judged(a.Type) {
			mark = "✓"
			if s.opened[k] > s.allowed(a) {
				mark = "✗ false alert"
				s.wrong = append(s.wrong, k)
			}
		} else if s.opened[k] <= s.allowed(a) {
			mark = "✓"
		}
	case "resolved":
		s.resolved[k]++
	default:
		return ""
	}
	line := fmt.Sprintf("%s  %-9s %-12s %-10s %-8s %s", e.Time.Local().Format("15:04:05"), what, a.Type, a.Device, a.Slot, a.Product.Name)
	if d := a.Duration; d != nil && d.MaxS != nil {
		line += fmt.Sprintf("  for %.0f to %.0f s", d.MinS, *d.MaxS)
	}
	return strings.TrimRight(line+"  "+mark, " ")
}

// allowed returns how often the day's truth contains the alert, whether it must be reported or may be.
func (s *score) allowed(a watch.Alert) (n int) {
	for _, c := range s.coolers {
		for _, e := range c.Expect {
			if c.Device == a.Device && e.Slot == a.Slot && e.Type == a.Type {
				n++
			}
		}
	}
	return n
}

// verdict says what was missed and what was false, and returns an error if anything was.
func (s *score) verdict() error {
	var called, came, missed []string
	for _, c := range s.coolers {
		for _, e := range c.Expect {
			if !e.Must || !judged(e.Type) {
				continue
			}
			k := key(c.Device, e.Type, e.Slot)
			called = append(called, k)
			switch {
			case s.opened[k] == 0:
				missed = append(missed, k)
			case e.Resolves && s.resolved[k] == 0:
				missed = append(missed, k+" (its end)")
			default:
				came = append(came, k)
			}
		}
	}
	fmt.Printf("%d alerts called for, %d came, %d missed, %d false\n", len(called), len(came), len(missed), len(s.wrong))
	if len(called) == 0 {
		return errors.New("the day calls for no alert, so it proves nothing")
	}
	if len(missed)+len(s.wrong) > 0 {
		return hinted{fmt.Errorf("missed: %s; false: %s", list(missed), list(s.wrong)),
			"what the programs said is in .demo/run/programs.log; a very slow machine needs more DEMO_SECONDS"}
	}
	return nil
}

func list(of []string) string {
	if len(of) == 0 {
		return "none"
	}
	return strings.Join(of, ", ")
}

package alert_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/models/shelf"
	"pgregory.net/rapid"
)

// history draws a device's inputs in their true order: looks at two slots in random states, and what its sensors
// read; some reboots, some of it late.
func history(t *rapid.T) []alert.Input {
	n := rapid.IntRange(1, 25).Draw(t, "looks")
	key := alert.Key{Boot: 1}
	at := scenarioDay
	var looks []alert.Input
	for range n {
		if key.Seq++; rapid.IntRange(0, 9).Draw(t, "reboot") == 0 {
			key = alert.Key{Boot: key.Boot + 1, Seq: 1}
		}
		at = at.Add(time.Duration(rapid.IntRange(1, 1800).Draw(t, "gap")) * time.Second)
		if rapid.IntRange(0, 2).Draw(t, "sensors") == 0 {
			looks = append(looks, alert.Input{Key: key, At: at, Fact: alert.Readings{reading(t, at)}})
			continue
		}
		look := alert.Look{Planogram: alert.PlanogramRef{ID: "p", Version: 1}, Model: "m"}
		for _, id := range []string{"A", "B"} {
			s := alert.Slot{ID: id, GTIN: scenarioGTIN, Due: 2}
			s.State = rapid.SampledFrom([]shelf.State{shelf.Unknown, shelf.OK, shelf.Low, shelf.Empty, shelf.Empty, shelf.Foreign}).Draw(t, "state")
			if s.State == shelf.OK || s.State == shelf.Low {
				s.Present = 1
			}
			look.Slots = append(look.Slots, s)
		}
		looks = append(looks, alert.Input{Key: key, At: at, Fact: look})
	}
	return looks
}

func reading(t *rapid.T, at time.Time) alert.Reading {
	yes, temp := rapid.Bool().Draw(t, "yes"), int32(rapid.SampledFrom([]int{4000, 7800, 9000, 9000}).Draw(t, "temperature"))
	return rapid.SampledFrom([]alert.Reading{{At: at, Door: &yes}, {At: at, MilliC: &temp}, {At: at, MilliC: &temp}, {At: at, Mains: &yes},
		{At: at, Camera: &yes}, {At: at, Settled: &yes}}).Draw(t, "sensor")
}

func propertyRules() alert.Rules {
	r := alert.DefaultRules()
	r[alert.LowStock] = alert.Rule{Bad: 2, Of: 2, Good: 1, Severity: alert.Info}
	return r
}

// standing is what is known after a history, whatever the order it came in: episodes that were not
// taken back, by type, slot and bounds.
func standing(tl *alert.Timeline) []string {
	var out []string
	for _, e := range tl.Episodes() {
		if e.Resolution != alert.ResolvedRetracted {
			out = append(out, fmt.Sprintf("%s/%s %v %v %v %s", e.Type, e.Slot, e.LastGood, e.FirstBad, e.End, e.Resolution))
		}
	}
	slices.Sort(out)
	return out
}

func add(tl *alert.Timeline, ins []alert.Input) (out []alert.Transition) {
	for _, in := range ins {
		out = append(out, tl.Add(in)...)
	}
	return out
}

// In time or all of it late, as after an outage: what nobody was told of must not come to depend on
// what the looks seemed to say on the way.
func TestAnyOrderOfArrivalGivesTheSameEpisodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		looks := history(t)
		late := rapid.Bool().Draw(t, "late")
		for i := range looks {
			looks[i].Late = late
		}
		inOrder := alert.NewTimeline(alert.Machine{Rules: propertyRules()})
		add(inOrder, looks)
		shuffled := alert.NewTimeline(alert.Machine{Rules: propertyRules()})
		add(shuffled, rapid.Permutation(looks).Draw(t, "arrival"))
		if got, want := standing(shuffled), standing(inOrder); !slices.Equal(got, want) {
			t.Fatalf("episodes differ\n got: %v\nwant: %v", got, want)
		}
	})
}

func TestDuplicatesHaveNoEffect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		looks := history(t)
		tl := alert.NewTimeline(alert.Machine{Rules: propertyRules()})
		seen := 0
		for i, in := range looks {
			add(tl, looks[i:i+1])
			seen = i + 1
			again := looks[rapid.IntRange(0, seen-1).Draw(t, "again")]
			before := tl.State()
			if out := tl.Add(again); len(out) > 0 {
				t.Fatalf("%v came again and gave %d transitions", again.Key, len(out))
			}
			if !reflect.DeepEqual(before, tl.State()) {
				t.Fatalf("%v came again and changed the state", in.Key)
			}
		}
	})
}

// A reader of the transitions never sees two open alerts of one subject and type, nor an alert closed
// that was not known, and every opening is in time.
func TestTransitionsAreWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		looks := history(t)
		for i := range looks {
			looks[i].Late = rapid.IntRange(0, 4).Draw(t, "late") == 0
		}
		tl := alert.NewTimeline(alert.Machine{Rules: propertyRules()})
		type name struct {
			origin alert.Mark
			nth    int
		}
		open := map[string]name{}
		for _, tr := range add(tl, rapid.Permutation(looks).Draw(t, "arrival")) {
			e := tr.Episode
			subject := string(e.Type) + "/" + e.Slot
			was, isOpen := open[subject]
			this := name{e.Origin, e.Nth}
			switch {
			case tr.Kind == alert.Opened && isOpen && was != this:
				t.Fatalf("%s opened by %v while %v is open", subject, this, was)
			case tr.Kind == alert.Opened && (tr.Late || !e.Raised):
				t.Fatalf("%s opened by a late observation", subject)
			case tr.Kind == alert.Resolved && (!isOpen || was != this):
				t.Fatalf("%s resolved that was not open", subject)
			}
			if e.Over() && was == this {
				delete(open, subject)
			} else if !e.Over() {
				open[subject] = this
			}
			if shortest, longest := e.Lasted(); e.Over() && e.Resolution == alert.ResolvedSeen && (shortest < 0 || longest >= 0 && longest < shortest) {
				t.Fatalf("%s lasted between %s and %s", subject, shortest, longest)
			}
		}
	})
}

// The state survives its encoding after every step: an engine that restarts goes on the same.
func TestStateSurvivesItsEncoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := alert.Machine{Rules: propertyRules()}
		var kept, reloaded alert.State
		for _, in := range history(t) {
			data, err := json.Marshal(reloaded)
			if err != nil {
				t.Fatal(err)
			}
			reloaded = alert.State{}
			if err := json.Unmarshal(data, &reloaded); err != nil {
				t.Fatal(err)
			}
			var a, b []alert.Transition
			kept, a = m.Step(kept, in)
			reloaded, b = m.Step(reloaded, in)
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("after a restart\n got: %+v\nwant: %+v", b, a)
			}
		}
	})
}

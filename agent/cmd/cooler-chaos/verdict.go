package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

// verdict is the last line of the output.
type verdict struct {
	Seed        uint64         `json:"seed"`
	Kills       map[string]int `json:"kills"`
	Looks       int            `json:"looks"`
	Episodes    int            `json:"episodes"` // found by the oracle
	Log         int            `json:"log"`      // number of events
	Kinds       map[string]int `json:"kinds"`
	Called      int            `json:"called"`    // of the episodes: opened while they lasted and resolved, each once
	Recorded    int            `json:"recorded"`  // of the episodes: over before their looks could be stored, so recorded afterwards without calling anybody
	Withdrawn   int            `json:"withdrawn"` // opened alerts that were retracted when looks arrived that had been overtaken
	Reopened    int            `json:"reopened"`  // endings that were corrected in the same way
	Struck      int            `json:"struck"`    // recorded episodes, of which nobody was called, that were retracted in the same way
	Missed      int            `json:"missed"`    // stockouts of the oracle that are not in the log
	Extra       int            `json:"extra"`     // alerts in the log that the oracle does not know
	Doubled     int            `json:"doubled"`   // alerts that were not opened and resolved exactly once
	Subscribers []held         `json:"subscribers"`
	OK          bool           `json:"ok"`

	faults []string
}

// held compares what one subscriber holds with the log.
type held struct {
	Name    string `json:"name"`
	Events  int    `json:"events"` // without repetitions
	Missed  int    `json:"missed"`
	Extra   int    `json:"extra"`
	Doubled int    `json:"doubled"` // acted on twice
	Again   int    `json:"again"`   // delivered again, recognised by the ID and skipped
	Asked   int    `json:"asked"`   // read again from the log by the subscriber itself
}

// event is one row of the alert log.
type event struct {
	id, kind string
	alert    struct {
		ID, Type, Device, Slot, State, Resolution string
		Untold                                    bool
		Evidence                                  struct {
			BeforeBoot uint32 `json:"before_boot"`
			BeforeSeq  uint64 `json:"before_seq"`
			AfterBoot  uint32 `json:"after_boot"`
			AfterSeq   uint64 `json:"after_seq"`
			EndBoot    uint32 `json:"end_boot"`
			EndSeq     uint64 `json:"end_seq"`
		}
	}
}

// readLog reads the alert log from the database.
func (h *house) readLog() (log []event, err error) {
	out, err := h.query("SELECT event_id, kind, alert FROM alert_log ORDER BY cursor")
	if err != nil {
		return nil, fmt.Errorf("read the log: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.SplitN(strings.TrimSuffix(line, "\n"), "\t", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("read the log: %q", line)
		}
		e := event{id: fields[0], kind: fields[1]}
		if err := json.Unmarshal([]byte(fields[2]), &e.alert); err != nil {
			return nil, fmt.Errorf("read the log: %w", err)
		}
		log = append(log, e)
	}
	return log, nil
}

func (h *house) judge() (*verdict, error) {
	log, err := h.readLog()
	if err != nil {
		return nil, err
	}
	episodes, looks, err := oracle(h.dir, h.o.Boards)
	if err != nil {
		return nil, err
	}
	v := &verdict{Seed: h.o.Seed, Kills: map[string]int{}, Looks: looks, Episodes: len(episodes), Log: len(log), Kinds: map[string]int{}}
	for _, p := range h.programs {
		v.Kills[p.kind] += p.kills
	}
	v.compare(log, episodes)
	ids := map[string]bool{}
	for _, e := range log {
		ids[e.id] = true
	}
	for _, s := range h.subscribers() {
		got, again, err := s.held()
		if err != nil {
			return nil, err
		}
		v.subscriber(s.name, ids, got, again)
	}
	if want := h.o.Boards * h.o.Looks; looks != want {
		v.fault("%d looks were made, not %d", looks, want)
	}
	v.OK = len(v.faults) == 0
	return v, nil
}

func (v *verdict) fault(format string, args ...any) {
	v.faults = append(v.faults, fmt.Sprintf(format, args...))
}

// story is what the log says about one alert.
type story struct {
	kinds      []string
	reopened   int  // how often it was reported as over, and then as not over after all
	reopenedBy int  // how often that, or the correction of a withdrawal, was another opening
	withdrawn  bool // it was last closed by a withdrawal; if that is corrected, it turns out to be over already
	last       event
}

// storiesOf collects the events of each alert, by its ID.
func storiesOf(log []event) map[string]*story {
	stories := map[string]*story{}
	for _, e := range log {
		if stories[e.alert.ID] == nil {
			stories[e.alert.ID] = &story{}
		}
		stories[e.alert.ID].add(e)
	}
	return stories
}

// add takes the alert's next event.
func (s *story) add(e event) {
	was := s.last.alert
	if was.State == "resolved" && !was.Untold && e.alert.State != "resolved" {
		if s.last.kind == "resolved" { // otherwise it was withdrawn
			s.reopened++
		}
		if e.kind == "opened" {
			s.reopenedBy++
		}
	}
	switch closed := e.alert.State == "resolved"; {
	case !closed:
		s.withdrawn = false
	case was.State != "" && was.State != "resolved" && e.kind == "restated" && e.alert.Resolution == "retracted":
		s.withdrawn = true
	}
	s.kinds, s.last = append(s.kinds, e.kind), e
}

// episode returns the stockout that the alert describes in the end.
func (s *story) episode() episode {
	a := s.last.alert
	ev := a.Evidence
	return episode{Device: a.Device, Slot: a.Slot, LastFilled: outbox.Key{Boot: ev.BeforeBoot, Seq: ev.BeforeSeq},
		FirstEmpty: outbox.Key{Boot: ev.AfterBoot, Seq: ev.AfterSeq}, FirstFilled: outbox.Key{Boot: ev.EndBoot, Seq: ev.EndSeq}}
}

// once reports whether the alert was opened once and resolved once. If it was over before any of its looks could be
// stored, so that nobody was called, neither may be in the log. Each time that it was reported as not over after all
// adds another closing, and another opening if it was then reported as wrong again. If it was last closed by a
// withdrawal, there is one closing fewer.
func (s *story) once() bool {
	opened, resolved := 1+s.reopenedBy, 1+s.reopened
	if s.last.alert.Untold {
		opened, resolved = opened-1, resolved-1
	}
	if s.withdrawn {
		resolved--
	}
	return count(s.kinds, "opened") == opened && count(s.kinds, "resolved") == resolved
}

// compare checks the log against the oracle's episodes.
func (v *verdict) compare(log []event, episodes map[string]episode) {
	for _, e := range log {
		v.Kinds[e.kind]++
	}
	stories, told := storiesOf(log), map[string]bool{}
	for _, id := range slices.Sorted(maps.Keys(stories)) {
		name := stories[id].episode().name()
		_, known := episodes[name]
		if v.judge(id, stories[id], known, told[name]) {
			told[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(episodes)) {
		if !told[name] {
			v.Missed++
			v.fault("the log misses %s", name)
		}
	}
}

// judge counts one alert. known says that the oracle has its episode, and again that another alert was about the same
// one. It reports whether the alert is the one about a known episode.
func (v *verdict) judge(id string, s *story, known, again bool) bool {
	a, name := s.last.alert, s.episode().name()
	switch {
	case a.Resolution == "retracted" && !known && count(s.kinds, "opened") == 1+s.reopenedBy:
		v.Withdrawn++
		return false
	case a.Resolution == "retracted" && !known && a.Untold && count(s.kinds, "opened") == 0:
		v.Struck++
		return false
	case a.Type != "stockout" || !known || a.State != "resolved" || a.Resolution != "seen":
		v.Extra++
		v.fault("the log has %s %s %s (%s %s, %v), the oracle has not", a.Type, id, name, a.State, a.Resolution, s.kinds)
		return false
	case again || !s.once():
		v.Doubled++
		v.fault("%s: %v, untold %v", name, s.kinds, a.Untold)
	case a.Untold:
		v.Recorded++
	default:
		v.Called++
	}
	v.Reopened += s.reopened
	return true
}

func count(list []string, what string) (n int) {
	for _, s := range list {
		if s == what {
			n++
		}
	}
	return n
}

// subscriber compares what one subscriber acted on with the log.
func (v *verdict) subscriber(name string, log map[string]bool, got []string, again repeats) {
	set := map[string]bool{}
	s := held{Name: name, Again: again.told, Asked: again.asked}
	for _, id := range got {
		if set[id] {
			s.Doubled++
		} else if !log[id] {
			s.Extra++
		}
		set[id] = true
	}
	s.Events = len(set)
	for id := range log {
		if !set[id] {
			s.Missed++
		}
	}
	if s.Missed > 0 || s.Extra > 0 || s.Doubled > 0 {
		v.fault("%s misses %d events, has %d that are not in the log, and %d twice", name, s.Missed, s.Extra, s.Doubled)
	}
	v.Subscribers = append(v.Subscribers, s)
}

// print writes the verdict for people.
func (v *verdict) print(w io.Writer) {
	fmt.Fprintf(w, "killed %v; %d looks, %d stockouts by the oracle\n", v.Kills, v.Looks, v.Episodes)
	fmt.Fprintf(w, "alert log: %d events %v; %d stockouts called, %d recorded afterwards; %d calls withdrawn, %d endings, %d records; %d missed, %d extra, %d doubled\n", v.Log, v.Kinds, v.Called, v.Recorded, v.Withdrawn, v.Reopened, v.Struck, v.Missed, v.Extra, v.Doubled)
	for _, s := range v.Subscribers {
		fmt.Fprintf(w, "%-8s %d events; %d missed, %d extra, %d doubled; %d delivered again under the same ID and %d read again, both passed over\n", s.Name+":", s.Events, s.Missed, s.Extra, s.Doubled, s.Again, s.Asked)
	}
	for i, f := range v.faults {
		if i == 20 {
			fmt.Fprintf(w, "… and %d more\n", len(v.faults)-i)
			break
		}
		fmt.Fprintln(w, f)
	}
}

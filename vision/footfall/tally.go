package footfall

// Count is what happened at one line or zone. At a line, In and Out are crossings, and Passing counts the
// people who were in view and crossed it in neither direction. In a zone, In counts the people who stayed for
// Lingered frames or longer, Dwell is the sum of their frames, and Passing counts those who stayed for a
// shorter time.
type Count struct {
	Name             string
	In, Out, Passing int
	Dwell            int
}

// Lingered is how many frames (three seconds at Pace) a person must stay in a zone not to count as passing.
const Lingered = 3 * Pace

// Tally sums events by line and zone.
type Tally struct {
	names  []string
	counts map[string]*Count
}

// NewTally returns a tally in which every count is zero. The names of lines and zones must differ.
func NewTally(lines []Line, zones []Zone) *Tally {
	t := &Tally{counts: map[string]*Count{}}
	for _, l := range lines {
		t.names = append(t.names, l.Name)
	}
	for _, z := range zones {
		t.names = append(t.names, z.Name)
	}
	t.Take()
	return t
}

// Add adds the events that a Counter returned.
func (t *Tally) Add(e Events) {
	for _, x := range e.Crossings {
		if x.Dir == In {
			t.counts[x.Line].In++
		} else {
			t.counts[x.Line].Out++
		}
	}
	for _, p := range e.Passings {
		t.counts[p.Line].Passing++
	}
	for _, v := range e.Visits {
		if stayed := v.To - v.From; stayed >= Lingered {
			t.counts[v.Zone].In++
			t.counts[v.Zone].Dwell += stayed
		} else {
			t.counts[v.Zone].Passing++
		}
	}
}

// Take returns the counts since the last Take, lines first, and starts again from zero.
func (t *Tally) Take() []Count {
	var out []Count
	for _, name := range t.names {
		if c := t.counts[name]; c != nil {
			out = append(out, *c)
		}
		t.counts[name] = &Count{Name: name}
	}
	return out
}

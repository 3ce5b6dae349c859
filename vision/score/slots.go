package score

import (
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Slot is one slot or lane in one picture: its true state and the state that was reported. For a slot that is
// Hidden (outside the picture, behind a person) only unknown is right.
type Slot struct {
	Truth  shelf.State
	Hidden bool
	Said   shelf.State
	Bad    bool // the picture is fogged, blocked or otherwise bad
}

// Confusion counts cases by true state and reported state. Hidden slots are counted under "hidden".
type Confusion map[string]map[string]int

// Confuse counts slots into a Confusion.
func Confuse(slots []Slot) Confusion {
	c := Confusion{}
	for _, s := range slots {
		truth := s.Truth.String()
		if s.Hidden {
			truth = "hidden"
		}
		if c[truth] == nil {
			c[truth] = map[string]int{}
		}
		c[truth][s.Said.String()]++
	}
	return c
}

// Stockouts holds the figures of the one state that costs money.
type Stockouts struct {
	Precision float64 // share of slots reported empty that were; a hidden slot that was empty is not counted
	Recall    float64 // share of visible empty slots that were reported empty
	FromBad   int     // slots reported empty in a bad picture that were not
	Said      int
	True      int
	Silent    int // visible empty slots that were reported unknown
}

// MeasureStockouts scores slots in single pictures.
func MeasureStockouts(slots []Slot) Stockouts {
	var out Stockouts
	right, found := 0, 0
	for _, s := range slots {
		empty := s.Truth == shelf.Empty
		if empty && !s.Hidden {
			out.True++
			switch s.Said {
			case shelf.Empty:
				found++
			case shelf.Unknown:
				out.Silent++
			}
		}
		if s.Said != shelf.Empty || (empty && s.Hidden) {
			continue
		}
		out.Said++
		if empty {
			right++
		} else if s.Bad {
			out.FromBad++
		}
	}
	out.Precision, out.Recall = ratio(right, out.Said), ratio(found, out.True)
	return out
}

// Episodes holds the figures of stockouts over a sequence of pictures. An episode is a run of pictures in which
// a slot is empty.
type Episodes struct {
	Precision float64 // share of reported episodes that overlap a true one
	Recall    float64 // share of true episodes that a reported one overlaps
	Said      int
	True      int
	LateMean  float64 // pictures from the beginning of a true episode to its first report, mean over those found
}

// MeasureEpisodes scores sequences: one slice of Slot for each slot, in order of time. Pictures in which the
// slot is hidden neither begin nor end a true episode.
func MeasureEpisodes(sequences [][]Slot) Episodes {
	var out Episodes
	right, found, late := 0, 0, 0
	for _, seq := range sequences {
		truth := runs(seq, func(s Slot) bool { return s.Truth == shelf.Empty }, func(s Slot) bool { return s.Hidden })
		said := runs(seq, func(s Slot) bool { return s.Said == shelf.Empty }, func(s Slot) bool { return s.Said == shelf.Unknown })
		out.True, out.Said = out.True+len(truth), out.Said+len(said)
		for _, s := range said {
			for _, t := range truth {
				if s[0] < t[1] && t[0] < s[1] {
					right++
					break
				}
			}
		}
		for _, t := range truth {
			for _, s := range said {
				if s[0] < t[1] && t[0] < s[1] {
					found++
					late += max(0, s[0]-t[0])
					break
				}
			}
		}
	}
	out.Precision, out.Recall, out.LateMean = ratio(right, out.Said), ratio(found, out.True), ratio(late, found)
	return out
}

// runs returns the range [from, to) of each stretch for which is holds. Slots for which pass holds neither
// begin nor end a stretch.
func runs(seq []Slot, is, pass func(Slot) bool) [][2]int {
	var out [][2]int
	open := -1
	for i, s := range seq {
		switch {
		case pass(s):
		case is(s) && open < 0:
			open = i
		case !is(s) && open >= 0:
			out = append(out, [2]int{open, i})
			open = -1
		}
	}
	if open >= 0 {
		out = append(out, [2]int{open, len(seq)})
	}
	return out
}

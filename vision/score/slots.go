package score

import (
	"github.com/coldshelf/coldshelf/models/shelf"
)

// Slot is one slot or lane in one picture: what it was and what it was said to be. A slot that is
// Hidden (out of the picture, behind a person) is right only as unknown.
type Slot struct {
	Truth  shelf.State
	Hidden bool
	Said   shelf.State
	Bad    bool // the picture is fogged, blocked or otherwise bad
}

// Confusion counts truth → said. Hidden slots stand under "hidden".
type Confusion map[string]map[string]int

// Confuse counts slots.
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

// Stockouts are the figures of the one state that costs money.
type Stockouts struct {
	Precision float64 // share of slots said to be empty that were; a hidden slot that was empty counts for neither
	Recall    float64 // share of empty slots in view that were said to be
	FromBad   int     // slots said to be empty in a bad picture that were not
	Said      int
	True      int
	Silent    int // empty slots in view that were said to be unknown
}

// MeasureStockouts scores slots of single pictures.
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

// Episodes are stockouts over a sequence of pictures: a run of pictures in which a slot is empty.
type Episodes struct {
	Precision float64 // share of episodes said that touch a true one
	Recall    float64 // share of true episodes that a said one touches
	Said      int
	True      int
	LateMean  float64 // pictures between a true episode's begin and its first report, mean over found ones
}

// MeasureEpisodes scores sequences: one slice of Slot a slot, in order of time. Pictures in which the slot is
// hidden neither begin nor end a true episode.
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

// runs gives [from, to) of each stretch in which is holds; pass leaves a stretch as it is.
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

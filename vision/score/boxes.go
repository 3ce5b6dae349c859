// Package score measures detections, names, slot states and stockout episodes against the truth. It is used by
// evaluations and by nothing on the way from a frame to an alert. It is pure, so the same figures come out
// everywhere.
//
// It does not flatter: pictures that cannot be judged count like the others, a name that is withheld is not a
// right one, and every figure comes with the number of cases that it was computed on.
package score

import (
	"math"
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// Truth is one annotated item.
type Truth struct {
	Box     shelf.Box
	GTIN    shelf.GTIN // "" if the annotation does not name it
	Neutral bool       // neither hit nor miss: it stands deeper in its lane, or is hardly visible
	Visible float64    // visible share, 0 to 1; 1 if the annotation does not say
}

// Guess is one detection.
type Guess struct {
	Box   shelf.Box
	Score float64
	Told  bool       // strong enough to be reported as a facing
	GTIN  shelf.GTIN // "" for unknown
}

// Image holds the truth and the guesses of one picture.
type Image struct {
	Truth   []Truth
	Guesses []Guess
}

// Boxes holds the figures of detection. A figure with nothing to compute it on is NaN.
type Boxes struct {
	AP50     float64 // average precision at an overlap of 0.5, over all guesses
	AP75     float64
	Recall   float64 // share of facings found by reported guesses, at an overlap of 0.5
	Precise  float64 // share of reported guesses that are facings, not counting neutral items
	CountMAE float64 // mean over pictures of |reported − true|, not counting neutral items
	Facings  int
	Images   int
}

// MeasureBoxes scores detection. Average precision is COCO's: precision is made monotonic and read at 101
// recalls.
func MeasureBoxes(images []Image) Boxes {
	out := Boxes{AP50: averagePrecision(images, 0.5), AP75: averagePrecision(images, 0.75), Images: len(images)}
	hits, told, off := 0, 0, 0
	for _, img := range images {
		truths := 0
		for _, t := range img.Truth {
			if !t.Neutral {
				truths++
			}
		}
		out.Facings += truths
		count := 0
		for i, m := range pair(img, 0.5, true) {
			if !img.Guesses[i].Told || m == neutral {
				continue
			}
			count++
			if m >= 0 {
				hits++
			}
		}
		told += count
		off += max(count-truths, truths-count)
	}
	out.Recall = ratio(hits, out.Facings)
	out.Precise = ratio(hits, told)
	out.CountMAE = ratio(off, len(images))
	return out
}

// What a guess is paired with, if not with the index of a truth.
const (
	nothing = -1
	neutral = -2
)

// pair returns the truth that each guess found: the best guess chooses first, each truth is taken once, and a
// facing is preferred to a neutral item. With toldOnly, weak guesses are left out so that they take no truth
// away.
func pair(img Image, overlap float64, toldOnly bool) []int {
	order := make([]int, len(img.Guesses))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return img.Guesses[order[a]].Score > img.Guesses[order[b]].Score })
	out := make([]int, len(img.Guesses))
	taken := make([]bool, len(img.Truth))
	for _, g := range order {
		out[g] = nothing
		if toldOnly && !img.Guesses[g].Told {
			continue
		}
		best := overlap
		for k, t := range img.Truth {
			if v := img.Guesses[g].Box.IoU(t.Box); v >= best && !t.Neutral && !taken[k] {
				best, out[g] = v, k
			}
		}
		if out[g] >= 0 {
			taken[out[g]] = true
			continue
		}
		for _, t := range img.Truth {
			if t.Neutral && (img.Guesses[g].Box.IoU(t.Box) >= overlap || img.Guesses[g].Box.CoveredBy(t.Box) >= 0.7) {
				out[g] = neutral
				break
			}
		}
	}
	return out
}

// Verdict says what a guess turned out to be.
type Verdict int

// A guess is a hit on a facing, a miss, or a hit on an item that does not count.
const (
	Miss Verdict = iota
	Hit
	Neither
)

// Verdicts judges each guess, including the weak ones.
func Verdicts(img Image, overlap float64) []Verdict {
	out := make([]Verdict, len(img.Guesses))
	for i, m := range pair(img, overlap, false) {
		switch {
		case m == neutral:
			out[i] = Neither
		case m >= 0:
			out[i] = Hit
		}
	}
	return out
}

func averagePrecision(images []Image, overlap float64) float64 {
	type scored struct {
		score float64
		hit   bool
	}
	var all []scored
	truths := 0
	for _, img := range images {
		for _, t := range img.Truth {
			if !t.Neutral {
				truths++
			}
		}
		for i, m := range pair(img, overlap, false) {
			if m != neutral {
				all = append(all, scored{img.Guesses[i].Score, m >= 0})
			}
		}
	}
	if truths == 0 {
		return math.NaN()
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].score > all[j].score })
	precision, recall := make([]float64, len(all)), make([]float64, len(all))
	hits := 0
	for i, s := range all {
		if s.hit {
			hits++
		}
		precision[i], recall[i] = float64(hits)/float64(i+1), float64(hits)/float64(truths)
	}
	for i := len(precision) - 2; i >= 0; i-- {
		precision[i] = math.Max(precision[i], precision[i+1])
	}
	sum, at := 0.0, 0
	for r := range 101 {
		for at < len(recall) && recall[at] < float64(r)/100-1e-9 {
			at++
		}
		if at < len(recall) {
			sum += precision[at]
		}
	}
	return sum / 101
}

// Names holds the figures of recognition, over reported facings that are paired with a named truth.
type Names struct {
	Top1    float64 // share named right
	Wrong   float64 // share named wrong
	Unknown float64 // share not named
	Judged  int
}

// MeasureNames scores recognition on facings whose visible share is at least minVisible.
func MeasureNames(images []Image, minVisible float64) Names {
	var right, wrong, unknown int
	for _, img := range images {
		for i, m := range pair(img, 0.5, true) {
			if m < 0 || img.Truth[m].GTIN == "" || img.Truth[m].Visible < minVisible {
				continue
			}
			switch img.Guesses[i].GTIN {
			case img.Truth[m].GTIN:
				right++
			case "":
				unknown++
			default:
				wrong++
			}
		}
	}
	n := right + wrong + unknown
	return Names{ratio(right, n), ratio(wrong, n), ratio(unknown, n), n}
}

func ratio(a, b int) float64 {
	if b == 0 {
		return math.NaN()
	}
	return float64(a) / float64(b)
}

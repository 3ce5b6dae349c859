package gallery

import (
	"math"
	"sort"

	"github.com/coldshelf/coldshelf/models/shelf"
)

const (
	neighbours = 5 // number of nearest references that vote
	// softness is the scale on which a neighbour's vote fades with distance: 0.05 of cosine is a factor of e.
	softness = 0.05
	// bonus is the most that further references of a product can add to the score of its nearest one.
	bonus = 0.02
)

// Match is a gallery's answer for one vector.
type Match struct {
	GTIN       shelf.GTIN // "" if no product is near enough, or two are about equally near
	Confidence float64    // in GTIN, 0 to 1
	Nearest    shelf.GTIN // the nearest product, even if GTIN is ""
	Similarity float64    // cosine to its nearest reference
	Margin     float64    // how much further away the next product is
	Near       []Likeness // the nearest products, nearest first, at most nearKept
}

// Likeness says how near one product is.
type Likeness struct {
	GTIN  shelf.GTIN
	Score float64 // cosine to its nearest reference, plus a little for its other ones
}

// nearKept bounds how many products a match remembers.
const nearKept = 12

// Lead returns by how much the nearest product is nearer than the nearest one for which over holds. It is 0 if
// over holds for the nearest product itself, at least the lead over all remembered products if it holds for
// none of them, and 1 if nothing else was compared.
func (m Match) Lead(over func(shelf.GTIN) bool) float64 {
	for _, n := range m.Near {
		if over(n.GTIN) {
			return m.Near[0].Score - n.Score
		}
	}
	if len(m.Near) < nearKept {
		return 1 // all of the gallery is remembered, and over holds for none of it
	}
	return m.Near[0].Score - m.Near[nearKept-1].Score
}

// Match names a vector by its nearest references. A product's score is the similarity of its nearest reference
// plus a little for each of its other references among the nearest, so that a product seen from several sides
// outvotes a single chance likeness.
func (g *Gallery) Match(v []float32) Match {
	type neighbour struct {
		gtin shelf.GTIN
		cos  float64
	}
	all := make([]neighbour, 0, len(g.References))
	for _, r := range g.References {
		all = append(all, neighbour{r.GTIN, dot(v, r.Vector)})
	}
	if len(all) == 0 {
		return Match{}
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].cos > all[j].cos })
	nearest := all[0].cos
	score, top := map[shelf.GTIN]float64{}, map[shelf.GTIN]float64{}
	for i, n := range all {
		if first, seen := top[n.gtin]; !seen {
			top[n.gtin], score[n.gtin] = n.cos, n.cos
		} else if i < neighbours {
			score[n.gtin] += bonus * math.Exp((n.cos-nearest)/softness) * math.Max(first, 0)
		}
	}
	near := make([]Likeness, 0, len(score))
	for _, n := range all { // in order of nearness, so that equal scores have one outcome
		if s, fresh := score[n.gtin]; fresh {
			near = append(near, Likeness{n.gtin, s})
			delete(score, n.gtin)
		}
	}
	sort.SliceStable(near, func(i, j int) bool { return near[i].Score > near[j].Score })
	best := near[0].GTIN
	m := Match{Nearest: best, Similarity: top[best], Margin: 1, Near: near[:min(len(near), nearKept)]}
	if len(near) > 1 {
		m.Margin = near[0].Score - near[1].Score
	}
	m.Confidence = confidence(m, g.Open.Threshold, g.Open.Margin)
	if m.Similarity >= g.Open.Threshold && m.Margin >= g.Open.Margin {
		m.GTIN = best
	}
	return m
}

// confidence is 0.5 at the thresholds, and increases with similarity and margin beyond them.
func confidence(m Match, threshold, margin float64) float64 {
	room := math.Max(1-threshold, 0.05)
	near := logistic(6 * (m.Similarity - threshold) / room)
	apart := logistic(3 * (m.Margin - margin) / math.Max(2*margin, 0.02))
	return math.Sqrt(near * apart)
}

func logistic(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func dot(a, b []float32) float64 {
	if len(a) != len(b) {
		return -1
	}
	var s float32
	for i, x := range a {
		s += x * b[i]
	}
	return float64(s)
}

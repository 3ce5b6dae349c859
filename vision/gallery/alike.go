package gallery

import "github.com/coldshelf/coldshelf/models/shelf"

// Alike is a pair of products whose references the embedder can hardly tell apart.
type Alike struct {
	A          shelf.GTIN `json:"a"`
	B          shelf.GTIN `json:"b"`
	Similarity float64    `json:"similarity"`
}

// alikeFrom is the similarity of two products' nearest references from which whoever enrols them is warned. Two
// views of the same product are about as similar.
const alikeFrom = 0.97

// LookAlikes returns the pairs of products that may be mistaken for each other, so that whoever enrols them can
// add photos that show the difference.
func (g *Gallery) LookAlikes() []Alike {
	nearest := map[[2]shelf.GTIN]float64{}
	var order [][2]shelf.GTIN
	for i, a := range g.References {
		for _, b := range g.References[i+1:] {
			if a.GTIN == b.GTIN {
				continue
			}
			s := dot(a.Vector, b.Vector)
			if s < alikeFrom {
				continue
			}
			pair := [2]shelf.GTIN{a.GTIN, b.GTIN}
			if _, seen := nearest[pair]; !seen {
				order = append(order, pair)
			}
			nearest[pair] = max(nearest[pair], s)
		}
	}
	var out []Alike
	for _, p := range order {
		out = append(out, Alike{p[0], p[1], nearest[p]})
	}
	return out
}

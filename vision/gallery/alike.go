package gallery

import "github.com/coldshelf/coldshelf/models/shelf"

// Alike is a pair of products whose references the embedder hardly tells apart.
type Alike struct {
	A          shelf.GTIN `json:"a"`
	B          shelf.GTIN `json:"b"`
	Similarity float64    `json:"similarity"`
}

// alikeFrom is the similarity from which two products' nearest references are worth a word to whoever
// enrols them: two views of one product lie about here.
const alikeFrom = 0.97

// LookAlikes lists pairs of products that may be taken for each other, so that whoever enrols them can
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

package pipeline

import (
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

// What a name that speaks against the planogram needs. Of the packs on a shelf nearly all are what is due there, so that of the
// names that say otherwise most are wrong, unless they are held to more than the others: Bayes' rule with a prior that the
// planogram gives. Chosen on rendered sets, see models/weights/packs/CARD.md.
const (
	// againstScore is how sure the detector must be of the facing: what it half sees is often two packs in one box.
	againstScore = 0.4
	// againstShare is how near the product must be, of the way from the open-set threshold to likeness itself.
	againstShare = 0.2
	// againstLead is how much nearer, in cosine, it must be than the product that is due.
	againstLead = 0.2
)

// withhold takes the names from facings that would tell a slot as misplaced or foreign on too little. Such a facing is then
// one that nobody can name: where enough others stand as due the slot is well, else it is unknown or low.
func (p *Pipeline) withhold(plan *shelf.Planogram, view shelf.View, facings []shelf.Facing, matches []gallery.Match) {
	if p.cfg.Recogniser == nil {
		return
	}
	for _, r := range shelf.Compare(plan, facings, view) {
		if r.State != shelf.Misplaced && r.State != shelf.Foreign {
			continue
		}
		due := func(g shelf.GTIN) bool { return plan.Fills(r.GTIN, g) }
		for _, i := range r.Seen {
			if f := &facings[i]; f.GTIN != "" && !due(f.GTIN) && !convincing(f.Score, matches[i], due, p.cfg.Recogniser.Threshold()) {
				f.GTIN, f.SKUScore = "", 0
			}
		}
	}
}

// convincing says whether a match is enough to speak against the planogram.
func convincing(score float64, m gallery.Match, due func(shelf.GTIN) bool, threshold float64) bool {
	return score >= againstScore && m.Similarity >= threshold+againstShare*(1-threshold) && m.Lead(due) >= againstLead
}

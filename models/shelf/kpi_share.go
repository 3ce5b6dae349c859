package shelf

// KPIs of how the shelf is divided. All are of one observation under the planogram that its slots
// were judged by. A slot is observed when its state is known, or when what stands there could be
// seen but not named.

// ShelfShare is the share of shelf by class. The four values add up to 1 where they are known.
type ShelfShare struct {
	Own        Ratio `json:"own"`
	Competitor Ratio `json:"competitor"`
	Unknown    Ratio `json:"unknown"` // packs that are near to no enrolled reference
	Empty      Ratio `json:"empty"`
}

// ShareOfShelf is each class's facings ÷ all facing positions: the facings seen, and the facings that
// are due and missing in observed slots. Facings that stand beside the planogram count, those of a
// slot that is not observed do not. Coverage: facings due where they could be seen ÷ facings due.
// Origin: CoolR's documentation.
func ShareOfShelf(p *Planogram, o *Observation) ShelfShare {
	n := tally(p, o)
	all := n.own + n.competitor + n.unnamed + n.empty
	of := func(part int) Ratio { return NewRatio(float64(part), float64(all), float64(n.dueSeen), float64(n.due)) }
	return ShelfShare{Own: of(n.own), Competitor: of(n.competitor), Unknown: of(n.unnamed), Empty: of(n.empty)}
}

// Purity (纯净度) is own facings ÷ (own + competitors' facings); empty positions are left out.
// Coverage: facings recognised ÷ facings seen, times the coverage of the slots.
// Origin: ours, after CoolR's prose.
func Purity(p *Planogram, o *Observation) Ratio {
	n := tally(p, o)
	named := n.own + n.competitor
	seen := named + n.unnamed
	return NewRatio(float64(n.own), float64(named), float64(named)*float64(n.dueSeen), float64(seen)*float64(n.due))
}

// Occupancy is Σ fill ÷ slots, where a slot's fill is facings present ÷ facings due, at most 1, over
// the slots whose state is known; a facing due where nothing can be seen is left out of its slot's.
// Coverage: Σ of each known slot's facings that could be seen ÷ due, ÷ all slots.
// Origin: CoolR's documentation.
func Occupancy(slots []SlotReading) Ratio {
	fill, known, covered := 0.0, 0, 0.0
	for _, s := range slots {
		if s.State == Unknown {
			continue
		}
		known++
		fill += share(float64(s.Present), float64(visible(s)))
		covered += share(float64(visible(s)), float64(s.Due))
	}
	return NewRatio(fill, float64(known), covered, float64(len(slots)))
}

type facingTally struct {
	own, competitor, unnamed, empty int // facing positions
	due, dueSeen                    int // facings due, in all slots and in observed ones
}

func tally(p *Planogram, o *Observation) facingTally {
	var n facingTally
	for _, s := range o.Slots {
		n.due += s.Due
		if !observed(s) {
			continue
		}
		n.dueSeen += visible(s)
		n.empty += max(0, visible(s)-len(s.Seen))
	}
	for _, f := range judged(o) {
		switch {
		case f.GTIN == "":
			n.unnamed++
		case isForeign(p, f.GTIN):
			n.competitor++
		default:
			n.own++
		}
	}
	return n
}

// judged gives the facings but for those in slots that were not observed: a detector sees things in
// fog.
func judged(o *Observation) []Facing {
	lost := make([]bool, len(o.Facings))
	for _, s := range o.Slots {
		for _, i := range s.Seen {
			lost[i] = !observed(s)
		}
	}
	var out []Facing
	for i, f := range o.Facings {
		if !lost[i] {
			out = append(out, f)
		}
	}
	return out
}

// visible counts the facings due that could be seen if they stood there.
func visible(s SlotReading) int { return max(1, s.Due-s.Hidden) }

// observed reports whether the camera saw what a slot holds, named or not.
func observed(s SlotReading) bool { return s.State != Unknown || s.Reason == Unrecognised }

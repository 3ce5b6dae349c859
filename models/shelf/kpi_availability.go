package shelf

// KPIs of availability: can a shopper buy what is due? Each is of one observation, under the planogram by which its slots
// were judged. What a blind part hides counts neither as present nor as missing; it lowers the coverage.

// Assortment is distinct required GTINs present ÷ required GTINs. A GTIN is required when a slot is
// due to hold it; interchangeable groups count once; it is present when one of its facings is seen
// anywhere in the cooler but in a slot that was not observed, and missing when none is and every slot due to hold it is known.
// Coverage: GTINs that are present or missing ÷ required.
// Origin: Inspector Cloud.
func Assortment(p *Planogram, o *Observation) Ratio {
	seen := map[int]bool{}
	groups := requiredGroups(p)
	for _, f := range judged(o) {
		if f.GTIN == "" {
			continue
		}
		for i, g := range groups {
			if p.Fills(g, f.GTIN) {
				seen[i] = true
			}
		}
	}
	present, told := 0, 0
	for i, g := range groups {
		switch {
		case seen[i]:
			present++
			told++
		case allKnown(p, o.Slots, g):
			told++
		}
	}
	return NewRatio(float64(present), float64(told), float64(told), float64(len(groups)))
}

// requiredGroups gives one GTIN of each group of GTINs due that fill each other's slots.
func requiredGroups(p *Planogram) (groups []GTIN) {
	for _, s := range p.Shelves {
	next:
		for _, slot := range s.Slots {
			for _, g := range groups {
				if p.Fills(g, slot.GTIN) {
					continue next
				}
			}
			groups = append(groups, slot.GTIN)
		}
	}
	return groups
}

// allKnown reports whether every slot that is due to hold g, or what may stand for it, is known.
func allKnown(p *Planogram, slots []SlotReading, g GTIN) bool {
	for _, s := range slots {
		if p.Fills(g, s.GTIN) && s.State == Unknown {
			return false
		}
	}
	return true
}

// OSA is on-shelf availability, the snapshot: required SKUs present ÷ required SKUs, over observed
// slots. A SKU is present when it stands in a slot due to hold it, and missing when all its slots are
// known and it stands in none; what is due by its own GTIN counts by itself, interchangeable or not.
// Coverage: SKUs that are present or missing ÷ required.
// Origin: Inspector Cloud.
func OSA(slots []SlotReading) Ratio {
	type sku struct{ present, hidden bool }
	skus := map[GTIN]sku{}
	for _, s := range slots {
		k := skus[s.GTIN]
		k.present = k.present || s.State != Unknown && s.Present > 0
		k.hidden = k.hidden || s.State == Unknown
		skus[s.GTIN] = k
	}
	present, told := 0, 0
	for _, k := range skus {
		if k.present {
			present++
		}
		if k.present || !k.hidden {
			told++
		}
	}
	return NewRatio(float64(present), float64(told), float64(told), float64(len(skus)))
}

// OutOfStockRate is slots without their product ÷ slots with or without it.
// Coverage: known slots ÷ all slots.
// Origin: Gruen & Corsten 2007, not found ÷ (found + not found).
func OutOfStockRate(slots []SlotReading) Ratio {
	missing, known := 0, 0
	for _, s := range slots {
		if s.State == Unknown {
			continue
		}
		known++
		if s.Present == 0 {
			missing++
		}
	}
	return NewRatio(float64(missing), float64(known), float64(known), float64(len(slots)))
}

// ComplianceWeights says how much each part of planogram compliance counts; only their proportion
// matters. The zero value counts all four alike.
type ComplianceWeights struct {
	SKU      float64 `json:"sku" yaml:"sku"`           // the due product stands somewhere in the cooler
	Shelf    float64 `json:"shelf" yaml:"shelf"`       // on the due shelf
	Position float64 `json:"position" yaml:"position"` // in its slot, and nothing else with it
	Facings  float64 `json:"facings" yaml:"facings"`   // in its slot, in the due number of facings or more, as far as can be seen
}

// Compliance is planogram compliance: the weighted share of slots that are right in SKU, shelf,
// position and number of facings, over the slots whose state is known.
// Coverage: known slots ÷ all slots.
// Origin: RetailViewer's help.
func Compliance(p *Planogram, o *Observation, w ComplianceWeights) Ratio {
	if w == (ComplianceWeights{}) {
		w = ComplianceWeights{1, 1, 1, 1}
	}
	score, known := 0.0, 0
	seen := judged(o)
	for _, s := range o.Slots {
		if s.State == Unknown {
			continue
		}
		known++
		inSlot := s.Present > 0
		anywhere, onShelf := inSlot, inSlot
		for _, f := range seen {
			if f.GTIN != "" && p.Fills(s.GTIN, f.GTIN) {
				anywhere = true
				onShelf = onShelf || f.Shelf == s.Shelf
			}
		}
		score += when(anywhere, w.SKU) + when(onShelf, w.Shelf) +
			when(s.State == OK || s.State == Low, w.Position) + when(inSlot && s.Present >= visible(s), w.Facings)
	}
	all := w.SKU + w.Shelf + w.Position + w.Facings
	return NewRatio(score, all*float64(known), float64(known), float64(len(o.Slots)))
}

func when(ok bool, v float64) float64 {
	if ok {
		return v
	}
	return 0
}

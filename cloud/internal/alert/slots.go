package alert

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// slotTypes are the types that are about a slot.
var slotTypes = [...]Type{Stockout, LowStock, Misplaced, ForeignProduct}

// slot judges one slot of a look for each type of alert about slots.
func (st *stepping) slot(l Look, slot Slot) {
	for _, t := range slotTypes {
		sig := signal{word: slotWord(t, slot), slot: slot.ID, gtin: slot.GTIN, planogram: l.Planogram, model: l.Model}
		if sig.word == bad {
			sig.detail = map[string]string{"facings_due": strconv.Itoa(slot.Due), "facings_present": strconv.Itoa(slot.Present)}
		}
		if t == LowStock && st.state.OpenEpisode(Stockout, slot.ID) != nil {
			// Empty is worse than low: until the stockout is over, it represents the slot.
			id := trackerID(LowStock, slot.ID)
			if was, ok := st.state.Trackers[id]; ok {
				st.end(id, was, ResolvedSuperseded)
			}
			continue
		}
		st.say(t, sig)
	}
}

// slotWord returns what one reading of a slot says about one type of alert. Unknown says nothing about any.
func slotWord(t Type, s Slot) word {
	if s.State == shelf.Unknown {
		return silent
	}
	switch t {
	case Stockout:
		switch {
		case s.State == shelf.Empty:
			return bad
		case s.Present > 0:
			return good
		}
		return silent // something else is there: neither empty nor restocked
	case LowStock:
		switch s.State {
		case shelf.Low:
			return bad
		case shelf.OK:
			return good
		}
		return silent
	case Misplaced:
		return wordFor(s.State == shelf.Misplaced)
	case ForeignProduct:
		return wordFor(s.State == shelf.Foreign)
	}
	return silent
}

func wordFor(wrong bool) word {
	if wrong {
		return bad
	}
	return good
}

// slotOf returns the slot in a trackerID of a type that is about slots.
func slotOf(id string, t Type) (slot string, ok bool) { return strings.CutPrefix(id, string(t)+"/") }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func compareStrings(a, b string) int { return strings.Compare(a, b) }

// typeOf returns the type of a trackerID.
func typeOf(id string) Type {
	t, _, _ := strings.Cut(id, "/")
	return Type(t)
}

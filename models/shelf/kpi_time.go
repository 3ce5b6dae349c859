package shelf

import "time"

// KPIs over time weigh by time, not by the number of pictures.

// Sighting is what one observation says of one SKU or slot at one moment.
type Sighting struct {
	At      time.Time
	Known   bool // false: the slot could not be judged
	OnShelf bool // the due product stands there; meaningless unless Known
}

// SightingOf reads a slot's judgement.
func SightingOf(at time.Time, s SlotReading) Sighting {
	return Sighting{At: at, Known: s.State != Unknown, OnShelf: s.State != Unknown && s.Present > 0}
}

// Span is a stretch of time from From up to, but without, To.
type Span struct{ From, To time.Time }

// OSAOver is on-shelf availability over time: time on shelf ÷ time observed, within the spans of
// open, which must not overlap (opening hours, cut to the stretch asked for). A sighting holds until
// the next one, but no longer than hold: after that nobody has looked. A sighting that is not known
// ends the one before. sightings must be in order of time.
// Coverage: time observed ÷ open time.
// Origin: Eyrene.
func OSAOver(sightings []Sighting, open []Span, hold time.Duration) Ratio {
	var onShelf, watched, due time.Duration
	for _, span := range open {
		due += max(0, span.To.Sub(span.From))
	}
	for i, s := range sightings {
		if !s.Known {
			continue
		}
		until := s.At.Add(hold)
		if i+1 < len(sightings) && sightings[i+1].At.Before(until) {
			until = sightings[i+1].At
		}
		for _, span := range open {
			d := overlap(Span{s.At, until}, span)
			watched += d
			if s.OnShelf {
				onShelf += d
			}
		}
	}
	return NewRatio(onShelf.Seconds(), watched.Seconds(), watched.Seconds(), due.Seconds())
}

func overlap(a, b Span) time.Duration {
	from, to := a.From, a.To
	if b.From.After(from) {
		from = b.From
	}
	if b.To.Before(to) {
		to = b.To
	}
	return max(0, to.Sub(from))
}

// Stockout is one stretch in which a slot was seen without its product. What is not known is zero.
type Stockout struct {
	LastFilled    time.Time // the last sighting before that showed it filled; zero: none did
	FirstEmpty    time.Time // the first that showed it empty
	LastEmpty     time.Time // the last that did
	FirstRestored time.Time // the visual proof of restock; zero: it lasts
}

// Over reports that the restock was seen.
func (s Stockout) Over() bool { return !s.FirstRestored.IsZero() }

// Duration gives the bounds of how long it lasted: at least from the first sighting that showed it empty to the
// last that did, at most from the last that showed it filled to the proof of restock. bounded is
// false, and longest 0, where one of these two was not seen.
func (s Stockout) Duration() (shortest, longest time.Duration, bounded bool) {
	shortest = s.LastEmpty.Sub(s.FirstEmpty)
	if s.LastFilled.IsZero() || !s.Over() {
		return shortest, 0, false
	}
	return shortest, s.FirstRestored.Sub(s.LastFilled), true
}

// Stockouts finds every stockout in the sightings of one slot, which must be in order of time.
// Sightings that are not known are passed over: they neither open nor close one, and only widen the
// bounds. Whether a stockout is worth an alert is not decided here.
// Origin: ours.
func Stockouts(sightings []Sighting) (found []Stockout) {
	var filled time.Time
	for _, s := range sightings {
		open := len(found) > 0 && !found[len(found)-1].Over()
		switch {
		case !s.Known:
		case s.OnShelf && open:
			found[len(found)-1].FirstRestored, filled = s.At, s.At
		case s.OnShelf:
			filled = s.At
		case open:
			found[len(found)-1].LastEmpty = s.At
		default:
			found = append(found, Stockout{LastFilled: filled, FirstEmpty: s.At, LastEmpty: s.At})
		}
	}
	return found
}

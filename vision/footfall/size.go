package footfall

import (
	"math"
	"slices"
)

const (
	// A blob whose height is between slimmest and stoutest times its width may be one person who is whole in
	// the picture.
	slimmest, stoutest = 1.5, 4.5
	// lessons is how many examples it takes before the learnt sizes are believed.
	lessons = 40
	// fading is the factor by which each new example reduces the weight of the old ones.
	fading = 0.995
	// leastTall is how tall a person must be to be followed, as a share of the picture's height.
	leastTall = 0.06
	// mostPeople is how many people are looked for in one blob. If there are more, nothing can tell them apart.
	mostPeople = 8
	// childShare is how small a person may be, as a share of the usual height at their place. Anything smaller
	// is a bag or a bird.
	childShare = 0.45
	// crowdArea is how much each further person adds to a blob, as a share of a person's usual area: people
	// hide each other.
	crowdArea = 0.85
	// A blob that is taller than a person by this factor shows one person behind another.
	stacked = 1.3
	// shoulders is the width of one person's upper half, and abreast what each further person adds to it, in
	// multiples of the height.
	shoulders, abreast = 0.32, 0.26
)

// sizes learns how tall people are at each height of the picture. Because the floor is flat, that is a straight
// line; it is fitted by weighted least squares to blobs that look like one person.
type sizes struct {
	n, y, h, yy, yh float64 // weighted sums
	fill            float64 // mean of a person's area divided by the square of their height
}

// learn takes a blob that belongs to one person, and uses it if it looks like a whole one.
func (s *sizes) learn(b *blob, picture Box) {
	if b.X <= 2 || b.Y <= 2 || b.right() >= picture.W-2 || b.bottom() >= picture.H-2 {
		return
	}
	if r := b.H / b.W; r < slimmest || r > stoutest {
		return
	}
	if s.sure() {
		if usual := s.height(b.bottom()); b.H < 0.6*usual || b.H > 1.5*usual {
			return
		}
	}
	y := b.bottom()
	s.n, s.y, s.h, s.yy, s.yh = s.n*fading+1, s.y*fading+y, s.h*fading+b.H, s.yy*fading+y*y, s.yh*fading+y*b.H
	s.fill += (b.area()/(b.H*b.H) - s.fill) / math.Min(s.n, 200)
}

func (s *sizes) sure() bool { return s.n >= lessons }

// height returns the height of a person whose feet are at y, or 0 while too little has been learnt.
func (s *sizes) height(y float64) float64 {
	if s.n < 2 {
		return 0
	}
	mean := s.h / s.n
	spread := s.yy/s.n - (s.y/s.n)*(s.y/s.n)
	if spread < 25 { // everybody stood at the same height of the picture
		return mean
	}
	slope := (s.yh/s.n - (s.y/s.n)*mean) / spread
	return math.Max(mean+slope*(y-s.y/s.n), 0.25*mean)
}

// below returns the height of a person whose head is at y, or 0 while too little has been learnt.
func (s *sizes) below(y float64) float64 {
	if !s.sure() {
		return 0
	}
	h := s.height(y)
	for range 8 { // the feet are one height further down, where people are slightly taller: each round comes nearer
		h = s.height(y + h)
	}
	return h
}

// usual reports whether the box is as tall as people are at its place, and no wider than one person.
func (s *sizes) usual(b Box) bool {
	if !s.sure() {
		return false
	}
	r := b.H / s.height(b.bottom())
	return r > 0.6 && r < 1.6 && b.H > slimmest*b.W
}

// room returns how many people a blob can show at most: as many as its area suggests, and two if it is too tall
// for one.
func (s *sizes) room(b *blob) int {
	if !s.sure() {
		return mostPeople
	}
	usual := s.height(b.bottom())
	one := math.Max(s.fill, 0.1) * usual * usual
	n := int(math.Round(1 + (b.area()/one-1)/crowdArea))
	if b.H > stacked*usual {
		n = max(n, 2)
	}
	return min(mostPeople, max(1, n))
}

// people returns how many people a blob probably shows; 0 if it is too small for one.
func (s *sizes) people(b *blob) int {
	if !s.sure() {
		return 1
	}
	usual := s.height(b.bottom())
	if b.H < childShare*usual {
		return 0
	}
	one := math.Max(s.fill, 0.1) * usual * usual
	byArea := 1 + (b.area()/one-1)/crowdArea
	byWidth := 1 + (b.breadth()/usual-shoulders)/abreast
	return min(mostPeople, max(1, int(math.Round(math.Min(byArea, byWidth)))))
}

// bodies remembers the areas of people whom no detector recognised, seen alone and whole.
type bodies struct{ areas []float64 }

// The median of at least fewBodies areas is believed, the last mostBodies are remembered, and an area is the
// mean over at least wholeFrames frames.
const fewBodies, mostBodies, wholeFrames = 2, 32, 5

// learn takes a track that has walked through the picture.
func (s *bodies) learn(t *track) {
	if t.wholes < wholeFrames {
		return
	}
	s.areas = append(s.areas, t.area)
	s.areas = s.areas[max(0, len(s.areas)-mostBodies):]
}

// people returns for how many bodies a blob is large enough; ok is false while too few areas are known.
func (s *bodies) people(b *blob) (n int, ok bool) {
	one := s.one()
	if one == 0 {
		return 0, false
	}
	return min(mostPeople, max(1, int(math.Round(1+(b.area()/one-1)/crowdArea)))), true
}

// one returns the median area of a body, or 0 while too few areas are known.
func (s *bodies) one() float64 {
	if len(s.areas) < fewBodies {
		return 0
	}
	return slices.Sorted(slices.Values(s.areas))[(len(s.areas)-1)/2]
}

package footfall

import (
	"math"
	"slices"
)

const (
	// Blobs of this shape may be one person who is whole in the picture.
	slimmest, stoutest = 1.5, 4.5
	// lessons from which the view's sizes are believed.
	lessons = 40
	// fading of old lessons, by new ones.
	fading = 0.995
	// leastTall is how tall a person must be, of the picture's height, to be followed.
	leastTall = 0.06
	// mostPeople in one blob; where more were, nothing tells them apart.
	mostPeople = 8
	// childShare is how small a person may be, of what is usual at their place; less is a bag or a bird.
	childShare = 0.45
	// crowdArea is how much of a person's usual area each further one adds to a blob: people hide each other.
	crowdArea = 0.85
	// stacked is how much taller than a person a blob is that shows one behind another.
	stacked = 1.3
	// shoulders is how broad the upper half of one person is, in shares of their height, and abreast how much each
	// further one adds.
	shoulders, abreast = 0.32, 0.26
)

// sizes learns how tall people are at each height of the picture: a straight line, because the floor is
// flat, by weighted least squares over blobs that look like one person.
type sizes struct {
	n, y, h, yy, yh float64 // weighted sums
	fill            float64 // mean area of a person over their height squared
}

// learn takes a blob that looks like one whole person.
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

// height of a person whose feet are at y; 0 while too little was seen.
func (s *sizes) height(y float64) float64 {
	if s.n < 2 {
		return 0
	}
	mean := s.h / s.n
	spread := s.yy/s.n - (s.y/s.n)*(s.y/s.n)
	if spread < 25 { // all stood at one height of the picture
		return mean
	}
	slope := (s.yh/s.n - (s.y/s.n)*mean) / spread
	return math.Max(mean+slope*(y-s.y/s.n), 0.25*mean)
}

// below is the height of a person whose head is at y; 0 while too little was seen.
func (s *sizes) below(y float64) float64 {
	if !s.sure() {
		return 0
	}
	h := s.height(y)
	for range 8 { // the feet are a height below, where people are a little taller: each round comes nearer
		h = s.height(y + h)
	}
	return h
}

// usual: the box is as tall as people are at its place, and no broader than one.
func (s *sizes) usual(b Box) bool {
	if !s.sure() {
		return false
	}
	r := b.H / s.height(b.bottom())
	return r > 0.6 && r < 1.6 && b.H > slimmest*b.W
}

// room is how many people a blob can show: as many as its area tells, and two where it is too tall for one.
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

// people says how many a blob is likely to be; 0: too small for one.
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

// bodies remembers how large those were whom no detector knew, seen alone and whole.
type bodies struct{ areas []float64 }

// A median of so many bodies is believed, and so many are remembered. It takes so many frames to know one.
const fewBodies, mostBodies, wholeFrames = 2, 32, 5

// learn takes a track that has walked through.
func (s *bodies) learn(t *track) {
	if t.wholes < wholeFrames {
		return
	}
	s.areas = append(s.areas, t.area)
	s.areas = s.areas[max(0, len(s.areas)-mostBodies):]
}

// people says how many bodies a blob is large enough for, ok is false while too few are known.
func (s *bodies) people(b *blob) (n int, ok bool) {
	one := s.one()
	if one == 0 {
		return 0, false
	}
	return min(mostPeople, max(1, int(math.Round(1+(b.area()/one-1)/crowdArea)))), true
}

// one is the usual body's area, 0 while too few are known.
func (s *bodies) one() float64 {
	if len(s.areas) < fewBodies {
		return 0
	}
	return slices.Sorted(slices.Values(s.areas))[(len(s.areas)-1)/2]
}

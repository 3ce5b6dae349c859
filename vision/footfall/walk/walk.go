// Package walk renders people who walk past a camera, with exact truth, to measure how well package footfall
// counts them in views for which no video is at hand. Their bodies are made of balls and rods: head, hair,
// shoulders, and arms and legs that swing. They wear clothes of many colours and throw shadows on a tiled
// floor, and the lens and the sensor add blur and noise.
//
// It is pure: the same seed gives the same frames. The people resemble nobody.
package walk

import (
	"math"
	"math/rand/v2"

	"github.com/coldshelf/coldshelf/vision/footfall"
)

// The size of the pictures in pixels, and the frames per second.
const (
	Width, Height = 480, 360
	Rate          = footfall.Pace
)

// Clip is a scene in front of a camera.
type Clip struct {
	Name   string
	View   string // as in footfall.Truth
	Frames int
	eye    camera
	people []walker
	floor  []float64
	noise  []float64
}

// Overhead looks straight down from a ceiling; Oblique looks down from a corner at people who are whole in the
// picture.
func Overhead(seed uint64) *Clip {
	return newClip("rendered, straight above", "overhead", seed, camera{at: vec{0, 0, 3.6}, right: vec{1, 0, 0}, down: vec{0, -1, 0}, ahead: vec{0, 0, -1}, focal: 240})
}

func Oblique(seed uint64) *Clip {
	pitch := 24 * math.Pi / 180
	return newClip("rendered, at a slant", "oblique", seed, camera{
		at: vec{0, -6.5, 3.4}, right: vec{1, 0, 0}, down: vec{0, -math.Sin(pitch), -math.Cos(pitch)}, ahead: vec{0, math.Cos(pitch), -math.Sin(pitch)}, focal: 380,
	})
}

func newClip(name, view string, seed uint64, eye camera) *Clip {
	r := rand.New(rand.NewPCG(seed, 11))
	c := &Clip{Name: name, View: view, eye: eye}
	c.people, c.Frames = crowd(r)
	c.floor = eye.floor(r)
	for range 2 * Width * Height {
		c.noise = append(c.noise, 4*r.NormFloat64())
	}
	return c
}

// Truth returns the line through the middle, with who crosses it and when.
func (c *Clip) Truth() *footfall.Truth {
	line := footfall.LineTruth{Line: footfall.Line{Name: "middle", A: footfall.Point{X: Width / 2}, B: footfall.Point{X: Width / 2, Y: Height}}}
	for f := 1; f < c.Frames; f++ {
		for _, w := range c.people {
			was, is := w.place(f-1).x, w.place(f).x
			if w.there(f-1) && w.there(f) && was < 0 != (is < 0) {
				dir := footfall.Out // walking to the picture's right is to the left of a line that goes down
				if is < 0 {
					dir = footfall.In
				}
				line.Crossings = append(line.Crossings, footfall.Crossing{Line: line.Name, Frame: f, Dir: dir})
			}
		}
	}
	return &footfall.Truth{Video: c.Name, View: c.View, Lines: []footfall.LineTruth{line}}
}

// walker is one person on the floor, which is the plane z = 0, in metres.
type walker struct {
	begin, end int
	from, to   vec
	turn       float64 // share of the way at which they turn back; 1: they do not
	tall       float64
	gait       float64 // phase of the stride
	wear       [5]colour
}

// reach is how far from the middle people appear: outside every view.
const reach = 6.5

// crowd returns single people, pairs, people who meet on the line, people who follow each other closely, and
// people who turn back before the line.
func crowd(r *rand.Rand) (list []walker, frames int) {
	at := 30
	add := func(delay int, y, speed float64, leftward bool, turn float64) {
		w := walker{begin: at + delay, from: vec{-reach, y, 0}, to: vec{reach, y + 0.6*(r.Float64()-0.5), 0}, turn: turn, tall: 1.55 + 0.35*r.Float64(), gait: 6 * r.Float64()}
		if leftward {
			w.from.x, w.to.x = w.to.x, w.from.x
		}
		w.end = w.begin + int(2*turn*reach*Rate/speed)
		if turn < 1 {
			w.end = w.begin + int(4*turn*reach*Rate/speed)
		}
		for i := range w.wear {
			w.wear[i] = colour{30 + 190*r.Float64(), 30 + 190*r.Float64(), 30 + 190*r.Float64()}
		}
		w.wear[0] = colour{90 + 60*r.Float64(), 120 + 60*r.Float64(), 160 + 60*r.Float64()} // skin, blue first
		dark := 20 + 60*r.Float64()
		w.wear[1] = colour{dark, dark, 1.2 * dark} // hair
		list = append(list, w)
	}
	speed := func() float64 { return 1 + 0.5*r.Float64() }
	side := func() float64 { return -0.9 + 1.8*r.Float64() }
	for i := range 8 {
		add(0, side(), speed(), i%2 == 1, 1)
		at += 55
	}
	for i := range 4 { // pairs side by side
		v := speed()
		add(0, -0.45, v, i%2 == 1, 1)
		add(2, 0.45, v, i%2 == 1, 1)
		at += 75
	}
	for range 4 { // two who meet near the line
		v := speed()
		add(0, -0.6, v, false, 1)
		add(0, 0.6, v, true, 1)
		at += 80
	}
	for i := range 3 { // one close behind the other
		v := speed()
		add(0, 0.1, v, i%2 == 0, 1)
		add(12, 0, v, i%2 == 0, 1)
		at += 80
	}
	for i := range 3 { // people who turn back before the line
		add(0, side(), speed(), i%2 == 0, 0.42)
		at += 80
	}
	return list, at + 100
}

func (w walker) there(f int) bool { return f >= w.begin && f <= w.end }

func (w walker) place(f int) vec {
	s := float64(f-w.begin) / float64(max(1, w.end-w.begin))
	if w.turn < 1 {
		s = w.turn * (1 - math.Abs(2*s-1))
	}
	return w.from.plus(w.to.minus(w.from).times(s))
}

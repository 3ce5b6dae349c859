package main

import (
	"errors"

	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// people is what finds people in the frames of one fixed camera. It belongs to one goroutine.
type people struct {
	motion *opencv.Motion
	person *opencv.Person
}

// openPeople begins with an unknown room. Close what it gives.
func openPeople() (*people, error) {
	motion, err := opencv.NewMotion()
	if err != nil {
		return nil, withHint(err, "build with `make build`")
	}
	person, err := opencv.NewPerson()
	if err != nil {
		return nil, errors.Join(err, motion.Close())
	}
	return &people{motion, person}, nil
}

// watch counts with a counter.
func (p *people) watch(c *footfall.Counter) *footfall.Watch {
	return &footfall.Watch{Segment: p.motion.Segment, Person: p.person.Score, Hold: p.motion.Hold, Counter: c}
}

// Close frees what OpenCV holds.
func (p *people) Close() error { return errors.Join(p.motion.Close(), p.person.Close()) }

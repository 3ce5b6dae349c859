package main

import (
	"errors"

	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// people finds people in the frames of one fixed camera. It must be used by one goroutine at a time.
type people struct {
	motion *opencv.Motion
	person *opencv.Person
}

// openPeople starts without knowledge of the room. The caller must call Close.
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

// watch returns a watch that counts with the given counter.
func (p *people) watch(c *footfall.Counter) *footfall.Watch {
	return &footfall.Watch{Segment: p.motion.Segment, Person: p.person.Score, Hold: p.motion.Hold, Counter: c}
}

// Close frees OpenCV's memory.
func (p *people) Close() error { return errors.Join(p.motion.Close(), p.person.Close()) }

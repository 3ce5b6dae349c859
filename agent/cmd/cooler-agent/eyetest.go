package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// The eye test is a rendered shelf (synth-render --kind cooler-val-like --seed 501 --size 640x480, its first
// frame) with the boxes, [x, y, width, height] in its pixels, of the facings that are visible by at least 0.6.
var (
	//go:embed eyetest/shelf.jpg
	eyeTestPicture []byte
	//go:embed eyetest/facings.json
	eyeTestFacings []byte
)

// errBlind is wrapped if networks run but do not see.
var errBlind = errors.New("blind")

// eyeTestShare is the share of the eye test's facings that a network must find. The shipped one finds nearly
// all, and one that was trained for another shop's goods should not be refused because of a few.
const eyeTestShare = 0.5

// eyeTest refuses a detector that runs but does not see: a network that was trained for other pictures, that is
// read with the wrong scale or thresholds, or that was damaged before it was signed. Nothing else would tell a
// board that all its slots are unknown because of its own fault.
func eyeTest(ctx context.Context, d vision.Detector) error {
	frame, err := picture.Decode(eyeTestPicture)
	if err != nil {
		return fmt.Errorf("eye test: %w", err)
	}
	var there [][4]int
	if err := json.Unmarshal(eyeTestFacings, &there); err != nil {
		return fmt.Errorf("eye test: %w", err)
	}
	found, err := d.Detect(ctx, frame)
	if err != nil {
		return fmt.Errorf("eye test: %w", err)
	}
	seen, told := 0, 0
	for _, f := range found {
		if !f.Weak {
			told++
		}
	}
	for _, b := range there {
		truth := shelf.Box{X: b[0], Y: b[1], W: b[2], H: b[3]}
		for _, f := range found {
			box := shelf.Box{X: int(f.X0), Y: int(f.Y0), W: int(f.X1 - f.X0), H: int(f.Y1 - f.Y0)}
			if !f.Weak && box.IoU(truth) >= 0.5 {
				seen++
				break
			}
		}
	}
	if float64(seen) < eyeTestShare*float64(len(there)) || told > 2*len(there) {
		return withHint(fmt.Errorf("%w: %s finds %d of %d facings of the built-in test picture, %d boxes in all", errBlind, d.Model(), seen, len(there), told),
			"send another network, or thresholds nearer to the network's own")
	}
	return nil
}

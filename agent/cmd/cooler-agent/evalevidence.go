package main

import (
	"fmt"
	"io"
	"slices"

	"github.com/coldshelf/coldshelf/vision/pipeline"
	"github.com/coldshelf/coldshelf/vision/score"
)

// weighable refuses evidence of a set that does not tell where its cameras hang: nothing is weighed there, and unlikeness and
// rival would be noughts that say the opposite of what is known.
func (s *evalSet) weighable() error {
	blind := slices.IndexFunc(s.frames, func(f evalFrame) bool { return f.camera == nil || s.plans[f.plan] == nil })
	if blind < 0 {
		return nil
	}
	return withHint(fmt.Errorf("%s: no detection of %s can be weighed: its camera is not known", s.dir, s.frames[blind].id), noEvidence)
}

const noEvidence = "--evidence needs a cooler set, with cameras in frames.json and planograms/: see `cooler-agent eval --help`"

// writeEvidence writes a line for every detection in a picture: the detector's score, unlikeness, rival, and 1
// for a facing or 0 for none. Detections of items that are neither hit nor miss are left out.
func writeEvidence(w io.Writer, f *evalFrame, found []pipeline.Found) {
	img := score.Image{Truth: f.truth}
	for _, d := range found {
		img.Guesses = append(img.Guesses, score.Guess{Box: d.Box, Score: d.Score})
	}
	for i, verdict := range score.Verdicts(img, 0.5) {
		if verdict == score.Neither {
			continue
		}
		facing := 0
		if verdict == score.Hit {
			facing = 1
		}
		fmt.Fprintf(w, "%.5f,%.5f,%.5f,%d\n", found[i].Score, found[i].Unlike, found[i].Rival, facing)
	}
}

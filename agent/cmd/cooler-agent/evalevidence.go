package main

import (
	"fmt"
	"io"

	"github.com/coldshelf/coldshelf/vision/pipeline"
	"github.com/coldshelf/coldshelf/vision/score"
)

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

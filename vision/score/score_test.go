package score_test

import (
	"math"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/score"
)

func box(x int) shelf.Box { return shelf.Box{X: x, Y: 0, W: 100, H: 100} }

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 || (math.IsNaN(a) && math.IsNaN(b)) }

func TestAveragePrecision(t *testing.T) {
	truth := []score.Truth{{Box: box(0)}, {Box: box(200)}, {Box: box(400), Neutral: true}}
	told := func(x int, s float64) score.Guess { return score.Guess{Box: box(x), Score: s, Told: true} }
	for _, c := range []struct {
		name                 string
		guesses              []score.Guess
		ap50, recall, counts float64
	}{
		{"all found", []score.Guess{told(0, 0.9), told(200, 0.8)}, 1, 1, 0},
		{"nothing found", nil, 0, 0, 2},
		{"one of two", []score.Guess{told(0, 0.9)}, 51.0 / 101, 0.5, 1},
		{"a neutral item is neither hit nor miss", []score.Guess{told(0, 0.9), told(200, 0.8), told(400, 0.99)}, 1, 1, 0},
		{"the same facing twice", []score.Guess{told(0, 0.9), told(0, 0.85), told(200, 0.8)}, (51 + 50*2.0/3) / 101, 1, 1},
		{"a false one below the true ones", []score.Guess{told(0, 0.9), told(200, 0.8), told(700, 0.5)}, 1, 1, 1},
		{"weak ones count for the curve alone", []score.Guess{told(0, 0.9), {Box: box(200), Score: 0.2}}, 1, 0.5, 1},
		{"too far off", []score.Guess{told(60, 0.9), told(200, 0.8)}, 0.5 * 51 / 101, 0.5, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := score.MeasureBoxes([]score.Image{{Truth: truth, Guesses: c.guesses}})
			if !near(got.AP50, c.ap50) || !near(got.Recall, c.recall) || !near(got.CountMAE, c.counts) {
				t.Errorf("got AP50 %v recall %v count %v, want %v %v %v", got.AP50, got.Recall, got.CountMAE, c.ap50, c.recall, c.counts)
			}
		})
	}
	if got := score.MeasureBoxes(nil); !math.IsNaN(got.AP50) || !math.IsNaN(got.CountMAE) {
		t.Errorf("nothing to measure: got %+v, want no figures", got)
	}
}

func TestNames(t *testing.T) {
	img := score.Image{
		Truth: []score.Truth{
			{Box: box(0), GTIN: "1", Visible: 1}, {Box: box(200), GTIN: "2", Visible: 1},
			{Box: box(400), GTIN: "3", Visible: 1}, {Box: box(600), GTIN: "4", Visible: 0.3},
		},
		Guesses: []score.Guess{
			{Box: box(0), Told: true, GTIN: "1"}, {Box: box(200), Told: true, GTIN: "9"},
			{Box: box(400), Told: true}, {Box: box(600), Told: true, GTIN: "9"},
		},
	}
	got := score.MeasureNames([]score.Image{img}, 0.6)
	if want := (score.Names{Top1: 1.0 / 3, Wrong: 1.0 / 3, Unknown: 1.0 / 3, Judged: 3}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestStockouts(t *testing.T) {
	slots := []score.Slot{
		{Truth: shelf.Empty, Said: shelf.Empty},
		{Truth: shelf.Empty, Said: shelf.Unknown},
		{Truth: shelf.Empty, Said: shelf.Empty, Hidden: true}, // counts for neither
		{Truth: shelf.OK, Said: shelf.Empty, Bad: true},
		{Truth: shelf.OK, Said: shelf.OK},
	}
	got := score.MeasureStockouts(slots)
	want := score.Stockouts{Precision: 0.5, Recall: 0.5, FromBad: 1, Said: 2, True: 2, Silent: 1}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Sequences are written a letter a picture: e empty, o ok, ? unknown; truth above what was said, h where
// the slot is hidden.
func TestEpisodes(t *testing.T) {
	for _, c := range []struct {
		name, truth, said   string
		precision, recall   float64
		wantSaid, wantTruth int
	}{
		{"found at once", "ooeeeo", "ooeeeo", 1, 1, 1, 1},
		{"found late", "oeeeeo", "oo?eeo", 1, 1, 1, 1},
		{"missed", "oeeo", "o??o", math.NaN(), 0, 0, 1},
		{"made up", "oooo", "oeeo", 0, math.NaN(), 1, 0},
		{"fog does not cut one in two", "oeeeeo", "oe?eeo", 1, 1, 1, 1},
		{"a hand does not cut the truth", "oehheo", "oeeeeo", 1, 1, 1, 1},
		{"lasts to the end", "ooee", "ooee", 1, 1, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			states := map[byte]shelf.State{'e': shelf.Empty, 'o': shelf.OK, '?': shelf.Unknown, 'h': shelf.Empty}
			var seq []score.Slot
			for i := range c.truth {
				seq = append(seq, score.Slot{Truth: states[c.truth[i]], Hidden: c.truth[i] == 'h', Said: states[c.said[i]]})
			}
			got := score.MeasureEpisodes([][]score.Slot{seq})
			if !near(got.Precision, c.precision) || !near(got.Recall, c.recall) || got.Said != c.wantSaid || got.True != c.wantTruth {
				t.Errorf("got %+v", got)
			}
		})
	}
}

package footfall

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Truth is what a person counted by watching a video.
type Truth struct {
	Video string
	View  string // the camera's view of people: "overhead" or "oblique"
	Lines []LineTruth
}

// LineTruth holds the crossings of one line, in the order of the file.
type LineTruth struct {
	Line
	Crossings []Crossing
}

// ReadTruth reads a text that consists of the lines
//
//	video NAME
//	view overhead|oblique
//	line NAME x1,y1,x2,y2
//	in FRAME
//	out FRAME
//
// where crossings belong to the line named before them. Text after a # is a comment. An error names the line of
// the file.
func ReadTruth(r io.Reader) (*Truth, error) {
	t := &Truth{}
	in := bufio.NewScanner(r)
	for n := 1; in.Scan(); n++ {
		text, _, _ := strings.Cut(in.Text(), "#")
		if err := t.read(strings.Fields(text)); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	if t.Video == "" || t.View == "" || len(t.Lines) == 0 {
		return nil, fmt.Errorf("names no video, no view or no line")
	}
	return t, nil
}

func (t *Truth) read(words []string) error {
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "video" && len(words) == 2 && t.Video == "":
		t.Video = words[1]
		return nil
	case words[0] == "view" && len(words) == 2 && (words[1] == "overhead" || words[1] == "oblique"):
		t.View = words[1]
		return nil
	case words[0] == "line" && len(words) == 3:
		p, err := ParsePoints(words[2])
		if err != nil || len(p) != 2 || p[0] == p[1] {
			return fmt.Errorf("%q is not two points", words[2])
		}
		t.Lines = append(t.Lines, LineTruth{Line: Line{words[1], p[0], p[1]}})
		return nil
	case (words[0] == string(In) || words[0] == string(Out)) && len(words) == 2 && len(t.Lines) > 0:
		frame, err := strconv.Atoi(words[1])
		if err != nil || frame < 0 {
			return fmt.Errorf("%q is no frame", words[1])
		}
		l := &t.Lines[len(t.Lines)-1]
		l.Crossings = append(l.Crossings, Crossing{Line: l.Name, Frame: frame, Dir: Dir(words[0])})
		return nil
	}
	return fmt.Errorf("%q is none of video NAME, view overhead|oblique, line NAME x1,y1,x2,y2, in FRAME, out FRAME", strings.Join(words, " "))
}

// Score is how well the crossings found agree with the truth.
type Score struct {
	Truth int `json:"truth"` // crossings in the truth
	Right int `json:"right"` // of these, found
	Extra int `json:"extra"` // found, but not in the truth
}

// Add returns the sum of two scores.
func (s Score) Add(o Score) Score {
	return Score{s.Truth + o.Truth, s.Right + o.Right, s.Extra + o.Extra}
}

// Accuracy returns the share of right crossings among all that are in the truth or were found; 1 if there are
// none.
func (s Score) Accuracy() float64 {
	if s.Truth+s.Extra == 0 {
		return 1
	}
	return float64(s.Right) / float64(s.Truth+s.Extra)
}

// Compare pairs each true crossing with the nearest one found on the same line, in the same direction and at
// most slack frames away. Each crossing found is used once.
func (l LineTruth) Compare(found []Crossing, slack int) Score {
	used := make([]bool, len(found))
	s := Score{Truth: len(l.Crossings)}
	for _, want := range l.Crossings {
		best, off := -1, slack+1
		for i, got := range found {
			d := max(got.Frame-want.Frame, want.Frame-got.Frame)
			if !used[i] && got.Line == l.Name && got.Dir == want.Dir && d < off {
				best, off = i, d
			}
		}
		if best >= 0 {
			used[best] = true
			s.Right++
		}
	}
	for i, got := range found {
		if !used[i] && got.Line == l.Name {
			s.Extra++
		}
	}
	return s
}

package footfall

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Truth is what a person counted in a video by looking at it.
type Truth struct {
	Video string
	View  string // how the camera looks at people: "overhead" or "oblique"
	Lines []LineTruth
}

// LineTruth is the crossings of one line, in the order of the file.
type LineTruth struct {
	Line
	Crossings []Crossing
}

// ReadTruth reads a text of lines
//
//	video NAME
//	view overhead|oblique
//	line NAME x1,y1,x2,y2
//	in FRAME
//	out FRAME
//
// where crossings are of the line before them. What follows a # is a remark. An error names its line.
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

// Score is how well crossings agree with the truth.
type Score struct {
	Truth int `json:"truth"` // crossings that there were
	Right int `json:"right"` // of these found
	Extra int `json:"extra"` // found and not there
}

// Add sums.
func (s Score) Add(o Score) Score {
	return Score{s.Truth + o.Truth, s.Right + o.Right, s.Extra + o.Extra}
}

// Accuracy is the share of right ones among all that there were or that were claimed; 1 where there was nothing and
// nothing was claimed.
func (s Score) Accuracy() float64 {
	if s.Truth+s.Extra == 0 {
		return 1
	}
	return float64(s.Right) / float64(s.Truth+s.Extra)
}

// Compare pairs each true crossing with the nearest found one of the same line and direction, at most slack frames
// away, each found one once.
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

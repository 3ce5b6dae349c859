package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// countOptions holds count's flags.
type countOptions struct {
	lines  []string
	zones  []string
	draw   string
	asJSON bool
}

func countCommand() *cobra.Command {
	var o countOptions
	cmd := &cobra.Command{
		Use:   "count --line x1,y1,x2,y2 [flags] VIDEO",
		Short: "Count the people who cross a line in a video",
		Long: `Counts people across lines, by direction, and their stays in zones. "in" is from the left of a line to its
right, looking from its first point to its second in the picture (y runs down). A person is where their feet
are; who turns round on the line is not counted. Only counts come out: no picture of a person is kept, but for
the video that --draw asks for.

What moves is followed, and a people detector is asked what it is; where the detector knows nobody, as in a view
from above, everything that walks through the picture counts. The camera must not move.`,
		Example: `  cooler-agent count --line 384,0,384,576 walkway.avi
  cooler-agent count --json --line 600,0,600,432 --zone 300,200,560,200,560,430,300,430 passage.mp4
  cooler-agent count --line 384,0,384,576 --draw counted.mp4 walkway.avi`,
		Args: cobra.ExactArgs(1),
		PreRunE: func(*cobra.Command, []string) error {
			if len(o.lines)+len(o.zones) == 0 {
				return withHint(errors.New("neither --line nor --zone is given"), "for example --line 320,0,320,480: from top to bottom through the middle of 640×480")
			}
			_, _, err := o.parse()
			return err
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args[0], cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.lines, "line", nil, "counting line, two points in pixels of the video; may be given several times")
	f.StringArrayVar(&o.zones, "zone", nil, "zone, three points or more; may be given several times")
	f.StringVar(&o.draw, "draw", "", "write the video with people, lines and counts to this .mp4 or .avi")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

// parse reads the lines and zones from the flags.
func (o countOptions) parse() (lines []footfall.Line, zones []footfall.Zone, err error) {
	for i, text := range o.lines {
		p, err := footfall.ParsePoints(text)
		if err != nil || len(p) != 2 || p[0] == p[1] {
			return nil, nil, withHint(fmt.Errorf("--line %s is not two points", text), "write x1,y1,x2,y2 in pixels of the video")
		}
		lines = append(lines, footfall.Line{Name: fmt.Sprintf("line %d", i+1), A: p[0], B: p[1]})
	}
	for i, text := range o.zones {
		p, err := footfall.ParsePoints(text)
		if err != nil || len(p) < 3 {
			return nil, nil, withHint(fmt.Errorf("--zone %s is not three points or more", text), "write x1,y1,x2,y2,x3,y3,… in pixels of the video")
		}
		zones = append(zones, footfall.Zone{Name: fmt.Sprintf("zone %d", i+1), Corners: p})
	}
	return lines, zones, nil
}

// countReport is what count --json prints.
type countReport struct {
	Video     string          `json:"video"`
	Width     int             `json:"width"`
	Height    int             `json:"height"`
	Frames    int             `json:"frames"`
	In        int             `json:"in"`
	Out       int             `json:"out"`
	Passing   int             `json:"passing"` // people who crossed none of the lines
	Crossings []countCrossing `json:"crossings"`
	Visits    []countVisit    `json:"visits,omitempty"`
	FPS       float64         `json:"fps"` // frames of the video processed per second, including decoding
}

type countCrossing struct {
	Frame int          `json:"frame"` // 0 is the first
	Dir   footfall.Dir `json:"dir"`
	Line  string       `json:"line"`
}

type countVisit struct {
	Zone string `json:"zone"`
	From int    `json:"from"`
	To   int    `json:"to"`
}

func (o countOptions) run(ctx context.Context, video string, out, errs io.Writer) error {
	if _, err := os.Stat(video); err != nil {
		return withHint(err, "check the path")
	}
	lines, zones, err := o.parse()
	if err != nil {
		return err
	}
	opencv.SetThreads(1) // a small frame is not worth sharing: the threads would wait for each other
	people, err := openPeople()
	if err != nil {
		return err
	}
	defer people.Close()
	c := &counting{watchBy: people.watch, lines: lines, zones: zones, drawTo: o.draw}
	report, err := c.video(ctx, video)
	if errors.Is(err, errCutShort) {
		fmt.Fprintf(errs, "error: %v\nhint: what is there was counted\n", err)
	} else if err != nil {
		return err
	}
	if o.asJSON {
		return json.NewEncoder(out).Encode(report)
	}
	return report.print(out)
}

func (r *countReport) print(out io.Writer) error {
	fmt.Fprintf(out, "%s: %d frames of %d×%d, in %d, out %d, passing %d (%.0f frames a second)\n", r.Video, r.Frames, r.Width, r.Height, r.In, r.Out, r.Passing, r.FPS)
	for _, x := range r.Crossings {
		fmt.Fprintf(out, "  frame %5d  %-3s  %s\n", x.Frame, x.Dir, x.Line)
	}
	for _, v := range r.Visits {
		fmt.Fprintf(out, "  frames %5d to %d  in %s\n", v.From, v.To, v.Zone)
	}
	return nil
}

// round1 rounds to one decimal.
func round1(v float64) float64 { return math.Round(10*v) / 10 }

// cutShort reports whether a capture ended too early, which only the error's text says: see opencv.Capture.
func cutShort(err error) bool { return strings.Contains(err.Error(), "cut short") }

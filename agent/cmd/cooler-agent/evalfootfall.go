package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/footfall/walk"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// countSlack is how many frames a crossing may be reported before or after the frame in the hand count.
const countSlack = 20

func evalFootfallCommand() *cobra.Command {
	var e footfallEval
	cmd := &cobra.Command{
		Use:   "eval-footfall --videos DIR TRUTH…",
		Short: "Measure how well people are counted, against counts made by hand",
		Long: `Counts the video of each truth file and compares crossing by crossing: right are those of the same line and
direction at the same time. Accuracy is right ones among all that there were or that were claimed. With
--detectors the same clips are counted by networks that find people in single frames, followed and counted the
same way, and a table tells by view which does better. The last line is JSON. The form of a truth file stands in
package vision/footfall, the networks in package vision/person.`,
		Example: `  cooler-agent eval-footfall --videos ../shared/data/videos --videos /usr/share/doc/opencv-doc/examples/data vision/footfall/truth/*.txt`,
		PreRunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 && !e.rendered {
				return withHint(errors.New("neither a truth file nor --rendered is given"), "for example vision/footfall/truth/*.txt")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return e.run(cmd.Context(), args, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringArrayVar(&e.videos, "videos", nil, "folder to look for the videos in; may be given several times")
	cmd.Flags().BoolVar(&e.rendered, "rendered", false, "also count rendered people, from straight above and at a slant")
	cmd.Flags().StringVar(&e.detectors, "detectors", "", "folder with fastestdet-coco.onnx, yolo-fastest-1.1_body/ or both, to compare with")
	return cmd
}

// footfallEval is one run of eval-footfall.
type footfallEval struct {
	videos    []string
	detectors string
	rendered  bool
}

// footfallFigures holds the results of one way of finding people.
type footfallFigures struct {
	footfall.Score
	Accuracy float64                   `json:"accuracy"`
	Clips    map[string]float64        `json:"clips"` // accuracy by video and line
	Views    map[string]footfall.Score `json:"views"`
	FPS      map[string]float64        `json:"fps"` // frames processed per second, by video
}

// footfallReport is the last line that eval-footfall prints.
type footfallReport struct {
	footfallFigures                            // of the way that the board uses
	Detectors       map[string]footfallFigures `json:"detectors,omitempty"`
}

func (e footfallEval) run(ctx context.Context, truths []string, out io.Writer) error {
	opencv.SetThreads(1)
	report := footfallReport{}
	var err error
	if report.footfallFigures, err = e.measure(ctx, truths, out, openMotionWay); err != nil {
		return err
	}
	if e.detectors != "" {
		finders, err := openFinders(e.detectors)
		defer closeFinders(finders)
		if err == nil && len(finders) == 0 {
			err = errors.New("none of the networks is there")
		}
		if err != nil {
			return withHint(fmt.Errorf("%s: %w", e.detectors, err), "the files that it must hold stand in package vision/person")
		}
		report.Detectors = map[string]footfallFigures{}
		for _, f := range finders {
			fmt.Fprintf(out, "\nby %s:\n", f.name)
			if report.Detectors[f.name], err = e.measure(ctx, truths, out, f.way(ctx)); err != nil {
				return err
			}
		}
		report.table(out)
	}
	return json.NewEncoder(out).Encode(report)
}

// way is one way of finding people. It is called for each video.
type way func() (watchBy func(*footfall.Counter) *footfall.Watch, closing func() error, err error)

func openMotionWay() (func(*footfall.Counter) *footfall.Watch, func() error, error) {
	people, err := openPeople()
	if err != nil {
		return nil, nil, err
	}
	return people.watch, people.Close, nil
}

func (e footfallEval) measure(ctx context.Context, truths []string, out io.Writer, by way) (footfallFigures, error) {
	f := footfallFigures{Clips: map[string]float64{}, Views: map[string]footfall.Score{}, FPS: map[string]float64{}}
	for _, path := range truths {
		truth, err := readTruth(path)
		if err != nil {
			return f, withHint(err, "the form of a truth file stands in package vision/footfall")
		}
		video, err := findVideo(e.videos, truth.Video)
		if err != nil {
			return f, err
		}
		report, found, err := countAgainst(ctx, video, truth, by)
		if err != nil {
			return f, err
		}
		f.FPS[truth.Video] = report.FPS
		f.compare(truth, found, out)
	}
	if e.rendered {
		for _, clip := range []*walk.Clip{walk.Overhead(1), walk.Oblique(1)} {
			truth := clip.Truth()
			found, err := countClip(clip, truth, by)
			if err != nil {
				return f, err
			}
			f.compare(truth, found, out)
		}
	}
	f.Accuracy = round3(f.Score.Accuracy())
	return f, nil
}

// compare adds what was found in a clip.
func (f *footfallFigures) compare(truth *footfall.Truth, found []footfall.Crossing, out io.Writer) {
	for _, l := range truth.Lines {
		s := l.Compare(found, countSlack)
		f.Score = f.Score.Add(s)
		f.Views[truth.View] = f.Views[truth.View].Add(s)
		f.Clips[truth.Video+" "+l.Name] = round3(s.Accuracy())
		fmt.Fprintf(out, "%-34s %-8s %3d crossings, %3d right, %2d missed, %2d extra: %.3f\n", truth.Video, l.Name, s.Truth, s.Right, s.Truth-s.Right, s.Extra, s.Accuracy())
	}
}

// countClip counts the people in a rendered clip.
func countClip(clip *walk.Clip, truth *footfall.Truth, by way) (_ []footfall.Crossing, err error) {
	watchBy, closing, err := by()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, closing()) }()
	var lines []footfall.Line
	for _, l := range truth.Lines {
		lines = append(lines, l.Line)
	}
	counter, err := footfall.NewCounter(walk.Width, walk.Height, lines, nil)
	if err != nil {
		return nil, err
	}
	watch := watchBy(counter)
	var found []footfall.Crossing
	for f := range clip.Frames {
		events, err := watch.Look(f, clip.Frame(f))
		if err != nil {
			return nil, err
		}
		found = append(found, events.Crossings...)
	}
	return append(found, counter.Close().Crossings...), nil
}

// table shows, for each view, which way of finding people does better.
func (r *footfallReport) table(out io.Writer) {
	fmt.Fprintf(out, "\n| view | found by | crossings | right | extra | accuracy |\n|---|---|---|---|---|---|\n")
	for _, view := range slices.Sorted(maps.Keys(r.Views)) {
		row := func(name string, s footfall.Score) {
			fmt.Fprintf(out, "| %s | %s | %d | %d | %d | %.3f |\n", view, name, s.Truth, s.Right, s.Extra, s.Accuracy())
		}
		row("what moves", r.Views[view])
		for _, name := range slices.Sorted(maps.Keys(r.Detectors)) {
			row(name, r.Detectors[name].Views[view])
		}
	}
}

func readTruth(path string) (*footfall.Truth, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	truth, err := footfall.ReadTruth(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return truth, nil
}

func findVideo(folders []string, name string) (string, error) {
	for _, dir := range folders {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", withHint(fmt.Errorf("video %s is in none of the folders", name), "name its folder with --videos; vtest.avi comes with Debian's opencv-doc")
}

func countAgainst(ctx context.Context, video string, truth *footfall.Truth, by way) (_ *countReport, _ []footfall.Crossing, err error) {
	watchBy, closing, err := by()
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, closing()) }()
	c := &counting{watchBy: watchBy}
	for _, l := range truth.Lines {
		c.lines = append(c.lines, l.Line)
	}
	report, err := c.video(ctx, video)
	if err != nil && !errors.Is(err, errCutShort) {
		return nil, nil, err
	}
	var found []footfall.Crossing
	for _, x := range report.Crossings {
		found = append(found, footfall.Crossing{Line: x.Line, Frame: x.Frame, Dir: x.Dir})
	}
	return report, found, nil
}

func round3(v float64) float64 { return math.Round(1000*v) / 1000 }

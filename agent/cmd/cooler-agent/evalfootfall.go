package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/vision/footfall"
	"github.com/coldshelf/coldshelf/vision/opencv"
)

// countSlack is how many frames of a video a crossing may be told before or after the hand count's.
const countSlack = 20

func evalFootfallCommand() *cobra.Command {
	var folders []string
	cmd := &cobra.Command{
		Use:   "eval-footfall --videos DIR TRUTH…",
		Short: "measure count against counts made by hand",
		Long: `Counts the video of each truth file and compares crossing by crossing: right are those of the same line and
direction at the same time. Accuracy is right ones among all that there were or that were claimed. The last line
is JSON. The form of a truth file stands in package vision/footfall.`,
		Example: `  cooler-agent eval-footfall --videos ../shared/data/videos --videos /usr/share/doc/opencv-doc/examples/data vision/footfall/truth/*.txt`,
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return evalFootfall(cmd.Context(), folders, args, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringArrayVar(&folders, "videos", nil, "folder to look for the videos in; may be given several times")
	return cmd
}

// footfallFigures is the last line of eval-footfall.
type footfallFigures struct {
	footfall.Score
	Accuracy float64            `json:"accuracy"`
	Clips    map[string]float64 `json:"clips"` // accuracy by video and line
	FPS      map[string]float64 `json:"fps"`   // frames done a second by video
}

func evalFootfall(ctx context.Context, folders, truths []string, out io.Writer) error {
	opencv.SetThreads(1)
	f := footfallFigures{Clips: map[string]float64{}, FPS: map[string]float64{}}
	for _, path := range truths {
		truth, err := readTruth(path)
		if err != nil {
			return withHint(err, "the form of a truth file stands in package vision/footfall")
		}
		video, err := findVideo(folders, truth.Video)
		if err != nil {
			return err
		}
		report, found, err := countAgainst(ctx, video, truth)
		if err != nil {
			return err
		}
		f.FPS[truth.Video] = report.FPS
		for _, l := range truth.Lines {
			s := l.Compare(found, countSlack)
			f.Score = f.Score.Add(s)
			f.Clips[truth.Video+" "+l.Name] = round3(s.Accuracy())
			fmt.Fprintf(out, "%-34s %-8s %3d crossings, %3d right, %2d missed, %2d extra: %.3f\n", truth.Video, l.Name, s.Truth, s.Right, s.Truth-s.Right, s.Extra, s.Accuracy())
		}
	}
	f.Accuracy = round3(f.Score.Accuracy())
	return json.NewEncoder(out).Encode(f)
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

func countAgainst(ctx context.Context, video string, truth *footfall.Truth) (*countReport, []footfall.Crossing, error) {
	people, err := openPeople()
	if err != nil {
		return nil, nil, err
	}
	defer people.Close()
	c := &counting{people: people}
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

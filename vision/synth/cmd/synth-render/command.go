package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/vision/synth"
)

// options holds the command line.
type options struct {
	out       string
	kind      string
	frames    int
	seed      uint64
	first     int
	size      string
	universe  int
	coolers   int
	camera    string
	step      int
	stockouts int
	jobs      int
	traced    bool
	quiet     bool
}

// model returns the light model that was asked for.
func (o options) model() synth.LightModel {
	if o.traced {
		return synth.LightTraced
	}
	return synth.LightProbes
}

// usageError is a wrong command line, with a hint at the right one.
type usageError struct{ msg, hint string }

func (e usageError) Error() string { return e.msg }

func hint(err error) string {
	var u usageError
	if errors.As(err, &u) {
		return u.hint
	}
	if errors.Is(err, context.Canceled) {
		return "frames written so far are whole, but the truth files are written at the end; run it again"
	}
	return ""
}

func command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "synth-render --out DIR",
		Short: "Render made-up beverage coolers with exact truth",
		Long: `Render made-up beverage coolers with exact truth.

Kinds of sets:
  training         another cooler, camera, condition and range of SKUs for every frame, drawn
                   from a universe of invented SKUs with families of look-alikes
  cooler-val-like  a few coolers with front, fisheye and oblique cameras, every condition, and
                   references of every SKU: for evaluation
  references       five clean pictures of every SKU of the universe
  day              one shop day of --coolers coolers with one range of goods, and what alerts it
                   calls for (expected.json)

What is written:
  images/*.jpg     the pictures
  instances.json   COCO: the box of every visible pack, its GTIN, lane and visibility
  frames.json      camera, condition and the state of every slot and lane, by frame
  planograms/      what is due where
  skus.json        the invented products
  references/      GTIN/K_yawDEG.jpg

The same seed writes the same set, whatever --jobs is.`,
		Example: `  synth-render --out /tmp/train --kind training --frames 2000 --seed 7 --size random
  synth-render --out /tmp/day --kind day --seed 3 --size 1280x960
  synth-render --out /tmp/days --kind day --coolers 4 --camera mixed --step 60 --stockouts 4`,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return run(cmd.Context(), o)
		},
	}
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usageError{err.Error(), "synth-render --help lists the flags"}
	})
	f := c.Flags()
	f.StringVar(&o.out, "out", "", "folder to write to (required)")
	f.StringVar(&o.kind, "kind", "training", "training, cooler-val-like, references or day")
	f.IntVar(&o.frames, "frames", 100, "number of frames (training, cooler-val-like: ten a cooler)")
	f.Uint64Var(&o.seed, "seed", 1, "seed of everything")
	f.IntVar(&o.first, "first", 0, "number of the first frame (training): renders a large set of one seed in parts")
	f.StringVar(&o.size, "size", "640x480", "WxH in pixels, or random (training)")
	f.IntVar(&o.universe, "universe", 4000, "number of invented SKUs to draw from")
	f.IntVar(&o.coolers, "coolers", 1, "number of coolers (day)")
	f.StringVar(&o.camera, "camera", "whole", "where the camera hangs (day): whole, front, fisheye, oblique, or mixed: another kind for each cooler")
	f.IntVar(&o.step, "step", 30, "minutes from frame to frame (day)")
	f.IntVar(&o.stockouts, "stockouts", 2, "slots a cooler that sell out (day)")
	f.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "frames rendered at a time")
	f.BoolVar(&o.traced, "traced", false, "trace light as a path tracer does: mirror images, glass shelves, noise; 15 times as slow (training, cooler-val-like)")
	f.BoolVar(&o.quiet, "quiet", false, "no progress bar")
	return c
}

// dimensions parses WxH; random is 0×0.
func dimensions(s string) (w, h int, err error) {
	if s == "random" {
		return 0, 0, nil
	}
	if n, err := fmt.Sscanf(strings.ToLower(s), "%dx%d", &w, &h); err != nil || n != 2 || w < 16 || h < 16 || w > 4096 || h > 4096 {
		return 0, 0, usageError{fmt.Sprintf("size %q is not WxH between 16 and 4096", s), "try --size 640x480 or --size random"}
	}
	return w, h, nil
}

func run(ctx context.Context, o options) error {
	if o.out == "" {
		return usageError{"no folder to write to", "give --out DIR; synth-render --help explains the rest"}
	}
	w, h, err := dimensions(o.size)
	if err != nil {
		return err
	}
	if o.frames < 1 || o.universe < 1 || o.jobs < 1 || o.coolers < 1 {
		return usageError{"--frames, --universe, --coolers and --jobs must be 1 or more", "leave them out for the defaults; synth-render --help lists them"}
	}
	switch o.kind {
	case "training", "cooler-val-like", "references", "day":
	default:
		return usageError{fmt.Sprintf("kind %q is unknown", o.kind), "kinds are training, cooler-val-like, references and day"}
	}
	if o.step < 1 || o.step > 60 || o.stockouts < 1 {
		return usageError{"--step must be 1 to 60 minutes and --stockouts 1 or more", "leave them out for the defaults; synth-render --help lists them"}
	}
	if o.camera != mixedCameras && !slices.Contains(dayCameras, synth.CameraKind(o.camera)) {
		return usageError{fmt.Sprintf("camera %q is unknown", o.camera), "cameras are whole, front, fisheye, oblique and mixed"}
	}
	if o.traced && (o.kind == "day" || o.kind == "references") {
		return usageError{fmt.Sprintf("--traced is not for kind %s", o.kind), "leave it out, or render training or cooler-val-like"}
	}
	c, err := synth.NewCatalogue(o.seed, o.universe)
	if err != nil {
		return err
	}
	set, err := synth.NewDataset(o.out, fmt.Sprintf("coldshelf synth, kind %s, seed %d", o.kind, o.seed))
	if err != nil {
		return err
	}
	switch o.kind {
	case "training":
		err = training(ctx, o, c, set, w, h)
	case "cooler-val-like":
		err = evaluation(ctx, o, c, set, w, h)
	case "day":
		err = days(ctx, o, c, set, w, h)
	case "references":
		err = references(ctx, o, c, c.SKUs, set)
	}
	if err != nil {
		return err
	}
	return set.Close()
}

func bar(o options, n int, what string) *progressbar.ProgressBar {
	if o.quiet {
		return progressbar.DefaultSilent(int64(n))
	}
	return progressbar.NewOptions(n, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionThrottle(200_000_000), progressbar.OptionClearOnFinish())
}

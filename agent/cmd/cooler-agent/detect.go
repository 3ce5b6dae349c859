package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/draw"
	"github.com/coldshelf/coldshelf/vision/picture"
	"github.com/coldshelf/coldshelf/vision/pipeline"
)

// detectOptions holds detect's flags.
type detectOptions struct {
	sight     sightOptions
	planogram string
	draw      string
	lens      string
	asJSON    bool
}

func detectCommand() *cobra.Command {
	var o detectOptions
	cmd := &cobra.Command{
		Use:   "detect [flags] IMAGE…",
		Short: "Find and name the facings of pictures",
		Long: `Finds the facings of each picture, names them by the gallery, and judges the planogram's slots where
the camera's mount is given: then on-shelf availability, compliance, share of shelf and the like are
told too, each with the coverage that it was computed on. A picture that cannot be read is told on standard error and makes the
status 1; the others are printed all the same. Boxes are [x, y, width, height] in pixels of the picture
as a viewer shows it.`,
		Example: `  cooler-agent detect --draw out.png shelf.jpg
  cooler-agent detect --json --gallery drinks.gallery --planogram plan.yaml --mount mount.yaml *.jpg`,
		Args: cobra.MinimumNArgs(1),
		PreRunE: func(*cobra.Command, []string) error {
			if o.planogram != "" && o.sight.Mount == "" {
				return withHint(errors.New("--planogram is given without --mount"), "slots are looked for where the mount says: `cooler-agent mount` makes one; facings alone need neither")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object a picture, one a line")
	f.StringVar(&o.draw, "draw", "", "write the picture with its boxes to this PNG or JPEG; of several pictures, NAME-1.png and so on")
	f.StringVar(&o.planogram, "planogram", "", "planogram to judge slots by (YAML or JSON); needs --mount")
	f.StringVar(&o.lens, "lens", "", "lens profile, made by cooler-agent calibrate: pictures are made those of an ideal lens first, and boxes are in these")
	addSightFlags(cmd, &o.sight)
	return cmd
}

// addSightFlags adds the flags of every command that looks at pictures.
func addSightFlags(cmd *cobra.Command, o *sightOptions) {
	f := cmd.Flags()
	f.StringVar(&o.Gallery, "gallery", "", "file of enrolled references, made by cooler-agent enroll")
	f.StringVar(&o.Mount, "mount", "", "file that says how the camera hangs, see cooler-agent mount")
	addNetworkFlags(cmd, o)
}

// addNetworkFlags adds the flags of every command that runs networks.
func addNetworkFlags(cmd *cobra.Command, o *sightOptions) {
	f := cmd.Flags()
	f.StringVar(&o.Weights, "weights", "", "folder of networks with manifest.json (default $COLDSHELF_WEIGHTS, else built in)")
	f.StringVar(&o.Runtime, "runtime", runtimeAuto, "what runs the networks: auto, opencv or onnxruntime")
	f.StringVar(&o.Target, "target", "cpu", "OpenCV's target: cpu or cuda")
	f.StringVar(&o.Library, "onnxruntime", "", "ONNX Runtime's library (default: looked for)")
	f.IntVar(&o.Threads, "threads", 0, "threads a pass; 0 lets the runtime choose")
}

// imageReport is one line of detect --json.
type imageReport struct {
	Image   string              `json:"image"`
	Width   int                 `json:"width"`
	Height  int                 `json:"height"`
	Quality shelf.Quality       `json:"quality"`
	Facings []shelf.Facing      `json:"facings"`
	Slots   []shelf.SlotReading `json:"slots"`
	KPIs    *shelf.PictureKPIs  `json:"kpis,omitempty"` // if slots were judged
	Model   string              `json:"model"`
}

func (o detectOptions) run(ctx context.Context, images []string, out, errs io.Writer) error {
	var plan *shelf.Planogram
	if o.planogram != "" {
		var err error
		if plan, err = readPlanogram(o.planogram); err != nil {
			return err
		}
	}
	straight, err := openLens(o.lens)
	if err != nil {
		return err
	}
	s, err := openSight(ctx, o.sight)
	if err != nil {
		return err
	}
	defer s.Close()
	p, err := s.Pipeline(plan)
	if err != nil {
		return err
	}
	names := namesOf(s, plan)
	failed := 0
	for i, path := range images {
		if err := o.one(ctx, p, plan, straight, path, o.drawPath(i, len(images)), names, out); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed++
			fmt.Fprintf(errs, "error: %v\n", err)
			if hint := hintOf(err); hint != "" {
				fmt.Fprintf(errs, "hint: %s\n", hint)
			}
		}
	}
	switch {
	case failed == len(images):
		return withHint(fmt.Errorf("%d of %d pictures failed", failed, len(images)), "none was looked at; what each lacks stands above")
	case failed > 0:
		return withHint(fmt.Errorf("%d of %d pictures failed", failed, len(images)), "the others were done")
	case s.Recogniser == nil && !o.asJSON:
		fmt.Fprintln(errs, "note: without --gallery no facing has a name; teach products with cooler-agent enroll")
	}
	return nil
}

// one looks at one picture, prints what it saw, and draws it.
func (o detectOptions) one(ctx context.Context, p *pipeline.Pipeline, plan *shelf.Planogram, straight *straightener, path, drawTo string, names draw.Names, out io.Writer) error {
	frame, err := picture.Read(path)
	if err != nil {
		return withHint(err, pictureHint(err))
	}
	if frame, err = straight.straighten(frame); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	obs, err := p.Look(ctx, frame)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	var kpis *shelf.PictureKPIs
	if plan != nil {
		measured := shelf.MeasurePicture(plan, obs)
		kpis = &measured
	}
	if o.asJSON {
		line, err := json.Marshal(imageReport{path, obs.Width, obs.Height, obs.Quality, obs.Facings, obs.Slots, kpis, obs.Model})
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
			return err
		}
	} else if err := printTable(out, path, obs, kpis, names); err != nil {
		return err
	}
	if drawTo == "" {
		return nil
	}
	if err := writePicture(drawTo, draw.Observation(frame, obs, names)); err != nil {
		return err
	}
	if !o.asJSON {
		_, err = fmt.Fprintf(out, "drawn in %s\n", drawTo)
	}
	return err
}

// writePicture writes a PNG or JPEG, depending on the file's extension.
func writePicture(path string, img image.Image) error {
	data, err := draw.Encode(img, filepath.Ext(path))
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("write drawing: %w", err)
	}
	return nil
}

func pictureHint(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return "check the path"
	case errors.Is(err, picture.ErrTooLarge):
		return "bring the picture down first: a cooler needs no more than 4 megapixels"
	case errors.Is(err, picture.ErrFormat):
		return "JPEG, PNG, WebP, BMP and GIF are read"
	case errors.Is(err, picture.ErrDamaged):
		return "copy or take the picture again"
	}
	return ""
}

// drawPath returns the path for the i-th of several drawings.
func (o detectOptions) drawPath(i, of int) string {
	if o.draw == "" || of == 1 {
		return o.draw
	}
	ext := filepath.Ext(o.draw)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(o.draw, ext), i+1, ext)
}

// namesOf collects the names of products from the gallery and the planogram.
func namesOf(s *sight, plan *shelf.Planogram) draw.Names {
	names := draw.Names{}
	if s.Recogniser != nil {
		for gtin, name := range s.Recogniser.Gallery().Names {
			names[gtin] = name
		}
	}
	if plan != nil {
		for _, p := range plan.Products {
			if p.Name != "" {
				names[p.GTIN] = p.Name
			}
		}
	}
	return names
}

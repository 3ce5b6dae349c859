package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/draw"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// mountOptions holds mount's flags.
type mountOptions struct {
	sight     sightOptions
	config    string
	planogram string
	lens      string
	out       string
	draw      string
	asJSON    bool
}

func mountCommand() *cobra.Command {
	var o mountOptions
	cmd := &cobra.Command{
		Use:   "mount --planogram PLANOGRAM [flags] IMAGE | mount --config AGENT.yml",
		Short: "Find out how the camera hangs: where the planogram's shelves are in its picture",
		Long: `Slots can be judged only where it is known where each shelf of the planogram lies in the picture. This finds
it by one picture of the cooler, stocked more or less as the planogram says: each shelf at least six lanes in
ten, its row of facings told apart from the others. With --config the picture is taken by the board's own
camera, and planogram, lens and networks are those of the configuration; the agent must be stopped meanwhile.

The file is a mount of shelf lines; name it as vision.mount in the configuration. Look at the drawing: each slot's dashed
frame must lie over its packs. A camera whose place is known to the centimetre is described better by hand, because that also
tells how deep in its lane a pack stands: docs/mount.md has both forms. A wide lens must be calibrated first, for shelves that
bend fit no line.`,
		Example: `  cooler-agent mount --planogram planogram.yml --draw seen.png shelf.jpg
  cooler-agent mount --config /etc/coldshelf/agent.yml --out /etc/coldshelf/mount.yml`,
		Args: cobra.MaximumNArgs(1),
		PreRunE: func(_ *cobra.Command, args []string) error {
			switch {
			case o.config == "" && len(args) == 0:
				return withHint(errors.New("neither a picture nor --config is given"), "give a picture of the stocked cooler, or --config to take one by its camera")
			case o.config == "" && o.planogram == "":
				return withHint(errors.New("--planogram is missing"), "it says which shelves there are; firmware-config/examples/planogram.yml is one")
			case o.config != "" && (o.planogram != "" || o.lens != ""):
				return withHint(errors.New("--config goes without --planogram and --lens"), "they are the configuration's")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args, cmd.OutOrStdout())
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.config, "config", "c", "", "the board's configuration: its camera takes the picture unless one is given")
	f.StringVar(&o.planogram, "planogram", "", "planogram that the cooler is stocked by (YAML or JSON)")
	f.StringVar(&o.lens, "lens", "", "lens profile that calibrate made: the picture is made that of an ideal lens first")
	f.StringVar(&o.out, "out", "mount.yml", "file to write")
	f.StringVar(&o.draw, "draw", "", "write the picture with the slots as they are then judged to this PNG or JPEG, to look at")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	addNetworkFlags(cmd, &o.sight)
	return cmd
}

// mountReport is what mount --json prints.
type mountReport struct {
	Mount   string       `json:"mount"`
	Width   int          `json:"width"`
	Height  int          `json:"height"`
	Shelves []mountShelf `json:"shelves"`
}

type mountShelf struct {
	Shelf int `json:"shelf"`
	Lanes int `json:"lanes"`
	Found int `json:"found"`
	OffMM int `json:"off_mm"`
}

func (o mountOptions) run(ctx context.Context, args []string, out io.Writer) error {
	if _, err := os.Stat(o.out); err == nil {
		return withHint(fmt.Errorf("%s exists already", o.out), "remove it, or give another --out")
	}
	frame, plan, err := o.see(ctx, args)
	if err != nil {
		return err
	}
	o.sight.Mount = ""
	s, err := openSight(ctx, o.sight)
	if err != nil {
		return err
	}
	defer s.Close()
	p, err := s.Pipeline(nil)
	if err != nil {
		return err
	}
	obs, err := p.Look(ctx, frame)
	if err != nil {
		return err
	}
	if obs.Quality.Reason != shelf.NoReason {
		return withHint(fmt.Errorf("the picture cannot be judged: %s", obs.Quality.Reason), "clean the lens, light the cooler, and take another")
	}
	m, fitted, err := mount.FromFacings(plan, obs.Facings, frame.Width, frame.Height)
	if err != nil {
		return withHint(err, mountHint(err))
	}
	data, err := m.Encode()
	if err != nil {
		return err
	}
	if o.draw != "" {
		if err := o.drawSlots(ctx, s, m, plan, frame); err != nil {
			return err
		}
	}
	if err := atomicfile.Write(o.out, data); err != nil {
		return err
	}
	return o.tell(out, m, fitted)
}

// see returns the picture and the planogram.
func (o *mountOptions) see(ctx context.Context, args []string) (vision.Frame, *shelf.Planogram, error) {
	var frame vision.Frame
	planogram, lens := o.planogram, o.lens
	if o.config != "" {
		cfg, err := loadConfig(o.config)
		if err != nil {
			return frame, nil, err
		}
		if cfg.Planogram == "" {
			return frame, nil, withHint(errors.New("the configuration names no planogram"), "name its file in planogram")
		}
		o.sight = sightOf(cfg)
		o.sight.Video = false
		planogram, lens = cfg.Planogram, cfg.Camera.Lens
		if len(args) == 0 {
			cam, err := openCamera(cfg.Camera)
			if err != nil {
				return frame, nil, withHint(err, "check camera.source")
			}
			defer cam.Close()
			if frame, err = cam.Capture(ctx); err != nil {
				return frame, nil, withHint(err, cameraHint(err, cfg.Camera.Source))
			}
		}
	}
	plan, err := readPlanogram(planogram)
	if err != nil || len(args) == 0 {
		return frame, plan, err
	}
	if frame, err = picture.Read(args[0]); err != nil {
		return frame, nil, withHint(err, pictureHint(err))
	}
	straight, err := openLens(lens)
	if err != nil {
		return frame, nil, err
	}
	frame, err = straight.straighten(frame)
	return frame, plan, err
}

func mountHint(err error) string {
	if errors.Is(err, mount.ErrPlanogram) {
		return "give the planogram width_mm, the inner width of the cooler"
	}
	return "stock the cooler as the planogram says and take the picture from where the camera hangs, or write the lines by hand: docs/mount.md"
}

// drawSlots looks again with the mount found, and draws the slots as they are then judged.
func (o mountOptions) drawSlots(ctx context.Context, s *sight, m *mount.Mount, plan *shelf.Planogram, frame vision.Frame) error {
	s.Mount = m
	p, err := s.Pipeline(plan)
	if err != nil {
		return err
	}
	obs, err := p.Look(ctx, frame)
	if err != nil {
		return err
	}
	drawn := draw.Observation(frame, obs, namesOf(s, plan))
	draw.Places(drawn, obs)
	return writePicture(o.draw, drawn)
}

func (o mountOptions) tell(out io.Writer, m *mount.Mount, fitted []mount.Fitted) error {
	if o.asJSON {
		r := mountReport{Mount: o.out, Width: m.Width, Height: m.Height}
		for _, f := range fitted {
			r.Shelves = append(r.Shelves, mountShelf(f))
		}
		return json.NewEncoder(out).Encode(r)
	}
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SHELF\tLANES WITH A FACING\tOFF")
	for _, f := range fitted {
		fmt.Fprintf(t, "%d\t%d of %d\t%d mm\n", f.Shelf, f.Found, f.Lanes, f.OffMM)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if o.draw != "" {
		fmt.Fprintf(out, "%s: each dashed frame must lie over its slot's packs\n", o.draw)
	}
	_, err := fmt.Fprintf(out, "%s: name it in the configuration, vision: {mount: %s}\n", o.out, o.out)
	return err
}

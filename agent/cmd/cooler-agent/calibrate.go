package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/board"
	"github.com/coldshelf/coldshelf/vision/lens"
	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// calibrateOptions holds calibrate's flags.
type calibrateOptions struct {
	print   string
	from    string
	kind    string
	out     string
	rectify string
	asJSON  bool
}

// boardDotsPerMM is the resolution of a board that is printed as a PNG: 254 dots per inch.
const boardDotsPerMM = 10

// kindAuto lets the photos decide between a pinhole and a fisheye.
const kindAuto = "auto"

func calibrateCommand() *cobra.Command {
	var o calibrateOptions
	cmd := &cobra.Command{
		Use:   "calibrate --out LENS.yml PHOTO… | calibrate --from FOLDER | calibrate --print-board FILE",
		Short: "Measure the camera's lens from photos of a printed board",
		Long: `Wide lenses bend shelves. From ten to twenty photos of a printed chessboard, taken by the camera itself,
this measures how, and writes a lens profile: name it as camera.lens in the agent's configuration, and
every picture is made that of an ideal lens before anything looks at it. The mount then says model and
hfov_deg as they are printed here. A pinhole's picture becomes straight; a fisheye's stays a fisheye's, whose
bend the mount knows.

  1. cooler-agent calibrate --print-board board.pdf    print it on A4 and glue it to something flat
  2. Take photos at the size that the camera will run at: the whole board in each, once in every corner and
     edge of the picture and in its middle, turned and tilted by 20 to 40 degrees, sharp, without glare.
  3. cooler-agent calibrate --out lens.yml photos/*.jpg

Told are the reprojection error (a good lens and a flat board give under half a pixel) and how much
of the picture the boards covered. A picture that does not fit the others is left out and named. Too
few boards, boards that are all seen from the same side, and pictures of several cameras are refused.`,
		Example: `  cooler-agent calibrate --print-board board.pdf
  cooler-agent calibrate --out lens.yml --rectify straight.png photos/*.jpg
  cooler-agent calibrate --out lens.yml --kind fisheye --from photos/`,
		PreRunE: func(_ *cobra.Command, args []string) error { return o.check(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.print != "" {
				return o.printBoard(cmd.OutOrStdout())
			}
			return o.run(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.print, "print-board", "", "write the board to print to this .pdf or .png")
	f.StringVar(&o.from, "from", "", "folder of the photos")
	f.StringVar(&o.kind, "kind", kindAuto, "auto, pinhole or fisheye")
	f.StringVar(&o.out, "out", "lens.yml", "file to write the lens profile to")
	f.StringVar(&o.rectify, "rectify", "", "write the first photo as the ideal lens shows it to this PNG or JPEG, to look at")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	return cmd
}

// check refuses wrong usage.
func (o calibrateOptions) check(photos []string) error {
	ext := strings.ToLower(filepath.Ext(o.print))
	switch {
	case o.print != "" && (o.from != "" || len(photos) > 0):
		return withHint(errors.New("--print-board goes without photos"), "print first, photograph, then calibrate")
	case o.print != "" && ext != ".pdf" && ext != ".png":
		return withHint(fmt.Errorf("--print-board %s is neither .pdf nor .png", o.print), "PDF prints in the right size")
	case o.print != "":
		return nil
	case (o.from == "") == (len(photos) == 0):
		return withHint(errors.New("give photos of the board, or a folder of them with --from"), "cooler-agent calibrate --print-board board.pdf makes the board")
	case o.kind != kindAuto && o.kind != lens.KindPinhole && o.kind != lens.KindFisheye:
		return withHint(fmt.Errorf("--kind %q", o.kind), "auto, pinhole or fisheye")
	}
	return nil
}

func (o calibrateOptions) printBoard(out io.Writer) error {
	data := board.PDF()
	if strings.ToLower(filepath.Ext(o.print)) == ".png" {
		var err error
		if data, err = board.PNG(boardDotsPerMM); err != nil {
			return err
		}
	}
	if err := os.WriteFile(o.print, data, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: print it on A4, glue it to something flat, and photograph it with the camera; see `cooler-agent calibrate --help`\n", o.print)
	return nil
}

// calibrated is what calibrate --json prints.
type calibrated struct {
	Out      string       `json:"out"`
	Lens     lens.Profile `json:"lens"`
	Model    string       `json:"model"`    // for the mount
	HFOVDeg  float64      `json:"hfov_deg"` // for the mount
	Pictures []viewReport `json:"pictures"`
	Faults   []string     `json:"faults"` // pictures in which no board was found, or that could not be read
}

func (o calibrateOptions) run(ctx context.Context, photos []string, out, errs io.Writer) error {
	if !opencv.Built() {
		return withHint(opencv.ErrNotBuilt, "run `make build`")
	}
	if o.from != "" {
		var err error
		if photos, err = picturesIn(o.from); err != nil {
			return fmt.Errorf("open folder of photos: %w", err)
		}
	}
	report := calibrated{Out: o.out, Faults: []string{}}
	views, first, faults, err := findBoards(ctx, photos)
	if err != nil {
		return err
	}
	for _, fault := range faults {
		report.Faults = append(report.Faults, fault.Error())
		fmt.Fprintln(errs, "error:", fault)
	}
	c, err := solve(o.kind, views, first.Width, first.Height)
	if err != nil {
		return err
	}
	data, err := c.profile.Encode()
	if err != nil {
		return err
	}
	if o.rectify != "" {
		if err := rectifyTo(o.rectify, first, &c.profile); err != nil {
			return err
		}
	}
	if err := os.WriteFile(o.out, data, 0o644); err != nil {
		return err
	}
	report.Lens, report.Pictures = c.profile, c.views
	report.Model, report.HFOVDeg, _ = c.profile.Ideal()
	return report.print(out, errs, o.asJSON)
}

// findBoards looks for the board in each photo. A photo without one is a fault; photos of different sizes are
// an error.
func findBoards(ctx context.Context, photos []string) (views []boardView, first vision.Frame, faults []error, err error) {
	for _, path := range photos {
		if ctx.Err() != nil {
			return nil, first, nil, ctx.Err()
		}
		f, err := picture.Read(path)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		if first.Width == 0 {
			first = f
		}
		if f.Width != first.Width || f.Height != first.Height {
			return nil, first, nil, withHint(fmt.Errorf("%s has %d×%d pixels, the first photo %d×%d", path, f.Width, f.Height, first.Width, first.Height),
				"take all photos with one camera, at the size that it will run at")
		}
		corners, err := opencv.FindBoard(f, board.Columns, board.Rows)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("%s: %w", path, err))
		case corners == nil:
			faults = append(faults, fmt.Errorf("%s: no board of %d×%d inner corners is seen whole", path, board.Columns, board.Rows))
		default:
			views = append(views, boardView{path, corners})
		}
	}
	return views, first, faults, nil
}

func rectifyTo(path string, f vision.Frame, p *lens.Profile) error {
	r, err := lens.NewRectifier(p, f.Width, f.Height)
	if err != nil {
		return err
	}
	return writePicture(path, r.Apply(f).Image())
}

func (c calibrated) print(out, errs io.Writer, asJSON bool) error {
	if c.Lens.Covered < wellCovered {
		fmt.Fprintf(errs, "warning: the boards covered %.0f %% of the picture; add photos with the board at its edges and corners, where a lens bends most\n", 100*c.Lens.Covered)
	}
	if asJSON {
		return json.NewEncoder(out).Encode(c)
	}
	fmt.Fprintf(out, "%s: %s lens, %d×%d, focal length %.1f px, centre %.1f, %.1f\n", c.Out, c.Lens.Kind, c.Lens.Width, c.Lens.Height, c.Lens.FX, c.Lens.CX, c.Lens.CY)
	fmt.Fprintf(out, "reprojection error %.3f px (rms) over %d pictures, boards covered %.0f %% of the picture\n", c.Lens.RMSPx, c.Lens.Pictures, 100*c.Lens.Covered)
	for _, v := range c.Pictures {
		note := ""
		if v.LeftOut {
			note = "  left out: it does not fit the others"
		}
		fmt.Fprintf(out, "  %-32s %.3f px%s\n", v.Picture, v.RMSPx, note)
	}
	fmt.Fprintf(out, "agent.yml:  camera: {lens: %s}\nmount.yml:  camera: {model: %s, hfov_deg: %.2f, …}\n", c.Out, c.Model, c.HFOVDeg)
	return nil
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/gallery"
)

// enrollOptions holds enroll's flags.
type enrollOptions struct {
	sight  sightOptions
	gtin   string
	name   string
	from   string
	box    string
	key    string
	seen   string // observation whose facings are named
	facing []int  // numbers of those facings, from 1
	token  string
	asJSON bool
	cloud  string // address of the cloud whose lessons are enrolled
	follow bool
	keys   string // folder of the keys that sign bundles
}

func enrollCommand() *cobra.Command {
	var o enrollOptions
	cmd := &cobra.Command{
		Use:   "enroll --gtin GTIN [--name NAME] PHOTO… | enroll --from FOLDER | enroll --from-observation SOURCE | enroll --from-cloud URL",
		Short: "Teach a product from a few photos",
		Long: `Adds photos of a product to a gallery, so that its facings get its name from then on. A photo may be a
crop, a product shot on a plain ground, or a pack held before the camera: of such a photo the largest pack in
the middle and parts closer and closer to the middle are taken, each a reference. Front, both sides and
the back make about four photos.

With --box, the photo is a picture of the cooler and the box that of a facing in it, as detect prints it:
so an unknown facing that was seen gets its name.

With --from, every folder named by a GTIN holds that product's photos, and its name in name.txt if you like.

With --from-observation, a facing that was seen in the field gets its name. SOURCE is the data directory of
the agent on this board (it keeps the last look with an unknown facing), a file with a line of detect --json,
or a cooler of the cloud, https://HOST/v1/coolers/DEVICE. Without --gtin its facings are listed with their
numbers for --facing; where only one has no name, that one is meant.

With --from-cloud, all that was taught on the page and waits there is put into the gallery, and the page is told
what came of it; --follow goes on doing so. With --bundle-keys, the gallery goes back as a signed bundle, ready
for a staged update. Run it where the keys are: the cloud never has them.

With --sign-key, the gallery is signed as its next version; see cooler-agent gallery --help.`,
		Example: `  cooler-agent enroll --gallery drinks.gallery --gtin 4006381333931 --name "Cola 0.5 l" front.jpg back.jpg
  cooler-agent enroll --gallery drinks.gallery --gtin 96385074 --name Tonic --box 462,162,75,129 cooler.jpg
  cooler-agent enroll --gallery drinks.gallery --from references/
  cooler-agent enroll --from-observation https://cloud.example/v1/coolers/cooler-1 --token-file token
  cooler-agent enroll --from-observation https://cloud.example/v1/coolers/cooler-1 --token-file token \
      --facing 7 --gtin 96385074 --name Tonic --gallery drinks.gallery
  cooler-agent enroll --from-cloud https://cloud.example --token-file token --gallery drinks.gallery --bundle-keys keys --follow`,
		PreRunE: func(_ *cobra.Command, args []string) error { return o.check(args) },
		RunE: func(cmd *cobra.Command, args []string) error {
			return o.run(cmd.Context(), args, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.gtin, "gtin", "", "the product's GTIN (8, 12, 13 or 14 digits)")
	f.StringVar(&o.name, "name", "", "the product's name")
	f.StringVar(&o.from, "from", "", "folder of folders that are named by GTIN, with photos and perhaps name.txt")
	f.StringVar(&o.box, "box", "", "the facing's box in the picture: x,y,width,height in pixels")
	f.StringVar(&o.sight.Gallery, "gallery", "products.gallery", "file to add to; made if it is not there")
	f.StringVar(&o.seen, "from-observation", "", "where a look is kept: the agent's data directory, a file of detect --json, or a cooler's URL in the cloud")
	f.IntSliceVar(&o.facing, "facing", nil, "numbers of that look's facings (default: the only one without a name)")
	f.StringVar(&o.token, "token-file", "", "file with the cloud's token (default $COLDSHELF_TOKEN)")
	f.StringVar(&o.cloud, "from-cloud", "", "address of the page, to teach what waits there")
	f.BoolVar(&o.follow, "follow", false, "go on teaching what comes, until stopped")
	f.StringVar(&o.keys, "bundle-keys", "", "folder of keys, made by cooler-agent bundle init: send the gallery back as a signed bundle")
	f.StringVar(&o.key, "sign-key", "", "secret key to sign the gallery with, made by cooler-agent gallery keygen")
	f.BoolVar(&o.asJSON, "json", false, "print one JSON object")
	addNetworkFlags(cmd, &o.sight)
	return cmd
}

// enrolled is what enroll --json prints.
type enrolled struct {
	Gallery    string          `json:"gallery"`
	Products   int             `json:"products"`
	References int             `json:"references"`
	Added      int             `json:"added"`
	Embedder   string          `json:"embedder"`
	Faults     []string        `json:"faults"`
	Alike      []gallery.Alike `json:"alike"`
}

func (o enrollOptions) run(ctx context.Context, photos []string, out, errs io.Writer) error {
	if o.cloud != "" {
		return o.fromCloudLessons(ctx, out, errs)
	}
	if o.seen != "" && o.gtin == "" {
		return o.listFacings(ctx, out)
	}
	lessons, err := o.lessons(ctx, photos)
	if err != nil {
		return err
	}
	path := o.sight.Gallery
	save, err := o.saving(path)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		o.sight.Gallery = "" // a new gallery is made
	}
	s, err := openSight(ctx, o.sight)
	if err != nil {
		return err
	}
	defer s.Close()
	g := gallery.New(s.Embedder)
	if s.Recogniser != nil {
		g = s.Recogniser.Gallery()
	}
	report := enrolled{Gallery: path, Embedder: s.Embedder.ID().Name + " " + s.Embedder.ID().Version, Faults: []string{}}
	if err := report.teach(ctx, s, g, lessons, errs); err != nil {
		return err
	}
	if len(report.Faults) > 0 && report.Added == 0 {
		return withHint(fmt.Errorf("%s could not be used and none was new: %s is left as it was", counted(len(report.Faults), "photo"), path), "mend or take them again, and enrol them")
	}
	if err := save(g); err != nil {
		return err
	}
	report.Products, report.References, report.Alike = len(g.GTINs()), len(g.References), g.LookAlikes()
	if err := report.print(out, g, o.asJSON); err != nil {
		return err
	}
	if len(report.Faults) > 0 {
		return withHint(fmt.Errorf("%s could not be used", counted(len(report.Faults), "photo")), "the other photos are enrolled; mend these and enrol them again")
	}
	return nil
}

// listFacings prints the facings of a look, from which the user can choose the one to name.
func (o enrollOptions) listFacings(ctx context.Context, out io.Writer) error {
	look, err := readObserved(ctx, o.seen, o.token)
	if err != nil {
		return err
	}
	return look.list(out)
}

// teach enrols the lessons in g. Photos that cannot be used are recorded as faults and printed at once; the error is that of ctx.
func (r *enrolled) teach(ctx context.Context, s *sight, g *gallery.Gallery, lessons []lesson, errs io.Writer) error {
	for _, l := range lessons {
		added, faults := teach(ctx, s, g, l)
		r.Added += added
		for _, err := range faults {
			r.Faults = append(r.Faults, err.Error())
			fmt.Fprintln(errs, "error:", err)
			if hint := pictureHint(err); hint != "" {
				fmt.Fprintln(errs, "hint:", hint)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// saving returns how the gallery is to be written: signed as its next version if there is a key. A signed
// gallery is not turned into an unsigned one, and another key's signature is not replaced.
func (o enrollOptions) saving(path string) (func(*gallery.Gallery) error, error) {
	if o.key == "" {
		g, err := gallery.Load(path)
		if err == nil && g.SignedBy != "" {
			return nil, withHint(fmt.Errorf("gallery %s is signed (version %d, key %s)", path, g.Version, g.SignedBy),
				"give the key with --sign-key, so that the new version is signed too")
		}
		return func(g *gallery.Gallery) error { return g.Save(path) }, nil // a file that cannot be read is reported when it is opened
	}
	key, err := readSigningKey(o.key)
	if err != nil {
		return nil, err
	}
	if _, err := loadOwn(path, key); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return func(g *gallery.Gallery) error {
		g.Version++
		return g.SaveSigned(path, key)
	}, nil
}

// check refuses wrong usage.
func (o enrollOptions) check(photos []string) error {
	switch {
	case o.cloud != "" && (o.seen != "" || o.from != "" || o.box != "" || o.gtin != "" || o.asJSON || len(o.facing) > 0 || len(photos) > 0):
		return withHint(errors.New("--from-cloud goes without photos and what names a product"), "products are named on the page")
	case o.cloud != "":
		return nil
	case o.follow || o.keys != "":
		return withHint(errors.New("--follow and --bundle-keys go with --from-cloud"), "give the address of the page")
	case o.seen == "" && (len(o.facing) > 0 || o.token != ""):
		return withHint(errors.New("--facing and --token-file go with --from-observation"), "say where the look is kept")
	case o.seen != "" && (o.from != "" || o.box != "" || len(photos) > 0):
		return withHint(errors.New("--from-observation goes without --from, --box and photos"), "give either")
	case o.seen != "" && o.gtin == "" && (len(o.facing) > 0 || o.asJSON):
		return withHint(errors.New("--gtin is missing"), "name the product that stands there; without --facing and --json the facings are listed")
	case o.seen != "":
		return nil
	case o.from != "" && (o.gtin != "" || o.box != "" || len(photos) > 0):
		return withHint(errors.New("--from goes without --gtin, --box and photos"), "give either")
	case o.from != "":
		return nil
	case o.gtin == "":
		return withHint(errors.New("--gtin is missing"), "name the product whose photos these are, or use --from FOLDER")
	case len(photos) == 0:
		return withHint(errors.New("no photos are given"), "three to five, from the front and the sides, make a good reference")
	case o.box != "" && len(photos) > 1:
		return withHint(errors.New("--box goes with one picture"), "enrol picture by picture")
	}
	_, err := parseBox(o.box)
	return err
}

// parseBox reads x,y,width,height; it returns nil for "".
func parseBox(s string) (*shelf.Box, error) {
	if s == "" {
		return nil, nil
	}
	var b shelf.Box
	var rest string
	if n, _ := fmt.Sscanf(s+" .", "%d,%d,%d,%d %s", &b.X, &b.Y, &b.W, &b.H, &rest); n != 5 || rest != "." || b.W <= 0 || b.H <= 0 {
		return nil, withHint(fmt.Errorf("box %q is not x,y,width,height", s), "copy the box that `cooler-agent detect` prints")
	}
	return &b, nil
}

func (r enrolled) print(out io.Writer, g *gallery.Gallery, asJSON bool) error {
	if asJSON {
		if r.Alike == nil {
			r.Alike = []gallery.Alike{}
		}
		return json.NewEncoder(out).Encode(r)
	}
	fmt.Fprintf(out, "%s: %d references added; it holds %s with %s (embedder %s)\n", r.Gallery, r.Added, counted(r.Products, "product"), counted(r.References, "reference"), r.Embedder)
	if r.Added == 0 && len(r.Faults) == 0 {
		fmt.Fprintln(out, "  nothing new: the gallery has these very pictures already; other photos, from other sides, would help it")
	}
	for _, a := range r.Alike {
		fmt.Fprintf(out, "  look alike: %s %s and %s %s (%.2f)\n", a.A, g.Names[a.A], a.B, g.Names[a.B], a.Similarity)
	}
	return nil
}

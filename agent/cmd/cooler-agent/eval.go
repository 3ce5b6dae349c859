package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"time"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/fuse"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/picture"
	"github.com/coldshelf/coldshelf/vision/pipeline"
	"github.com/coldshelf/coldshelf/vision/score"
)

// clearVisible is the visible share from which a facing's name is scored.
const clearVisible = 0.6

// evalOptions holds eval's flags.
type evalOptions struct {
	sight  sightOptions
	data   string
	oracle bool
	wrong  bool
	card   string
	weighs string
	asJSON bool
}

func evalCommand() *cobra.Command {
	var o evalOptions
	cmd := &cobra.Command{
		Use:   "eval --data FOLDER [--json]",
		Short: "Measure boxes, names and slot states against a set of pictures with truth",
		Long: `Runs every picture of a set through the whole pipeline and scores what comes out. Four formats are read:
a cooler set (frames.json, instances.json, sequences.json, planograms/, skus.json, references/), for
boxes, names, slots and stockouts; a YOLO folder (images/ and labels/) and plain COCO, for boxes alone; and
photos of one pack each (train/ and val/, of folders named by product), for names alone: train/ is enrolled
and val/ asked about. Products of a cooler set are enrolled from references/ only, all in one gallery; of the truth
nothing is used but to score.`,
		Example: `  cooler-agent eval --data cooler-val
  cooler-agent eval --json --data photos/   # photos/images and photos/labels
  cooler-agent eval --data cartons/         # cartons/train/PRODUCT/*.jpg and cartons/val/PRODUCT/*.jpg`,
		Args: cobra.NoArgs,
		PreRunE: func(*cobra.Command, []string) error {
			if o.data == "" {
				return withHint(errors.New("--data is missing"), "name the folder of the set")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&o.data, "data", "", "folder of the set")
	cmd.Flags().BoolVar(&o.oracle, "oracle", false, "take boxes and names from the truth: what is wrong then is the gate's or the mount's fault")
	cmd.Flags().BoolVar(&o.wrong, "wrong", false, "also list every slot that was judged otherwise than it was, on standard error")
	cmd.Flags().StringVar(&o.card, "card", "", "also write the table into this model card, over the set's former one")
	cmd.Flags().StringVar(&o.weighs, "evidence", "", "also write what every detection was weighed by and whether it is a facing, for models/training/weigh")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "print one JSON object")
	_ = cmd.Flags().MarkHidden("evidence")
	addNetworkFlags(cmd, &o.sight)
	return cmd
}

func (o evalOptions) run(ctx context.Context, out, errs io.Writer) error {
	if photos, ok, err := readPhotoSet(o.data); err != nil || ok {
		if err != nil {
			return err
		}
		if o.weighs != "" {
			return withHint(fmt.Errorf("%s holds photos of single packs, in which no detection is weighed", o.data), noEvidence)
		}
		return o.photos(ctx, photos, out, errs)
	}
	start := time.Now()
	set, err := readEvalSet(o.data)
	if err != nil {
		return err
	}
	if o.weighs != "" {
		if err := set.weighable(); err != nil {
			return err
		}
	}
	s, err := openSight(ctx, o.sight)
	if err != nil {
		return err
	}
	defer s.Close()
	e := &evaluation{sight: s, set: set, oracle: o.oracle, trackers: map[string]*fuse.Tracker{}}
	if set.references != "" {
		if err := e.enrol(ctx, errs); err != nil {
			return err
		}
	}
	if o.weighs != "" {
		file, err := os.Create(o.weighs)
		if err != nil {
			return err
		}
		defer file.Close()
		e.evidence = file
	}
	for i := range set.frames {
		if err := e.look(ctx, &set.frames[i]); err != nil {
			return fmt.Errorf("%s: %w", set.frames[i].id, err)
		}
	}
	if o.wrong {
		e.printWrong(errs)
	}
	r := e.report()
	r.Seconds = math.Round(time.Since(start).Seconds()*10) / 10
	r.Model, r.Runtime = e.model, s.Runtime
	if o.card != "" {
		var table bytes.Buffer
		if err := r.forCard(&table, setName(o.data)); err != nil {
			return err
		}
		if err := writeCard(o.card, setName(o.data), table.Bytes()); err != nil {
			return err
		}
	}
	if o.asJSON {
		return json.NewEncoder(out).Encode(r)
	}
	return r.print(out)
}

// evaluation is one run over a set.
type evaluation struct {
	sight    *sight
	set      *evalSet
	oracle   bool
	gallery  *gallery.Gallery
	model    string
	results  []evalResult
	trackers map[string]*fuse.Tracker // by sequence
	evidence io.Writer                // nil: not wanted
}

// evalResult is the result of one picture.
type evalResult struct {
	frame  *evalFrame
	image  score.Image
	slots  []score.Slot
	lanes  []score.Slot
	costs  pipeline.Costs
	ofSlot []string
	told   []shelf.SlotReading // as slots
}

func (e *evaluation) enrol(ctx context.Context, errs io.Writer) error {
	lessons, err := folderLessons(e.set.references)
	if err != nil {
		return err
	}
	e.gallery = gallery.New(e.sight.Embedder)
	for _, l := range lessons {
		_, faults := teach(ctx, e.sight, e.gallery, l)
		for _, err := range faults {
			fmt.Fprintln(errs, "error:", err)
		}
	}
	return nil
}

// look runs one picture. A sequence keeps its pipeline from picture to picture; a single picture has one of its
// own.
func (e *evaluation) look(ctx context.Context, f *evalFrame) error {
	frame, err := picture.Read(f.path)
	if err != nil {
		return err
	}
	cfg := pipeline.Config{Detector: e.sight.Detector}
	if e.sight.Lanes != nil {
		cfg.Lanes = e.sight.Lanes
	}
	if e.gallery != nil {
		if cfg.Recogniser, err = gallery.NewRecogniser(e.sight.Embedder, e.gallery); err != nil {
			return err
		}
	}
	if e.oracle {
		cfg.Detector, cfg.Recogniser = oracle{f}, oracle{f}
	}
	plan := e.set.plans[f.plan]
	if plan != nil && f.camera != nil {
		cfg.Mount, cfg.Planogram = mount.FromCamera(*f.camera, frame.Width, frame.Height), plan.slots
	}
	// Within a sequence the camera trembles a little and the set gives its pose for each picture, so each
	// picture has a pipeline of its own. Only the tracker is carried on.
	p, err := pipeline.New(cfg)
	if err != nil {
		return err
	}
	e.model = p.Model()
	obs, err := p.Look(ctx, frame)
	if err != nil {
		return err
	}
	if f.sequence != "" {
		if e.trackers[f.sequence] == nil {
			e.trackers[f.sequence] = fuse.New()
		}
		e.trackers[f.sequence].Step(obs)
	}
	r := evalResult{frame: f, costs: p.Costs()}
	r.image = imageOf(f, obs, p.Found())
	if e.evidence != nil {
		writeEvidence(e.evidence, f, p.Found())
	}
	if cfg.Mount != nil {
		if err := r.judge(f, plan, cfg.Mount, obs); err != nil {
			return err
		}
	}
	e.results = append(e.results, r)
	return nil
}

// imageOf combines the reported facings, which carry names, with the weak detections.
func imageOf(f *evalFrame, obs *shelf.Observation, found []pipeline.Found) score.Image {
	img := score.Image{Truth: f.truth}
	for _, fc := range obs.Facings {
		img.Guesses = append(img.Guesses, score.Guess{Box: fc.Box, Score: fc.Score, Told: true, GTIN: fc.GTIN})
	}
	for _, d := range found {
		if !d.Told {
			img.Guesses = append(img.Guesses, score.Guess{Box: d.Box, Score: d.Chance})
		}
	}
	return img
}

// judge pairs the states of slots and lanes with the truth. Lanes are judged from the same facings and the same
// blind parts, with a planogram in which every lane is a slot.
func (r *evalResult) judge(f *evalFrame, plan *evalPlan, m *mount.Mount, obs *shelf.Observation) error {
	bad := isBad(f.condition)
	said, told := map[string]shelf.State{}, map[string]shelf.SlotReading{}
	for _, s := range obs.Slots {
		said[s.SlotID], told[s.SlotID] = s.State, s
	}
	for _, t := range f.slots {
		r.slots = append(r.slots, score.Slot{Truth: t.state, Hidden: t.hidden, Said: said[t.id], Bad: bad})
		r.ofSlot, r.told = append(r.ofSlot, t.id), append(r.told, told[t.id])
	}
	sight, err := m.On(plan.lanes, obs.Width, obs.Height)
	if err != nil {
		return err
	}
	view := sight.View()
	view.Whole, view.Blind = obs.Quality.Reason, obs.Quality.Blind
	lanes := map[string]shelf.State{}
	for _, s := range shelf.Compare(plan.lanes, obs.Facings, view) {
		lanes[s.SlotID] = s.State
		if said[plan.laneSlot[s.SlotID]] == shelf.Unknown {
			lanes[s.SlotID] = shelf.Unknown
		}
	}
	for _, t := range f.lanes {
		r.lanes = append(r.lanes, score.Slot{Truth: t.state, Hidden: t.hidden, Said: lanes[t.id], Bad: bad})
	}
	return nil
}

// isBad reports whether the picture is anything but clean. Hard compression counts as clean, because it hides
// nothing.
func isBad(condition string) bool {
	switch condition {
	case "clean", "jpeg", "all", "":
		return false
	}
	return true
}

// sequences groups the results of each sequence by slot, in order of time.
func (e *evaluation) sequences() [][]score.Slot {
	type key struct{ sequence, slot string }
	by := map[key][]score.Slot{}
	for _, r := range e.results {
		if r.frame.sequence == "" {
			continue
		}
		for i, s := range r.slots {
			k := key{r.frame.sequence, r.ofSlot[i]}
			by[k] = append(by[k], s)
		}
	}
	keys := make([]key, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		if keys[i].sequence != keys[j].sequence {
			return keys[i].sequence < keys[j].sequence
		}
		return keys[i].slot < keys[j].slot
	})
	var out [][]score.Slot
	for _, k := range keys {
		out = append(out, by[k])
	}
	return out
}

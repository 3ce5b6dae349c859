package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/picture"
	"github.com/coldshelf/coldshelf/vision/pipeline"
)

// lanePatchesCommand writes the data on which package lane's network is trained. It is used by
// models/training/lanes, and hidden from those who run a board.
func lanePatchesCommand() *cobra.Command {
	var o lanePatches
	cmd := &cobra.Command{
		Use: "lane-patches --data FOLDER --out FILE", Hidden: true, Args: cobra.NoArgs,
		Short: "Write the patches of free lanes of a cooler set with their truth, for training",
		Long: `For every picture of a cooler set: finds facings, places them, and writes the patch of each lane in which nothing was
found. --missed takes that share of the facings away first, so that lanes with packs that a detector misses are
among them; --shaken moves the camera by up to that many degrees and centimetres, as an installer's eye would.

A record is 8 bytes (picture u32, little endian; condition u8; packs in the lane, 255 at most, u8; share of its front that
is to be seen × 255 u8; share that is in the picture × 255 u8), then 96×64×3 bytes BGR, 96×64 marks, 96×64 weak scores
(see vision/lane).`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.data == "" || o.out == "" {
				return withHint(errors.New("--data and --out are needed"), "see models/training/README.md")
			}
			return o.run(cmd.Context(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&o.data, "data", "", "folder of the set")
	cmd.Flags().StringVar(&o.out, "out", "", "file to write")
	cmd.Flags().Float64Var(&o.missed, "missed", 0, "share of the facings to take away, 0 to 1")
	cmd.Flags().Float64Var(&o.shaken, "shaken", 0, "degrees and centimetres by which the camera is off")
	cmd.Flags().Uint32Var(&o.seed, "seed", 1, "of what is taken away and shaken")
	addNetworkFlags(cmd, &o.sight)
	return cmd
}

type lanePatches struct {
	sight          sightOptions
	data, out      string
	missed, shaken float64
	seed           uint32
	rng            *rand.Rand
}

// leastInFrame is the share of a lane's front that must be in the picture for the lane to be used.
const leastInFrame = 0.25

// conditions is in the order of their numbers in a record.
var conditions = []string{"clean", "jpeg", "fog", "glare", "dark", "over", "blur", "arm", "blocked"}

func (o *lanePatches) run(ctx context.Context, errs io.Writer) error {
	set, err := readEvalSet(o.data)
	if err != nil {
		return err
	}
	s, err := openSight(ctx, o.sight)
	if err != nil {
		return err
	}
	defer s.Close()
	file, err := os.Create(o.out)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(file, 1<<20)
	o.rng = rand.New(rand.NewPCG(uint64(o.seed), 1))
	n := 0
	for i := range set.frames {
		k, err := o.frame(ctx, s, set, i, out)
		if err != nil {
			return errors.Join(fmt.Errorf("%s: %w", set.frames[i].id, err), file.Close())
		}
		n += k
	}
	fmt.Fprintf(errs, "%d patches of %d pictures\n", n, len(set.frames))
	return errors.Join(out.Flush(), file.Close())
}

func (o *lanePatches) frame(ctx context.Context, s *sight, set *evalSet, i int, out io.Writer) (int, error) {
	f := &set.frames[i]
	plan := set.plans[f.plan]
	if plan == nil || f.camera == nil {
		return 0, errors.New("no planogram or no camera")
	}
	picture, err := picture.Read(f.path)
	if err != nil {
		return 0, err
	}
	found, err := s.Detector.Detect(ctx, picture)
	if err != nil {
		return 0, err
	}
	camera := *f.camera
	for k := range 3 {
		camera.PosM[k] += 0.01 * o.shaken * (2*o.rng.Float64() - 1)
		camera.TargetM[k] += 0.01 * o.shaken * (2*o.rng.Float64() - 1)
	}
	camera.RollDeg += o.shaken * (2*o.rng.Float64() - 1)
	sight, err := mount.FromCamera(camera, picture.Width, picture.Height).On(plan.lanes, picture.Width, picture.Height)
	if err != nil {
		return 0, err
	}
	facings, scene := o.takeAway(found)
	scene.Frame = picture
	sight.Settle(facings)
	sight.Assign(facings)
	truth := map[string]evalSlot{}
	for _, t := range f.lanes {
		truth[t.id] = t
	}
	n := 0
	for _, l := range sight.FreeLanes(facings) {
		t, ok := truth[l.SlotID]
		if !ok || l.InFrame < leastInFrame {
			continue
		}
		p := lane.Cut(scene, lane.Shape{Front: l.Front, Floor: l.Floor, Back: l.Back})
		if err := record(out, i, f.condition, t, l.InFrame, p); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

func wholeBox(d vision.Detection) shelf.Box {
	x, y := int(math.Round(d.X0)), int(math.Round(d.Y0))
	return shelf.Box{X: x, Y: y, W: max(1, int(math.Round(d.X1))-x), H: max(1, int(math.Round(d.Y1))-y)}
}

// takeAway drops some facings, half of which leave a weak detection.
func (o *lanePatches) takeAway(found []vision.Detection) ([]shelf.Facing, lane.Scene) {
	var facings []shelf.Facing
	var scene lane.Scene
	for _, d := range found {
		b := wholeBox(d)
		switch {
		case d.Weak && d.Score < pipeline.WeakFrom:
		case d.Weak:
			scene.Weak = append(scene.Weak, lane.Weak{Box: b, Score: d.Score})
		case o.rng.Float64() < o.missed:
			if o.rng.IntN(2) == 0 {
				scene.Weak = append(scene.Weak, lane.Weak{Box: b, Score: 0.05 + 0.25*o.rng.Float64()})
			}
		default:
			facings = append(facings, shelf.Facing{Box: b, Score: d.Score})
			scene.Facings = append(scene.Facings, b)
		}
	}
	return facings, scene
}

// record writes one lane.
func record(out io.Writer, frame int, condition string, t evalSlot, inFrame float64, p *lane.Patch) error {
	var head [8]byte
	binary.LittleEndian.PutUint32(head[0:], uint32(frame))
	head[4] = byte(slices.Index(conditions, condition))
	if t.state != shelf.Empty {
		head[5] = byte(max(1, min(t.items, 255)))
	}
	head[6], head[7] = byte(255*t.view), byte(255*inFrame)
	for _, part := range [][]byte{head[:], p.BGR[:], p.Marks[:], p.Weak[:]} {
		if _, err := out.Write(part); err != nil {
			return err
		}
	}
	return nil
}

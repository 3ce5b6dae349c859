package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"reflect"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/weights"
	"github.com/coldshelf/coldshelf/vision"
	"github.com/coldshelf/coldshelf/vision/detect"
	"github.com/coldshelf/coldshelf/vision/embed"
	"github.com/coldshelf/coldshelf/vision/gallery"
	"github.com/coldshelf/coldshelf/vision/lane"
	"github.com/coldshelf/coldshelf/vision/mount"
	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/ort"
	"github.com/coldshelf/coldshelf/vision/pipeline"
)

// sightOptions says which networks look, how, and what they know. Paths may be "".
type sightOptions struct {
	Weights string // folder with a manifest; "": $COLDSHELF_WEIGHTS, else the networks inside the program
	Runtime string // auto, opencv or onnxruntime; "" is auto
	Target  string // cpu or cuda; "" is cpu
	Library string // of ONNX Runtime; "": looked for
	Threads int    // a pass; 0: the runtime chooses
	Gallery string // file; "": nothing has a name
	Key     string // file of public keys, one of which must have signed the gallery; "": it need not be signed
	Floor   string // file of the highest gallery version that was in use; with Key
	Mount   string // file; "": slots are not judged
	Video   bool   // frames come from one fixed camera, in order
	// Sparing holds little memory between looks, and takes longer for one.
	Sparing bool
	// Thresholds in place of the networks' own, by the names of thresholdNames.
	Thresholds map[string]int64
	Log        *slog.Logger
}

// same says that two open the same sight.
func (o sightOptions) same(p sightOptions) bool {
	ofO, ofP := o.Thresholds, p.Thresholds
	o.Thresholds, p.Thresholds, o.Log, p.Log = nil, nil, nil, nil
	return reflect.DeepEqual(o, p) && maps.Equal(ofO, ofP)
}

// sight is what looks: the networks, the gallery and the mount, ready to make pipelines. It belongs to one
// goroutine at a time.
type sight struct {
	Detector   vision.Detector
	Embedder   vision.Embedder
	Lanes      *lane.Network       // nil where the weights have none
	Recogniser *gallery.Recogniser // nil without a gallery
	Mount      *mount.Mount        // nil without one
	Runtime    string              // what runs the networks, for the log

	opts  sightOptions
	close []func() error
}

// openSight loads the networks. Close what it gives.
func openSight(ctx context.Context, o sightOptions) (*sight, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &sight{opts: o}
	if err := s.open(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *sight) open(ctx context.Context) error {
	set, err := openWeights(s.opts.Weights)
	if err != nil {
		return err
	}
	loader, err := newLoader(s.opts)
	if err != nil {
		return err
	}
	s.Runtime = loader.runtime
	spec, err := set.Task(weights.FacingDetection)
	if err != nil {
		return err
	}
	if err := override(&spec.Thresholds, s.opts.Thresholds); err != nil {
		return err
	}
	net, err := s.load(ctx, loader, set, spec)
	if err != nil {
		return err
	}
	if s.Detector, err = detect.New(net, spec); err != nil {
		return err
	}
	if err := s.openEmbedder(ctx, loader, set); err != nil {
		return err
	}
	if err := s.openLanes(ctx, loader, set); err != nil {
		return err
	}
	s.opts.Log.Info("networks loaded", "runtime", s.Runtime, "weights", set.From(), "detector", s.Detector.Model(), "embedder", s.Embedder.ID().Name)
	if s.opts.Mount != "" {
		if s.Mount, err = readMount(s.opts.Mount); err != nil {
			return err
		}
	}
	return s.openGallery(ctx)
}

func (s *sight) load(ctx context.Context, l *loader, set *weights.Set, spec weights.Network) (vision.Network, error) {
	net, err := l.load(ctx, set, spec)
	if err != nil {
		return nil, err
	}
	s.close = append(s.close, net.Close)
	return net, nil
}

// openLanes takes the set's judge of lanes, where it has one.
func (s *sight) openLanes(ctx context.Context, l *loader, set *weights.Set) error {
	spec, err := set.Task(weights.LaneBare)
	if errors.Is(err, weights.ErrTask) {
		return nil
	}
	if err != nil {
		return err
	}
	net, err := s.load(ctx, l, set, spec)
	if err != nil {
		return err
	}
	s.Lanes, err = lane.NewNetwork(net, spec)
	return err
}

// openEmbedder takes the set's network, or colours and edges where the set has none.
func (s *sight) openEmbedder(ctx context.Context, l *loader, set *weights.Set) error {
	spec, err := set.Task(weights.PackEmbedding)
	if errors.Is(err, weights.ErrTask) {
		s.Embedder = embed.ColourLayout{}
		return nil
	}
	if err != nil {
		return err
	}
	if err := override(&spec.Thresholds, s.opts.Thresholds); err != nil {
		return err
	}
	net, err := s.load(ctx, l, set, spec)
	if err != nil {
		return err
	}
	s.Embedder, err = embed.NewNetwork(net, spec)
	return err
}

// openGallery reads the gallery; one of another embedder is embedded again from the pictures it keeps.
func (s *sight) openGallery(ctx context.Context) error {
	if s.opts.Gallery == "" {
		return nil
	}
	g, err := s.loadGallery()
	switch {
	case errors.Is(err, gallery.ErrUnsigned), errors.Is(err, gallery.ErrSignature), errors.Is(err, gallery.ErrRollback):
		return withHint(err, signatureHint(err))
	case err != nil:
		hint := "check the file, or enrol again with `cooler-agent enroll`"
		if errors.Is(err, os.ErrNotExist) {
			hint = "make a gallery with `cooler-agent enroll --gallery " + s.opts.Gallery + " --gtin … PHOTO`, or leave --gallery out"
		}
		return withHint(err, hint)
	}
	if err := g.Fits(s.Embedder); err != nil {
		s.opts.Log.Info("gallery embedded again", "was", g.Embedder.Name+" "+g.Embedder.Version, "references", len(g.References))
		if err := g.Reembed(ctx, s.Embedder); err != nil {
			return withHint(fmt.Errorf("gallery %s: %w", s.opts.Gallery, err), "enrol again with `cooler-agent enroll`")
		}
	}
	if s.opts.Sparing { // the pictures were for embedding again; their file has them still
		for i := range g.References {
			g.References[i].JPEG = nil
		}
	}
	s.Recogniser, err = gallery.NewRecogniser(s.Embedder, g)
	return err
}

// loadGallery reads the gallery, signed and not outdated where there is a key.
func (s *sight) loadGallery() (*gallery.Gallery, error) {
	if s.opts.Key == "" {
		return gallery.Load(s.opts.Gallery)
	}
	keys, err := readTrustedKeys(s.opts.Key)
	if err != nil {
		return nil, err
	}
	return gallery.Floor{Path: s.opts.Floor}.Load(s.opts.Gallery, keys)
}

// Pipeline makes a pipeline for a planogram, nil for none.
func (s *sight) Pipeline(plan *shelf.Planogram) (*pipeline.Pipeline, error) {
	cfg := pipeline.Config{Detector: s.Detector, Mount: s.Mount, Planogram: plan, Video: s.opts.Video}
	if s.Recogniser != nil {
		cfg.Recogniser = s.Recogniser
	}
	if s.Lanes != nil {
		cfg.Lanes = s.Lanes
	}
	p, err := pipeline.New(cfg)
	if errors.Is(err, mount.ErrPlanogram) {
		err = withHint(err, "a mount needs width_mm and each shelf's height_mm in the planogram")
	}
	return p, err
}

// Close frees the networks.
func (s *sight) Close() error {
	var faults []error
	for _, f := range s.close {
		faults = append(faults, f())
	}
	s.close = nil
	return errors.Join(faults...)
}

// openWeights takes the folder that is given, else $COLDSHELF_WEIGHTS, else what is inside the program.
func openWeights(dir string) (*weights.Set, error) {
	if dir == "" {
		dir = os.Getenv("COLDSHELF_WEIGHTS")
	}
	if dir == "" {
		return weights.Built()
	}
	set, err := weights.Dir(dir)
	return set, withHint(err, "a folder of weights holds manifest.json and the files that it names; leave it out to use the built-in ones")
}

func readMount(path string) (*mount.Mount, error) {
	data, err := readSmall(path, mount.MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("open mount: %w", err)
	}
	m, err := mount.Decode(data)
	if err != nil {
		return nil, withHint(fmt.Errorf("%s: %w", path, err), "docs/mount.md has the file's keys; `cooler-agent mount` makes one")
	}
	return m, nil
}

func readPlanogram(path string) (*shelf.Planogram, error) {
	data, err := readSmall(path, shelf.MaxPlanogramBytes)
	if err != nil {
		return nil, fmt.Errorf("open planogram: %w", err)
	}
	plan, err := shelf.DecodePlanogram(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return plan, nil
}

// readSmall reads a file that must not be larger than limit.
func readSmall(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s is %d bytes, the limit is %d", path, info.Size(), limit)
	}
	return os.ReadFile(path)
}

// cacheDir is where verdicts on models are kept, "" where the board has no such place.
func cacheDir() string {
	if dir := os.Getenv("COLDSHELF_CACHE"); dir != "" {
		return filepath.Join(dir, "models")
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "coldshelf", "models")
}

// Names of runtimes, as --runtime and the configuration say them.
const (
	runtimeAuto   = "auto"
	runtimeOpenCV = "opencv"
	runtimeONNX   = "onnxruntime"
)

// chooseRuntime opens ONNX Runtime where it is asked for or there, nil for OpenCV.
func chooseRuntime(o sightOptions) (*ort.Runtime, error) {
	switch o.Runtime {
	case runtimeOpenCV:
	case runtimeONNX:
		rt, err := ort.Open(o.Library)
		return rt, withHint(err, "`make setup` puts the library into the cache; or name it with --onnxruntime or $ONNXRUNTIME_LIB; or use --runtime opencv")
	case runtimeAuto, "":
		// CUDA is OpenCV's here: the npm package's ONNX Runtime has none.
		if o.Target == opencv.CUDA {
			break
		}
		rt, err := ort.Open(o.Library)
		if err == nil {
			return rt, nil
		}
		if !opencv.Built() {
			return nil, withHint(errors.Join(opencv.ErrNotBuilt, err), "build with `make build`, or install ONNX Runtime's library")
		}
		if o.Library != "" {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("runtime %q is none of %s, %s, %s", o.Runtime, runtimeAuto, runtimeOpenCV, runtimeONNX)
	}
	if !opencv.Built() {
		return nil, withHint(opencv.ErrNotBuilt, "run `make build`, or use --runtime onnxruntime")
	}
	return nil, nil
}

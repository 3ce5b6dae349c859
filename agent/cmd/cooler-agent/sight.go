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
	Weights string // folder with a manifest; "": $COLDSHELF_WEIGHTS, or else the networks built into the program
	Runtime string // auto, opencv or onnxruntime; "" is auto
	Target  string // cpu or cuda; "" is cpu
	Library string // path of ONNX Runtime's library; "": it is looked for
	Threads int    // per pass; 0: the runtime chooses
	Gallery string // file; "": facings get no names
	Key     string // file of public keys, one of which must have signed the gallery; "": it need not be signed
	Floor   string // file with the highest gallery version that was in use; only with Key
	Mount   string // file; "": slots are not judged
	Video   bool   // the frames come from one fixed camera, in order
	// Sparing uses little memory between looks, but takes longer for one.
	Sparing bool
	// Thresholds replace those of the networks. The keys are those of thresholdNames.
	Thresholds map[string]int64
	Log        *slog.Logger
}

// same reports whether both options open the same sight.
func (o sightOptions) same(p sightOptions) bool {
	ofO, ofP := o.Thresholds, p.Thresholds
	o.Thresholds, p.Thresholds, o.Log, p.Log = nil, nil, nil, nil
	return reflect.DeepEqual(o, p) && maps.Equal(ofO, ofP)
}

// sight holds everything that looks: the networks, the gallery and the mount, from which it makes pipelines. It
// must be used by one goroutine at a time.
type sight struct {
	Detector   vision.Detector
	Embedder   vision.Embedder
	Lanes      *lane.Network       // nil if the weights have none
	Recogniser *gallery.Recogniser // nil without a gallery
	Mount      *mount.Mount        // nil without one
	Runtime    string              // the runtime of the networks, for the log

	opts  sightOptions
	close []func() error
}

// openSight loads the networks. The caller must call Close.
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

// openLanes loads the network that judges lanes, if the set has one.
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

// openEmbedder loads the set's embedder, or falls back to colours and edges if the set has none.
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

// openGallery reads the gallery. If another embedder made it, its pictures are embedded again.
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
	if s.opts.Sparing { // the pictures are only needed for embedding again, and the file still has them
		for i := range g.References {
			g.References[i].JPEG = nil
		}
	}
	s.Recogniser, err = gallery.NewRecogniser(s.Embedder, g)
	return err
}

// loadGallery reads the gallery. If there is a key, it must be signed and not outdated.
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

// Pipeline returns a pipeline for a planogram; nil means that there is none.
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

// openWeights opens the given folder, else $COLDSHELF_WEIGHTS, else the networks built into the program.
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

// cacheDir returns the folder in which verdicts on models are kept, or "" if the board has no place for it.
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

// The names of the runtimes in --runtime and in the configuration.
const (
	runtimeAuto   = "auto"
	runtimeOpenCV = "opencv"
	runtimeONNX   = "onnxruntime"
)

// chooseRuntime opens ONNX Runtime if it is asked for or available; nil means OpenCV.
func chooseRuntime(o sightOptions) (*ort.Runtime, error) {
	switch o.Runtime {
	case runtimeOpenCV:
	case runtimeONNX:
		rt, err := ort.Open(o.Library)
		return rt, withHint(err, "`make setup` puts the library into the cache; or name it with --onnxruntime or $ONNXRUNTIME_LIB; or use --runtime opencv")
	case runtimeAuto, "":
		// CUDA is only available through OpenCV: the ONNX Runtime in the npm package does not have it.
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

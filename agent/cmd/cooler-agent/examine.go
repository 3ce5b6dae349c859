package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/coldshelf/coldshelf/agent/internal/config"
	"github.com/coldshelf/coldshelf/agent/internal/enrol"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/vision/opencv"
	"github.com/coldshelf/coldshelf/vision/pipeline"
)

// examiner makes doctor's checks on a configuration that could be read.
type examiner struct {
	*examination
	cfg      *config.Config
	sight    *sight
	pipeline *pipeline.Pipeline
}

func examineConfig(path string, e *examination) *config.Config {
	cfg, err := loadConfig(path)
	if err != nil {
		e.fault("config", err, "`cooler-agent run --help` shows a small configuration")
		return nil
	}
	e.add("config", good, "", "%s: %s/%s/%s", path, cfg.Tenant, cfg.Store, cfg.Device)
	return cfg
}

func (x *examiner) close() {
	if x.sight != nil {
		x.sight.Close()
	}
}

// vision loads the networks, the planogram and the mount.
func (x *examiner) vision(ctx context.Context) {
	if opencv.Built() {
		x.add("opencv", good, "", "OpenCV %s is compiled in", opencv.Version())
	} else {
		x.add("opencv", poor, "build with `make build`", "OpenCV is not compiled in: folders only, and ONNX Runtime is needed")
	}
	v := x.cfg.Vision
	s, err := openSight(ctx, sightOf(x.cfg))
	if err != nil {
		x.fault("networks", err, "")
	} else {
		x.sight = s
		x.add("networks", good, "", "%s on %s", s.Detector.Model(), s.Runtime)
		if s.Recogniser == nil {
			x.add("gallery", poor, "enrol products with `cooler-agent enroll` and name the file in vision.gallery", "none: facings have no names")
		} else {
			g := s.Recogniser.Gallery()
			x.add("gallery", good, "", "%s", galleryWords(g))
		}
	}
	plan := x.planogram()
	if s == nil {
		return
	}
	x.references(plan)
	if x.pipeline, err = s.Pipeline(plan); err != nil {
		x.fault("mount", err, "")
		return
	}
	switch {
	case s.Mount == nil && plan != nil:
		x.add("mount", poor, "stock the cooler, `cooler-agent mount --config AGENT.yml` makes the file; name it in vision.mount", "none: slots are not judged")
	case s.Mount != nil && plan != nil:
		x.add("mount", good, "", "%s fits the planogram", v.Mount)
	}
}

// references reports the products of the planogram that the gallery does not know: their facings would have no
// names.
func (x *examiner) references(plan *shelf.Planogram) {
	if plan == nil || x.sight.Recogniser == nil {
		return
	}
	due, missing := missingProducts(plan, x.sight.Recogniser.Gallery().GTINs())
	if len(missing) == 0 {
		return
	}
	shown := missing[:min(len(missing), 5)]
	more := ""
	if len(shown) < len(missing) {
		more = fmt.Sprintf(" and %d more", len(missing)-len(shown))
	}
	hint := "enrol them with `cooler-agent enroll --gallery " + x.cfg.Vision.Gallery + " --gtin GTIN PHOTO…`"
	if len(missing) == due {
		hint = "vision.gallery may be that of another assortment: name the one with these products, or " + hint
	}
	x.add("references", poor, hint, "%d of %d products due are not in the gallery: %s%s", len(missing), due, strings.Join(shown, ", "), more)
}

// missingProducts counts the products that a planogram wants, and lists those that nothing in known stands for.
func missingProducts(plan *shelf.Planogram, known []shelf.GTIN) (due int, missing []string) {
	seen := map[shelf.GTIN]bool{}
	for _, sh := range plan.Shelves {
		for _, slot := range sh.Slots {
			if seen[slot.GTIN] {
				continue
			}
			seen[slot.GTIN] = true
			if slices.ContainsFunc(known, func(got shelf.GTIN) bool { return plan.Fills(slot.GTIN, got) }) {
				continue
			}
			name := string(slot.GTIN)
			if p, ok := plan.Product(slot.GTIN); ok && p.Name != "" {
				name += " " + p.Name
			}
			missing = append(missing, name)
		}
	}
	return len(seen), missing
}

func (x *examiner) planogram() *shelf.Planogram {
	if x.cfg.Planogram == "" {
		x.add("planogram", poor, "name a file in planogram, or have the cloud send one", "none: facings are reported, slots are not judged")
		return nil
	}
	plan, err := readPlanogram(x.cfg.Planogram)
	if err != nil {
		x.fault("planogram", err, "correct the planogram")
		return nil
	}
	slots := 0
	for _, s := range plan.Shelves {
		slots += len(s.Slots)
	}
	x.add("planogram", good, "", "%s version %d, %d slots", plan.ID, plan.Version, slots)
	return plan
}

// camera takes one picture and, if vision works, looks at it.
func (x *examiner) camera(ctx context.Context) {
	cam, err := openCamera(x.cfg.Camera)
	if err != nil {
		x.fault("camera", err, "check camera.source")
		return
	}
	defer cam.Close()
	ctx, cancel := context.WithTimeout(ctx, 2*x.cfg.Camera.Stall)
	defer cancel()
	start := time.Now()
	f, err := cam.Capture(ctx)
	if err != nil {
		x.fault("camera", err, cameraHint(err, x.cfg.Camera.Source))
		return
	}
	x.add("camera", good, "", "%d×%d from %s in %v", f.Width, f.Height, opencv.Redacted(x.cfg.Camera.Source), time.Since(start).Round(time.Millisecond))
	if x.pipeline == nil {
		return
	}
	start = time.Now()
	obs, err := x.pipeline.Look(ctx, f)
	switch {
	case err != nil:
		x.fault("picture", err, "")
	case obs.Quality.Reason != shelf.NoReason:
		x.add("picture", poor, "clean the lens, light the cooler, aim the camera", "cannot be judged: %s", obs.Quality.Reason)
	default:
		x.judged(obs, time.Since(start).Round(time.Millisecond))
	}
}

// judged reports how many slots a good picture settled. If it settled none, the mount or the planogram more
// often belongs to another cooler than the shelf is hidden.
func (x *examiner) judged(obs *shelf.Observation, took time.Duration) {
	settled := 0
	why := map[shelf.Reason]int{}
	for _, s := range obs.Slots {
		if s.State == shelf.Unknown {
			why[s.Reason]++
			continue
		}
		settled++
	}
	if len(obs.Slots) == 0 {
		x.add("picture", good, "", "%s in %v", counted(len(obs.Facings), "facing"), took)
		return
	}
	detail := fmt.Sprintf("%s, %d of %d slots judged in %v", counted(len(obs.Facings), "facing"), settled, len(obs.Slots), took)
	if settled > 0 {
		x.add("picture", good, "", "%s", detail)
		return
	}
	var reasons []string
	for _, r := range slices.Sorted(maps.Keys(why)) {
		reasons = append(reasons, fmt.Sprintf("%s: %d", r, why[r]))
	}
	x.add("picture", poor, "do planogram and vision.mount belong to this cooler and this camera? See `cooler-agent detect --planogram … --mount … --draw out.png`, and make the mount anew with `cooler-agent mount`",
		"%s (%s)", detail, strings.Join(reasons, ", "))
}

// lowDisk returns the free space below which a warning is due: a full outbox and as much again.
func (x *examiner) lowDisk() uint64 { return 2 * uint64(x.cfg.Outbox.MaxBytes) }

// data checks the data folder and the outbox in it.
func (x *examiner) data(ctx context.Context) {
	dir := x.cfg.DataDir
	if err := writable(dir); err != nil {
		x.fault("data", err, "the agent goes on, but what it has not sent is lost at the next power cut; make data_dir writable")
		return
	}
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil {
		x.fault("data", fmt.Errorf("%s: %w", dir, err), "")
		return
	}
	if free := fs.Bavail * uint64(fs.Bsize); free < x.lowDisk() {
		x.add("data", poor, "free some, or lower outbox.max_bytes", "%s has %d MB free, the outbox may grow to %d MB", dir, free>>20, x.cfg.Outbox.MaxBytes>>20)
	} else {
		x.add("data", good, "", "%s has %d MB free", dir, free>>20)
	}
	h, err := outbox.Inspect(ctx, dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		x.add("outbox", good, "", "not begun yet")
	case errors.Is(err, outbox.ErrInUse):
		x.add("outbox", good, "", "a running agent has it open")
	case err != nil:
		x.add("outbox", poor, "the agent sets it aside at its next start and begins a new one", "%v", err)
	default:
		x.add("outbox", good, "", "%d messages wait, %d kB", h.Messages, h.Bytes>>10)
	}
}

// writable tries to create a file in dir, which it creates first.
func writable(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".doctor-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func (x *examiner) clock() {
	at, quality := clockOf(x.cfg).Stamp()
	stamp := at.Format(time.RFC3339)
	switch quality {
	case telemetry.NTP, telemetry.RTC:
		x.add("clock", good, "", "%s, %s", stamp, quality)
	default:
		x.add("clock", poor, "let systemd-timesyncd or chrony run; on a machine whose clock is right, say clock: trusted",
			"%s, but neither the network nor a battery-backed clock vouches for it", stamp)
	}
}

// certificate reports whether the board is enrolled, and for how long.
func (x *examiner) certificate() {
	if x.cfg.Cloud.URL == "" {
		return
	}
	c, err := enrol.In(x.cfg.DataDir).Load()
	if err != nil {
		x.fault("certificate", err, "enrol this board with `cooler-agent provision`")
		return
	}
	_, to, err := c.Span()
	switch left := time.Until(to).Round(time.Hour); {
	case err != nil:
		x.fault("certificate", err, "enrol this board again with `cooler-agent provision --again`")
	case left <= 0:
		x.add("certificate", bad, "enrol this board again with `cooler-agent provision --again`", "it ended on %s", to.Format(time.DateOnly))
	default:
		x.add("certificate", good, "", "%s until %s", nameOf(c.Identity), to.Format(time.DateOnly))
	}
}

func (x *examiner) broker(ctx context.Context) {
	if x.cfg.Uplink.Broker == "" {
		x.add("broker", poor, "name it in uplink.broker", "none: the outbox keeps everything")
		return
	}
	u, err := uplinkOf(x.cfg)
	if err != nil {
		x.fault("broker", err, "check the files that uplink names")
		return
	}
	u.Identity = x.cfg.Identity()
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if err := uplink.Try(ctx, u); err != nil {
		x.fault("broker", err, brokerHint(err, x.cfg.Uplink.Broker))
		return
	}
	x.add("broker", good, "", "%s lets this board in", x.cfg.Uplink.Broker)
}

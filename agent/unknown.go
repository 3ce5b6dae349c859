package agent

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/vision/picture"
)

// UnknownDir is the folder in the data directory that holds the last look with a facing that nobody has
// enrolled: observation.json and the picture that it names. `cooler-agent enroll --from-observation` reads it
// on the board itself, so that a product can be named without a network connection. It never leaves the board.
// A look in which somebody stood in front of the shelf is not kept, and an arm that reached in is blurred.
const UnknownDir = "unknown"

// UnknownFile is the name of the observation's file in UnknownDir.
const UnknownFile = "observation.json"

const (
	// unknownEvery spares the board's flash: a facing without a name stays for hours.
	unknownEvery   = 10 * time.Minute
	unknownQuality = 92
)

// Seen is the content of UnknownFile. A line of `cooler-agent detect --json` begins with the same fields.
type Seen struct {
	Image   string         `json:"image"` // file beside it
	Width   int            `json:"width"`
	Height  int            `json:"height"`
	At      time.Time      `json:"captured_at,omitzero"`
	Facings []shelf.Facing `json:"facings"`
}

// keepUnknown replaces the content of UnknownDir by this look, if it shows a facing without a name.
func (a *Agent) keepUnknown(s sight) error {
	unknown := func(f shelf.Facing) bool { return f.GTIN == "" }
	if a.opts.DataDir == "" || !slices.ContainsFunc(s.obs.Facings, unknown) {
		return nil
	}
	if s.withhold() != "" || s.obs.Quality.Reason != shelf.NoReason {
		return nil
	}
	if last := a.eyes.unknownAt; !last.IsZero() && time.Since(last) < unknownEvery {
		return nil
	}
	a.eyes.unknownAt = time.Now()
	dir := filepath.Join(a.opts.DataDir, UnknownDir)
	jpeg, err := picture.JPEG(s.cover.blur(s.frame), unknownQuality)
	if err != nil {
		return err
	}
	// The picture has a name of its own and is written first, so that the observation never names another
	// look's picture.
	name := fmt.Sprintf("%d-%d.jpg", s.key.Boot, s.key.Seq)
	if err := atomicfile.Write(filepath.Join(dir, name), jpeg); err != nil {
		return err
	}
	seen, err := json.Marshal(Seen{name, s.obs.Width, s.obs.Height, s.when.at, s.obs.Facings})
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(dir, UnknownFile), append(seen, '\n')); err != nil {
		return err
	}
	return removeOthers(dir, name)
}

// removeOthers removes the pictures of earlier looks.
func removeOthers(dir, keep string) error {
	pictures, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	if err != nil {
		return err
	}
	for _, p := range pictures {
		if filepath.Base(p) == keep {
			continue
		}
		if err := os.Remove(p); err != nil {
			return err
		}
	}
	return nil
}

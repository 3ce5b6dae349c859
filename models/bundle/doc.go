// Package bundle is the file in which networks, a gallery or the agent itself come to a board.
//
// It is a zip that holds a whole repository of The Update Framework (go-tuf v2): `metadata/` with every
// root since the first, the timestamp, the snapshot and the targets; `targets/release.json`, which says
// what the release is; and `targets/files/…`, what it consists of. So one file, from any server or from
// a stick, is all that a board without a network needs: whoever serves it need not be trusted, keys can
// be replaced by a new root that the old one signs, and a board that keeps the metadata of what it
// accepted refuses anything older.
//
// It refuses a file that the metadata do not list, a file that they list and that is not there, and
// paths that leave the folder. It promises that a bundle of Format 1 stays readable.
package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Format is what this code writes and reads.
const Format = 1

// MaxBytes bounds a bundle; an agent with its networks is 30 MB.
const MaxBytes = 512 << 20

// Kinds of bundles.
const (
	Model   = "model"   // a folder of networks with its manifest.json
	Gallery = "gallery" // the one file GalleryFile
	Agent   = "agent"   // the one file AgentFile, for the release's Arch
)

// Names of the single files.
const (
	GalleryFile = "gallery"
	AgentFile   = "cooler-agent"
)

// Kinds lists them.
func Kinds() []string { return []string{Agent, Gallery, Model} }

// Release says what a bundle holds.
type Release struct {
	Format  int       `json:"format"`
	Kind    string    `json:"kind"`
	Version string    `json:"version"`        // compared by Compare
	Arch    string    `json:"arch,omitempty"` // GOARCH of an agent
	Made    time.Time `json:"made"`
}

var versionPattern = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+~_-]{0,99}$`)

// Validate joins every fault.
func (r Release) Validate() error {
	var errs []error
	if r.Format != Format {
		errs = append(errs, fmt.Errorf("format: %d, this program reads %d", r.Format, Format))
	}
	if !slices.Contains(Kinds(), r.Kind) {
		errs = append(errs, fmt.Errorf("kind: %q, must be one of %s", r.Kind, strings.Join(Kinds(), ", ")))
	}
	if !versionPattern.MatchString(r.Version) {
		errs = append(errs, fmt.Errorf("version: %q, must be letters, digits and . + ~ _ -, at most 100", r.Version))
	}
	if (r.Kind == Agent) != (r.Arch != "") {
		errs = append(errs, fmt.Errorf("arch: %q of kind %s; an agent has one, nothing else has", r.Arch, r.Kind))
	}
	return errors.Join(errs...)
}

func decodeRelease(data []byte) (Release, error) {
	var r Release
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("%s: %w", releaseFile, err)
	}
	if err := r.Validate(); err != nil {
		return r, fmt.Errorf("%s: %w", releaseFile, err)
	}
	return r, nil
}

// Where things are inside the zip.
const (
	metadataFolder = "metadata/"
	targetsFolder  = "targets/"
	filesFolder    = "files/"
	releaseFile    = "release.json"
)

// Package weights carries the trained networks inside the program: ONNX files and the manifest that
// says what each is, how to feed it, and where its scores divide right from wrong. Every file is
// checked against its SHA-256 in the manifest before it is handed out; one that differs is refused.
//
// It knows nothing of how networks are run, and promises that a manifest of Format 1 stays readable.
package weights

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

//go:embed manifest.json */*.onnx */*.onnx.gz
var built embed.FS

// Format is the manifest's version that this code reads.
const Format = 1

// maxFile bounds a network, packed and unpacked: ours have up to 15 megabytes.
const maxFile = 256 << 20

// packed ends the name of a network's file that is compressed by gzip.
const packed = ".gz"

// Tasks of networks.
const (
	FacingDetection = "facing-detection" // outputs "heat" and "ltrb"
	PackEmbedding   = "pack-embedding"   // output "embedding"
	LaneBare        = "lane-bare"        // output "bare"
)

// Errors that a caller may branch on.
var (
	ErrHash = errors.New("file differs from its SHA-256 in the manifest")
	ErrTask = errors.New("no such network in the manifest")
)

// Manifest lists the networks of one set of weights.
type Manifest struct {
	Format   int       `json:"format"`
	Networks []Network `json:"networks"`
}

// Network is one entry of the manifest.
type Network struct {
	Name    string   `json:"name"`    // of the network: "facings"
	Version string   `json:"version"` // rises with each training that is published
	Task    string   `json:"task"`
	File    string   `json:"file"`   // relative to the manifest, slashes; .onnx, or .onnx.gz
	SHA256  string   `json:"sha256"` // of the file as it lies there
	Licence string   `json:"licence"`
	Input   Input    `json:"input"`
	Outputs []string `json:"outputs"`
	// Stride is a detector's cell in input pixels; Dim an embedder's vector length.
	Stride     int        `json:"stride,omitempty"`
	Dim        int        `json:"dim,omitempty"`
	Thresholds Thresholds `json:"thresholds"`
}

// Input says how a picture becomes the network's input: resized, pixel = (value − Mean) × Scale per
// channel in BGR order, planes N × 3 × H × W.
type Input struct {
	Name  string     `json:"name"`
	Scale float64    `json:"scale"`
	Mean  [3]float64 `json:"mean"`
	// Width, Height: a fixed input; 0 where the network takes any multiple of Multiple.
	Width  int `json:"width,omitempty"`
	Height int `json:"height,omitempty"`
	// Planes is the number of planes where it is not the three of a picture.
	Planes   int `json:"planes,omitempty"`
	Multiple int `json:"multiple,omitempty"`
	// MaxSide is the longer side that a picture is brought down to, MinSide the one it is brought up
	// to; 0 leaves it.
	MaxSide int `json:"max_side,omitempty"`
	MinSide int `json:"min_side,omitempty"`
	// Pad is the 8-bit value of what is added to a picture, right and below, to fill the input.
	Pad int `json:"pad,omitempty"`
	// Keep says that the picture's shape is kept and the rest padded on both sides alike; else it is
	// stretched to Width × Height.
	Keep bool `json:"keep_shape,omitempty"`
}

// Thresholds divide a network's scores.
type Thresholds struct {
	Score  float64 `json:"score,omitempty"`   // detector: a facing from here on; judge of lanes: bare from here on
	NMS    float64 `json:"nms_iou,omitempty"` // detector: two boxes of more overlap are one facing
	Open   float64 `json:"open,omitempty"`    // embedder: cosine below which a pack is unknown
	Margin float64 `json:"margin,omitempty"`  // embedder: how much nearer the first product must be than the second
}

// Set is a manifest with the files that it lists.
type Set struct {
	Manifest Manifest
	files    fs.FS
	from     string
}

// Built gives the networks inside the program.
func Built() (*Set, error) { return read(built, "built-in weights") }

// Dir gives the networks of a folder that holds a manifest.json.
func Dir(dir string) (*Set, error) { return read(os.DirFS(dir), dir) }

func read(files fs.FS, from string) (*Set, error) {
	data, err := fs.ReadFile(files, "manifest.json")
	if err != nil {
		return nil, fmt.Errorf("read manifest of %s: %w", from, err)
	}
	s := &Set{files: files, from: from}
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&s.Manifest); err != nil {
		return nil, fmt.Errorf("manifest of %s: %w", from, err)
	}
	if s.Manifest.Format != Format {
		return nil, fmt.Errorf("manifest of %s has format %d, this program reads %d", from, s.Manifest.Format, Format)
	}
	for i, n := range s.Manifest.Networks {
		if err := n.validate(); err != nil {
			return nil, fmt.Errorf("manifest of %s, network %d (%s): %w", from, i+1, n.Name, err)
		}
	}
	return s, nil
}

func (n Network) validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if n.Name == "" || n.Version == "" {
		fault("name and version must be given")
	}
	if !fs.ValidPath(n.File) || path.Ext(strings.TrimSuffix(n.File, packed)) != ".onnx" {
		fault("file %q is not the relative path of an .onnx or .onnx.gz file", n.File)
	}
	if len(n.SHA256) != 2*sha256.Size {
		fault("sha256 %q is not 64 hexadecimal digits", n.SHA256)
	}
	if n.Input.Name == "" || n.Input.Scale == 0 {
		fault("input's name and scale must be given")
	}
	switch n.Task {
	case FacingDetection:
		if len(n.Outputs) != 2 || n.Stride <= 0 {
			fault("a facing detector has two outputs (heat, ltrb) and a stride")
		}
		if n.Input.Multiple <= 0 && (n.Input.Width <= 0 || n.Input.Height <= 0) {
			fault("input needs width and height, or multiple")
		}
	case PackEmbedding:
		if len(n.Outputs) != 1 || n.Dim <= 0 || n.Input.Width <= 0 || n.Input.Height <= 0 {
			fault("a pack embedder has one output, a dim, and an input of fixed width and height")
		}
	case LaneBare:
		if len(n.Outputs) != 1 || n.Input.Width <= 0 || n.Input.Height <= 0 || n.Thresholds.Score <= 0 {
			fault("a judge of lanes has one output, an input of fixed width and height, and a score from which a lane is bare")
		}
	default:
		fault("task %q is none of %q, %q, %q", n.Task, FacingDetection, PackEmbedding, LaneBare)
	}
	return errors.Join(faults...)
}

// Task finds the first network for a task; ErrTask where there is none.
func (s *Set) Task(task string) (Network, error) {
	for _, n := range s.Manifest.Networks {
		if n.Task == task {
			return n, nil
		}
	}
	return Network{}, fmt.Errorf("%s in %s: %w", task, s.from, ErrTask)
}

// Load reads a network's file, checks its hash and unpacks it; ErrHash where it differs.
func (s *Set) Load(n Network) ([]byte, error) {
	f, err := s.files.Open(n.File)
	if err != nil {
		return nil, fmt.Errorf("open network %s of %s: %w", n.Name, s.from, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxFile {
		return nil, fmt.Errorf("network %s of %s is %d bytes, the limit is %d", n.Name, s.from, info.Size(), maxFile)
	}
	data, err := fs.ReadFile(s.files, n.File)
	if err != nil {
		return nil, fmt.Errorf("read network %s of %s: %w", n.Name, s.from, err)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != n.SHA256 {
		return nil, fmt.Errorf("network %s of %s: %w", n.Name, s.from, ErrHash)
	}
	if strings.HasSuffix(n.File, packed) {
		if data, err = unpack(data); err != nil {
			return nil, fmt.Errorf("network %s of %s: %w", n.Name, s.from, err)
		}
	}
	return data, nil
}

// unpack undoes gzip, up to maxFile bytes.
func unpack(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	out, err := io.ReadAll(io.LimitReader(z, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("unpack: %w", err)
	}
	if len(out) > maxFile {
		return nil, fmt.Errorf("unpack: more than %d bytes", maxFile)
	}
	return out, nil
}

// From names where the set was read from, for messages.
func (s *Set) From() string { return s.from }

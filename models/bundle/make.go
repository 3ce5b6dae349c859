package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Order is what to make a bundle of.
type Order struct {
	Release Release // Format and Made are filled in
	// Files are the file's names in the bundle, with where they are.
	Files   map[string]string
	Expires time.Duration // how long boards may still take it; what they have taken stays
}

// Made tells what a board must be told of a bundle.
type Made struct {
	SHA256 []byte
	Size   int64
}

// Make writes a signed bundle of the keys' folder to path.
func Make(path, keys string, o Order, now time.Time) (Made, error) {
	now = now.UTC()
	o.Release.Format, o.Release.Made = Format, now
	if err := o.Release.Validate(); err != nil {
		return Made{}, err
	}
	if err := checkNames(o.Release.Kind, o.Files); err != nil {
		return Made{}, err
	}
	if o.Expires <= 0 {
		return Made{}, fmt.Errorf("expires: %v, must be more than nothing", o.Expires)
	}
	roots, err := loadRoots(keys)
	if err != nil {
		return Made{}, err
	}
	key, err := readKey(filepath.Join(keys, releaseKeyFile))
	if err != nil {
		return Made{}, err
	}
	release, err := json.Marshal(o.Release)
	if err != nil {
		return Made{}, err
	}
	// A repository's versions only have to rise: milliseconds do, and nobody has to remember the last.
	version, expires := now.UnixMilli(), now.Add(o.Expires).Truncate(time.Second)
	targets := metadata.Targets(expires)
	targets.Signed.Version = version
	if targets.Signed.Targets[releaseFile], err = metadata.TargetFile().FromBytes(releaseFile, release, "sha256"); err != nil {
		return Made{}, err
	}
	for name, at := range o.Files {
		if targets.Signed.Targets[filesFolder+name], err = metadata.TargetFile().FromFile(at, "sha256"); err != nil {
			return Made{}, err
		}
		targets.Signed.Targets[filesFolder+name].Path = filesFolder + name
	}
	snapshot := metadata.Snapshot(expires)
	snapshot.Signed.Version, snapshot.Signed.Meta["targets.json"] = version, metadata.MetaFile(version)
	timestamp := metadata.Timestamp(expires)
	timestamp.Signed.Version, timestamp.Signed.Meta["snapshot.json"] = version, metadata.MetaFile(version)
	if err := errors.Join(sign(targets, key), sign(snapshot, key), sign(timestamp, key)); err != nil {
		return Made{}, fmt.Errorf("sign: %w", err)
	}

	w, err := create(path)
	if err != nil {
		return Made{}, err
	}
	defer w.abandon()
	for i, root := range roots {
		w.bytes(fmt.Sprintf("%s%d.root.json", metadataFolder, i+1), root)
	}
	w.metadata("timestamp.json", timestamp)
	w.metadata(fmt.Sprintf("%d.snapshot.json", version), snapshot)
	w.metadata(fmt.Sprintf("%d.targets.json", version), targets)
	w.bytes(targetsFolder+releaseFile, release)
	for _, name := range sorted(o.Files) {
		w.file(targetsFolder+filesFolder+name, o.Files[name])
	}
	return w.finish()
}

// checkNames refuses what a board could not use.
func checkNames(kind string, files map[string]string) error {
	need := map[string]string{Model: "manifest.json", Gallery: GalleryFile, Agent: AgentFile}[kind]
	if _, ok := files[need]; !ok {
		return fmt.Errorf("a bundle of kind %s needs the file %s", kind, need)
	}
	if kind != Model && len(files) != 1 {
		return fmt.Errorf("a bundle of kind %s holds one file, not %d", kind, len(files))
	}
	for name := range files {
		if !fs.ValidPath(name) || name == "." {
			return fmt.Errorf("file name %q is no relative path", name)
		}
	}
	return nil
}

func sorted(files map[string]string) []string {
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// writer writes the zip beside its place and moves it there when it is whole.
type writer struct {
	path string
	f    *os.File
	zip  *zip.Writer
	err  error
}

func create(path string) (*writer, error) {
	f, err := os.Create(path + ".part")
	if err != nil {
		return nil, err
	}
	return &writer{path: path, f: f, zip: zip.NewWriter(f)}, nil
}

func (w *writer) add(name string, from io.Reader) {
	if w.err != nil {
		return
	}
	to, err := w.zip.Create(name)
	if err == nil {
		_, err = io.Copy(to, from)
	}
	w.err = err
}

func (w *writer) bytes(name string, data []byte) {
	w.add(name, bytes.NewReader(data))
}

func (w *writer) metadata(name string, m interface{ ToBytes(bool) ([]byte, error) }) {
	data, err := m.ToBytes(false)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	w.bytes(metadataFolder+name, data)
}

func (w *writer) file(name, at string) {
	f, err := os.Open(at)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	w.add(name, f)
	f.Close()
}

// abandon removes what was not finished.
func (w *writer) abandon() {
	w.f.Close()
	os.Remove(w.path + ".part")
}

func (w *writer) finish() (Made, error) {
	if err := errors.Join(w.err, w.zip.Close()); err != nil {
		return Made{}, fmt.Errorf("write %s: %w", w.path, err)
	}
	if _, err := w.f.Seek(0, io.SeekStart); err != nil {
		return Made{}, err
	}
	sum := sha256.New()
	size, err := io.Copy(sum, w.f)
	if err := errors.Join(err, w.f.Sync(), w.f.Close(), os.Rename(w.path+".part", w.path)); err != nil {
		return Made{}, err
	}
	return Made{sum.Sum(nil), size}, nil
}

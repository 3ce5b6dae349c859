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

// Order says what to make a bundle of.
type Order struct {
	Release Release // Format and Made are filled in
	// Files maps names in the bundle to the paths of the files.
	Files   map[string]string
	Expires time.Duration // how long boards may accept it; what they have accepted stays
}

// Made is what a board must know to fetch a bundle.
type Made struct {
	SHA256 []byte
	Size   int64
}

// Make writes a bundle to path, signed with the release key in the folder keys. The error names what a board could not
// use in the order.
func Make(path, keys string, o Order, now time.Time) (Made, error) {
	now = now.UTC()
	o.Release.Format, o.Release.Made = Format, now
	if err := o.check(); err != nil {
		return Made{}, err
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
	d, err := o.describe(release, now)
	if err != nil {
		return Made{}, err
	}
	if err := errors.Join(sign(d.targets, key), sign(d.snapshot, key), sign(d.timestamp, key)); err != nil {
		return Made{}, fmt.Errorf("sign: %w", err)
	}
	return o.write(path, roots, release, d)
}

// check refuses an order that a board could not use.
func (o Order) check() error {
	if err := o.Release.Validate(); err != nil {
		return err
	}
	if err := checkNames(o.Release.Kind, o.Files); err != nil {
		return err
	}
	if o.Expires <= 0 {
		return fmt.Errorf("expires: %v, must be more than nothing", o.Expires)
	}
	return nil
}

// description is the TUF metadata of a bundle: hashes of its files, and of what contains those hashes.
type description struct {
	version   int64
	targets   *metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
}

// describe hashes the release and the order's files. The result is not signed yet.
func (o Order) describe(release []byte, now time.Time) (*description, error) {
	// The versions of a repository must only increase. Milliseconds do so without anybody remembering the last one.
	version, expires := now.UnixMilli(), now.Add(o.Expires).Truncate(time.Second)
	d := &description{version, metadata.Targets(expires), metadata.Snapshot(expires), metadata.Timestamp(expires)}
	d.targets.Signed.Version, d.snapshot.Signed.Version, d.timestamp.Signed.Version = version, version, version
	d.snapshot.Signed.Meta["targets.json"], d.timestamp.Signed.Meta["snapshot.json"] = metadata.MetaFile(version), metadata.MetaFile(version)

	files, err := d.targets.Signed.Targets, error(nil)
	if files[releaseFile], err = metadata.TargetFile().FromBytes(releaseFile, release, "sha256"); err != nil {
		return nil, err
	}
	for name, at := range o.Files {
		if files[filesFolder+name], err = metadata.TargetFile().FromFile(at, "sha256"); err != nil {
			return nil, err
		}
		files[filesFolder+name].Path = filesFolder + name
	}
	return d, nil
}

// write writes the signed metadata and the files to a bundle.
func (o Order) write(path string, roots [][]byte, release []byte, d *description) (Made, error) {
	w, err := create(path)
	if err != nil {
		return Made{}, err
	}
	defer w.abandon()
	for i, root := range roots {
		w.bytes(fmt.Sprintf("%s%d.root.json", metadataFolder, i+1), root)
	}
	w.metadata("timestamp.json", d.timestamp)
	w.metadata(fmt.Sprintf("%d.snapshot.json", d.version), d.snapshot)
	w.metadata(fmt.Sprintf("%d.targets.json", d.version), d.targets)
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

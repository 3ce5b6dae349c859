package bundle

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/atomicfile"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

// ErrRefused marks a bundle that is not to be trusted or not to be read, however often it is fetched.
var ErrRefused = errors.New("bundle is refused")

// Trust is what a board knows of whom to believe.
type Trust struct {
	Root []byte // the first root, or a later one that was put on the board by hand
	Dir  string // keeps the metadata of what was accepted last; nothing older is accepted
}

// Bundle is one whose metadata are good. Close it.
type Bundle struct {
	Release Release
	Size    int64     // of the files together
	Expires time.Time // then boards that know the time take it no more

	zip     *zip.ReadCloser
	targets map[string]*metadata.TargetFiles
}

// Open checks a bundle's metadata against the trust at the given time, and keeps them as the least that
// is accepted from then on. A zero time leaves out whether they have ended: a board without a clock
// cannot tell. The files' contents are checked when they are unpacked.
func Open(path string, trust Trust, now time.Time) (*Bundle, error) {
	z, err := zip.OpenReader(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrRefused, filepath.Base(path), err)
	}
	b := &Bundle{zip: z}
	if err := b.open(trust, now); err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %s: %w", ErrRefused, filepath.Base(path), err), z.Close())
	}
	return b, nil
}

// Close frees the file.
func (b *Bundle) Close() error { return b.zip.Close() }

func (b *Bundle) open(trust Trust, now time.Time) error {
	scratch, root, err := begin(trust)
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	cfg, err := config.New("https://bundle/", root)
	if err != nil {
		return err
	}
	cfg.LocalMetadataDir, cfg.LocalTargetsDir = scratch, scratch
	cfg.Fetcher = inside{&b.zip.Reader}
	client, err := updater.New(cfg)
	if err != nil {
		return fmt.Errorf("this board's root: %w", err)
	}
	client.UnsafeSetRefTime(now)
	if err := client.Refresh(); err != nil {
		return err
	}
	b.targets = client.GetTopLevelTargets()
	b.Expires = earliest(client.GetTrustedMetadataSet())
	if err := b.read(); err != nil {
		return err
	}
	return keep(scratch, trust.Dir)
}

// read takes the release, and makes sure that what it needs is there.
func (b *Bundle) read() error {
	target, ok := b.targets[releaseFile]
	if !ok {
		return fmt.Errorf("%s is not signed", releaseFile)
	}
	data, err := inside{&b.zip.Reader}.read(targetsFolder+releaseFile, 1<<16)
	if err != nil {
		return err
	}
	if err := target.VerifyLengthHashes(data); err != nil {
		return fmt.Errorf("%s: %w", releaseFile, err)
	}
	if b.Release, err = decodeRelease(data); err != nil {
		return err
	}
	names := map[string]string{}
	for name, t := range b.targets {
		if rest, ok := strings.CutPrefix(name, filesFolder); ok {
			names[rest] = name
			b.Size += t.Length
		}
	}
	if b.Size > MaxBytes {
		return fmt.Errorf("its files are %d bytes, the limit is %d", b.Size, MaxBytes)
	}
	return checkNames(b.Release.Kind, names)
}

// Unpack writes the files into a folder that is empty or not there, each checked against what was signed,
// and on the disk when it returns.
func (b *Bundle) Unpack(dir string) error {
	for name, target := range b.targets {
		rest, ok := strings.CutPrefix(name, filesFolder)
		if !ok {
			continue
		}
		if err := b.unpack(filepath.Join(dir, filepath.FromSlash(rest)), targetsFolder+name, target); err != nil {
			return fmt.Errorf("unpack %s: %w", rest, err)
		}
	}
	return atomicfile.SyncDir(dir)
}

func (b *Bundle) unpack(to, name string, target *metadata.TargetFiles) error {
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if b.Release.Kind == Agent {
		mode = 0o700
	}
	in, err := b.zip.Open(name)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(refusing{in}, target.Length+1))
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if n != target.Length || !bytes.Equal(sum.Sum(nil), target.Hashes["sha256"]) {
		return fmt.Errorf("%w: it is not what was signed", ErrRefused)
	}
	return nil
}

// inside serves the repository out of the zip, as a web server would.
type inside struct{ zip *zip.Reader }

func (i inside) DownloadFile(url string, limit int64, _ time.Duration) ([]byte, error) {
	data, err := i.read(metadataFolder+strings.TrimPrefix(url, "https://bundle/"), limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: http.StatusNotFound, URL: url}
	}
	return data, err
}

func (i inside) read(name string, limit int64) ([]byte, error) {
	f, err := i.zip.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return data, nil
}

// earliest is when the first of the release's metadata ends.
func earliest(set trustedmetadata.TrustedMetadata) time.Time {
	at := set.Timestamp.Signed.Expires
	for _, other := range []time.Time{set.Snapshot.Signed.Expires, set.Targets[metadata.TARGETS].Signed.Expires} {
		if other.Before(at) {
			at = other
		}
	}
	return at
}

// refusing marks what cannot be read out of a bundle as its own fault, not the disk's that it is written to.
type refusing struct{ io.Reader }

func (r refusing) Read(p []byte) (int, error) {
	n, err := r.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return n, err
}

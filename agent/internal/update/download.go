package update

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
)

// stall is how long a server may send nothing before the connection is given up.
const stall = time.Minute

// spare is what must stay free on the disk, because the outbox needs it.
const spare = 64 << 20

// download completes the file part to the bundle's size and checks its hash. What arrived before a fault is
// kept.
func (s *Store) download(ctx context.Context, part string, want *wire.Bundle) error {
	if want.Size == 0 || want.Size > bundle.MaxBytes {
		return fmt.Errorf("%w: %d bytes, must be 1 to %d", ErrRefused, want.Size, bundle.MaxBytes)
	}
	if err := os.MkdirAll(filepath.Dir(part), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if have > int64(want.Size) { // not part of the bundle that is wanted
		have = 0
		if err := f.Truncate(0); err != nil {
			return err
		}
	}
	if missing := int64(want.Size) - have; missing > 0 {
		if err := room(filepath.Dir(part), missing); err != nil {
			return err
		}
		if err := get(ctx, f, have, want); err != nil {
			return err
		}
	}
	return check(f, want)
}

// check compares the downloaded file with what was announced. After a wrong hash the download only starts over
// if it is requested again, because the same server would send the same bytes.
func check(f *os.File, want *wire.Bundle) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return err
	}
	if got := sum.Sum(nil); string(got) != string(want.SHA256) {
		err := fmt.Errorf("%w: what came has SHA-256 %x, announced is %x", ErrRefused, got, want.SHA256)
		return errors.Join(err, f.Truncate(0))
	}
	return f.Sync()
}

// room returns an error unless the disk has space for so many more bytes.
func room(dir string, bytes int64) error {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	if free := int64(st.Bavail) * st.Bsize; free < bytes+spare {
		return fmt.Errorf("%w: it needs %d bytes beside %d spare, the disk has %d", ErrRefused, bytes, spare, free)
	}
	return nil
}

// get downloads the missing bytes from the URL and appends them.
func get(ctx context.Context, to *os.File, have int64, want *wire.Bundle) error {
	u, err := url.Parse(want.URL)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	switch u.Scheme {
	case "file": // a USB stick
		from, err := os.Open(u.Path)
		if err != nil {
			return err
		}
		defer from.Close()
		if _, err := from.Seek(have, io.SeekStart); err != nil {
			return err
		}
		return receive(to, have, from, want)
	case "http", "https":
		return getHTTP(ctx, to, have, want)
	}
	return fmt.Errorf("%w: its address begins with %q, must be https, http or file", ErrRefused, u.Scheme)
}

func getHTTP(ctx context.Context, to *os.File, have int64, want *wire.Bundle) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	watch := time.AfterFunc(stall, func() { cancel(errors.New("the server sends nothing")) })
	defer watch.Stop()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, want.URL, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return cause(ctx, err)
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusPartialContent:
		var from int64
		if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from); err != nil || from != have {
			return fmt.Errorf("asked for what follows byte %d, the server sends %q", have, resp.Header.Get("Content-Range"))
		}
	case http.StatusOK: // the server does not support ranges: start from the beginning
		have = 0
		if err := to.Truncate(0); err != nil {
			return err
		}
	default:
		return fmt.Errorf("%s: %s", want.URL, resp.Status)
	}
	return cause(ctx, receive(to, have, kicking{resp.Body, watch}, want))
}

// cause returns why a request was cancelled, if we cancelled it.
func cause(ctx context.Context, err error) error {
	if why := context.Cause(ctx); err != nil && why != nil {
		return why
	}
	return err
}

// kicking resets the stall timer with every piece that arrives.
type kicking struct {
	io.Reader
	watch *time.Timer
}

func (k kicking) Read(p []byte) (int, error) {
	n, err := k.Reader.Read(p)
	if n > 0 {
		k.watch.Reset(stall)
	}
	return n, err
}

// receive writes what follows the first have bytes, up to the announced size.
func receive(to *os.File, have int64, from io.Reader, want *wire.Bundle) error {
	if _, err := to.Seek(have, io.SeekStart); err != nil {
		return err
	}
	n, err := io.Copy(to, io.LimitReader(from, int64(want.Size)-have))
	if err == nil && have+n < int64(want.Size) {
		err = fmt.Errorf("%w: %d of %d bytes came", io.ErrUnexpectedEOF, have+n, want.Size)
	}
	return err
}

package release

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Path returns where a bundle is served, below the service's own address.
func Path(sum string) string { return "/bundles/" + sum }

// Pattern is Path for a mux.
const Pattern = "GET /bundles/{sha256}"

// Server serves bundles to boards.
type Server struct {
	DB  *state.DB
	Log *slog.Logger
}

// ServeHTTP answers with a bundle, or with the range of it that was asked for.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sum := r.PathValue("sha256")
	if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
		http.Error(w, "there is no such bundle", http.StatusNotFound)
		return
	}
	f, err := open(r.Context(), s.DB, sum)
	if errors.Is(err, state.ErrNotFound) {
		http.Error(w, "there is no such bundle", http.StatusNotFound)
		return
	}
	if err != nil {
		s.Log.Error("serve bundle", "sha256", sum, "err", err)
		http.Error(w, "the bundle cannot be read now", http.StatusServiceUnavailable)
		return
	}
	head := w.Header()
	head.Set("Content-Type", "application/zip")
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("ETag", `"`+sum+`"`)
	head.Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", f.added, f)
}

// file reads the pieces of a bundle. It stores the request's context, because an io.ReadSeeker is not given
// one.
type file struct {
	ctx         context.Context
	db          *state.DB
	tenant, sum string
	size, at    int64
	added       time.Time
	n           int64 // of the piece that is held; -1: none
	held        []byte
}

func open(ctx context.Context, db *state.DB, sum string) (*file, error) {
	f := &file{ctx: ctx, db: db, sum: sum, n: -1}
	var added int64
	err := db.QueryRow(ctx, "SELECT tenant, size, added_at FROM releases WHERE sha256 = ? ORDER BY tenant LIMIT 1", sum).Scan(&f.tenant, &f.size, &added)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, state.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("open bundle: %w", err)
	}
	f.added = state.Time(added)
	return f, nil
}

func (f *file) Read(p []byte) (int, error) {
	if f.at >= f.size {
		return 0, io.EOF
	}
	if n := f.at / piece; n != f.n {
		if err := f.db.QueryRow(f.ctx, "SELECT bytes FROM release_pieces WHERE tenant = ? AND sha256 = ? AND n = ?", f.tenant, f.sum, n).Scan(&f.held); err != nil {
			return 0, fmt.Errorf("read bundle: %w", err)
		}
		f.n = n
	}
	n := copy(p, f.held[min(f.at-f.n*piece, int64(len(f.held))):])
	if n == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	f.at += int64(n)
	return n, nil
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("seek before the beginning")
	}
	f.at = offset
	return offset, nil
}

package outbox

import (
	"context"
	"database/sql"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// salvage copies to the new database what can still be read of one that was set aside: from its beginning up to
// the first damage, and from its end back to the last. It returns the number of messages copied. A message is
// only copied if its key is of an earlier boot and its class is known, and no more than half of the free space
// is used. The rest stays in the database that was set aside.
func (o *Outbox) salvage(ctx context.Context, aside string) (n int) {
	query := url.Values{"_pragma": {"busy_timeout(0)", "locking_mode(EXCLUSIVE)"}, "mode": {"rw"}}
	old, err := sql.Open("sqlite", "file:"+aside+"?"+query.Encode())
	if err != nil {
		return 0
	}
	defer old.Close()
	old.SetMaxOpenConns(1)
	tx, err := o.db.BeginTx(ctx, nil)
	if err != nil {
		return 0
	}
	defer tx.Rollback()
	saved, most := index{}, o.opts.MaxBytes
	var fs unix.Statfs_t
	if unix.Statfs(filepath.Dir(aside), &fs) == nil {
		most = min(most, int64(fs.Bavail)*fs.Bsize/2)
	}
	for _, order := range []string{"ASC", "DESC"} {
		o.salvageRows(ctx, old, tx, order, &saved, most)
	}
	if err := tx.Commit(); err != nil {
		return 0
	}
	for c, list := range saved.by {
		for _, e := range list {
			o.index.add(Class(c), e.id, e.bytes-rowBytes)
		}
	}
	return saved.len()
}

// salvageRows copies rows, at most most bytes of them, until one cannot be read.
func (o *Outbox) salvageRows(ctx context.Context, old *sql.DB, tx *sql.Tx, order string, saved *index, most int64) {
	rows, err := old.QueryContext(ctx, `SELECT id, class, kind, payload FROM message ORDER BY id `+order) //nolint:rowserrcheck // what cannot be read ends it, whatever the reason
	if err != nil {
		return
	}
	defer rows.Close()
	for rows.Next() {
		var id int64
		var m Message
		if rows.Scan(&id, &m.Class, &m.Kind, &m.Payload) != nil {
			return
		}
		m.Key = keyOf(id)
		need := int64(len(m.Payload)) + rowBytes
		if id <= 0 || m.Key.Boot == 0 || m.Key.Boot >= o.boot || m.Key.Seq == 0 || m.Class >= classes || saved.bytes+need > most {
			continue
		}
		if _, found := find(saved.by[m.Class], id); found {
			return // the other direction has already copied everything from here on
		}
		if insert(tx, m.Class, m.Kind, m.Key, m.Payload) != nil {
			return
		}
		saved.add(m.Class, id, int64(len(m.Payload)))
	}
}

// keptAside is how many databases that were set aside are kept for examination.
const keptAside = 3

// tidyAside removes the oldest of them, so that they do not fill up a dying card. The newest is kept, and as
// many older ones as fit, together with it, into the size of an outbox.
func tidyAside(path string, maxBytes int64) {
	asides, err := filepath.Glob(path + ".corrupt-*Z*")
	if err != nil {
		return
	}
	asides = slices.DeleteFunc(asides, func(p string) bool {
		return strings.HasSuffix(p, "-wal") || strings.HasSuffix(p, "-shm") || strings.HasSuffix(p, "-journal")
	})
	slices.Sort(asides) // their names begin with the date
	slices.Reverse(asides)
	room := maxBytes
	for i, p := range asides {
		files := []string{p, p + "-wal", p + "-shm", p + "-journal"}
		for _, f := range files {
			if info, err := os.Stat(f); err == nil {
				room -= info.Size()
			}
		}
		if i == 0 || i < keptAside && room >= 0 {
			continue
		}
		for _, f := range files {
			os.Remove(f)
		}
	}
}

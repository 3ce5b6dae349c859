package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/coldshelf/coldshelf/models/atomicfile"

	"modernc.org/sqlite"
)

// The primary result codes of SQLite that are treated differently.
const (
	codeBusy    = 5
	codeCorrupt = 11
	codeFull    = 13
	codeNotADB  = 26
)

func isCode(err error, codes ...int) bool {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	for _, c := range codes {
		if e.Code()&0xff == c {
			return true
		}
	}
	return false
}

const schemaVersion = 1

const schema = `
CREATE TABLE message(id INTEGER PRIMARY KEY, class INTEGER NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE counter(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
PRAGMA user_version = 1;
`

// Open starts the outbox in dir, which is created if necessary, and counts the boot. A database that is corrupt
// or not ours is set aside, and a new one begins with what can still be read from it. If nothing can be
// written, the outbox is kept in memory. Health reports both; neither is an error, because the agent has to
// start. The errors are ErrInUse, if another process has it open, and a missing EncodeGap.
func Open(ctx context.Context, dir string, opts Options) (*Outbox, error) {
	if opts.EncodeGap == nil {
		return nil, errors.New("open outbox: EncodeGap is missing")
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = DefaultMaxBytes
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	o := &Outbox{opts: opts, changed: make(chan struct{}, 1), gaps: map[gapOf]gapRow{}}
	err := o.openDir(ctx, dir)
	if err == nil || errors.Is(err, ErrInUse) || ctx.Err() != nil {
		return o, err
	}
	opts.Log.Error("outbox is kept in memory", "err", err)
	return o, o.openMemory(ctx, readBoot(dir), err)
}

// openDir opens the database in dir. It tries a second time if it finds the database corrupt.
func (o *Outbox) openDir(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("open outbox: %w", err)
	}
	path := filepath.Join(dir, "outbox.db")
	filed := readBoot(dir)
	err := o.openFile(ctx, path, filed)
	if isCode(err, codeCorrupt, codeNotADB) || errors.Is(err, errForeign) {
		aside, moveErr := setAside(path, o.opts.Now())
		if moveErr != nil {
			return errors.Join(err, moveErr)
		}
		o.health.SetAside, o.health.Fault = aside, fmt.Sprintf("database was corrupt, set aside as %s: %v", filepath.Base(aside), err)
		tidyAside(path, o.opts.MaxBytes) // before salvage, which needs the room
		cause := err
		if err = o.openFile(ctx, path, filed); err == nil && !errors.Is(cause, errVersion) {
			o.health.Salvaged = o.salvage(ctx, aside)
			o.health.Fault = fmt.Sprintf("database was corrupt, set aside as %s, %d messages salvaged: %v", filepath.Base(aside), o.health.Salvaged, cause)
		}
		o.opts.Log.Error("corrupt outbox set aside", "path", aside, "salvaged", o.health.Salvaged, "err", cause)
	}
	if isCode(err, codeBusy) {
		return fmt.Errorf("open outbox %s: %w", path, ErrInUse)
	}
	if err != nil {
		return fmt.Errorf("open outbox %s: %w", path, err)
	}
	if err := writeBoot(dir, o.boot); err != nil {
		o.db.Close()
		o.db = nil
		return err
	}
	o.health.Durable = true
	return nil
}

// memory is SQLite's name for a database without a file.
const memory = ":memory:"

// openMemory serves a board that cannot write. It keeps reporting, but a power cut loses what is not yet
// acknowledged. Its boot cannot be stored either, so it is derived from the clock if that gives a higher number
// than the counter.
func (o *Outbox) openMemory(ctx context.Context, filed uint32, why error) error {
	if err := o.openFile(ctx, memory, max(filed, minutes(o.opts.Now()))); err != nil {
		return fmt.Errorf("open outbox in memory: %w", err)
	}
	o.health.Durable, o.health.Fault = false, why.Error()
	return nil
}

// errForeign: the database was not made by this package. errVersion: it was made by another version of this
// package.
var (
	errForeign = errors.New("database is damaged or of another program")
	errVersion = fmt.Errorf("of another version: %w", errForeign)
)

// openFile opens the database, checks it, counts the boot and reads the index.
func (o *Outbox) openFile(ctx context.Context, path string, filed uint32) (err error) {
	query := url.Values{"_pragma": {"busy_timeout(0)", "locking_mode(EXCLUSIVE)", "synchronous(FULL)"}}
	if o.opts.VFS != "" {
		query.Set("vfs", o.opts.VFS)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?"+query.Encode())
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	defer func() {
		if err != nil {
			db.Close()
		}
	}()
	// This is not among the connection's pragmas because those are run in the order of their names: the lock
	// must be exclusive before the log is opened, so that the log needs no shared memory.
	var mode string
	if err := db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode); err != nil {
		return err
	}
	if mode != "wal" && path != memory {
		return fmt.Errorf("journal mode is %s, must be wal", mode)
	}
	var check string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&check); err != nil {
		return err
	}
	if check != "ok" {
		return fmt.Errorf("%s: %w", check, errForeign)
	}
	var version int
	if err := db.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	switch version {
	case 0:
		if _, err := tx.ExecContext(ctx, schema); err != nil {
			return fmt.Errorf("%w: %w", errForeign, err)
		}
	case schemaVersion:
	default:
		return fmt.Errorf("version %d, this agent reads %d: %w", version, schemaVersion, errVersion)
	}
	if o.boot, err = countBoot(ctx, tx, filed, o.opts.Now()); err != nil {
		return err
	}
	if err := o.readIndex(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	o.db, o.lazy, o.seq = db, false, 0
	return nil
}

func countBoot(ctx context.Context, tx *sql.Tx, filed uint32, now time.Time) (uint32, error) {
	var stored uint32
	err := tx.QueryRowContext(ctx, `SELECT value FROM counter WHERE name = 'boot'`).Scan(&stored)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, err
	}
	boot, err := nextBoot(stored, filed, now)
	if err != nil {
		return 0, err
	}
	_, err = tx.ExecContext(ctx, `INSERT OR REPLACE INTO counter(name, value) VALUES('boot', ?)`, boot)
	return boot, err
}

func (o *Outbox) readIndex(ctx context.Context, tx *sql.Tx) error {
	o.index = index{}
	rows, err := tx.QueryContext(ctx, `SELECT id, class, length(payload) FROM message ORDER BY id`)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var id, payload int64
		var class Class
		if err := rows.Scan(&id, &class, &payload); err != nil {
			return err
		}
		if class >= classes {
			return fmt.Errorf("message %v is of class %d: %w", keyOf(id), class, errForeign)
		}
		o.index.add(class, id, payload)
	}
	return rows.Err()
}

// setAside renames the database and its log, so that both can be examined later.
func setAside(path string, now time.Time) (string, error) {
	aside := path + ".corrupt-" + now.UTC().Format("20060102T150405Z")
	for i := 2; exists(aside); i++ {
		aside = fmt.Sprintf("%s.corrupt-%s-%d", path, now.UTC().Format("20060102T150405Z"), i)
	}
	if err := os.Rename(path, aside); err != nil {
		return "", fmt.Errorf("set corrupt outbox aside: %w", err)
	}
	for _, suffix := range []string{"-wal", "-journal", "-shm"} {
		if err := os.Rename(path+suffix, aside+suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", fmt.Errorf("set corrupt outbox aside: %w", err)
		}
	}
	return aside, atomicfile.SyncDir(filepath.Dir(path))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

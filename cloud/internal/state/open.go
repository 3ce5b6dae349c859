package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	_ "modernc.org/sqlite" // the "sqlite" driver of database/sql
)

// DB is an open database. It is safe for concurrent use.
type DB struct {
	url      string // without a password
	postgres bool
	read     *sql.DB // any number of readers
	write    *sql.DB // PostgreSQL: the same as read
	writer   *writer // SQLite: the one writing connection

	latest Memo[Latest] // of coolers; a Latest is never changed, its readings are replaced
}

func (db *DB) readings() *Memo[Latest] { return &db.latest }
func (tx *Tx) readings() *Memo[Latest] { return &tx.db.latest }

// Open opens "sqlite:/path/state.db", which it creates with its folder if it is missing, or
// "postgres://user:password@host:5432/name?sslmode=…", and checks that the database answers. Tables are created
// by Migrate.
func Open(ctx context.Context, rawURL string) (*DB, error) {
	scheme, rest, ok := strings.Cut(rawURL, ":")
	if !ok {
		return nil, fmt.Errorf("state URL %q: want sqlite:/path/file.db or postgres://…", rawURL)
	}
	switch scheme {
	case "sqlite":
		return openSQLite(ctx, strings.TrimPrefix(rest, "//"))
	case "postgres", "postgresql":
		return openPostgres(ctx, rawURL)
	}
	return nil, fmt.Errorf("state URL: unknown scheme %q, want sqlite or postgres", scheme)
}

func openSQLite(ctx context.Context, path string) (*DB, error) {
	if path == "" || strings.HasPrefix(path, ":memory:") {
		return nil, errors.New("state URL: sqlite needs the path of a file, such as sqlite:/var/lib/coldshelf/state.db")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("open state: %w", err)
	}
	write, err := sql.Open("sqlite", sqliteDSN(path, false))
	if err != nil {
		return nil, fmt.Errorf("open state %s: %w", path, err)
	}
	write.SetMaxOpenConns(1)
	writer, err := newWriter(ctx, write)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), write.Close())
	}
	read, err := sql.Open("sqlite", sqliteDSN(path, true))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", path, err), writer.close(), write.Close())
	}
	read.SetMaxOpenConns(max(4, runtime.NumCPU()))
	return &DB{url: "sqlite:" + path, read: read, write: write, writer: writer}, nil
}

// sqliteDSN returns the data source name. Readers cannot write, and the writer waits up to five seconds for a
// lock that another process (a backup) holds.
func sqliteDSN(path string, readOnly bool) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(5000)")
	q.Add("_pragma", "journal_mode(WAL)")
	q.Add("_pragma", "synchronous(FULL)")
	q.Add("_pragma", "foreign_keys(1)")
	if readOnly {
		q.Add("_pragma", "query_only(1)")
		q.Add("_pragma", "cache_size(-4000)") // there are several connections, and the kernel caches the pages too
	} else {
		q.Add("_pragma", "cache_size(-16000)")
		// A statement of many rows keeps what it changes until it has finished; use no file for that.
		q.Add("_pragma", "temp_store(2)")
		// Pages that every batch changes are moved from the log into the file only once in several batches, at
		// 32 MB.
		q.Add("_pragma", "wal_autocheckpoint(8000)")
	}
	escaped := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
	return "file:" + escaped + "?" + q.Encode()
}

func openPostgres(ctx context.Context, rawURL string) (*DB, error) {
	shown, err := url.Parse(rawURL)
	if err != nil {
		return nil, errors.New("state URL: not a valid postgres:// URL")
	}
	connector, err := newConnector(rawURL)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(16)
	if err := db.PingContext(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open state %s: %w", shown.Redacted(), err), db.Close())
	}
	return &DB{url: shown.Redacted(), postgres: true, read: db, write: db}, nil
}

// URL returns the database's URL for people to read, with any password hidden.
func (db *DB) URL() string { return db.url }

// Postgres reports which of the two databases this is, for the few places where SQL has to differ.
func (db *DB) Postgres() bool { return db.postgres }

// Ping returns nil if the database answers.
func (db *DB) Ping(ctx context.Context) error { return db.read.PingContext(ctx) }

// Close waits for the running transaction and closes every connection.
func (db *DB) Close() error {
	if db.postgres {
		return db.read.Close()
	}
	return errors.Join(db.read.Close(), db.writer.close(), db.write.Close())
}

// Query reads outside a transaction. The caller must close the rows.
func (db *DB) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return db.read.QueryContext(ctx, db.Rebind(query), args...)
}

// QueryRow reads one row outside a transaction.
func (db *DB) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return db.read.QueryRowContext(ctx, db.Rebind(query), args...)
}

// Admin runs one statement that cannot run in a transaction, such as CREATE DATABASE or VACUUM.
func (db *DB) Admin(ctx context.Context, statement string) error {
	if db.postgres {
		_, err := db.write.ExecContext(ctx, statement)
		return err
	}
	return db.writer.admin(ctx, statement)
}

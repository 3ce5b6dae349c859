package state

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
)

// Querier reads: a *DB outside a transaction, or a *Tx inside one. Close the rows of a Query before the next
// statement of the same transaction, because PostgreSQL runs one at a time.
type Querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row

	readings() *Memo[Latest]
}

// Tx is one writing transaction. It must be used by one goroutine, and ends with Commit or Rollback.
type Tx struct {
	db   *DB
	run  runner
	done bool
	end  func(commit bool) error
}

// runner is what *sql.Tx and the SQLite writer have in common.
type runner interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Begin starts a writing transaction. On SQLite there is only one at a time, and Begin waits for it until ctx
// ends. On PostgreSQL there are many, at READ COMMITTED: what must not run concurrently takes Exclusive first.
func (db *DB) Begin(ctx context.Context) (*Tx, error) {
	if !db.postgres {
		if err := db.writer.begin(ctx); err != nil {
			return nil, fmt.Errorf("begin: %w", err)
		}
		return &Tx{db: db, run: db.writer, end: db.writer.end}, nil
	}
	tx, err := db.write.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("begin: %w", err)
	}
	return &Tx{db: db, run: tx, end: func(commit bool) error {
		if commit {
			return tx.Commit()
		}
		return tx.Rollback()
	}}, nil
}

// Write runs fn in a transaction, together with what Beside has added to ctx. It commits if fn returns nil, and
// otherwise rolls back.
func (db *DB) Write(ctx context.Context, fn func(tx *Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	both, committed := writeBeside(ctx, fn)
	if err := both(tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	committed()
	return nil
}

// Exec changes rows. The query has question marks for values.
func (tx *Tx) Exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return tx.run.ExecContext(ctx, tx.db.Rebind(query), args...)
}

// Query reads inside the transaction.
func (tx *Tx) Query(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return tx.run.QueryContext(ctx, tx.db.Rebind(query), args...)
}

// QueryRow reads one row inside the transaction.
func (tx *Tx) QueryRow(ctx context.Context, query string, args ...any) *sql.Row {
	return tx.run.QueryRowContext(ctx, tx.db.Rebind(query), args...)
}

// Exclusive waits until no other transaction holds one of the names, and holds them until this one ends. The
// names must be in sorted order. A log that readers follow by an AUTOID cursor takes its name before it
// inserts; otherwise PostgreSQL may show number 8 before 7, and a reader would never see 7. On SQLite there is
// no other transaction anyway.
func (tx *Tx) Exclusive(ctx context.Context, names ...string) error {
	if !tx.db.postgres || len(names) == 0 {
		return nil
	}
	locks := make([]int64, len(names))
	for i, name := range names {
		h := fnv.New64a()
		h.Write([]byte(name))
		locks[i] = int64(h.Sum64())
	}
	// One row at a time, in the order of the array.
	_, err := tx.run.ExecContext(ctx, "SELECT pg_advisory_xact_lock(n) FROM unnest($1::bigint[]) AS n", locks)
	if err != nil {
		return fmt.Errorf("lock %s and %d more: %w", names[0], len(names)-1, err)
	}
	return nil
}

// NumberFrom makes the next row of a table take the number n in its AUTOID column. The table must not contain a
// number as great.
func (tx *Tx) NumberFrom(ctx context.Context, table, column string, n int64) error {
	var err error
	if tx.db.postgres {
		_, err = tx.Exec(ctx, "SELECT setval(pg_get_serial_sequence(?, ?), ?, false)", table, column, n)
	} else {
		_, err = tx.Exec(ctx, "DELETE FROM sqlite_sequence WHERE name = ?", table)
		if err == nil {
			_, err = tx.Exec(ctx, "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", table, n-1)
		}
	}
	if err != nil {
		return fmt.Errorf("number %s from %d: %w", table, n, err)
	}
	return nil
}

// Commit makes the transaction durable.
func (tx *Tx) Commit() error {
	if tx.done {
		return errors.New("commit: the transaction has ended")
	}
	tx.done = true
	if err := tx.end(true); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// Rollback undoes the transaction. After Commit it does nothing, so it can be deferred.
func (tx *Tx) Rollback() error {
	if tx.done {
		return nil
	}
	tx.done = true
	return tx.end(false)
}

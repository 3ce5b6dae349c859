package state

import (
	"context"
	"database/sql"
	"errors"
)

// writer is SQLite's one writing connection. It keeps its statements prepared for as long as it lives, because
// parsing SQL would otherwise cost more than running it.
type writer struct {
	conn  *sql.Conn
	turn  chan struct{} // holds one token while no transaction runs
	stmts map[string]*sql.Stmt
}

func newWriter(ctx context.Context, db *sql.DB) (*writer, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	w := &writer{conn: conn, turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{}}
	w.turn <- struct{}{}
	return w, nil
}

// begin takes the write lock at once (IMMEDIATE), so that a transaction never fails half way because it has to
// upgrade a read lock.
func (w *writer) begin(ctx context.Context) error {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	if _, err := w.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		w.turn <- struct{}{}
		return err
	}
	return nil
}

// end does not take the caller's context: a transaction must end even if its caller has gone.
func (w *writer) end(commit bool) error {
	defer func() { w.turn <- struct{}{} }()
	ctx := context.Background()
	if commit {
		_, err := w.conn.ExecContext(ctx, "COMMIT")
		if err == nil {
			return nil
		}
		_, undo := w.conn.ExecContext(ctx, "ROLLBACK")
		return errors.Join(err, ignoreNoTx(undo))
	}
	_, err := w.conn.ExecContext(ctx, "ROLLBACK")
	return ignoreNoTx(err)
}

// ignoreNoTx ignores that there is no transaction: after a full disk or an I/O error SQLite has rolled back by
// itself.
func ignoreNoTx(err error) error {
	if err != nil && contains(err, "no transaction is active") {
		return nil
	}
	return err
}

func (w *writer) close() error {
	<-w.turn
	var errs []error
	for _, s := range w.stmts {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, w.conn.Close())...)
}

// within returns a context that is not cancelled, unless ctx has ended already: for one that can be cancelled,
// the driver starts a goroutine with every statement, and our statements are short.
func within(ctx context.Context) (context.Context, error) {
	if err := ctx.Err(); err != nil {
		return ctx, err
	}
	return context.WithoutCancel(ctx), nil
}

// prepared returns nil if the text is not a single statement with parameters (but the script of a migration,
// for example).
func (w *writer) prepared(ctx context.Context, query string, args []any) *sql.Stmt {
	if s, ok := w.stmts[query]; ok {
		return s
	}
	if len(args) == 0 {
		return nil
	}
	s, err := w.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil // running it will show what is wrong
	}
	w.stmts[query] = s
	return s
}

func (w *writer) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	ctx, err := within(ctx)
	if err != nil {
		return nil, err
	}
	if s := w.prepared(ctx, query, args); s != nil {
		return s.ExecContext(ctx, args...)
	}
	return w.conn.ExecContext(ctx, query, args...)
}

func (w *writer) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	ctx, err := within(ctx)
	if err != nil {
		return nil, err
	}
	if s := w.prepared(ctx, query, args); s != nil {
		return s.QueryContext(ctx, args...)
	}
	return w.conn.QueryContext(ctx, query, args...)
}

func (w *writer) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	ctx, _ = within(ctx) // a context that has ended makes the query fail
	if s := w.prepared(ctx, query, args); s != nil {
		return s.QueryRowContext(ctx, args...)
	}
	return w.conn.QueryRowContext(ctx, query, args...)
}

func (w *writer) admin(ctx context.Context, statement string) error {
	select {
	case <-w.turn:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { w.turn <- struct{}{} }()
	_, err := w.conn.ExecContext(ctx, statement)
	return err
}

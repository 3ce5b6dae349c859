package sales

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Ledger reads and writes the tables of this package. It is safe for concurrent use; several programs
// may have one on the same database.
type Ledger struct {
	db       *state.DB
	now      func() time.Time
	catalogs catalogs
}

// NewLedger makes one on a migrated database; now is nil for the wall clock.
func NewLedger(db *state.DB, now func() time.Time) *Ledger {
	if now == nil {
		now = time.Now
	}
	return &Ledger{db: db, now: now}
}

// turn is a tenant's turn to write: the transaction, the masters, and the last number given to a
// changed hour.
type turn struct {
	*state.Tx
	l       *Ledger
	tenant  string
	now     time.Time
	change  int64
	masters int64
}

// write runs fn in a transaction that holds the tenant's turn.
func (l *Ledger) write(ctx context.Context, tenant string, fn func(t *turn) error) error {
	err := l.db.Write(ctx, func(tx *state.Tx) error {
		t, err := l.turn(ctx, tx, tenant)
		if err != nil {
			return err
		}
		was := *t
		if err := fn(t); err != nil {
			return err
		}
		if t.change == was.change && t.masters == was.masters {
			return nil
		}
		_, err = tx.Exec(ctx, "UPDATE sales_tenants SET changes = ?, masters = ? WHERE tenant = ?", t.change, t.masters, tenant)
		return err
	})
	if err != nil {
		l.catalogs.forget(tenant) // what was read may have been rolled back
	}
	return err
}

func (l *Ledger) turn(ctx context.Context, tx *state.Tx, tenant string) (*turn, error) {
	if err := tx.Exclusive(ctx, "sales/"+tenant); err != nil {
		return nil, err
	}
	t := &turn{Tx: tx, l: l, tenant: tenant, now: l.now().UTC()}
	err := tx.QueryRow(ctx, "SELECT changes, masters FROM sales_tenants WHERE tenant = ?", tenant).Scan(&t.change, &t.masters)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = tx.Exec(ctx, "INSERT INTO sales_tenants (tenant) VALUES (?)", tenant)
	}
	if err != nil {
		return nil, fmt.Errorf("sales of %s: %w", tenant, err)
	}
	return t, nil
}

func (t *turn) catalog(ctx context.Context, fresh bool) (*catalog, error) {
	return t.l.catalogs.get(ctx, t.Tx, t.tenant, t.masters, fresh)
}

// chunks are how many rows one statement writes: few different texts, so that they stay prepared.
var chunks = [...]int{100, 10, 1}

// bulk runs "head (?,…),(?,…) tail" over rows of equal width.
func (t *turn) bulk(ctx context.Context, head, tail string, rows [][]any) error {
	for len(rows) > 0 {
		n := 1
		for _, c := range chunks {
			if c <= len(rows) {
				n = c
				break
			}
		}
		args := make([]any, 0, n*len(rows[0]))
		for _, r := range rows[:n] {
			args = append(args, r...)
		}
		if _, err := t.Exec(ctx, head+" "+values(n, len(rows[0]))+" "+tail, args...); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
}

// values is "VALUES (?,…),(?,…)".
func values(n, width int) string {
	row := "(" + strings.TrimSuffix(strings.Repeat("?,", width), ",") + ")"
	return "VALUES " + strings.TrimSuffix(strings.Repeat(row+",", n), ",")
}

// probe reads rows by keys: those of from, which may be several tables, for which where holds. In where, k has the
// key's columns c1, c2, ….
type probe struct{ columns, from, where, order string }

// text has both databases look each key up by its index. SQLite reads tables joined by CROSS JOIN in the order in which
// they stand. PostgreSQL would read all of a tenant's rows for each hundred keys until it has counted them, which is
// too late where a million come at once; what stands behind OFFSET it does not move out of the loop over the keys.
func (p *probe) text(postgres bool) string {
	if postgres {
		return "SELECT x.* FROM k CROSS JOIN LATERAL (SELECT " + p.columns + " FROM " + p.from + " WHERE " + p.where + " OFFSET 0) x" + p.order
	}
	return "SELECT " + p.columns + " FROM k CROSS JOIN " + p.from + " WHERE " + p.where + p.order
}

// lookup runs a probe over keys of text; each is called with the rows of the answer.
func (t *turn) lookup(ctx context.Context, p probe, keys [][]any, each func(*sql.Rows) error, args ...any) error {
	query := p.text(t.l.db.Postgres())
	for len(keys) > 0 {
		n := min(len(keys), chunks[0])
		some := keys[:n]
		keys = keys[n:]
		width := len(some[0])
		full := n
		for _, c := range chunks {
			if n <= c {
				full = c
			}
		}
		all := make([]any, 0, full*width+len(args))
		for i := range full { // the last key again, up to a size that is prepared
			all = append(all, some[min(i, n-1)]...)
		}
		names := make([]string, width)
		for i := range names {
			names[i] = fmt.Sprintf("c%d", i+1)
		}
		with := "WITH k (" + strings.Join(names, ", ") + ") AS (" + values(full, width) + ") "
		rows, err := t.Query(ctx, with+query, append(all, args...)...)
		if err != nil {
			return err
		}
		for rows.Next() {
			if err := each(rows); err != nil {
				rows.Close()
				return err
			}
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			return err
		}
	}
	return nil
}

// errTried rolls a trial back.
var errTried = errors.New("tried")

// Try tells what Append would make of drafts, and takes none.
func (l *Ledger) Try(ctx context.Context, tenant string, drafts []Draft) (verdicts []Verdict, err error) {
	err = l.write(ctx, tenant, func(t *turn) error {
		if verdicts, err = t.append(ctx, drafts); err != nil {
			return err
		}
		return errTried
	})
	if err != nil && !errors.Is(err, errTried) {
		return nil, fmt.Errorf("try sales: %w", err)
	}
	return verdicts, nil
}

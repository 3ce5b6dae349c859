package sales

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// park keeps the drafts that wait; sent again they wait as they were sent last.
func (t *turn) park(ctx context.Context, drafts []Draft, verdicts []Verdict, missing map[int]string) error {
	for i := range drafts {
		if verdicts[i].Status != Parked {
			continue
		}
		d := drafts[i]
		body, err := json.Marshal(d)
		if err != nil {
			return err
		}
		_, err = t.Exec(ctx, `INSERT INTO sales_parked (tenant, channel, ord, line, revision, code, missing, detail, draft, parked_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, channel, ord, line, revision) DO UPDATE SET
			code = excluded.code, missing = excluded.missing, detail = excluded.detail, draft = excluded.draft`,
			t.tenant, d.Channel, d.Order, d.Line, max(1, d.Revision), verdicts[i].Fault.Code, missing[i], verdicts[i].Fault.Text, string(body), state.Micros(t.now))
		if err != nil {
			return fmt.Errorf("park a line: %w", err)
		}
	}
	return nil
}

// settleParked takes what was parked out of the way of what was taken, and takes refunds that waited for it.
func (b *batch) settleParked(ctx context.Context) error {
	var waiting int
	if err := b.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM sales_parked WHERE tenant = ? LIMIT 1) AS one", b.tenant).Scan(&waiting); err != nil {
		return fmt.Errorf("read parked lines: %w", err)
	}
	if waiting == 0 {
		return nil
	}
	if err := b.unpark(ctx); err != nil {
		return err
	}
	freed, err := b.freed(ctx)
	if err != nil {
		return err
	}
	_, err = b.retake(ctx, freed)
	return err
}

var (
	parkedRevisions = probe{columns: "p.channel, p.ord, p.line, p.revision", from: "sales_parked p",
		where: "p.tenant = ? AND p.channel = k.c1 AND p.ord = k.c2 AND p.line = k.c3"}
	parkedForOriginals = probe{columns: "p.missing", from: "sales_parked p", where: "p.tenant = ? AND p.code = ? AND p.missing = k.c1"}
)

// unpark forgets what was parked of the revisions that were taken now.
func (b *batch) unpark(ctx context.Context) error {
	var keys [][]any
	taken := map[revisionKey]bool{}
	for _, k := range b.unparked {
		keys, taken[k] = append(keys, []any{k.channel, k.order, k.line}), true
	}
	waited := map[revisionKey]bool{}
	err := b.lookup(ctx, parkedRevisions, keys, func(rows *sql.Rows) error {
		var k revisionKey
		err := rows.Scan(&k.channel, &k.order, &k.line, &k.revision)
		if taken[k] {
			waited[k] = true
		}
		return err
	}, b.tenant)
	if err != nil {
		return fmt.Errorf("read parked lines: %w", err)
	}
	for k := range waited {
		_, err := b.Exec(ctx, "DELETE FROM sales_parked WHERE tenant = ? AND channel = ? AND ord = ? AND line = ? AND revision = ?",
			b.tenant, k.channel, k.order, k.line, k.revision)
		if err != nil {
			return fmt.Errorf("take parked lines: %w", err)
		}
	}
	return nil
}

// freed reads the parked refunds whose original is among the new lines.
func (b *batch) freed(ctx context.Context) (freed []parkedRow, err error) {
	keys := make([][]any, len(b.taken))
	for i, k := range b.taken {
		keys[i] = []any{k.channel + separator + k.order + separator + k.line}
	}
	waited := map[string]bool{}
	err = b.lookup(ctx, parkedForOriginals, keys, func(rows *sql.Rows) error {
		var missing string
		err := rows.Scan(&missing)
		waited[missing] = true
		return err
	}, b.tenant, UnknownOriginal)
	if err != nil {
		return nil, fmt.Errorf("read parked lines: %w", err)
	}
	for _, missing := range slices.Sorted(maps.Keys(waited)) {
		rows, err := readParked(ctx, b.Tx, "tenant = ? AND code = ? AND missing = ? ORDER BY id", b.tenant, UnknownOriginal, missing)
		if err != nil {
			return nil, err
		}
		freed = append(freed, rows...)
	}
	return freed, nil
}

type parkedRow struct {
	id    int64
	draft Draft
	ParkedLine
}

// ParkedLine is a line that waits.
type ParkedLine struct {
	Code     string
	Missing  string // the GTIN, the channel's code, the store, or the order and line
	Detail   string
	ParkedAt time.Time
	Draft    Draft
}

func readParked(ctx context.Context, q state.Querier, where string, args ...any) ([]parkedRow, error) {
	rows, err := q.Query(ctx, "SELECT id, code, missing, detail, draft, parked_at FROM sales_parked WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read parked lines: %w", err)
	}
	defer rows.Close()
	var list []parkedRow
	for rows.Next() {
		var r parkedRow
		var body string
		var at int64
		if err := rows.Scan(&r.id, &r.Code, &r.Missing, &r.Detail, &body, &at); err != nil {
			return nil, fmt.Errorf("read parked lines: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &r.draft); err != nil {
			return nil, fmt.Errorf("parked line: %w", err)
		}
		r.ParkedAt, r.Draft = state.Time(at), r.draft
		list = append(list, r)
	}
	return list, rows.Err()
}

// retake appends parked lines anew. What is refused now is put with the rejected, to be mended.
func (t *turn) retake(ctx context.Context, rows []parkedRow) (taken int, err error) {
	if len(rows) == 0 {
		return 0, nil
	}
	drafts := make([]Draft, len(rows))
	for i, r := range rows {
		drafts[i] = r.draft
		if _, err := t.Exec(ctx, "DELETE FROM sales_parked WHERE tenant = ? AND id = ?", t.tenant, r.id); err != nil {
			return 0, fmt.Errorf("take parked lines: %w", err)
		}
	}
	verdicts, err := t.append(ctx, drafts)
	if err != nil {
		return 0, err
	}
	for i, v := range verdicts {
		switch v.Status {
		case Rejected:
			body, err := json.Marshal(drafts[i])
			if err != nil {
				return 0, err
			}
			if err := t.reject(ctx, Refusal{Source: "parked", Fault: *v.Fault, Input: string(body)}); err != nil {
				return 0, err
			}
		case Parked:
		default:
			taken++
		}
	}
	return taken, nil
}

// Parked lists up to limit lines that wait, the longest waiting first.
func (l *Ledger) Parked(ctx context.Context, tenant string, limit int) ([]ParkedLine, error) {
	rows, err := readParked(ctx, l.db, "tenant = ? ORDER BY id LIMIT ?", tenant, limit)
	list := make([]ParkedLine, len(rows))
	for i, r := range rows {
		list[i] = r.ParkedLine
	}
	return list, err
}

// replayBatch is how many parked lines are taken in one transaction.
const replayBatch = 1000

// Replay takes the parked lines and movements whose product or store has become known, and tells how many.
func (l *Ledger) Replay(ctx context.Context, tenant string) (taken int, err error) {
	for {
		n, more, err := l.replaySome(ctx, tenant)
		taken += n
		if err != nil || !more {
			return taken, err
		}
	}
}

func (l *Ledger) replaySome(ctx context.Context, tenant string) (taken int, more bool, err error) {
	err = l.write(ctx, tenant, func(t *turn) error {
		waiting, err := t.waitedFor(ctx, "SELECT DISTINCT code, missing, channel FROM sales_parked WHERE tenant = ? AND code <> ?", t.tenant, UnknownOriginal)
		if err != nil {
			return err
		}
		known, err := t.knownOf(ctx, waiting)
		if err != nil {
			return err
		}
		for _, w := range known {
			rows, err := readParked(ctx, t.Tx, "tenant = ? AND code = ? AND missing = ? ORDER BY id LIMIT ?", tenant, w[0], w[1], replayBatch)
			if err != nil {
				return err
			}
			n, err := t.retake(ctx, rows)
			if err != nil {
				return err
			}
			taken += n
			more = more || len(rows) == replayBatch
		}
		moved, moreMoved, err := t.replayMovements(ctx)
		taken, more = taken+moved, more || moreMoved
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("replay what was parked: %w", err)
	}
	return taken, more && taken > 0, nil
}

// waitedFor reads code, missing and channel of what is parked.
func (t *turn) waitedFor(ctx context.Context, query string, args ...any) (waiting [][3]string, err error) {
	rows, err := t.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var w [3]string
		if err := rows.Scan(&w[0], &w[1], &w[2]); err != nil {
			return nil, err
		}
		waiting = append(waiting, w)
	}
	return waiting, rows.Err()
}

// knownOf gives code and missing of what is waited for and the masters know.
func (t *turn) knownOf(ctx context.Context, waiting [][3]string) (known [][2]string, err error) {
	if len(waiting) == 0 {
		return nil, nil
	}
	c, err := t.catalog(ctx, true)
	if err != nil {
		return nil, err
	}
	seen := map[[2]string]bool{}
	for _, w := range waiting {
		k := [2]string{w[0], w[1]}
		if !seen[k] && c.knows(w[0], w[1], w[2]) {
			seen[k] = true
			known = append(known, k)
		}
	}
	return known, nil
}

// knows reports whether what a parked line waits for has come.
func (c *catalog) knows(code, missing, channel string) bool {
	if code == UnknownStore {
		return c.store(channel, missing) != nil
	}
	if sku, ok := cutChannel(missing, channel); ok {
		return c.code(channel, sku) != nil
	}
	if c.products[shelf.GTIN(missing)] != nil {
		return true
	}
	// What is missing is the shortest form of a GTIN; the channel's code may be of a longer one, as it was sold.
	for _, n := range []int{8, 12, 13, 14} {
		if n >= len(missing) && c.code(channel, strings.Repeat("0", n-len(missing))+missing) != nil {
			return true
		}
	}
	return false
}

func cutChannel(missing, channel string) (sku string, ok bool) {
	prefix := channel + separator
	if len(missing) > len(prefix) && missing[:len(prefix)] == prefix {
		return missing[len(prefix):], true
	}
	return "", false
}

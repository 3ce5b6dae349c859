package sales

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Move is Enter for movements that are at hand.
func (l *Ledger) Move(ctx context.Context, tenant string, movements []Movement) ([]Verdict, error) {
	drafts := make([]MovementDraft, len(movements))
	for i := range movements {
		drafts[i] = movements[i].Draft()
	}
	return l.Enter(ctx, tenant, drafts)
}

// Enter takes movements, all in one transaction, each with its verdict in the same place: stored,
// duplicate, parked or rejected. Its error is about the database alone.
func (l *Ledger) Enter(ctx context.Context, tenant string, drafts []MovementDraft) (verdicts []Verdict, err error) {
	err = l.write(ctx, tenant, func(t *turn) error {
		verdicts, err = t.enterAll(ctx, drafts)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("move stock: %w", err)
	}
	return verdicts, nil
}

func (t *turn) enterAll(ctx context.Context, drafts []MovementDraft) ([]Verdict, error) {
	c, err := t.catalog(ctx, false)
	if err != nil {
		return nil, err
	}
	var waiting int
	if err := t.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT 1 FROM sales_parked_movements WHERE tenant = ? LIMIT 1) AS one", t.tenant).Scan(&waiting); err != nil {
		return nil, fmt.Errorf("read parked movements: %w", err)
	}
	fresh := false
	verdicts := make([]Verdict, len(drafts))
	for i := range drafts {
		m, as, missing, fault := drafts[i].resolve(t.tenant, c, t.now)
		if fault != nil && !fresh && (fault.Parked() || fault.Code == NoZone) {
			if c, err = t.catalog(ctx, true); err != nil { // a board may have made it known meanwhile
				return nil, err
			}
			fresh = true
			m, as, missing, fault = drafts[i].resolve(t.tenant, c, t.now)
		}
		switch {
		case fault == nil:
			verdicts[i], err = t.enter(ctx, m, as)
		case fault.Parked():
			verdicts[i], err = t.parkMovement(ctx, drafts[i], missing, fault)
			waiting++
		default:
			verdicts[i] = Verdict{Rejected, fault}
		}
		if err == nil && waiting > 0 && verdicts[i].Status == Stored { // it waited, and was put right by its sender
			_, err = t.Exec(ctx, "DELETE FROM sales_parked_movements WHERE tenant = ? AND id = ?", t.tenant, m.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return verdicts, nil
}

func (t *turn) enter(ctx context.Context, m Movement, as said) (Verdict, error) {
	var change int64
	if m.Place == "" {
		change = t.change + 1
	}
	res, err := t.Exec(ctx, `INSERT INTO sales_movements (tenant, id, store, gtin, cause, units, at, place, note, change, said_gtin, said_units)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, id) DO NOTHING`,
		t.tenant, m.ID, m.Store, string(m.GTIN), string(m.Cause), m.Units, state.Micros(m.At), m.Place, m.Note, change, string(as.gtin), as.units)
	if err != nil {
		return Verdict{}, err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return t.entered(ctx, m, as, err)
	}
	t.change = max(t.change, change)
	k := stockKey{m.Store, string(m.GTIN)}
	switch {
	case m.Place == Backroom: // says where, not how many
	case m.Cause == Count:
		err = t.counted(ctx, k, state.Micros(m.At), m.Units)
	default:
		err = t.move(ctx, map[stockKey][]stockStep{k: {{state.Micros(m.At), m.Units}}})
	}
	return Verdict{Status: Stored}, err
}

// entered tells whether a movement that is there says the same.
func (t *turn) entered(ctx context.Context, m Movement, as said, err error) (Verdict, error) {
	if err != nil {
		return Verdict{}, err
	}
	var was Movement
	var had said
	var at int64
	err = t.QueryRow(ctx, "SELECT store, gtin, cause, units, at, place, note, said_gtin, said_units FROM sales_movements WHERE tenant = ? AND id = ?", t.tenant, m.ID).
		Scan(&was.Store, &was.GTIN, &was.Cause, &was.Units, &at, &was.Place, &was.Note, &had.gtin, &had.units)
	if err != nil {
		return Verdict{}, err
	}
	was.Tenant, was.ID, was.At = m.Tenant, m.ID, state.Time(at)
	if had.gtin != "" { // else it was entered before what was said was kept
		was.GTIN, was.Units, m.GTIN, m.Units = had.gtin, had.units, as.gtin, as.units
	}
	if was != m {
		return Verdict{Rejected, &Fault{Code: Conflict, Field: "id", Text: fmt.Sprintf("movement %s was entered before and said something else", m.ID), Hint: "enter another one that puts it right"}}, nil
	}
	return Verdict{Status: Duplicate}, nil
}

// parkMovement keeps a movement that waits; sent again it waits as it was sent last. One that was entered before,
// under masters that are gone, is what it was.
func (t *turn) parkMovement(ctx context.Context, d MovementDraft, missing string, fault *Fault) (Verdict, error) {
	var entered int
	if err := t.QueryRow(ctx, "SELECT COUNT(*) FROM sales_movements WHERE tenant = ? AND id = ?", t.tenant, d.ID).Scan(&entered); err != nil {
		return Verdict{}, fmt.Errorf("read movements: %w", err)
	}
	if entered > 0 {
		return Verdict{Rejected, &Fault{Code: Conflict, Field: "id", Text: fmt.Sprintf("movement %s was entered before and said something else", d.ID), Hint: "enter another one that puts it right"}}, nil
	}
	body, err := json.Marshal(d)
	if err != nil {
		return Verdict{}, err
	}
	_, err = t.Exec(ctx, `INSERT INTO sales_parked_movements (tenant, id, code, missing, detail, draft, parked_at) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, id) DO UPDATE SET code = excluded.code, missing = excluded.missing, detail = excluded.detail, draft = excluded.draft`,
		t.tenant, d.ID, fault.Code, missing, fault.Text, string(body), state.Micros(t.now))
	if err != nil {
		return Verdict{}, fmt.Errorf("park a movement: %w", err)
	}
	return Verdict{Parked, fault}, nil
}

// ParkedMovement is a movement that waits.
type ParkedMovement struct {
	Code     string
	Missing  string // the GTIN or the store
	Detail   string
	ParkedAt time.Time
	Draft    MovementDraft
}

// ParkedMovements lists up to limit movements that wait, the longest waiting first.
func (l *Ledger) ParkedMovements(ctx context.Context, tenant string, limit int) ([]ParkedMovement, error) {
	return readParkedMovements(ctx, l.db, "tenant = ? ORDER BY parked_at, id LIMIT ?", tenant, limit)
}

func readParkedMovements(ctx context.Context, q state.Querier, where string, args ...any) ([]ParkedMovement, error) {
	rows, err := q.Query(ctx, "SELECT code, missing, detail, draft, parked_at FROM sales_parked_movements WHERE "+where, args...)
	if err != nil {
		return nil, fmt.Errorf("read parked movements: %w", err)
	}
	defer rows.Close()
	var list []ParkedMovement
	for rows.Next() {
		var p ParkedMovement
		var body string
		var at int64
		if err := rows.Scan(&p.Code, &p.Missing, &p.Detail, &body, &at); err != nil {
			return nil, fmt.Errorf("read parked movements: %w", err)
		}
		if err := json.Unmarshal([]byte(body), &p.Draft); err != nil {
			return nil, fmt.Errorf("parked movement: %w", err)
		}
		p.ParkedAt = state.Time(at)
		list = append(list, p)
	}
	return list, rows.Err()
}

// replayMovements takes the parked movements whose product or store has become known, at most replayBatch of each
// that was waited for.
func (t *turn) replayMovements(ctx context.Context) (taken int, more bool, err error) {
	waiting, err := t.waitedFor(ctx, "SELECT DISTINCT code, missing, '' FROM sales_parked_movements WHERE tenant = ?", t.tenant)
	if err != nil {
		return 0, false, err
	}
	known, err := t.knownOf(ctx, waiting)
	if err != nil {
		return 0, false, err
	}
	for _, w := range known {
		rows, err := readParkedMovements(ctx, t.Tx, "tenant = ? AND code = ? AND missing = ? ORDER BY parked_at, id LIMIT ?", t.tenant, w[0], w[1], replayBatch)
		if err != nil {
			return 0, false, err
		}
		n, err := t.retakeMovements(ctx, rows)
		if err != nil {
			return 0, false, err
		}
		taken += n
		more = more || len(rows) == replayBatch
	}
	return taken, more, nil
}

// ParkedMovementSource is under which a movement is kept that waited and is refused now. It is mended as a movement, and
// not as a line.
const ParkedMovementSource = "parked/movement"

// retakeMovements enters parked movements anew. What is refused now is put with the rejected, to be mended.
func (t *turn) retakeMovements(ctx context.Context, rows []ParkedMovement) (taken int, err error) {
	drafts := make([]MovementDraft, len(rows))
	for i, r := range rows {
		drafts[i] = r.Draft
	}
	verdicts, err := t.enterAll(ctx, drafts)
	if err != nil {
		return 0, err
	}
	for i, v := range verdicts {
		switch v.Status {
		case Parked: // for something else
			continue
		case Rejected:
			body, err := json.Marshal(drafts[i])
			if err != nil {
				return 0, err
			}
			if err := t.reject(ctx, Refusal{Source: ParkedMovementSource, Fault: *v.Fault, Input: string(body)}); err != nil {
				return 0, err
			}
		default:
			taken++
		}
		if _, err := t.Exec(ctx, "DELETE FROM sales_parked_movements WHERE tenant = ? AND id = ?", t.tenant, drafts[i].ID); err != nil {
			return 0, fmt.Errorf("take parked movements: %w", err)
		}
	}
	return taken, nil
}

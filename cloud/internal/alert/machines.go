package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// A device's last looks and readings are kept, so that one that comes out of order can be judged in its place.
// A checkpoint, which is the machine's state after an input, is kept at every checkpointEvery-th input.
// Whatever is older than keepCheckpoints of them is dropped.
const (
	checkpointEvery = 64
	keepCheckpoints = 3
)

// savedMachine is a row as it was read.
type savedMachine struct {
	exists bool
	store  string
	dueAt  int64
}

func (d *device) load(ctx context.Context) error {
	var text string
	row := d.tx.QueryRow(ctx, "SELECT store, state, since, pruned, read_since, read_pruned, due_at FROM alert_machines WHERE tenant = ? AND device = ?",
		d.id.Tenant, d.id.Device)
	err := row.Scan(&d.saved.store, &text, &d.since[0], &d.pruned[0], &d.since[1], &d.pruned[1], &d.saved.dueAt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read machine: %w", err)
	}
	d.saved.exists = true
	var known bool
	if d.state, known = d.engine.decoded.Get(d.id.Tenant, d.id.Device, text); known {
		return nil
	}
	if err := json.Unmarshal([]byte(text), &d.state); err != nil {
		return fmt.Errorf("stored machine: %w", err)
	}
	return nil
}

func (d *device) save(ctx context.Context) error {
	if err := d.writeKept(ctx); err != nil {
		return err
	}
	if !d.changed && d.saved.store == d.id.Store {
		return nil
	}
	text, err := d.state.text()
	if err != nil {
		return fmt.Errorf("store machine: %w", err)
	}
	d.engine.decoded.Put(d.id.Tenant, d.id.Device, string(text), d.state)
	d.owned = false
	due := state.Micros(d.machine.Due(d.state, d.engine.listening, d.now))
	_, err = d.tx.Exec(ctx, `INSERT INTO alert_machines (tenant, device, store, state, since, pruned, read_since, read_pruned, due_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, device) DO UPDATE SET store = excluded.store, state = excluded.state,
			since = excluded.since, pruned = excluded.pruned, read_since = excluded.read_since, read_pruned = excluded.read_pruned, due_at = excluded.due_at`,
		d.id.Tenant, d.id.Device, d.id.Store, string(text), d.since[0], d.pruned[0], d.since[1], d.pruned[1], due)
	if err != nil {
		return fmt.Errorf("store machine: %w", err)
	}
	return nil
}

// due returns up to limit devices, after the given one, whose machine waits for a time that has come.
func due(ctx context.Context, q state.Querier, now time.Time, after wire.Identity, limit int) ([]wire.Identity, error) {
	rows, err := q.Query(ctx, `SELECT tenant, store, device FROM alert_machines
		WHERE due_at > 0 AND due_at <= ? AND (tenant > ? OR tenant = ? AND device > ?)
		ORDER BY tenant, device LIMIT ?`, state.Micros(now), after.Tenant, after.Tenant, after.Device, limit)
	if err != nil {
		return nil, fmt.Errorf("find machines that are due: %w", err)
	}
	defer rows.Close()
	var ids []wire.Identity
	for rows.Next() {
		var id wire.Identity
		if err := rows.Scan(&id.Tenant, &id.Store, &id.Device); err != nil {
			return nil, fmt.Errorf("find machines that are due: %w", err)
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}

// keptInput is a row of a part's table.
type keptInput struct {
	in   Input
	text string
}

// keep stores an input with the others of the transaction; writeKept writes them before any is read.
func (d *device) keep(p *part, in Input) error {
	text, err := textOf(in.Fact)
	if err != nil {
		return fmt.Errorf("keep %s: %w", p.noun, err)
	}
	d.kept[p.number] = append(d.kept[p.number], keptInput{in, string(text)})
	return nil
}

func (d *device) writeKept(ctx context.Context) error {
	for _, p := range parts {
		err := state.InStretches(d.kept[p.number], func(part []keptInput) error {
			args := make([]any, 0, 7*len(part))
			for _, k := range part {
				args = append(args, d.id.Tenant, d.id.Device, int64(k.in.Key.Boot), int64(k.in.Key.Seq), state.Micros(k.in.At), k.in.Late, k.text)
			}
			_, err := d.tx.Exec(ctx, insertInputs[p.number][len(part)], args...)
			return err
		})
		d.kept[p.number] = d.kept[p.number][:0]
		if err != nil {
			return fmt.Errorf("keep %ss: %w", p.noun, err)
		}
	}
	return nil
}

var insertInputs = func() (all [len(parts)]state.Statements) {
	for _, p := range parts {
		all[p.number] = state.NewStatements("INSERT INTO "+p.table+" (tenant, device, boot, seq, at, late, "+p.column+") VALUES ", "(?, ?, ?, ?, ?, ?, ?)", "")
	}
	return all
}()

// checkpoint stores the state after each checkpointEvery-th input, and drops what is too far back.
func (d *device) checkpoint(ctx context.Context, p *part, k Key) error {
	since := &d.since[p.number]
	if *since++; *since < checkpointEvery {
		return nil
	}
	*since = 0
	if err := d.writeKept(ctx); err != nil {
		return err
	}
	if err := d.putCheckpoint(ctx, p, k, d.state); err != nil {
		return err
	}
	var boot, seq int64
	err := d.tx.QueryRow(ctx, "SELECT boot, seq FROM "+p.table+` WHERE tenant = ? AND device = ? AND checkpoint <> ''
		ORDER BY boot DESC, seq DESC LIMIT 1 OFFSET ?`, d.id.Tenant, d.id.Device, keepCheckpoints-1).Scan(&boot, &seq)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find oldest checkpoint: %w", err)
	}
	_, err = d.tx.Exec(ctx, "DELETE FROM "+p.table+" WHERE tenant = ? AND device = ? AND (boot < ? OR boot = ? AND seq < ?)",
		d.id.Tenant, d.id.Device, boot, boot, seq)
	if err != nil {
		return fmt.Errorf("drop old %ss: %w", p.noun, err)
	}
	d.pruned[p.number] = true
	return nil
}

func (d *device) putCheckpoint(ctx context.Context, p *part, k Key, s State) error {
	text, err := p.only(s).text()
	if err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	_, err = d.tx.Exec(ctx, "UPDATE "+p.table+" SET checkpoint = ? WHERE tenant = ? AND device = ? AND boot = ? AND seq = ?",
		string(text), d.id.Tenant, d.id.Device, int64(k.Boot), int64(k.Seq))
	if err != nil {
		return fmt.Errorf("keep checkpoint: %w", err)
	}
	return nil
}

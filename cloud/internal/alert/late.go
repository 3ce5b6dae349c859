package alert

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// restate judges an input that is older than the newest one of its part, in its proper place.
func (d *device) restate(ctx context.Context, p *part, in Input) error {
	if err := d.writeKept(ctx); err != nil {
		return err
	}
	var n int
	err := d.tx.QueryRow(ctx, "SELECT COUNT(*) FROM "+p.table+" WHERE tenant = ? AND device = ? AND boot = ? AND seq = ?",
		d.id.Tenant, d.id.Device, int64(in.Key.Boot), int64(in.Key.Seq)).Scan(&n)
	if err != nil {
		return fmt.Errorf("find %s: %w", p.noun, err)
	}
	if n > 0 {
		return nil // it was judged before
	}
	base, found, err := d.checkpointBefore(ctx, p, in.Key)
	if err != nil {
		return err
	}
	if !found && d.pruned[p.number] {
		d.engine.log.WarnContext(ctx, "observation too old to restate", "tenant", d.id.Tenant, "device", d.id.Device,
			"boot", in.Key.Boot, "seq", in.Key.Seq)
		return nil
	}
	if err := errors.Join(d.keep(p, in), d.writeKept(ctx)); err != nil {
		return err
	}
	inputs, taken, err := d.inputsAfter(ctx, p, p.head(&base).Key)
	if err != nil {
		return err
	}
	known, err := d.known(ctx, p, base)
	if err != nil {
		return err
	}
	// Checkpoints after the input were taken without it, so they are taken again.
	var fault error
	again := func(in Input, s State) {
		if taken[in.Key] && fault == nil {
			fault = d.putCheckpoint(ctx, p, in.Key, s)
		}
	}
	var out []Transition
	d.state, out = d.machine.Restate(base, inputs, known, d.state, again)
	d.changed = true
	d.since[p.number]++
	if err := errors.Join(fault, d.losses.Err()); err != nil {
		return err
	}
	return d.tell(ctx, out)
}

// checkpointBefore returns the newest checkpoint before k. If there is none, it returns the state of a device
// of which no input of the part is known.
func (d *device) checkpointBefore(ctx context.Context, p *part, k Key) (base State, found bool, err error) {
	var text string
	err = d.tx.QueryRow(ctx, "SELECT checkpoint FROM "+p.table+` WHERE tenant = ? AND device = ? AND checkpoint <> ''
		AND (boot < ? OR boot = ? AND seq < ?) ORDER BY boot DESC, seq DESC LIMIT 1`,
		d.id.Tenant, d.id.Device, int64(k.Boot), int64(k.Boot), int64(k.Seq)).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return State{}, false, nil
	}
	if err != nil {
		return State{}, false, fmt.Errorf("read checkpoint: %w", err)
	}
	if err := json.Unmarshal([]byte(text), &base); err != nil {
		return State{}, false, fmt.Errorf("stored checkpoint: %w", err)
	}
	return base, true, nil
}

// readLook returns a look that is kept and when it was made; nil if it is not kept.
func readLook(ctx context.Context, q state.Querier, tenant, device string, k Key) (*Look, time.Time, error) {
	var at int64
	var text string
	err := q.QueryRow(ctx, "SELECT at, look FROM alert_looks WHERE tenant = ? AND device = ? AND boot = ? AND seq = ?",
		tenant, device, int64(k.Boot), int64(k.Seq)).Scan(&at, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, time.Time{}, nil
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read look: %w", err)
	}
	var l Look
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return nil, time.Time{}, fmt.Errorf("stored look %d.%d: %w", k.Boot, k.Seq, err)
	}
	return &l, state.Time(at), nil
}

// inputsAfter returns a part's inputs after k, and which of them are checkpoints.
func (d *device) inputsAfter(ctx context.Context, p *part, k Key) (inputs []Input, checkpoints map[Key]bool, err error) {
	rows, err := d.tx.Query(ctx, "SELECT boot, seq, at, late, "+p.column+", checkpoint <> '' FROM "+p.table+` WHERE tenant = ? AND device = ?
		AND (boot > ? OR boot = ? AND seq > ?) ORDER BY boot, seq`,
		d.id.Tenant, d.id.Device, int64(k.Boot), int64(k.Boot), int64(k.Seq))
	if err != nil {
		return nil, nil, fmt.Errorf("read %ss: %w", p.noun, err)
	}
	defer rows.Close()
	checkpoints = map[Key]bool{}
	for rows.Next() {
		var boot, seq, at int64
		var in Input
		var text string
		var checkpoint bool
		if err := rows.Scan(&boot, &seq, &at, &in.Late, &text, &checkpoint); err != nil {
			return nil, nil, fmt.Errorf("read %ss: %w", p.noun, err)
		}
		in.Key, in.At = Key{uint32(boot), uint64(seq)}, state.Time(at)
		if in.Fact, err = p.decode(in.Key, text); err != nil {
			return nil, nil, err
		}
		inputs = append(inputs, in)
		checkpoints[in.Key] = checkpoint
	}
	return inputs, checkpoints, rows.Err()
}

// known returns the episodes about a part's inputs that were told and were not over at base.
func (d *device) known(ctx context.Context, p *part, base State) ([]Episode, error) {
	head := p.head(&base)
	texts, err := state.Texts(ctx, d.tx, "SELECT episode FROM alerts WHERE tenant = ? AND device = ? AND (status <> 'resolved' OR closed_boot > ? OR closed_boot = ? AND closed_seq > ?) ORDER BY opened_at, id",
		d.id.Tenant, d.id.Device, int64(head.Boot), int64(head.Boot), int64(head.Seq))
	if err != nil {
		return nil, fmt.Errorf("read known alerts: %w", err)
	}
	var known []Episode
	for _, text := range texts {
		var e Episode
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return nil, fmt.Errorf("stored episode: %w", err)
		}
		if p.about(e.Type) {
			known = append(known, e)
		}
	}
	return known, nil
}

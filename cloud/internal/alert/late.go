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

// restate judges a look that is older than the newest one, in its place.
func (d *device) restate(ctx context.Context, in Input, l Look) error {
	if err := d.writeLooks(ctx); err != nil {
		return err
	}
	var n int
	err := d.tx.QueryRow(ctx, "SELECT COUNT(*) FROM alert_looks WHERE tenant = ? AND device = ? AND boot = ? AND seq = ?",
		d.id.Tenant, d.id.Device, int64(in.Key.Boot), int64(in.Key.Seq)).Scan(&n)
	if err != nil {
		return fmt.Errorf("find look: %w", err)
	}
	if n > 0 {
		return nil // judged before
	}
	base, found, err := d.checkpointBefore(ctx, in.Key)
	if err != nil {
		return err
	}
	if !found && d.pruned {
		d.engine.log.WarnContext(ctx, "observation too old to restate", "tenant", d.id.Tenant, "device", d.id.Device,
			"boot", in.Key.Boot, "seq", in.Key.Seq)
		return nil
	}
	if err := errors.Join(d.keepLook(in, l), d.writeLooks(ctx)); err != nil {
		return err
	}
	looks, taken, err := d.looksAfter(ctx, base.Head.Key)
	if err != nil {
		return err
	}
	known, err := d.known(ctx, base)
	if err != nil {
		return err
	}
	// Checkpoints after the look were taken without it: they are taken again.
	var fault error
	again := func(in Input, s State) {
		if taken[in.Key] && fault == nil {
			fault = d.putCheckpoint(ctx, in.Key, s)
		}
	}
	var out []Transition
	d.state, out = d.machine.Restate(base, looks, known, d.state, again)
	d.changed = true
	d.since++
	if err := errors.Join(fault, d.losses.Err()); err != nil {
		return err
	}
	return d.tell(ctx, out)
}

// checkpointBefore gives the newest checkpoint before k; without one, the state of a device of which
// no look is known.
func (d *device) checkpointBefore(ctx context.Context, k Key) (base State, found bool, err error) {
	var text string
	err = d.tx.QueryRow(ctx, `SELECT checkpoint FROM alert_looks WHERE tenant = ? AND device = ? AND checkpoint <> ''
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

// readLook gives a look that is kept and when it was made, nil where it is not.
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

// looksAfter gives the looks after k, and which of them are checkpoints.
func (d *device) looksAfter(ctx context.Context, k Key) (looks []Input, checkpoints map[Key]bool, err error) {
	rows, err := d.tx.Query(ctx, `SELECT boot, seq, at, late, look, checkpoint <> '' FROM alert_looks WHERE tenant = ? AND device = ?
		AND (boot > ? OR boot = ? AND seq > ?) ORDER BY boot, seq`,
		d.id.Tenant, d.id.Device, int64(k.Boot), int64(k.Boot), int64(k.Seq))
	if err != nil {
		return nil, nil, fmt.Errorf("read looks: %w", err)
	}
	defer rows.Close()
	checkpoints = map[Key]bool{}
	for rows.Next() {
		var boot, seq, at int64
		var in Input
		var text string
		var checkpoint bool
		if err := rows.Scan(&boot, &seq, &at, &in.Late, &text, &checkpoint); err != nil {
			return nil, nil, fmt.Errorf("read looks: %w", err)
		}
		var l Look
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			return nil, nil, fmt.Errorf("stored look %d.%d: %w", boot, seq, err)
		}
		in.Key, in.At, in.Fact = Key{uint32(boot), uint64(seq)}, state.Time(at), l
		looks = append(looks, in)
		checkpoints[in.Key] = checkpoint
	}
	return looks, checkpoints, rows.Err()
}

// known gives the episodes about looks that were told of and not over at base.
func (d *device) known(ctx context.Context, base State) ([]Episode, error) {
	rows, err := d.tx.Query(ctx, "SELECT episode FROM alerts WHERE tenant = ? AND device = ? AND (status <> 'resolved' OR closed_boot > ? OR closed_boot = ? AND closed_seq > ?) ORDER BY opened_at, id",
		d.id.Tenant, d.id.Device, int64(base.Head.Boot), int64(base.Head.Boot), int64(base.Head.Seq))
	if err != nil {
		return nil, fmt.Errorf("read known alerts: %w", err)
	}
	defer rows.Close()
	var known []Episode
	for rows.Next() {
		var text string
		var e Episode
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("read known alerts: %w", err)
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return nil, fmt.Errorf("stored episode: %w", err)
		}
		if e.Type.aboutLooks() {
			known = append(known, e)
		}
	}
	return known, rows.Err()
}

package care

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Listener records what boards report about themselves and about their desired state. It is an ingest.Judge.
type Listener struct{}

// Step processes messages of one device.
func (Listener) Step(ctx context.Context, tx *state.Tx, envs ...*wire.Envelope) error {
	for _, env := range envs {
		if err := hear(ctx, tx, env); err != nil {
			return fmt.Errorf("note what board %s says: %w", env.Device, err)
		}
	}
	return nil
}

func hear(ctx context.Context, tx *state.Tx, env *wire.Envelope) error {
	o := state.Order{Boot: env.Boot, Seq: env.Seq}
	switch b := env.Body.(type) {
	case *wire.Birth:
		if err := born(ctx, tx, env, o, b); err != nil {
			return err
		}
		return enqueue(ctx, tx, env.Tenant, Cooler, env.Device, true)
	case *wire.Status:
		if !b.Online {
			return nil
		}
		if b.Birth != nil {
			if err := born(ctx, tx, env, state.Order{Boot: env.Boot}, b.Birth); err != nil {
				return err
			}
		}
		return enqueue(ctx, tx, env.Tenant, Cooler, env.Device, true) // it may have missed a state while it was away
	case *wire.Reported:
		if err := told(ctx, tx, env, o, b); err != nil {
			return err
		}
		return enqueue(ctx, tx, env.Tenant, Cooler, env.Device, false)
	}
	return nil
}

// facts reads what a board has reported before; empty if it never has.
func facts(ctx context.Context, tx *state.Tx, env *wire.Envelope) (f Facts, err error) {
	var bornBoot, bornSeq, inForce, toldBoot, toldSeq int64
	err = tx.QueryRow(ctx, "SELECT birth_boot, birth_seq, in_force, told_boot, told_seq FROM care_facts WHERE tenant = ? AND device = ?", env.Tenant, env.Device).
		Scan(&bornBoot, &bornSeq, &inForce, &toldBoot, &toldSeq)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = tx.Exec(ctx, "INSERT INTO care_facts (tenant, device) VALUES (?, ?)", env.Tenant, env.Device)
		return f, err
	}
	f.InForce = uint64(inForce)
	f.born, f.told = state.Order{Boot: uint32(bornBoot), Seq: uint64(bornSeq)}, state.Order{Boot: uint32(toldBoot), Seq: uint64(toldSeq)}
	return f, err
}

// born takes over a birth, unless a later one is known. What is in force is not taken over either if a report
// is later.
func born(ctx context.Context, tx *state.Tx, env *wire.Envelope, o state.Order, b *wire.Birth) error {
	f, err := facts(ctx, tx, env)
	if err != nil || f.born != (state.Order{}) && !o.After(f.born) {
		return err
	}
	inForce := b.DesiredVersion
	if f.told.After(o) {
		inForce = f.InForce
	}
	_, err = tx.Exec(ctx, "UPDATE care_facts SET birth_boot = ?, birth_seq = ?, arch = ?, agent = ?, model = ?, gallery = ?, in_force = ? WHERE tenant = ? AND device = ?",
		int64(o.Boot), int64(o.Seq), b.Arch, b.AgentVersion, b.Model, b.Gallery, int64(inForce), env.Tenant, env.Device)
	return err
}

// told takes over a report, unless a later one is known.
func told(ctx context.Context, tx *state.Tx, env *wire.Envelope, o state.Order, r *wire.Reported) error {
	f, err := facts(ctx, tx, env)
	if err != nil || !o.After(f.told) {
		return err
	}
	inForce := f.InForce
	if r.Outcome == wire.OutcomeApplied && o.After(f.born) {
		inForce = r.DesiredVersion
	}
	_, err = tx.Exec(ctx, "UPDATE care_facts SET told_boot = ?, told_seq = ?, told = ?, outcome = ?, detail = ?, told_at = ?, in_force = ? WHERE tenant = ? AND device = ?",
		int64(o.Boot), int64(o.Seq), int64(r.DesiredVersion), r.Outcome, r.Detail, state.Micros(env.CapturedAt), int64(inForce), env.Tenant, env.Device)
	return err
}

// enqueue asks the keeper to merge a place again. again makes it also publish what a board has not
// acknowledged.
func enqueue(ctx context.Context, tx *state.Tx, tenant string, scope Scope, place string, again bool) error {
	_, err := tx.Exec(ctx, "INSERT INTO care_queue (tenant, scope, place, again) VALUES (?, ?, ?, ?)", tenant, scope, place, again)
	return err
}

// Touch asks the keeper to look at a place again because something that a wish may name has changed there: a
// planogram was published, or a cooler was assigned another one.
func Touch(ctx context.Context, tx *state.Tx, tenant string, scope Scope, place string) error {
	if err := enqueue(ctx, tx, tenant, scope, place, false); err != nil {
		return fmt.Errorf("note a change for boards: %w", err)
	}
	return nil
}

// ErrNotRefused says that a board has nothing to try again.
var ErrNotRefused = errors.New("it has refused nothing that is still wanted")

// Retry makes a board try again, under a new number, what it has refused. The error is ErrNotRefused if it has
// refused nothing.
func Retry(ctx context.Context, tx *state.Tx, tenant, device, by string, now time.Time) (*Board, error) {
	if err := tx.Exclusive(ctx, keeperLock); err != nil {
		return nil, err
	}
	b, err := GetBoard(ctx, tx, tenant, device)
	if err != nil {
		return nil, err
	}
	if b.State != Rejected && b.State != RolledBack {
		return nil, fmt.Errorf("board %s: %w", device, ErrNotRefused)
	}
	b.renumber(now)
	if err := b.put(ctx, tx, tenant); err != nil {
		return nil, err
	}
	return b, access.Note(ctx, tx, tenant, by, "desired state tried again", device, now)
}

package care

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/wire"
)

// desired returns the message about what is wanted.
func (k *Keeper) desired(ctx context.Context, u untold) (*wire.Desired, error) {
	d := &wire.Desired{Version: u.version}
	if p := u.wanted.Planogram; p != nil {
		plan, err := state.GetPlanogram(ctx, k.DB, u.Tenant, p.ID, p.Version)
		if err == nil {
			d.Planogram, err = json.Marshal(plan) // JSON is YAML
		}
		if err != nil {
			return nil, err
		}
	}
	if s := u.wanted.Schedule; s != nil {
		d.Schedule = s.wire()
	}
	if t := u.wanted.Thresholds; t != nil {
		d.Thresholds = t.Values
	}
	for kind, to := range map[string]**wire.Bundle{bundle.Agent: &d.Agent, bundle.Model: &d.Model, bundle.Gallery: &d.Gallery} {
		want := u.wanted.Of(kind)
		if want == nil {
			continue
		}
		sum, err := hex.DecodeString(want.SHA256)
		if err != nil {
			return nil, fmt.Errorf("bundle %s: %w", want.SHA256, err)
		}
		*to = &wire.Bundle{Version: want.Version, URL: k.URL + release.Path(want.SHA256), SHA256: sum, Size: uint64(want.Size)}
	}
	return d, nil
}

// publishTime bounds how long a broker may take with one message.
const publishTime = 10 * time.Second

// publish tells boards what they have not been told, and records which were told.
func (k *Keeper) publish(ctx context.Context) error {
	list, err := k.unpublished(ctx)
	if err != nil || len(list) == 0 {
		return err
	}
	told := list[:0]
	for _, u := range list {
		payload, fault := k.message(ctx, u)
		if fault != nil && !errors.Is(fault, errUnsendable) {
			err = fault
			break
		}
		if fault != nil {
			u.wanted.Missing = append(u.wanted.Missing, fault.Error())
			k.Log.Error("desired state of a board cannot be sent", "device", u.Device, "err", fault)
		} else if err = k.retain(ctx, u, payload); err != nil {
			break // the broker is away: the rest has to wait too
		}
		told = append(told, u)
	}
	return errors.Join(err, k.DB.Write(context.WithoutCancel(ctx), func(tx *state.Tx) error { return note(ctx, tx, told) }))
}

// note records what was told. Another node may have published a later version meanwhile, which this message has
// replaced: that is published again.
func note(ctx context.Context, tx *state.Tx, told []untold) error {
	if err := tx.Exclusive(ctx, keeperLock); err != nil {
		return err
	}
	for _, u := range told {
		wanted, err := json.Marshal(u.wanted)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE care_boards SET published = CASE WHEN version = ? THEN version ELSE 0 END,
			wanted = CASE WHEN version = ? THEN ? ELSE wanted END WHERE tenant = ? AND device = ?`,
			int64(u.version), int64(u.version), string(wanted), u.Tenant, u.Device)
		if err != nil {
			return fmt.Errorf("note what was told: %w", err)
		}
	}
	return nil
}

// untold is a board that has to be told something.
type untold struct {
	wire.Identity
	version uint64
	wanted  Wanted
}

func (k *Keeper) unpublished(ctx context.Context) (list []untold, err error) {
	rows, err := k.DB.Query(ctx, `SELECT b.tenant, c.topic_store, b.device, b.version, b.wanted FROM care_boards b
		JOIN coolers c ON c.tenant = b.tenant AND c.device = b.device WHERE b.published <> b.version ORDER BY b.tenant, b.device LIMIT ?`, atOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var u untold
		var version int64
		var wanted string
		if err := rows.Scan(&u.Tenant, &u.Store, &u.Device, &version, &wanted); err != nil {
			return nil, err
		}
		u.version = uint64(version)
		if err := json.Unmarshal([]byte(wanted), &u.wanted); err != nil {
			return nil, err
		}
		list = append(list, u)
	}
	return list, rows.Err()
}

// errUnsendable marks a fault that another attempt does not mend.
var errUnsendable = errors.New("it cannot be sent")

func (k *Keeper) message(ctx context.Context, u untold) ([]byte, error) {
	d, err := k.desired(ctx, u)
	if errors.Is(err, state.ErrNotFound) {
		return nil, fmt.Errorf("%w: %w", errUnsendable, err)
	}
	if err != nil {
		return nil, err
	}
	payload, err := wire.Encode(&wire.Envelope{Identity: u.Identity, CapturedAt: k.Now().UTC(), Body: d})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnsendable, err)
	}
	return payload, nil
}

func (k *Keeper) retain(ctx context.Context, u untold, payload []byte) error {
	limited, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	if k.session == nil || !k.session.Alive() {
		k.leave()
		s, err := k.Connect(limited)
		if err != nil {
			return err
		}
		k.session = s
	}
	if err := k.session.Retain(limited, u.Topic(wire.KindDesired), payload); err != nil {
		k.leave()
		return fmt.Errorf("publish desired state of %s: %w", u.Device, err)
	}
	return nil
}

func (k *Keeper) leave() {
	if k.session != nil {
		k.session.Close()
		k.session = nil
	}
}

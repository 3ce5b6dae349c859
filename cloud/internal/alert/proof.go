package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// ProofFor is how long the pictures are kept that an alert about a slot rests on, from when it opened,
// changed or ended. Other pictures give way to newer ones much sooner.
const ProofFor = 30 * 24 * time.Hour

// rests lists the looks that an alert rests on: last seen well, first seen wrong, first seen well again.
func (ev Evidence) rests() (list []state.Order) {
	add := func(boot *uint32, seq *uint64) {
		if boot != nil && seq != nil {
			list = append(list, state.Order{Boot: *boot, Seq: *seq})
		}
	}
	add(ev.BeforeBoot, ev.BeforeSeq)
	add(ev.AfterBoot, ev.AfterSeq)
	add(ev.EndBoot, ev.EndSeq)
	return list
}

// keepProof keeps the pictures of an alert's looks, those that are there already.
func (e *Engine) keepProof(ctx context.Context, tx *state.Tx, a *Alert) error {
	if a.Slot == "" {
		return nil
	}
	for _, o := range a.Evidence.rests() {
		if err := state.KeepPicture(ctx, tx, a.Tenant, a.Device, o, e.now().Add(ProofFor)); err != nil {
			return err
		}
	}
	return nil
}

// keepIfProof keeps a picture that comes after the alert which rests on its look: of one that is not
// over, or whose end that look has proved.
func (e *Engine) keepIfProof(ctx context.Context, tx *state.Tx, env *wire.Envelope, p *wire.Picture) error {
	if p.ObservationSeq == 0 {
		return nil
	}
	rows, err := tx.Query(ctx, `SELECT alert FROM alerts WHERE tenant = ? AND device = ?
		AND (status <> 'resolved' OR closed_boot = ? AND closed_seq >= ?)`, env.Tenant, env.Device, int64(env.Boot), int64(p.ObservationSeq))
	if err != nil {
		return fmt.Errorf("find alerts of picture %d.%d: %w", env.Boot, env.Seq, err)
	}
	defer rows.Close()
	look, proof := state.Order{Boot: env.Boot, Seq: p.ObservationSeq}, false
	for rows.Next() {
		var body string
		if err := rows.Scan(&body); err != nil {
			return fmt.Errorf("find alerts of picture %d.%d: %w", env.Boot, env.Seq, err)
		}
		var a Alert
		if err := json.Unmarshal([]byte(body), &a); err != nil {
			return fmt.Errorf("stored alert: %w", err)
		}
		for _, o := range a.Evidence.rests() {
			proof = proof || a.Slot != "" && o == look
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || !proof {
		return err
	}
	return state.KeepPicture(ctx, tx, env.Tenant, env.Device, look, e.now().Add(ProofFor))
}

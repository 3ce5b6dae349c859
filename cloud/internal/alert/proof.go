package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// ProofFor is how long the pictures on which an alert about a slot rests are kept after it opened, changed or
// ended. Other pictures are replaced by newer ones much sooner.
const ProofFor = 30 * 24 * time.Hour

// Moment is one of the looks on which an alert about a slot rests.
type Moment string

// Moments.
const (
	MomentBefore Moment = "before" // last seen in order
	MomentAfter  Moment = "after"  // first seen wrong
	MomentEnd    Moment = "end"    // first seen in order again
)

// Moments lists all moments, in order.
var Moments = [...]Moment{MomentBefore, MomentAfter, MomentEnd}

// ProofLinks are the paths, relative to the service's address, of the alert's slot cropped from the pictures of
// these moments. A moment without a look has none.
type ProofLinks struct {
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
	End    string `json:"end,omitempty"`
}

// Crop says where an alert's slot is in the picture that shows it at a moment. If the board did not send a
// picture of that very look, it is the nearest look on the same side that has a picture and in which the slot
// was in the same state.
type Crop struct {
	Look          Mark
	Box           shelf.Box // in pixels of a picture of Width by Height, as it was judged; it may be sent smaller
	Width, Height int
	KeptUntil     time.Time // the picture is kept at least until then; zero: there is none
}

// at returns the look of a moment; ok is false if there was none.
func (ev Evidence) at(m Moment) (k Key, ok bool) {
	boot, seq := ev.BeforeBoot, ev.BeforeSeq
	switch m {
	case MomentAfter:
		boot, seq = ev.AfterBoot, ev.AfterSeq
	case MomentEnd:
		boot, seq = ev.EndBoot, ev.EndSeq
	}
	if boot == nil || seq == nil {
		return Key{}, false
	}
	return Key{*boot, *seq}, true
}

// links returns the alert's proof links; nil if it is not about a slot.
func (a *Alert) links() *ProofLinks {
	if a.Slot == "" {
		return nil
	}
	link := func(m Moment) string {
		if _, ok := a.Evidence.at(m); !ok {
			return ""
		}
		return "/v1/alerts/" + a.ID + "/proof/" + string(m)
	}
	return &ProofLinks{link(MomentBefore), link(MomentAfter), link(MomentEnd)}
}

// Crops returns where an alert's slot is in the pictures of its moments, as far as that is known. The caller
// must have checked that the alert may be seen.
//
// Only the alert's ID is used to find them. With the tenant as well, SQLite would choose the index that begins
// with the tenant and read all of the tenant's proofs, for each alert that is told.
func Crops(ctx context.Context, q state.Querier, a *Alert) (map[Moment]Crop, error) {
	rows, err := q.Query(ctx, "SELECT moment, boot, seq, at, width, height, box, kept_until FROM alert_proofs WHERE alert_id = ?", a.ID)
	if err != nil {
		return nil, fmt.Errorf("read proof of %s: %w", a.ID, err)
	}
	defer rows.Close()
	crops := map[Moment]Crop{}
	for rows.Next() {
		var moment, box string
		var boot, seq, at, kept int64
		var c Crop
		if err := rows.Scan(&moment, &boot, &seq, &at, &c.Width, &c.Height, &box, &kept); err != nil {
			return nil, fmt.Errorf("read proof of %s: %w", a.ID, err)
		}
		if err := json.Unmarshal([]byte(box), &c.Box); err != nil {
			return nil, fmt.Errorf("stored proof of %s: %w", a.ID, err)
		}
		c.Look = Mark{Key{uint32(boot), uint64(seq)}, state.Time(at)}
		if kept > 0 {
			c.KeptUntil = state.Time(kept)
		}
		crops[Moment(moment)] = c
	}
	return crops, rows.Err()
}

// prove finds the pictures that show an alert's slot, as far as they are there already, and keeps them.
func (e *Engine) prove(ctx context.Context, tx *state.Tx, a *Alert) error {
	if a.Slot == "" {
		return nil
	}
	pictured, err := state.PicturedLooks(ctx, tx, a.Tenant, a.Device)
	if err != nil {
		return err
	}
	known, err := Crops(ctx, tx, a)
	if err != nil {
		return err
	}
	for _, m := range Moments {
		c, err := e.find(ctx, tx, a, m, known[m], pictured)
		if err != nil {
			return err
		}
		if err := e.putCrop(ctx, tx, a, m, c); err != nil {
			return err
		}
	}
	return nil
}

// maxTries bounds how many pictures are tried to find one that shows the slot as it was at a moment.
const maxTries = 10

// find returns the best picture of a moment among those that are there and the one known before. Without any,
// it returns where the slot was in the look itself. A zero Crop means "not known".
func (e *Engine) find(ctx context.Context, tx *state.Tx, a *Alert, m Moment, known Crop, pictured []state.Order) (Crop, error) {
	at, ok := a.Evidence.at(m)
	if !ok {
		return Crop{}, nil
	}
	if m == MomentBefore {
		pictured = slices.Clone(pictured)
		slices.Reverse(pictured)
	}
	tries := 0
	for _, o := range pictured {
		k := Key(o)
		if !a.shows(m, k) {
			continue
		}
		if !known.KeptUntil.IsZero() && k == known.Look.Key {
			known.KeptUntil = e.now().Add(ProofFor)
			return known, nil
		}
		if tries++; tries > maxTries {
			break
		}
		c, fits, err := lookAt(ctx, tx, a, m, k)
		if err != nil {
			return Crop{}, err
		}
		if fits {
			c.KeptUntil = e.now().Add(ProofFor)
			return c, nil
		}
	}
	// Looks are deleted sooner than pictures that are proof, so keep what was known about them.
	if !known.Look.IsZero() && (known.Look.Key == at || !known.KeptUntil.IsZero() && a.shows(m, known.Look.Key)) {
		return known, nil
	}
	c, _, err := lookAt(ctx, tx, a, m, at)
	return c, err
}

// shows reports whether a look is on the side of the moment on which the slot was in the same state.
func (a *Alert) shows(m Moment, k Key) bool {
	at, ok := a.Evidence.at(m)
	if !ok {
		return false
	}
	switch end, over := a.Evidence.at(MomentEnd); m {
	case MomentBefore:
		return k.Compare(at) <= 0
	case MomentAfter:
		return k.Compare(at) >= 0 && (!over || k.Compare(end) < 0)
	default:
		return k.Compare(at) >= 0
	}
}

// lookAt returns where an alert's slot was in a look, or a zero Crop if that is not known, and whether the slot
// was then in the same state as at the moment.
func lookAt(ctx context.Context, q state.Querier, a *Alert, m Moment, k Key) (c Crop, fits bool, err error) {
	l, at, err := readLook(ctx, q, a.Tenant, a.Device, k)
	if l == nil || err != nil {
		return Crop{}, false, err
	}
	i := slices.IndexFunc(l.Slots, func(s Slot) bool { return s.ID == a.Slot })
	if i < 0 {
		return Crop{}, false, nil
	}
	s := l.Slots[i]
	itself, _ := a.Evidence.at(m)
	fits = k == itself || s.GTIN == a.GTIN && a.wasSo(m, s)
	return Crop{Look: Mark{k, at}, Box: s.Box, Width: l.Width, Height: l.Height}, fits, nil
}

// wasSo reports whether the alert's slot has, in a reading, the state that it had at a moment.
func (a *Alert) wasSo(m Moment, s Slot) bool {
	switch {
	case !a.Type.aboutLooks(): // the books or the till were wrong, so the slot need only be visible
		return s.State != shelf.Unknown
	case m == MomentAfter:
		return slotWord(a.Type, s) == bad
	}
	return slotWord(a.Type, s) == good
}

// putCrop stores where an alert's slot is at a moment, and protects the picture of it.
func (e *Engine) putCrop(ctx context.Context, tx *state.Tx, a *Alert, m Moment, c Crop) error {
	if c.Look.IsZero() {
		_, err := tx.Exec(ctx, "DELETE FROM alert_proofs WHERE alert_id = ? AND moment = ?", a.ID, string(m))
		if err != nil {
			return fmt.Errorf("forget proof of %s: %w", a.ID, err)
		}
		return nil
	}
	box, err := json.Marshal(c.Box)
	if err != nil {
		return fmt.Errorf("keep proof of %s: %w", a.ID, err)
	}
	var kept int64
	if !c.KeptUntil.IsZero() {
		kept = state.Micros(c.KeptUntil)
	}
	_, err = tx.Exec(ctx, `INSERT INTO alert_proofs (tenant, alert_id, moment, device, boot, seq, at, width, height, box, kept_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (alert_id, moment) DO UPDATE SET boot = excluded.boot, seq = excluded.seq, at = excluded.at,
			width = excluded.width, height = excluded.height, box = excluded.box, kept_until = excluded.kept_until`,
		a.Tenant, a.ID, string(m), a.Device, int64(c.Look.Boot), int64(c.Look.Seq), state.Micros(c.Look.At), c.Width, c.Height, string(box), kept)
	if err != nil {
		return fmt.Errorf("keep proof of %s: %w", a.ID, err)
	}
	if kept == 0 {
		return nil
	}
	return state.KeepPicture(ctx, tx, a.Tenant, a.Device, state.Order(c.Look.Key), c.KeptUntil)
}

// proveBy keeps a picture that comes after an alert that rests on its look, or on one near it. The alert may be
// open, or may have ended at that look, after it, or shortly before it.
func (e *Engine) proveBy(ctx context.Context, tx *state.Tx, env *wire.Envelope, p *wire.Picture) error {
	if p.ObservationSeq == 0 {
		return nil
	}
	look := Key{env.Boot, p.ObservationSeq}
	alerts, err := restingOn(ctx, tx, env, look)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		known, err := Crops(ctx, tx, a)
		if err != nil {
			return err
		}
		for _, m := range Moments {
			if !a.shows(m, look) || !better(m, look, known[m]) {
				continue
			}
			c, fits, err := lookAt(ctx, tx, a, m, look)
			if err != nil {
				return err
			}
			if !fits {
				continue
			}
			c.KeptUntil = e.now().Add(ProofFor)
			if err := e.putCrop(ctx, tx, a, m, c); err != nil {
				return err
			}
		}
	}
	return nil
}

// better reports whether the picture of a look is nearer to a moment than the one known.
func better(m Moment, look Key, known Crop) bool {
	if known.KeptUntil.IsZero() {
		return true
	}
	if m == MomentBefore {
		return look.Compare(known.Look.Key) > 0
	}
	return look.Compare(known.Look.Key) < 0
}

// awaited is how long after an alert's end a picture of the slot still counts as proof: while somebody
// restocks, people stand in front of the shelf, and the board sends no picture.
const awaited = time.Hour

// restingOn returns a device's alerts about slots for which a look may be proof.
func restingOn(ctx context.Context, tx *state.Tx, env *wire.Envelope, look Key) (alerts []*Alert, err error) {
	bodies, err := state.Texts(ctx, tx, `SELECT alert FROM alerts WHERE tenant = ? AND device = ?
		AND (status <> 'resolved' OR closed_boot = ? AND closed_seq >= ?
			OR id IN (SELECT alert_id FROM alert_proofs WHERE tenant = ? AND device = ? AND kept_until = 0 AND moment = ? AND at > ?))`,
		env.Tenant, env.Device, int64(look.Boot), int64(look.Seq), env.Tenant, env.Device, string(MomentEnd), state.Micros(env.CapturedAt.Add(-awaited)))
	if err != nil {
		return nil, fmt.Errorf("find alerts of picture %d.%d: %w", env.Boot, env.Seq, err)
	}
	for _, body := range bodies {
		a := new(Alert)
		if err := json.Unmarshal([]byte(body), a); err != nil {
			return nil, fmt.Errorf("stored alert: %w", err)
		}
		if a.Slot != "" {
			alerts = append(alerts, a)
		}
	}
	return alerts, nil
}

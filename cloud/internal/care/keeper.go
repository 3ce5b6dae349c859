package care

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/release"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
)

// Session is a connection to a broker that keeps the last message of a topic for later subscribers.
type Session interface {
	Retain(ctx context.Context, topic string, payload []byte) error
	Alive() bool
	Close()
}

// Config configures a Keeper.
type Config struct {
	DB      *state.DB
	Connect func(ctx context.Context) (Session, error)
	URL     string // address at which boards reach this service, without a final slash; "": no bundle can be sent
	Log     *slog.Logger
	Now     func() time.Time // nil: time.Now
}

// Keeper merges the desired state of each board, and publishes it.
type Keeper struct {
	Config
	session Session // nil: none
	told    string  // the last fault, so that a repeated one is logged once
}

// NewKeeper returns a keeper. Several of them, on several nodes, take turns.
func NewKeeper(c Config) *Keeper {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Keeper{Config: c}
}

// keeperLock is held by whoever writes care_boards.
const keeperLock = "care_boards"

// every is how often the keeper looks for something to do.
const every = 300 * time.Millisecond

// Run works until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	defer k.leave()
	for {
		err := k.Work(ctx)
		if err != nil && ctx.Err() == nil && err.Error() != k.told {
			k.Log.Error("desired states of boards", "err", err)
			k.told = err.Error()
		}
		if err == nil {
			k.told = ""
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Work does what there is to do now.
func (k *Keeper) Work(ctx context.Context) error {
	for {
		more, err := k.putTogether(ctx)
		if err != nil {
			return err
		}
		if !more {
			return k.publish(ctx)
		}
		if err := k.publish(ctx); err != nil {
			return err
		}
	}
}

// atOnce bounds what is merged in one transaction, because nobody else writes meanwhile.
const atOnce = 200

type queued struct {
	n             int64
	tenant, place string
	scope         Scope
	again         bool
}

// putTogether processes a part of the queue; more is false when it is empty.
func (k *Keeper) putTogether(ctx context.Context) (more bool, err error) {
	var one int64
	// Look without a lock first, because mostly there is nothing.
	if err := k.DB.QueryRow(ctx, "SELECT COUNT(*) FROM (SELECT n FROM care_queue LIMIT 1) q").Scan(&one); err != nil || one == 0 {
		return false, err
	}
	err = k.DB.Write(ctx, func(tx *state.Tx) error {
		if err := tx.Exclusive(ctx, keeperLock); err != nil {
			return err
		}
		list, err := readQueue(ctx, tx)
		if err != nil {
			return err
		}
		more = len(list) == atOnce
		done := map[[2]string]bool{}
		for _, q := range list {
			if q.scope != Cooler {
				more = true
				if err := spread(ctx, tx, q); err != nil {
					return err
				}
			} else if key := [2]string{q.tenant, q.place}; q.again || !done[key] {
				done[key] = true
				if err := k.settle(ctx, tx, q.tenant, q.place, q.again); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, "DELETE FROM care_queue WHERE n = ?", q.n); err != nil {
				return err
			}
		}
		return nil
	})
	return more, err
}

func readQueue(ctx context.Context, tx *state.Tx) (list []queued, err error) {
	rows, err := tx.Query(ctx, "SELECT n, tenant, scope, place, again FROM care_queue ORDER BY n LIMIT ?", atOnce)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var q queued
		if err := rows.Scan(&q.n, &q.tenant, &q.scope, &q.place, &q.again); err != nil {
			return nil, err
		}
		list = append(list, q)
	}
	return list, rows.Err()
}

// spread puts every cooler of a store or a tenant into the queue.
func spread(ctx context.Context, tx *state.Tx, q queued) error {
	where, args := "", []any{Cooler, q.again, q.tenant}
	if q.scope == Store {
		where, args = " AND store = ?", append(args, q.place)
	}
	_, err := tx.Exec(ctx, "INSERT INTO care_queue (tenant, scope, place, again) SELECT tenant, CAST(? AS TEXT), device, CAST(? AS BOOLEAN) FROM coolers WHERE tenant = ?"+where, args...)
	return err
}

// settle merges one board's desired state.
func (k *Keeper) settle(ctx context.Context, tx *state.Tx, tenant, device string, again bool) error {
	b, err := GetBoard(ctx, tx, tenant, device)
	if errors.Is(err, state.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	c, err := state.GetCooler(ctx, tx, tenant, device)
	if err != nil {
		return err
	}
	wanted, err := k.wanted(ctx, tx, tenant, c, b.Arch)
	if err != nil {
		return err
	}
	if b.InForce == b.Version {
		b.Applied = b.Wanted
	}
	changed := !wanted.same(b.Wanted)
	b.Wanted = wanted
	switch {
	case b.Version == 0 && wanted.same(Wanted{}) && len(wanted.Missing) == 0:
		return nil // nothing was ever wished of it
	case changed, b.Version > 0 && b.InForce > b.Version:
		b.renumber(k.Now())
	case again && b.State == Pending:
		b.published = 0
	}
	return b.put(ctx, tx, tenant)
}

// renumber gives what is wanted a number that the board has not seen.
func (b *Board) renumber(now time.Time) {
	b.Version = max(b.Version, b.InForce, b.Reported) + 1
	b.Since, b.published = now, 0
	b.judge()
}

func (b *Board) put(ctx context.Context, tx *state.Tx, tenant string) error {
	wanted, err1 := json.Marshal(b.Wanted)
	applied, err2 := json.Marshal(b.Applied)
	err := errors.Join(err1, err2)
	if err == nil {
		_, err = tx.Exec(ctx, `INSERT INTO care_boards (tenant, device, version, wanted, since, published, applied) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (tenant, device) DO UPDATE SET version = excluded.version, wanted = excluded.wanted, since = excluded.since,
				published = excluded.published, applied = excluded.applied`,
			tenant, b.Device, int64(b.Version), string(wanted), state.Micros(b.Since), int64(b.published), string(applied))
	}
	if err != nil {
		return fmt.Errorf("store desired state of %s: %w", b.Device, err)
	}
	return nil
}

// wanted merges the wishes, nearer ones over farther ones, and looks up what they name.
func (k *Keeper) wanted(ctx context.Context, tx *state.Tx, tenant string, c *state.Cooler, arch string) (w Wanted, err error) {
	for _, at := range []struct {
		scope Scope
		place string
	}{{Tenant, ""}, {Store, c.Store}, {Cooler, c.Device}} {
		wish, err := GetWish(ctx, tx, tenant, at.scope, at.place)
		if err != nil {
			return w, err
		}
		p := wish.Parts
		if p.Planogram != nil {
			w.Planogram = &WantedPlanogram{ID: *p.Planogram, From: at.scope}
		}
		if p.Schedule != nil {
			w.Schedule = &WantedSchedule{*p.Schedule, at.scope}
		}
		if p.Thresholds != nil {
			w.Thresholds = &WantedNumbers{p.Thresholds, at.scope}
		}
		for _, kind := range bundle.Kinds() {
			if v := p.Version(kind); v != nil {
				*w.of(kind) = &WantedBundle{Version: *v, From: at.scope, Rollout: p.Rollouts[kind]}
			}
		}
	}
	if err := w.findPlanogram(ctx, tx, tenant, c); err != nil {
		return w, err
	}
	for _, kind := range bundle.Kinds() {
		if err := k.findBundle(ctx, tx, tenant, kind, arch, &w); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (w *Wanted) findPlanogram(ctx context.Context, tx *state.Tx, tenant string, c *state.Cooler) error {
	p := w.Planogram
	if p == nil {
		return nil
	}
	if p.ID == Assigned {
		p.ID = c.Planogram
	}
	if p.ID == "" {
		w.Planogram = nil
		return nil
	}
	plan, err := state.GetPlanogram(ctx, tx, tenant, p.ID, 0)
	if errors.Is(err, state.ErrNotFound) {
		w.Planogram, w.Missing = nil, append(w.Missing, "planogram "+p.ID+" is not published")
		return nil
	}
	if err == nil {
		p.Version = plan.Version
	}
	return err
}

// findBundle chooses the bundle for the board's processor. For a board that has not reported its processor, a
// bundle that exists for only one processor is tried: the board refuses a wrong one.
func (k *Keeper) findBundle(ctx context.Context, tx *state.Tx, tenant, kind, arch string, w *Wanted) error {
	want := *w.of(kind)
	if want == nil {
		return nil
	}
	if want.Version == "" {
		*w.of(kind) = nil
		return nil
	}
	leave := func(why string) error {
		*w.of(kind) = nil
		w.Missing = append(w.Missing, fmt.Sprintf("%s %s: %s", kind, want.Version, why))
		return nil
	}
	if k.URL == "" {
		return leave("boards have no address to fetch it from (updates.url)")
	}
	list, err := Bundles(ctx, tx, tenant, kind, want.Version)
	if err != nil {
		return err
	}
	r := forArch(list, arch)
	switch {
	case len(list) == 0:
		return leave("the bundle is not here any more")
	case r == nil && arch == "":
		return leave("the board has not told its processor")
	case r == nil:
		return leave("there is none for " + arch)
	}
	want.SHA256, want.Size = r.SHA256, r.Size
	return nil
}

func forArch(list []release.Release, arch string) *release.Release {
	for i := range list {
		if list[i].Arch == "" || list[i].Arch == arch || arch == "" && len(list) == 1 {
			return &list[i]
		}
	}
	return nil
}

// Settle merges one board's desired state now, in the caller's transaction, for a staged update, and returns
// it.
func (k *Keeper) Settle(ctx context.Context, tx *state.Tx, tenant, device string) (*Board, error) {
	if err := tx.Exclusive(ctx, keeperLock); err != nil {
		return nil, err
	}
	if err := k.settle(ctx, tx, tenant, device, false); err != nil {
		return nil, err
	}
	return GetBoard(ctx, tx, tenant, device)
}

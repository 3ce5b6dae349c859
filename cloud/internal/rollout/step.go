package rollout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Conductor advances staged updates. Several of them, on several nodes, take turns.
type Conductor struct {
	DB     *state.DB
	Keeper *care.Keeper
	Log    *slog.Logger
	Now    func() time.Time // nil: time.Now

	told string // the last fault, so that a repeated one is logged once
}

// every is how often staged updates are looked at.
const every = time.Second

// itself is how records name this package.
const itself = "the staged update"

// Run works until ctx ends.
func (c *Conductor) Run(ctx context.Context) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		switch err := c.Work(ctx); {
		case err == nil:
			c.told = ""
		case ctx.Err() == nil && err.Error() != c.told:
			c.Log.Error("staged updates", "err", err)
			c.told = err.Error()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// Work advances each running staged update by one step.
func (c *Conductor) Work(ctx context.Context) error {
	list, err := query(ctx, c.DB, "WHERE status = ? ORDER BY id", string(Running))
	if err != nil {
		return fmt.Errorf("list staged updates: %w", err)
	}
	now := time.Now
	if c.Now != nil {
		now = c.Now
	}
	var errs []error
	for _, r := range list {
		errs = append(errs, c.DB.Write(ctx, func(tx *state.Tx) error { return c.step(ctx, tx, r.tenant, r.ID, now()) }))
	}
	return errors.Join(errs...)
}

func (c *Conductor) step(ctx context.Context, tx *state.Tx, tenant string, id int64, now time.Time) error {
	if err := tx.Exclusive(ctx, lock); err != nil {
		return err
	}
	r, err := Get(ctx, tx, tenant, id)
	if err != nil || r.Status != Running { // another node, or a person, was faster
		return err
	}
	if err := c.watch(ctx, tx, r, now); err != nil {
		return err
	}
	if failed := r.Counts[Failed] - r.forgiven; failed > r.MaxFailures {
		return c.halt(ctx, tx, r, now)
	}
	for r.Stage < len(r.Stages)-1 && r.reached() >= r.Target && r.active() == 0 {
		r.Stage, r.stageSince = r.Stage+1, now
		r.Target, _ = share(r.Stages[r.Stage], r.eligible())
		c.Log.Info("staged update goes on", "rollout", r.ID, "stage", r.Stages[r.Stage])
		if err := r.put(ctx, tx, now); err != nil {
			return err
		}
	}
	if err := c.ask(ctx, tx, r, now); err != nil {
		return err
	}
	last := r.Stage == len(r.Stages)-1
	if r.active() > 0 || r.Counts[Waiting] > 0 && !(last && now.Sub(r.stageSince) > r.patience()) {
		return nil
	}
	return c.finish(ctx, tx, r, now)
}

func (r *Rollout) active() int  { return r.Counts[Asked] + r.Counts[Watched] }
func (r *Rollout) reached() int { return r.Counts[Healthy] }

func (r *Rollout) patience() time.Duration { return time.Duration(r.PatienceS) * time.Second }
func (r *Rollout) soak() time.Duration     { return time.Duration(r.SoakS) * time.Second }

// move stores a board with another status.
func (r *Rollout) move(ctx context.Context, tx *state.Tx, b *Board, to BoardStatus) error {
	r.Counts[b.Status]--
	r.Counts[to]++
	b.Status = to
	return r.putBoard(ctx, tx, b)
}

// watch looks at every board that was asked.
func (c *Conductor) watch(ctx context.Context, tx *state.Tx, r *Rollout, now time.Time) error {
	list, err := Boards(ctx, tx, r.tenant, r.ID, Asked, Watched)
	if err != nil {
		return err
	}
	for _, b := range list {
		at, err := care.GetBoard(ctx, tx, r.tenant, b.Device)
		if err != nil {
			return err
		}
		cooler, err := state.GetCooler(ctx, tx, r.tenant, b.Device)
		if err != nil {
			return err
		}
		if err := c.judge(ctx, tx, r, b, at, cooler, now); err != nil {
			return err
		}
	}
	return nil
}

// judge determines what became of one board.
func (c *Conductor) judge(ctx context.Context, tx *state.Tx, r *Rollout, b *Board, at *care.Board, cooler *state.Cooler, now time.Time) error {
	late := now.Sub(*b.AskedAt) > r.patience()
	want := at.Wanted.Of(r.Kind)
	switch {
	case want == nil || want.Version != r.Version:
		b.Detail, b.DoneAt = strings.Join(append([]string{"somebody wishes for something else"}, at.Wanted.Missing...), "; "), &now
		return r.move(ctx, tx, b, Skipped)
	case b.Status == Asked && (at.State == care.Rejected || at.State == care.RolledBack):
		return c.fail(ctx, tx, r, b, string(at.State)+": "+at.Detail, now)
	case b.Status == Asked && at.State == care.InForce && at.Version >= b.Asked:
		b.AppliedAt = &now
		if h := cooler.Latest.Health; h != nil {
			b.Heard = h.Order
		}
		return r.move(ctx, tx, b, Watched)
	case b.Status == Asked && late:
		return c.fail(ctx, tx, r, b, fmt.Sprintf("it has not answered within %v", r.patience()), now)
	case b.Status == Asked:
		return nil
	}
	return c.judgeHealth(ctx, tx, r, b, cooler, late, now)
}

// judgeHealth determines whether a board that has the bundle is well.
func (c *Conductor) judgeHealth(ctx context.Context, tx *state.Tx, r *Rollout, b *Board, cooler *state.Cooler, late bool, now time.Time) error {
	ills, was := ills(cooler, b), b.boardBody
	switch {
	case len(ills) > 0 && b.IllSince == nil:
		b.IllSince, b.WellSince, b.Detail = &now, nil, strings.Join(ills, "; ")
	case len(ills) > 0 && now.Sub(*b.IllSince) >= r.soak():
		return c.fail(ctx, tx, r, b, "unwell under it: "+strings.Join(ills, "; "), now)
	case len(ills) > 0:
	case !cooler.Online || !heardSince(cooler, b):
		b.WellSince, b.IllSince = nil, nil
	case b.WellSince == nil:
		b.WellSince, b.IllSince, b.Detail = &now, nil, ""
	case now.Sub(*b.WellSince) >= r.soak():
		b.DoneAt = &now
		return r.move(ctx, tx, b, Healthy)
	}
	if late && b.WellSince == nil {
		return c.fail(ctx, tx, r, b, fmt.Sprintf("it has not been well for %v within %v", r.soak(), r.patience()), now)
	}
	if was.WellSince == b.WellSince && was.IllSince == b.IllSince {
		return nil
	}
	return r.putBoard(ctx, tx, b)
}

// heardSince reports whether the board has reported its health since it has the bundle.
func heardSince(c *state.Cooler, b *Board) bool {
	return c.Latest.Health != nil && c.Latest.Health.After(b.Heard)
}

// ills returns the reasons why a board is not well that it did not have before.
func ills(c *state.Cooler, b *Board) (list []string) {
	if !heardSince(c, b) {
		return nil
	}
	for _, reason := range c.Latest.Health.Value.Reasons {
		if !slices.Contains(b.Ills, reason) {
			list = append(list, reason)
		}
	}
	return list
}

// fail records why, and wishes of the board what was wished before.
func (c *Conductor) fail(ctx context.Context, tx *state.Tx, r *Rollout, b *Board, why string, now time.Time) error {
	if _, err := care.SetVersion(ctx, tx, r.tenant, care.Cooler, b.Device, r.Kind, b.Before, 0, itself, now); err != nil {
		return err
	}
	b.Detail, b.DoneAt = why, &now
	c.Log.Warn("a board failed a staged update", "rollout", r.ID, "device", b.Device, "why", why)
	return r.move(ctx, tx, b, Failed)
}

func (c *Conductor) halt(ctx context.Context, tx *state.Tx, r *Rollout, now time.Time) error {
	failed, err := Boards(ctx, tx, r.tenant, r.ID, Failed)
	if err != nil {
		return err
	}
	slices.SortFunc(failed, func(a, b *Board) int { return b.DoneAt.Compare(*a.DoneAt) })
	if err := r.takeBack(ctx, tx, Waiting, itself, now); err != nil {
		return err
	}
	r.Status = Halted
	r.Reason = fmt.Sprintf("failed: %d, allowed: %d; the last is %s: %.500s", len(failed)-r.forgiven, r.MaxFailures, failed[0].Device, failed[0].Detail)
	c.Log.Error("staged update halts", "rollout", r.ID, "why", r.Reason)
	if err := r.put(ctx, tx, now); err != nil {
		return err
	}
	return access.Note(ctx, tx, r.tenant, itself, "staged update: halt", fmt.Sprintf("%d: %s", r.ID, r.Reason), now)
}

// atOnce bounds how many boards one step asks.
const atOnce = 50

// ask asks as many connected boards as the stage has room for.
func (c *Conductor) ask(ctx context.Context, tx *state.Tx, r *Rollout, now time.Time) error {
	room := min(r.Target-r.reached()-r.active(), atOnce)
	if room <= 0 || r.Counts[Waiting] == 0 {
		return nil
	}
	waiting, err := Boards(ctx, tx, r.tenant, r.ID, Waiting)
	if err != nil {
		return err
	}
	for _, b := range waiting {
		if room == 0 {
			return nil
		}
		cooler, err := state.GetCooler(ctx, tx, r.tenant, b.Device)
		if err != nil {
			return err
		}
		if !cooler.Online {
			continue
		}
		if err := c.askBoard(ctx, tx, r, b, cooler, Asked, now); err != nil {
			return err
		}
		room--
	}
	return nil
}

// askBoard wishes the bundle of one board.
func (c *Conductor) askBoard(ctx context.Context, tx *state.Tx, r *Rollout, b *Board, cooler *state.Cooler, status BoardStatus, now time.Time) error {
	before, err := care.SetVersion(ctx, tx, r.tenant, care.Cooler, b.Device, r.Kind, &r.Version, r.ID, itself, now)
	if err != nil {
		return err
	}
	at, err := c.Keeper.Settle(ctx, tx, r.tenant, b.Device)
	if err != nil {
		return err
	}
	b.boardBody = boardBody{AskedAt: &now, Asked: at.Version, Before: before}
	if h := cooler.Latest.Health; h != nil {
		b.Ills = h.Value.Reasons
	}
	return r.move(ctx, tx, b, status)
}

// finish stops waiting for boards that are away. If the update was for a whole place, it makes the version the
// wish of that place, so that boards that come later get it.
func (c *Conductor) finish(ctx context.Context, tx *state.Tx, r *Rollout, now time.Time) error {
	if r.reached() == 0 {
		r.Status, r.Reason = Halted, "no board has come to be well under it"
		return r.put(ctx, tx, now)
	}
	waiting, err := Boards(ctx, tx, r.tenant, r.ID, Waiting)
	if err != nil {
		return err
	}
	for _, b := range waiting {
		cooler, err := state.GetCooler(ctx, tx, r.tenant, b.Device)
		if err != nil {
			return err
		}
		if err := c.askBoard(ctx, tx, r, b, cooler, Late, now); err != nil {
			return err
		}
	}
	if err := r.promote(ctx, tx, now); err != nil {
		return err
	}
	r.Status, r.Reason, r.FinishedAt = Done, "", &now
	if err := r.put(ctx, tx, now); err != nil {
		return err
	}
	return access.Note(ctx, tx, r.tenant, itself, "staged update: done", fmt.Sprintf("%d: %s %s, %d boards", r.ID, r.Kind, r.Version, r.Counts[Healthy]), now)
}

// promote makes the version the wish of the tenant or of the stores. Boards that failed, or have a higher
// version, are left alone.
func (r *Rollout) promote(ctx context.Context, tx *state.Tx, now time.Time) error {
	if len(r.Devices)+len(r.Regions) > 0 {
		return nil
	}
	set := func(scope care.Scope, place string, version *string) error {
		_, err := care.SetVersion(ctx, tx, r.tenant, scope, place, r.Kind, version, r.ID, itself, now)
		return err
	}
	if len(r.Stores) == 0 {
		if err := set(care.Tenant, "", &r.Version); err != nil {
			return err
		}
	}
	for _, store := range r.Stores {
		if err := set(care.Store, store, &r.Version); err != nil {
			return err
		}
	}
	all, err := Boards(ctx, tx, r.tenant, r.ID)
	if err != nil {
		return err
	}
	none := ""
	for _, b := range all {
		switch {
		case b.Status == Healthy || b.Status == Late:
			err = set(care.Cooler, b.Device, nil) // it gets the same from the wider scope
		case b.Before == nil && (b.Status == Failed || b.Higher):
			err = set(care.Cooler, b.Device, &none)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

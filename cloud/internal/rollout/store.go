package rollout

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/care"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/bundle"
)

// lock is held by whoever changes staged updates.
const lock = "rollout"

const columns = "id, tenant, order_body, status, stage, stage_since, reason, forgiven, created_at, created_by, changed_at, finished_at"

func scan(row interface{ Scan(...any) error }, more ...any) (*Rollout, error) {
	var r Rollout
	var order string
	var stageSince, created, changed, finished int64
	into := []any{&r.ID, &r.tenant, &order, &r.Status, &r.Stage, &stageSince, &r.Reason, &r.forgiven, &created, &r.CreatedBy, &changed, &finished}
	if err := row.Scan(append(into, more...)...); err != nil {
		return nil, err
	}
	r.stageSince, r.CreatedAt, r.ChangedAt = state.Time(stageSince), state.Time(created), state.Time(changed)
	if finished > 0 {
		at := state.Time(finished)
		r.FinishedAt = &at
	}
	return &r, json.Unmarshal([]byte(order), &r.Order)
}

// eligible returns the number of boards that the bundle was to be brought to.
func (r *Rollout) eligible() (n int) {
	for status, count := range r.Counts {
		if status != Skipped {
			n += count
		}
	}
	return n
}

// Get reads one staged update. The error is state.ErrNotFound if there is none.
func Get(ctx context.Context, q state.Querier, tenant string, id int64) (*Rollout, error) {
	list, err := counted(ctx, q, "tenant = ? AND id = ?", tenant, id)
	if err != nil {
		return nil, fmt.Errorf("read staged update %d: %w", id, err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("staged update %d: %w", id, state.ErrNotFound)
	}
	return list[0], nil
}

// List returns up to limit staged updates of a tenant, the newest first.
func List(ctx context.Context, q state.Querier, tenant string, limit int) ([]*Rollout, error) {
	list, err := counted(ctx, q, "id IN (SELECT id FROM rollouts WHERE tenant = ? ORDER BY id DESC LIMIT ?)", tenant, limit)
	if err != nil {
		return nil, fmt.Errorf("list staged updates: %w", err)
	}
	return list, nil
}

// counted reads staged updates with the progress of their boards, the newest first. It uses a single statement,
// because two might see different moments.
func counted(ctx context.Context, q state.Querier, where string, args ...any) ([]*Rollout, error) {
	rows, err := q.Query(ctx, `SELECT r.*, COALESCE(b.status, ''), COALESCE(b.n, 0) FROM (SELECT `+columns+` FROM rollouts WHERE `+where+`) r
		LEFT JOIN (SELECT tenant, rollout, status, COUNT(*) AS n FROM rollout_boards GROUP BY tenant, rollout, status) b
		ON b.tenant = r.tenant AND b.rollout = r.id ORDER BY r.id DESC`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []*Rollout{}
	for rows.Next() {
		var status BoardStatus
		var n int
		r, err := scan(rows, &status, &n)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 || list[len(list)-1].ID != r.ID {
			r.Counts = map[BoardStatus]int{Waiting: 0, Asked: 0, Watched: 0, Healthy: 0, Failed: 0, Late: 0, Skipped: 0, TakenBack: 0}
			list = append(list, r)
		}
		if status != "" {
			list[len(list)-1].Counts[status] = n
		}
	}
	for _, r := range list {
		r.Target, _ = share(r.Stages[min(r.Stage, len(r.Stages)-1)], r.eligible()) // Complete has checked it
	}
	return list, rows.Err()
}

func query(ctx context.Context, q state.Querier, where string, args ...any) ([]*Rollout, error) {
	rows, err := q.Query(ctx, "SELECT "+columns+" FROM rollouts "+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []*Rollout{}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	return list, rows.Err()
}

// Boards returns the boards of a staged update, in the order in which they are asked; with statuses, only
// boards in those.
func Boards(ctx context.Context, q state.Querier, tenant string, id int64, statuses ...BoardStatus) ([]*Board, error) {
	rows, err := q.Query(ctx, "SELECT device, status, body FROM rollout_boards WHERE tenant = ? AND rollout = ? ORDER BY place, device", tenant, id)
	if err != nil {
		return nil, fmt.Errorf("list boards of staged update %d: %w", id, err)
	}
	defer rows.Close()
	list := []*Board{}
	for rows.Next() {
		var b Board
		var body string
		if err := rows.Scan(&b.Device, &b.Status, &body); err != nil {
			return nil, fmt.Errorf("list boards of staged update %d: %w", id, err)
		}
		if len(statuses) > 0 && !slices.Contains(statuses, b.Status) {
			continue
		}
		if err := json.Unmarshal([]byte(body), &b.boardBody); err != nil {
			return nil, fmt.Errorf("stored board of staged update %d: %w", id, err)
		}
		list = append(list, &b)
	}
	return list, rows.Err()
}

func (r *Rollout) put(ctx context.Context, tx *state.Tx, now time.Time) error {
	r.ChangedAt = now
	finished := int64(0)
	if r.FinishedAt != nil {
		finished = state.Micros(*r.FinishedAt)
	}
	_, err := tx.Exec(ctx, "UPDATE rollouts SET status = ?, stage = ?, stage_since = ?, reason = ?, forgiven = ?, changed_at = ?, finished_at = ? WHERE id = ?",
		string(r.Status), r.Stage, state.Micros(r.stageSince), r.Reason, r.forgiven, state.Micros(now), finished, r.ID)
	if err != nil {
		return fmt.Errorf("store staged update %d: %w", r.ID, err)
	}
	return nil
}

func (r *Rollout) putBoard(ctx context.Context, tx *state.Tx, b *Board) error {
	body, err := json.Marshal(b.boardBody)
	if err == nil {
		_, err = tx.Exec(ctx, "UPDATE rollout_boards SET status = ?, body = ? WHERE tenant = ? AND rollout = ? AND device = ?", string(b.Status), string(body), r.tenant, r.ID, b.Device)
	}
	if err != nil {
		return fmt.Errorf("store board %s of staged update %d: %w", b.Device, r.ID, err)
	}
	return nil
}

// Start begins a staged update for an order that is complete. The errors are ErrOrder, ErrBusy and ErrNobody,
// and state.ErrNotFound for a bundle that is not here.
func Start(ctx context.Context, tx *state.Tx, tenant, by string, o Order, now time.Time) (*Rollout, error) {
	if err := o.Complete(); err != nil {
		return nil, err
	}
	if err := tx.Exclusive(ctx, lock); err != nil {
		return nil, err
	}
	bundles, err := care.Bundles(ctx, tx, tenant, o.Kind, o.Version)
	if err != nil {
		return nil, err
	}
	if len(bundles) == 0 {
		return nil, fmt.Errorf("bundle %s %s: %w", o.Kind, o.Version, state.ErrNotFound)
	}
	for _, b := range bundles {
		if b.Expires.Before(now) {
			return nil, fmt.Errorf("%w: version: boards have taken this bundle until %s only", ErrOrder, b.Expires.Format(time.DateOnly))
		}
	}
	devices, err := o.devices(ctx, tx, tenant)
	if err != nil {
		return nil, err
	}
	if err := busy(ctx, tx, tenant, o.Kind, devices); err != nil {
		return nil, err
	}
	body, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	r := &Rollout{Order: o, Status: Running, tenant: tenant}
	err = tx.QueryRow(ctx, "INSERT INTO rollouts (tenant, order_body, status, stage, stage_since, created_at, created_by, changed_at) VALUES (?, ?, ?, 0, ?, ?, ?, ?) RETURNING id",
		tenant, string(body), string(Running), state.Micros(now), state.Micros(now), by, state.Micros(now)).Scan(&r.ID)
	if err != nil {
		return nil, fmt.Errorf("store staged update: %w", err)
	}
	asked := 0
	for _, device := range devices {
		b, err := r.enrol(ctx, tx, device)
		if err != nil {
			return nil, err
		}
		if b.Status == Waiting {
			asked++
		}
	}
	if asked == 0 {
		return nil, fmt.Errorf("%w: of %d boards each has this version or a higher one", ErrNobody, len(devices))
	}
	if err := access.Note(ctx, tx, tenant, by, "staged update started", fmt.Sprintf("%d: %s %s, %d boards, %v", r.ID, o.Kind, o.Version, asked, o.Stages), now); err != nil {
		return nil, err
	}
	return Get(ctx, tx, tenant, r.ID)
}

// enrol enters a board, to be asked or skipped. Boards come in random order, so that the first ones are not all
// of one store.
func (r *Rollout) enrol(ctx context.Context, tx *state.Tx, device string) (*Board, error) {
	at, err := care.GetBoard(ctx, tx, r.tenant, device)
	if err != nil {
		return nil, err
	}
	b := &Board{Device: device, Status: Waiting}
	has := ""
	if w := at.Applied.Of(r.Kind); w != nil {
		has = w.Version
	} else if r.Kind == bundle.Agent {
		has = at.Agent
	}
	if has != "" && bundle.Compare(has, r.Version) >= 0 && (at.Applied.Of(r.Kind) != nil || has == r.Version) {
		b.Status, b.Detail, b.Higher = Skipped, "it has "+has, has != r.Version
	}
	h := fnv.New32a()
	fmt.Fprintf(h, "%d/%s", r.ID, device)
	body, err := json.Marshal(b.boardBody)
	if err == nil {
		_, err = tx.Exec(ctx, "INSERT INTO rollout_boards (tenant, rollout, device, place, status, body) VALUES (?, ?, ?, ?, ?, ?)",
			r.tenant, r.ID, device, int64(h.Sum32()), string(b.Status), string(body))
	}
	if err != nil {
		return nil, fmt.Errorf("store board %s of staged update: %w", device, err)
	}
	return b, nil
}

// devices lists the boards of an order. A place that does not exist is an error.
func (o *Order) devices(ctx context.Context, q state.Querier, tenant string) ([]string, error) {
	rows, err := q.Query(ctx, `SELECT c.device, c.store, COALESCE(s.region, '') FROM coolers c
		LEFT JOIN stores s ON s.tenant = c.tenant AND s.store = c.store WHERE c.tenant = ? ORDER BY c.device`, tenant)
	if err != nil {
		return nil, fmt.Errorf("list boards: %w", err)
	}
	defer rows.Close()
	all := len(o.Regions)+len(o.Stores)+len(o.Devices) == 0
	found := map[string]bool{}
	var list []string
	for rows.Next() {
		var device, store, region string
		if err := rows.Scan(&device, &store, &region); err != nil {
			return nil, fmt.Errorf("list boards: %w", err)
		}
		in := all
		for _, at := range []struct {
			name  string
			among []string
		}{{region, o.Regions}, {store, o.Stores}, {device, o.Devices}} {
			if slices.Contains(at.among, at.name) {
				in, found[at.name] = true, true
			}
		}
		if in {
			list = append(list, device)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list boards: %w", err)
	}
	for _, name := range slices.Concat(o.Regions, o.Stores, o.Devices) {
		if !found[name] {
			return nil, fmt.Errorf("%w: there is no board at %q", ErrOrder, name)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("%w: there is no board yet", ErrNobody)
	}
	return list, nil
}

// busy returns an error if another staged update of this kind is working on one of the boards.
func busy(ctx context.Context, tx *state.Tx, tenant, kind string, devices []string) error {
	active, err := query(ctx, tx, "WHERE tenant = ? AND status IN ('running', 'paused', 'halted') ORDER BY id", tenant)
	if err != nil {
		return err
	}
	for _, r := range active {
		if r.Kind != kind {
			continue
		}
		theirs, err := Boards(ctx, tx, tenant, r.ID, Waiting, Asked, Watched)
		if err != nil {
			return err
		}
		for _, b := range theirs {
			if slices.Contains(devices, b.Device) {
				return fmt.Errorf("%w: number %d, %s %s, at board %s", ErrBusy, r.ID, r.Kind, r.Version, b.Device)
			}
		}
	}
	return nil
}

// InUse names a staged update that is not over and brings the version, or "".
func InUse(ctx context.Context, q state.Querier, tenant, kind, version string) (string, error) {
	active, err := query(ctx, q, "WHERE tenant = ? AND status IN ('running', 'paused', 'halted') ORDER BY id", tenant)
	for _, r := range active {
		if r.Kind == kind && r.Version == version {
			return fmt.Sprintf("staged update %d", r.ID), nil
		}
	}
	return "", err
}

// Say pauses, resumes or cancels a staged update. The error is ErrStatus if it is over, or already in that
// status.
func Say(ctx context.Context, tx *state.Tx, tenant string, id int64, what, by string, now time.Time) (*Rollout, error) {
	if err := tx.Exclusive(ctx, lock); err != nil {
		return nil, err
	}
	r, err := Get(ctx, tx, tenant, id)
	if err != nil {
		return nil, err
	}
	from, ok := map[string][]Status{"pause": {Running}, "resume": {Paused, Halted}, "cancel": {Running, Paused, Halted}}[what]
	if !ok || !slices.Contains(from, r.Status) {
		return nil, fmt.Errorf("%s staged update %d, which is %s: %w", what, id, r.Status, ErrStatus)
	}
	switch what {
	case "pause":
		r.Status, r.Reason = Paused, "by "+by
	case "resume":
		r.Status, r.Reason, r.forgiven = Running, "", r.Counts[Failed] // the failures so far are known now
	case "cancel":
		if err := r.takeBack(ctx, tx, TakenBack, by, now); err != nil {
			return nil, err
		}
		r.Status, r.Reason, r.FinishedAt = Cancelled, "by "+by, &now
	}
	if err := r.put(ctx, tx, now); err != nil {
		return nil, err
	}
	if err := access.Note(ctx, tx, tenant, by, "staged update: "+what, fmt.Sprintf("%d: %s %s", id, r.Kind, r.Version), now); err != nil {
		return nil, err
	}
	return Get(ctx, tx, tenant, id)
}

// takeBack wishes, of every board that was asked and has not answered, what was wished before.
func (r *Rollout) takeBack(ctx context.Context, tx *state.Tx, status BoardStatus, by string, now time.Time) error {
	asked, err := Boards(ctx, tx, r.tenant, r.ID, Asked)
	if err != nil {
		return err
	}
	for _, b := range asked {
		if _, err := care.SetVersion(ctx, tx, r.tenant, care.Cooler, b.Device, r.Kind, b.Before, 0, by, now); err != nil {
			return err
		}
		b.Status, b.boardBody = status, boardBody{Detail: "it was asked, and had not answered"}
		if err := r.putBoard(ctx, tx, b); err != nil {
			return err
		}
	}
	if status != TakenBack {
		return nil
	}
	_, err = tx.Exec(ctx, "UPDATE rollout_boards SET status = ? WHERE tenant = ? AND rollout = ? AND status = ?", string(TakenBack), r.tenant, r.ID, string(Waiting))
	return err
}

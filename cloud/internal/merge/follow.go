package merge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Series is what looks, doors and people are read from.
type Series interface {
	Messages(ctx context.Context, r series.Range, limit int) ([]series.Message, error)
}

// Config is what a Follower is made of. Zero values stand for the defaults in brackets.
type Config struct {
	DB      *state.DB
	Series  Series
	Ledger  *sales.Ledger
	Mirror  HourStore                 // where merged hours are written besides [nowhere]
	Poll    time.Duration             // how often touched hours are looked for [5 s: an hour is folded once for all that came]
	Stores  int                       // merged in one transaction at most [32]
	Keep    time.Duration             // how long the series keeps single looks [for ever]
	Counter func(channel string) bool // a channel whose customers take from the shelf [pos, and what begins with "pos-"]
	Now     func() time.Time          // [time.Now]
	Log     *slog.Logger
}

// Follower keeps the merged hours up with the facts. Several programs may run one each on the same
// PostgreSQL: a tenant is one's at a time.
type Follower struct {
	Config
	mu      sync.Mutex // one merge at a time
	rates   rateCache
	masters map[string]*heldMasters
	taken   map[string]remastered // by tenant: masters whose changes have touched the hours that they touch
}

// NewFollower makes one; nothing runs yet.
func NewFollower(c Config) *Follower {
	if c.Poll <= 0 {
		c.Poll = 5 * time.Second
	}
	if c.Stores <= 0 {
		c.Stores = 32
	}
	if c.Counter == nil {
		c.Counter = func(channel string) bool { return channel == "pos" || strings.HasPrefix(channel, "pos-") }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Follower{Config: c, rates: rateCache{db: c.DB}, masters: map[string]*heldMasters{}, taken: map[string]remastered{}}
}

// kept is from when on the series still has every look that an hour is folded from; zero: it has all.
func (f *Follower) kept() time.Time {
	if f.Keep <= 0 {
		return time.Time{}
	}
	return f.Now().UTC().Add(Hold - f.Keep).Truncate(time.Hour).Add(time.Hour)
}

// Grace is how long after its end an hour is closed: what comes later restates it.
const Grace = 5 * time.Minute

// Run follows until ctx ends, and has the mirror follow. A fault is logged, and tried again at the next
// poll; while the mirror is away the merge goes on.
func (f *Follower) Run(ctx context.Context) error {
	var mirror sync.WaitGroup
	defer mirror.Wait()
	mirror.Go(func() { f.runMirror(ctx) })
	every := time.NewTicker(f.Poll)
	defer every.Stop()
	faults := 0
	due := map[string]time.Time{}
	for {
		done, err := f.Step(ctx)
		if err == nil && done.Hours == 0 {
			err = f.learnDue(ctx, due)
		}
		if err != nil && ctx.Err() == nil {
			if faults++; faults&(faults-1) == 0 { // the 1st, 2nd, 4th, 8th …
				f.Log.Error("merge sales with the shelf", "times", faults, "err", err)
			}
		} else {
			faults = 0
		}
		if ctx.Err() != nil {
			return nil
		}
		if err == nil && done.Hours > 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// learnDue learns rates for the tenants whose time has come. Those who have none that are younger get
// theirs at the start.
func (f *Follower) learnDue(ctx context.Context, due map[string]time.Time) error {
	tenants, err := f.tenants(ctx)
	if err != nil {
		return err
	}
	for _, tenant := range tenants {
		now := f.Now()
		if at, known := due[tenant]; known && now.Before(at) {
			continue
		}
		if _, known := due[tenant]; !known {
			m, err := ReadModel(ctx, f.DB, tenant)
			if err != nil {
				return err
			}
			if m != nil && now.Before(m.next()) {
				due[tenant] = m.next()
				continue
			}
		}
		m, err := f.Learn(ctx, tenant)
		if err != nil {
			return err
		}
		due[tenant] = now.Add(retry)
		if m != nil {
			due[tenant] = m.next()
			f.Log.Info("demand rates learned", "tenant", tenant, "rates", m.Rates, "lessons", m.Lessons)
		}
	}
	return nil
}

// Done is what a step did.
type Done struct {
	Hours    int // folded
	Changed  int // of them: came out different, or new
	Restated int // of them: were closed before
	Lines    int // sales lines that were folded
	Slots    int // slot observations that were folded
}

func (d *Done) add(o Done) {
	d.Hours, d.Changed, d.Restated = d.Hours+o.Hours, d.Changed+o.Changed, d.Restated+o.Restated
	d.Lines, d.Slots = d.Lines+o.Lines, d.Slots+o.Slots
}

// Step merges what is touched now, of every tenant, up to a batch each. Done.Hours is 0 once nothing
// is left.
func (f *Follower) Step(ctx context.Context) (Done, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	tenants, err := f.tenants(ctx)
	if err != nil {
		return Done{}, err
	}
	var all Done
	var errs []error
	for _, tenant := range tenants {
		done, err := f.stepTenant(ctx, tenant)
		all.add(done)
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

func (f *Follower) tenants(ctx context.Context) ([]string, error) {
	list, err := state.Texts(ctx, f.DB, "SELECT DISTINCT tenant FROM stores ORDER BY tenant")
	if err != nil {
		return nil, fmt.Errorf("list tenants: %w", err)
	}
	return list, nil
}

func (f *Follower) stepTenant(ctx context.Context, tenant string) (Done, error) {
	cursors, err := readCursors(ctx, f.DB, tenant)
	if err != nil {
		return Done{}, err
	}
	if err := f.closeHours(ctx, tenant, cursors); err != nil {
		return Done{}, err
	}
	all, err := f.news(ctx, tenant, cursors)
	if err != nil {
		return Done{}, err
	}
	for !few(all, f.Now()) {
		if err := f.note(ctx, tenant, all); err != nil {
			return Done{}, err
		}
		if cursors, err = readCursors(ctx, f.DB, tenant); err != nil {
			return Done{}, err
		}
		if all, err = f.news(ctx, tenant, cursors); err != nil {
			return Done{}, err
		}
	}
	touched, masters, err := f.touched(ctx, tenant)
	if err != nil {
		return Done{}, err
	}
	b := &batch{Follower: f, tenant: tenant, masters: masters, touched: touched, news: all}
	if len(all) > 0 && len(b.stores()) > f.Stores { // not all in one transaction
		if err := f.note(ctx, tenant, all); err != nil {
			return Done{}, err
		}
		b.news = nil
		if b.touched, b.masters, err = f.touched(ctx, tenant); err != nil {
			return Done{}, err
		}
	}
	return b.merge(ctx)
}

// touched gives what is touched, and the masters to fold it by. The masters are read after it: what changed masters touch
// is noted after these are there, and must not be folded by older ones.
func (f *Follower) touched(ctx context.Context, tenant string) (map[string]*touch, *Masters, error) {
	for {
		touched, err := readTouched(ctx, f.DB, tenant, f.Now())
		if err != nil {
			return nil, nil, err
		}
		masters, err := f.heldMasters(ctx, tenant)
		if err != nil || f.taken[tenant].Masters == masters {
			return touched, masters, err
		}
		if err := f.takeMasters(ctx, tenant, masters); err != nil {
			return nil, nil, err
		}
	}
}

// touch is what is to be folded anew in one store.
type touch struct {
	ids     []int64
	hours   map[int64]string          // → causes
	devices map[string]map[int64]bool // → hours that they told something of
}

func newTouch() *touch {
	return &touch{hours: map[int64]string{}, devices: map[string]map[int64]bool{}}
}

// add touches an hour for a cause, which is told once.
func (t *touch) add(hour int64, cause string) {
	if was := t.hours[hour]; !strings.Contains(was, cause) {
		t.hours[hour] = strings.TrimPrefix(was+","+cause, ",")
	}
}

// storesAtOnce bounds of how many stores one step takes the touched hours, all there are of each.
const storesAtOnce = 256

// readTouched gives what is touched. Hours to come, such as those of a till whose clock is fast, wait until they begin.
func readTouched(ctx context.Context, q state.Querier, tenant string, now time.Time) (map[string]*touch, error) {
	rows, err := q.Query(ctx, `SELECT id, store, device, hour, cause FROM merge_touched WHERE tenant = ? AND hour < ? AND store IN
		(SELECT DISTINCT store FROM merge_touched WHERE tenant = ? AND hour < ? ORDER BY store LIMIT ?) ORDER BY id`,
		tenant, now.Unix(), tenant, now.Unix(), storesAtOnce)
	if err != nil {
		return nil, fmt.Errorf("read touched hours: %w", err)
	}
	found := map[string]*touch{}
	err = each(rows, func() error {
		var id, hour int64
		var store, device, cause string
		if err := rows.Scan(&id, &store, &device, &hour, &cause); err != nil {
			return err
		}
		t := found[store]
		if t == nil {
			t = newTouch()
			found[store] = t
		}
		t.ids = append(t.ids, id)
		t.add(hour, cause)
		if device != "" {
			if t.devices[device] == nil {
				t.devices[device] = map[int64]bool{}
			}
			t.devices[device][hour] = true
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read touched hours: %w", err)
	}
	return found, nil
}

package deliver

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"math/rand/v2"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Target sends events out of the service.
type Target interface {
	// Wants reports whether the target is to have the entry at all.
	Wants(e *alert.Entry) bool
	// Deliver returns nil once the other side has the event. After an error it is tried again, except
	// after ErrGone: then the target is never tried again.
	Deliver(ctx context.Context, e *alert.Entry) error
}

// forgetful is a Target that may lose what it has accepted.
type forgetful interface {
	// Resume prepares it for what comes after a cursor, and returns the cursor from which to deliver: an
	// earlier one if it has forgotten something.
	Resume(ctx context.Context, cursor int64) (int64, error)
	// Reached tells it that everything up to a cursor was delivered.
	Reached(ctx context.Context, cursor int64) error
}

// ErrGone says that the other side never wants anything again.
var ErrGone = errors.New("the target wants no more")

// follower delivers the alert log to one target, from the target's cursor to the end and on as the log grows.
type follower struct {
	name    string // of its cursor
	begun   bool   // it had a cursor at the start: if that is missing, the target was deleted
	target  Target
	db      *state.DB
	lease   *lease // nil: nobody else delivers
	wake    <-chan struct{}
	poll    time.Duration
	retry   time.Duration // first pause after a failure; it doubles up to longest
	longest time.Duration
	giveUp  time.Duration   // how long an event is tried before it becomes a dead letter; 0: for ever
	kick    <-chan struct{} // ends a pause; nil: nothing does
	now     func() time.Time
	sleep   func(ctx context.Context, d time.Duration) bool
	log     *slog.Logger

	got     bool      // something was delivered since the last failure
	failing time.Time // when it began to fail; zero: the last call succeeded
	noted   bool      // the database knows that it fails
	refused int       // how often the target has refused the event at cursor refusal
	refusal int64
}

const (
	page      = 200
	maxPause  = 5 * time.Minute
	keepEvery = time.Second // how often a cursor is written while events flow
	keepAfter = 100         // and after how many entries at the latest

	maxRefusals   = 6         // how often an event is offered to a target that says that it will never take it
	maxRetryAfter = time.Hour // how long a target may ask us to wait
)

// run follows until ctx ends, or the target is gone or deleted; then it returns ErrGone or alert.ErrNoReader.
func (f *follower) run(ctx context.Context) error {
	poll := time.NewTicker(f.poll)
	defer poll.Stop()
	pause := f.retry
	known := false // how the target did before the service started
	for {
		var err error
		if !known {
			err = f.recall(ctx)
			known = err == nil
		}
		if err == nil {
			err = f.advance(ctx)
		}
		if ctx.Err() != nil {
			return nil
		}
		for _, end := range []error{ErrGone, alert.ErrNoReader} {
			if errors.Is(err, end) {
				return end
			}
		}
		if errors.Is(err, errMoved) {
			f.refusal = 0 // somebody wants it tried again
			continue
		}
		if errors.Is(err, errLost) { // ctx ends
			<-ctx.Done()
			return nil
		}
		if f.got { // a target that fails now and then is not one that is down
			pause, f.got = f.retry, false
		}
		if err != nil {
			f.log.Warn("alerts cannot be delivered", "target", f.name, "pause", pause, "err", err)
			rest := max(jitter(pause), retryAfter(err))
			f.note(ctx, err, rest)
			if f.rest(ctx, rest) {
				pause = f.retry
			} else {
				pause = min(2*pause, f.longest)
			}
			continue
		}
		pause = f.retry
		select {
		case <-ctx.Done():
			return nil
		case <-f.wake:
		case <-poll.C:
		}
	}
}

// rest waits for d. It reports whether it was cut short, because somebody has reason to believe that the target works
// again.
func (f *follower) rest(ctx context.Context, d time.Duration) (kicked bool) {
	pause, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan bool)
	go func() {
		select {
		case <-f.kick:
			cancel()
			done <- true
		case <-pause.Done():
			done <- false
		}
	}()
	f.sleep(pause, d)
	cancel()
	return <-done
}

// cursor returns up to where the target was delivered to. A target that has not begun has no cursor and gets
// everything; if one that had begun has no cursor, it was deleted.
func (f *follower) cursor(ctx context.Context, q state.Querier) (int64, error) {
	if f.begun {
		return alert.KnownReaderCursor(ctx, q, f.name)
	}
	return alert.ReaderCursor(ctx, q, f.name)
}

// advance delivers everything that is new in the log. What it has delivered stays recorded even if it fails
// half way.
func (f *follower) advance(ctx context.Context) error {
	cursor, err := f.cursor(ctx, f.db)
	if err != nil {
		return err
	}
	w := &walk{follower: f, told: cursor, kept: cursor, keptAt: f.now()}
	w.memory, _ = f.target.(forgetful)
	for more := true; more; {
		if more, err = w.page(ctx); err != nil {
			return errors.Join(err, w.keep(ctx))
		}
	}
	return w.keep(ctx)
}

// walk is one walk along the log to its end.
type walk struct {
	*follower
	memory forgetful // nil: the target forgets nothing
	told   int64     // everything up to this cursor was delivered
	kept   int64     // the part of that which the database knows
	keptAt time.Time
}

// page delivers the next page of the log, and reports whether there may be another.
func (w *walk) page(ctx context.Context) (more bool, err error) {
	if w.memory != nil {
		from, err := w.memory.Resume(ctx, w.told)
		if err != nil {
			return false, err
		}
		w.told = from
	}
	seams, err := w.seams(ctx)
	if err != nil {
		return false, err
	}
	entries, err := alert.ReadLog(ctx, w.db, w.told, page)
	if err != nil {
		return false, err
	}
	for i := range entries {
		if err := w.cross(ctx, seams, entries[i].Cursor); err != nil {
			return false, err
		}
		if err := w.tell(ctx, &entries[i]); err != nil {
			return false, err
		}
	}
	if more = len(entries) == page; !more {
		if err := w.cross(ctx, seams, math.MaxInt64); err != nil {
			return false, err
		}
	}
	return more, w.reached(ctx)
}

// tell delivers one entry of the log, if the target wants it.
func (w *walk) tell(ctx context.Context, e *alert.Entry) error {
	wanted := w.target.Wants(e)
	if wanted {
		dead, err := w.offer(ctx, e, func(ctx context.Context) error { return w.target.Deliver(ctx, e) })
		if err != nil {
			return err
		}
		w.told = e.Cursor
		if dead != nil {
			if err := w.keep(ctx, w.buried(ctx, e, dead)...); err != nil {
				return err
			}
		}
	}
	w.told = e.Cursor
	if err := w.reached(ctx); err != nil {
		return err
	}
	// A service that dies delivers again whatever was not recorded. So for a target that cannot recognise
	// repeats, the cursor is recorded after each event; for one that remembers for itself (a broker) it is not.
	if wanted && w.memory == nil || w.told-w.kept >= keepAfter || w.now().Sub(w.keptAt) >= keepEvery {
		return w.keep(ctx)
	}
	return nil
}

// cross tells the target about each restoration from a backup between what was delivered and the entry at a
// cursor. The target continues behind it.
func (w *walk) cross(ctx context.Context, seams []alert.Seam, to int64) error {
	for _, s := range seams {
		if w.told > s.Below || s.Below >= to {
			continue
		}
		e := &alert.Entry{Cursor: s.Below, EventID: restoredID(s), LoggedAt: s.At}
		dead, err := w.offer(ctx, e, func(ctx context.Context) error { return w.target.(rejoining).Restored(ctx, s) })
		if err != nil {
			return err
		}
		w.told = s.Above
		if err := w.keep(ctx, w.buried(ctx, e, dead)...); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) reached(ctx context.Context) error {
	if w.memory == nil {
		return nil
	}
	return w.memory.Reached(ctx, w.told)
}

// keep records up to where the target was delivered to, and whatever belongs to that.
func (w *walk) keep(ctx context.Context, also ...func(*state.Tx) error) error {
	if w.told == w.kept {
		return nil
	}
	// What was delivered is recorded even while the service stops, because it would be delivered again
	// otherwise.
	err := w.moveCursor(context.WithoutCancel(ctx), w.kept, w.told, also...)
	w.kept, w.keptAt = w.told, w.now()
	return err
}

// seams returns the seams of the log, for a target that must be told about them.
func (f *follower) seams(ctx context.Context) ([]alert.Seam, error) {
	if _, ok := f.target.(rejoining); !ok {
		return nil, nil
	}
	return alert.Seams(ctx, f.db)
}

// buried returns the write that turns an entry into a dead letter; none if why is nil.
func (f *follower) buried(ctx context.Context, e *alert.Entry, why error) []func(*state.Tx) error {
	if why == nil {
		return nil
	}
	f.log.Error("alert given up, it is a dead letter now", "target", f.name, "event", e.EventID, "err", why)
	return []func(*state.Tx) error{func(tx *state.Tx) error { return bury(ctx, tx, f.name, e, reason(why), f.now()) }}
}

// offer tries one event once. dead is the reason never to try it again, err the reason to try it later.
func (f *follower) offer(ctx context.Context, e *alert.Entry, deliver func(context.Context) error) (dead, err error) {
	if err := f.lease.mayDeliver(); err != nil {
		return nil, err
	}
	call, done := finishing(ctx)
	err = deliver(call)
	done()
	if err == nil {
		f.got, f.failing = true, time.Time{}
		if f.noted {
			f.recovered(ctx)
		}
		return nil, nil
	}
	if ctx.Err() == nil && !errors.Is(err, ErrGone) && f.givesUp(e, err) {
		return err, nil
	}
	return nil, err
}

// recall restores the patience that the service had left for this target when it last stopped.
func (f *follower) recall(ctx context.Context) error {
	if f.giveUp <= 0 {
		return nil
	}
	was, err := getFailing(ctx, f.db, f.name)
	if err == nil && was != nil {
		f.failing, f.noted = was.begin(f.now()), true
	}
	return err
}

// note records that the target fails, and when it is tried again. If that cannot be written, the next failure
// writes it.
func (f *follower) note(ctx context.Context, why error, rest time.Duration) {
	if f.giveUp <= 0 || f.failing.IsZero() {
		return
	}
	now := f.now()
	err := f.db.Write(ctx, func(tx *state.Tx) error {
		if _, err := f.cursor(ctx, tx); err != nil { // a webhook that was deleted leaves nothing behind
			return err
		}
		return putFailing(ctx, tx, f.name, Failing{Since: f.failing, Error: reason(why), TriedAt: now, NextTry: now.Add(rest), patience: now.Sub(f.failing)})
	})
	if f.noted = f.noted || err == nil; err != nil && ctx.Err() == nil && !errors.Is(err, alert.ErrNoReader) {
		f.log.Error("that a target fails cannot be written down", "target", f.name, "err", err)
	}
}

// recovered records that the target works again. If that cannot be written, the next event tries again.
func (f *follower) recovered(ctx context.Context) {
	err := f.db.Write(context.WithoutCancel(ctx), func(tx *state.Tx) error { return endFailing(ctx, tx, f.name) })
	if f.noted = err != nil; f.noted {
		f.log.Error("that a target works again cannot be written down", "target", f.name, "err", err)
	}
}

// givesUp reports whether an event has had all its attempts. Time before it was logged does not count, and
// neither does time in which nobody tried, such as while this service was down.
func (f *follower) givesUp(e *alert.Entry, err error) bool {
	if f.giveUp <= 0 {
		return false
	}
	now := f.now()
	if f.failing.IsZero() {
		f.failing = now
	}
	if refusal(err) {
		if f.refusal != e.Cursor {
			f.refusal, f.refused = e.Cursor, 0
		}
		if f.refused++; f.refused >= maxRefusals {
			return true
		}
	}
	since := f.failing
	if e.LoggedAt.After(since) && !e.LoggedAt.After(now) { // otherwise it was logged by a clock that was fast
		since = e.LoggedAt
	}
	return now.Sub(since) > f.giveUp
}

// errMoved says that somebody else has moved the cursor, so delivery continues from there.
var errMoved = errors.New("the cursor was moved")

// readerLock names the lock that is held by whoever moves a cursor.
func readerLock(reader string) string { return "alert_readers/" + reader }

// moveCursor records up to where a target was delivered to, and whatever goes with it, unless somebody else has
// moved the cursor meanwhile or has taken over delivery.
func (f *follower) moveCursor(ctx context.Context, from, to int64, also ...func(*state.Tx) error) error {
	return f.db.Write(ctx, func(tx *state.Tx) error {
		for _, write := range also {
			if err := write(tx); err != nil {
				return err
			}
		}
		if f.db.Postgres() {
			// This is written after each call, and need not survive a crash of PostgreSQL itself: what that
			// loses, half a second at most, is delivered again.
			if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = off"); err != nil {
				return err
			}
		}
		if err := errors.Join(tx.Exclusive(ctx, readerLock(f.name)), f.lease.fence(ctx, tx)); err != nil {
			return err
		}
		err := changed(tx.Exec(ctx, "UPDATE alert_readers SET cursor = ? WHERE reader = ? AND cursor = ?", to, f.name, from))
		if !errors.Is(err, errLost) {
			return err
		}
		now, err := f.cursor(ctx, tx)
		if err != nil {
			return err
		}
		if now != from {
			return errMoved
		}
		return alert.PutReaderCursor(ctx, tx, f.name, to) // the first one
	})
}

// grace is how long a call in progress may take once the service stops: the other side may already have the
// event, and would get it twice.
const grace = 3 * time.Second

// finishing returns a context that ends after ctx by that grace.
func finishing(ctx context.Context) (context.Context, func()) {
	call, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		if sleep(call, grace) {
			cancel()
		}
	})
	return call, func() { stop(); cancel() }
}

// jitter returns a random duration between half of d and d, so that many targets do not come back in step.
func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

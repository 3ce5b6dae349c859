package deliver

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// lease lets one of several services on a PostgreSQL deliver, and another take over within seconds when that
// one is killed or cut off. No service relies on another's clock: the holder increments the row's beat, and a
// service that has seen the same beat for a whole term, by its own monotonic clock, takes the row with the next
// epoch. The holder counts its term from before it asked for it, so that it stops first; whatever it tries
// after that is refused by the database, because the epoch has changed.
//
// A service that starts again on its own data folder need not wait: as it holds that folder, it knows that the
// holder before it is dead. Neither need one that let go because the database was away and finds itself still
// in the row.
//
// A call in progress when its service dies may have been accepted. The next holder makes it again, with the
// same event ID. At most one call per target can be repeated in this way.
type lease struct {
	db     *state.DB
	holder string
	term   time.Duration
	log    *slog.Logger

	dead string // a holder that is known to be dead

	epoch int64        // while held
	until atomic.Int64 // end of the term, as time since begun
	begun time.Time
	lost  atomic.Pointer[context.CancelFunc]
}

// leaseName is the name of the row: one service delivers to all targets.
const leaseName = "alerts"

// errLost says that another service delivers now, or may do so.
var errLost = errors.New("another service delivers")

func newLease(db *state.DB, term time.Duration, log *slog.Logger) *lease {
	host, _ := os.Hostname() // for people who read the table
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	return &lease{db: db, term: term, log: log, begun: time.Now(), holder: fmt.Sprintf("%s/%d/%s", host, os.Getpid(), hex.EncodeToString(id[:]))}
}

// leaseRow is the row as it was read.
type leaseRow struct {
	holder      string
	epoch, beat int64
}

// run calls work while the lease is held, again and again until ctx ends. It returns after work has returned.
func (l *lease) run(ctx context.Context, work func(ctx context.Context)) {
	for ctx.Err() == nil {
		if l.acquire(ctx) {
			l.hold(ctx, work)
		}
	}
}

// acquire waits for the lease, until ctx ends.
func (l *lease) acquire(ctx context.Context) bool {
	tick := time.NewTicker(l.term / 5)
	defer tick.Stop()
	var seen leaseRow
	since := time.Now()
	for {
		asked := time.Now()
		is, err := l.read(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			l.log.Warn("who delivers alerts cannot be read", "err", err)
		case err == nil && is != seen:
			seen, since = is, asked
		}
		if err == nil && (is.holder == "" || is.holder == l.dead || is.holder == l.holder || time.Since(since) >= l.term) {
			asked = time.Now()
			if err := l.take(ctx, is); err == nil {
				l.extend(asked)
				l.log.Info("this service delivers alerts now", "epoch", l.epoch, "after", is.holder)
				return true
			} else if !errors.Is(err, errLost) && ctx.Err() == nil {
				l.log.Warn("delivering cannot be taken over", "err", err)
			}
		}
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
}

// hold calls work and renews the lease until work returns. The context of work ends with ctx, or before another
// service may take the lease.
func (l *lease) hold(ctx context.Context, work func(ctx context.Context)) {
	held, cancel := context.WithCancel(ctx)
	defer cancel()
	l.lost.Store(&cancel)
	done := make(chan struct{})
	go func() { defer close(done); work(held) }()
	tick := time.NewTicker(l.term / 5)
	defer tick.Stop()
	for {
		select {
		case <-done:
			l.release(ctx)
			return
		case <-tick.C:
			asked := time.Now()
			err := l.renew(ctx)
			switch {
			case err == nil:
				l.extend(asked)
			case errors.Is(err, errLost) || !l.held():
				l.log.Warn("this service delivers alerts no more", "epoch", l.epoch, "err", err)
				l.until.Store(0)
				cancel()
				<-done
				return
			}
		}
	}
}

func (l *lease) extend(asked time.Time) { l.until.Store(int64(asked.Add(l.term).Sub(l.begun))) }

// held reports whether nobody else can have taken the lease yet.
func (l *lease) held() bool { return int64(time.Since(l.begun)) < l.until.Load() }

// ask runs a transaction that must end before the term does.
func (l *lease) ask(ctx context.Context, fn func(ctx context.Context, tx *state.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.term/2)
	defer cancel()
	return l.db.Write(ctx, func(tx *state.Tx) error { return fn(ctx, tx) })
}

func (l *lease) read(ctx context.Context) (is leaseRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.term)
	defer cancel()
	err = l.db.QueryRow(ctx, "SELECT holder, epoch, beat FROM deliver_leases WHERE name = ?", leaseName).Scan(&is.holder, &is.epoch, &is.beat)
	if errors.Is(err, sql.ErrNoRows) {
		return leaseRow{}, nil
	}
	return is, err
}

// take enters this service in the row, provided that the row has not changed since it was read.
func (l *lease) take(ctx context.Context, was leaseRow) error {
	err := l.ask(ctx, func(ctx context.Context, tx *state.Tx) error {
		if was == (leaseRow{}) {
			if _, err := tx.Exec(ctx, "INSERT INTO deliver_leases (name, holder, epoch, beat) VALUES (?, '', 0, 0) ON CONFLICT (name) DO NOTHING", leaseName); err != nil {
				return err
			}
		}
		return changed(tx.Exec(ctx, "UPDATE deliver_leases SET holder = ?, epoch = epoch + 1, beat = beat + 1 WHERE name = ? AND epoch = ? AND beat = ?",
			l.holder, leaseName, was.epoch, was.beat))
	})
	if err == nil {
		l.epoch = was.epoch + 1
	}
	return err
}

func (l *lease) renew(ctx context.Context) error {
	return l.ask(ctx, func(ctx context.Context, tx *state.Tx) error {
		return changed(tx.Exec(ctx, "UPDATE deliver_leases SET beat = beat + 1 WHERE name = ? AND holder = ? AND epoch = ?", leaseName, l.holder, l.epoch))
	})
}

// release gives the lease up, so that the next service can begin at once.
func (l *lease) release(ctx context.Context) {
	l.until.Store(0)
	err := l.ask(ctx, func(ctx context.Context, tx *state.Tx) error {
		return changed(tx.Exec(ctx, "UPDATE deliver_leases SET holder = '', beat = beat + 1 WHERE name = ? AND holder = ? AND epoch = ?", leaseName, l.holder, l.epoch))
	})
	if err != nil && !errors.Is(err, errLost) {
		l.log.Warn("delivering is not given up, another service waits out its term", "err", err)
	}
}

func changed(r sql.Result, err error) error {
	if err != nil {
		return err
	}
	if n, err := r.RowsAffected(); err != nil || n != 1 {
		return errors.Join(errLost, err)
	}
	return nil
}

// fence refuses a transaction of a service that has lost the lease, and ends its work. If another service takes
// the lease at this very moment, the cursor itself protects: it is only moved from where it was.
func (l *lease) fence(ctx context.Context, tx *state.Tx) error {
	if l == nil {
		return nil
	}
	var epoch int64
	err := tx.QueryRow(ctx, "SELECT epoch FROM deliver_leases WHERE name = ?", leaseName).Scan(&epoch)
	if err == nil && epoch != l.epoch {
		err = errLost
	}
	if errors.Is(err, errLost) {
		(*l.lost.Load())()
	}
	return err
}

// mayDeliver returns errLost once another service may have begun.
func (l *lease) mayDeliver() error {
	if l == nil || l.held() {
		return nil
	}
	(*l.lost.Load())()
	return errLost
}

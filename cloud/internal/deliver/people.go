package deliver

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// people tells recipients by their roles. It follows the log, records who is to be told what and when in the
// transaction that moves its cursor, and sends what is due. So a restart neither forgets nor repeats anything.
// Only if a service is killed after the other side accepted a message and before that was recorded is a message
// repeated: once its lease is over, with the same ID, and marked as a possible repetition.
type people struct {
	*Service
	running sync.WaitGroup

	mu    sync.Mutex
	lanes map[lane]*turn
}

// lane is the queue of one recipient, so that one who hangs holds up nobody else.
type lane struct{ tenant, recipient string }

// turn is the state of a lane.
type turn struct {
	busy  bool
	pause time.Duration // after a failure
	until time.Time

	failing time.Time // since when it has been failing
}

// tellPeople plans and sends until ctx ends, and waits for the calls in progress.
func (s *Service) tellPeople(ctx context.Context) {
	p := &people{Service: s, lanes: map[lane]*turn{}}
	defer p.running.Wait()
	wake, leave := s.waking()
	defer leave()
	poll := time.NewTicker(s.cfg.Poll)
	defer poll.Stop()
	for {
		if err := errors.Join(p.plan(ctx), p.send(ctx)); err != nil && ctx.Err() == nil {
			s.cfg.Log.Error("people cannot be told of alerts", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-wake:
		case <-poll.C:
		}
	}
}

// send starts a lane for each recipient for whom something is due and whose lane is not running.
func (p *people) send(ctx context.Context) error {
	now := p.cfg.Now()
	rows, err := p.cfg.DB.Query(ctx, "SELECT DISTINCT tenant, recipient FROM notices WHERE state = ? AND due_at <= ? AND leased_until <= ?",
		noticePending, state.Micros(now), state.Micros(now))
	if err != nil {
		return fmt.Errorf("find due notices: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var l lane
		if err := rows.Scan(&l.tenant, &l.recipient); err != nil {
			return fmt.Errorf("find due notices: %w", err)
		}
		if p.begin(l, now) {
			p.running.Go(func() { p.end(l, p.drive(ctx, l)) })
		}
	}
	return rows.Err()
}

func (p *people) begin(l lane, now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.lanes[l]
	if t == nil {
		t = &turn{pause: p.cfg.Retry}
		p.lanes[l] = t
	}
	if t.busy || now.Before(t.until) {
		return false
	}
	t.busy = true
	return true
}

func (p *people) end(l lane, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		delete(p.lanes, l)
		return
	}
	p.lanes[l].busy = false
	p.cfg.Log.Warn("a recipient cannot be told", "recipient", l.recipient, "err", err)
}

// failed makes a lane wait, longer each time, and returns when it began to fail, which an earlier run of the
// service may have recorded.
func (p *people) failed(ctx context.Context, l lane, at time.Time, why error) (time.Time, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.lanes[l]
	name := recipientName(l.tenant, l.recipient)
	if t.failing.IsZero() {
		t.failing = at
		was, err := getFailing(ctx, p.cfg.DB, name)
		if err != nil {
			return at, err
		}
		if was != nil {
			t.failing = was.begin(at)
		}
	}
	t.until, t.pause = at.Add(max(jitter(t.pause), retryAfter(why))), min(2*t.pause, maxPause)
	return t.failing, p.cfg.DB.Write(ctx, func(tx *state.Tx) error {
		return putFailing(ctx, tx, name, Failing{Since: t.failing, Error: reason(why), TriedAt: at, NextTry: t.until, patience: at.Sub(t.failing)})
	})
}

// drive sends a lane's notices in the order in which they are due, until none is left or one fails.
func (p *people) drive(ctx context.Context, l lane) error {
	for ctx.Err() == nil {
		batch, err := p.next(ctx, l)
		if err != nil || len(batch) == 0 {
			return err
		}
		if went, err := p.tell(ctx, batch); err != nil || !went {
			return err
		}
	}
	return nil
}

// maxBatch bounds the alerts of one digest.
const maxBatch = 1000

// next returns what is sent together: one notice, or all of one digest.
func (p *people) next(ctx context.Context, l lane) ([]Notice, error) {
	now := state.Micros(p.cfg.Now())
	// Notices planned for one moment are sent in the order in which they arose: nobody is told the end of what
	// they have not heard of.
	due, err := readNotices(ctx, p.cfg.DB, `WHERE tenant = ? AND recipient = ? AND state = ? AND due_at <= ?
		ORDER BY due_at, planned_at, round, CASE WHEN kind = ? THEN 1 ELSE 0 END, id LIMIT ?`,
		l.tenant, l.recipient, noticePending, now, noticeOver, maxBatch)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	batch := due[:1]
	if due[0].Kind == noticeDigest {
		batch = nil
		for _, n := range due {
			if n.Kind == noticeDigest && n.DueAt.Equal(due[0].DueAt) {
				batch = append(batch, n)
			}
		}
	}
	return batch, nil
}

// tell sends a batch; went is false if another program has it.
func (p *people) tell(ctx context.Context, batch []Notice) (went bool, err error) {
	to := p.cfg.Book(batch[0].tenant).Recipient(batch[0].Recipient)
	if to == nil {
		return true, settle(ctx, p.cfg.DB, batch, noticeMoot, "no recipient has this address any more", p.cfg.Now())
	}
	m := message{to: to, kind: batch[0].Kind, at: batch[0].PlannedAt}
	var live []Notice
	for _, n := range batch {
		a, err := alert.Get(ctx, p.cfg.DB, n.tenant, n.Alert)
		if err != nil {
			return false, err
		}
		if why := n.moot(a, p.cfg.Now()); why != "" {
			if err := settle(ctx, p.cfg.DB, []Notice{n}, noticeMoot, why, p.cfg.Now()); err != nil {
				return false, err
			}
			continue
		}
		live, m.alerts, m.again = append(live, n), append(m.alerts, *a), m.again || !n.leased.IsZero()
	}
	if len(live) == 0 {
		return true, nil
	}
	m.id = live[0].ID
	now := p.cfg.Now()
	if taken, err := claim(ctx, p.cfg.DB, live, now, now.Add(2*p.cfg.Timeout)); err != nil || !taken {
		return false, err
	}
	call, done := finishing(ctx)
	err = p.hand(call, m)
	cut := call.Err() != nil
	done()
	now = p.cfg.Now()
	since := live[0].DueAt // or when it was first tried, if we were down
	if err != nil {
		failing, err := p.failed(context.WithoutCancel(ctx), lane{live[0].tenant, live[0].Recipient}, now, err)
		if err != nil {
			p.cfg.Log.Error("that a recipient fails cannot be written down", "recipient", live[0].Recipient, "err", err)
		}
		if failing.After(since) {
			since = failing
		}
	}
	switch {
	case err == nil:
		return true, settle(ctx, p.cfg.DB, live, noticeSent, "", now)
	case cut:
		return false, err // nobody knows whether it was accepted: the lease must run out
	case errors.Is(err, ErrGone) || refusal(err) && live[0].Attempts+1 >= maxRefusals || now.Sub(since) > p.cfg.GiveUp:
		p.cfg.Log.Error("notice given up", "notice", live[0].ID, "err", err)
		return true, settle(ctx, p.cfg.DB, live, noticeDead, reason(err), now)
	}
	return false, errors.Join(err, settle(ctx, p.cfg.DB, live, noticePending, reason(err), now))
}

// moot returns why there is nothing left to tell, or "".
func (n Notice) moot(a *alert.Alert, now time.Time) string {
	over := a.State == alert.StatusResolved
	switch {
	case a.MutedAt(now):
		return "muted"
	case n.round < a.Reopened && (n.Kind == noticeEscalated || n.Kind == noticeOver):
		return "it was opened again"
	case n.Kind == noticeEscalated && over:
		return "it is over"
	case n.Kind == noticeEscalated && a.Ack != nil:
		return "acknowledged"
	case n.Kind != noticeOver && over && a.Resolution == alert.ResolvedRetracted:
		return "withdrawn"
	case n.Kind == noticeOver && !over:
		return "it is open again"
	}
	return ""
}

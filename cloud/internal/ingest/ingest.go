package ingest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/pace"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Config of an Ingester. Zero values stand for the defaults in brackets.
type Config struct {
	Batch      int           // messages that share a write at most [10,000]
	Linger     time.Duration // how long the first waits for others [2 ms]; longer makes batches larger and answers later
	Pictures   int           // kept for each device [20]
	Retry      time.Duration // first pause after a store failed [200 ms], doubled up to 30 times that
	Drain      time.Duration // how long the batch at hand may take once Run is to end [10 s]
	Quarantine int           // messages that are kept in quarantine [10,000]
	Holes      int           // ranges of missing numbers that one boot of a device may have [4096]
	Rate       float64       // messages a second that one device may say; beyond it they are not taken [no limit]
	Burst      int           // how many of them at once [10,000]

	// LockName names a device's turn for state's Exclusive ["device/tenant/device"]. A judge that takes
	// the same turn elsewhere has a name of its own for it.
	LockName func(tenant, device string) string

	Now func() time.Time // the wall clock [time.Now]
}

func (c Config) withDefaults() Config {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&c.Batch, 10_000)
	def(&c.Pictures, 20)
	def(&c.Quarantine, 10_000)
	def(&c.Holes, 4096)
	def(&c.Burst, 10_000)
	span(&c.Linger, 2*time.Millisecond)
	span(&c.Retry, 200*time.Millisecond)
	span(&c.Drain, 10*time.Second)
	if c.LockName == nil {
		c.LockName = func(tenant, device string) string { return "device/" + tenant + "/" + device }
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Ingester moves messages from one subscriber into the stores. It is a value with Run; several may
// run at once on the same stores.
type Ingester struct {
	cfg     Config
	sub     Subscriber
	series  Series
	state   *state.DB
	judge   Judge
	notify  Notifier
	metrics *Metrics
	log     *slog.Logger
	pace    *pace.Keys // of each device

	quarantined int      // bytes since the quarantine was last pruned
	over        Delivery // taken, and for the next batch; none if it has no Done
}

// New wires an ingester; nothing runs yet.
func New(cfg Config, sub Subscriber, points Series, db *state.DB, judge Judge, notify Notifier, metrics *Metrics, log *slog.Logger) *Ingester {
	cfg = cfg.withDefaults()
	return &Ingester{pace: pace.New(cfg.Rate, cfg.Burst), cfg: cfg, sub: sub, series: points, state: db, judge: judge, notify: notify, metrics: metrics, log: log}
}

// Run ingests until ctx ends; then it finishes the batch at hand, acknowledges it, and returns nil.
// What it had taken from the broker beyond that batch is not acknowledged and comes again.
func (g *Ingester) Run(ctx context.Context) error {
	// The subscriber outlives ctx by the last batch, whose acknowledgements go out through it.
	subCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	deliveries := make(chan Delivery, max(2*g.cfg.Batch, inbox))
	lost := make(chan error, 1)
	go func() { lost <- g.sub.Receive(subCtx, deliveries) }()

	for {
		batch, err := g.collect(ctx, deliveries, lost)
		if len(batch) > 0 {
			if err := g.finish(ctx, batch); err != nil {
				g.log.Warn("batch given up at the end, its messages come again", "messages", len(batch), "err", err)
			}
		}
		if err != nil {
			return err
		}
		if ctx.Err() != nil {
			stop()
			return <-lost
		}
	}
}

// Bounds of a batch besides the number of its messages. What it costs to have many of one board in it
// is little; on PostgreSQL each board of it is locked, and the table of locks has some thousand places.
const (
	batchBytes  = 32 << 20 // pictures are large
	batchBoards = 1000     // on PostgreSQL
)

// inbox is how many deliveries wait at least: as many as a broker gives before it wants the first of
// them acknowledged. A subscriber that cannot hand one over hears nothing else from its broker either.
const inbox = 20_000

// batch is what shares a write.
type batch struct {
	deliveries []Delivery
	bytes      int
	boards     map[string]struct{} // their topics, as far as they are the board's own
}

// collect waits for a delivery and takes what comes within the linger, up to a batch.
func (g *Ingester) collect(ctx context.Context, in <-chan Delivery, lost <-chan error) ([]Delivery, error) {
	b := batch{boards: map[string]struct{}{}}
	if g.over.Done != nil {
		g.admit(&b, g.over)
		g.over = Delivery{}
	} else {
		select {
		case <-ctx.Done():
			return nil, nil
		case err := <-lost:
			if err == nil {
				err = errors.New("the subscriber ended by itself")
			}
			return nil, err
		case d := <-in:
			g.admit(&b, d)
		}
	}
	linger := time.NewTimer(g.cfg.Linger)
	defer linger.Stop()
	for len(b.deliveries) < g.cfg.Batch && b.bytes < batchBytes {
		select {
		case d := <-in:
			if !g.admit(&b, d) {
				g.over = d
				return b.deliveries, nil
			}
		case <-linger.C:
			return b.deliveries, nil
		case <-ctx.Done():
			return b.deliveries, nil
		}
	}
	return b.deliveries, nil
}

// admit takes a delivery into the batch, unless its device says too much. It is false where the batch
// has no place for another board.
func (g *Ingester) admit(b *batch, d Delivery) bool {
	board, _, _ := strings.Cut(d.Topic, "/up/")
	if _, known := b.boards[board]; !known && len(b.boards) == batchBoards && g.state.Postgres() {
		return false
	}
	// What may not be taken now is not acknowledged, and its board says it again later.
	if !g.pace.Allow(board, d.Received) {
		g.metrics.Limited.Inc()
		d.Done()
		return true
	}
	b.deliveries = append(b.deliveries, d)
	b.bytes += len(d.Payload)
	b.boards[board] = struct{}{}
	return true
}

// finish stores a batch, however often the stores fail. Once ctx has ended it may take Drain more.
func (g *Ingester) finish(ctx context.Context, batch []Delivery) error {
	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stopDrain := context.AfterFunc(ctx, func() {
		time.AfterFunc(g.cfg.Drain, func() { cancel(context.DeadlineExceeded) })
	})
	defer stopDrain()

	pause := g.cfg.Retry
	for attempt := 1; ; attempt++ {
		err := g.store(work, batch, attempt)
		if err == nil {
			return nil
		}
		if work.Err() != nil || ctx.Err() != nil {
			return err
		}
		g.metrics.Retries.Inc()
		g.log.Error("store failed, trying again", "messages", len(batch), "attempt", attempt, "pause", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, 30*g.cfg.Retry)
	}
}

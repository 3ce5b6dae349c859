package ingest

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/pace"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Config configures an Ingester. Zero values stand for the defaults in brackets.
type Config struct {
	Batch      int           // the most messages that share a write [10,000]
	Linger     time.Duration // how long the first message waits for others [2 ms]; longer makes batches larger and acknowledgements later
	Pictures   int           // kept for each device [20]
	Retry      time.Duration // first pause after a store failed [200 ms]; it doubles up to 30 times that
	Drain      time.Duration // how long the current batch may take once Run is to end [10 s]
	Quarantine int           // messages that are kept in quarantine [10,000]
	Holes      int           // ranges of missing numbers that one boot of a device may have [4096]
	Rate       float64       // messages per second that one device may send; more are not accepted [no limit]
	Burst      int           // how many of them may come at once [10,000]

	// LockName names a device's lock for state's Exclusive ["device/tenant/device"]. A judge that locks devices
	// elsewhere gives its own name for that lock.
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

// Ingester moves messages from one subscriber into the stores. Several may run at once on the same stores.
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

	sheet       sheet    // of the batch whose points are being written
	quarantined int      // bytes since the quarantine was last pruned
	over        Delivery // taken from the broker for the next batch; none if it has no Done
}

// New returns an ingester. Nothing runs until Run is called.
func New(cfg Config, sub Subscriber, points Series, db *state.DB, judge Judge, notify Notifier, metrics *Metrics, log *slog.Logger) *Ingester {
	cfg = cfg.withDefaults()
	return &Ingester{pace: pace.New(cfg.Rate, cfg.Burst), cfg: cfg, sub: sub, series: points, state: db, judge: judge, notify: notify, metrics: metrics, log: log}
}

// Run ingests until ctx ends. Then it finishes the current batches, acknowledges them, and returns nil.
// Anything else that it has taken from the broker is not acknowledged and comes again.
//
// Batches go through three stages concurrently: while one is committed, the points of the next are written and
// the one after that is decoded. Each stage takes them in the order in which they came.
func (g *Ingester) Run(ctx context.Context) error {
	// The subscriber outlives ctx until the last batch, whose acknowledgements it sends.
	subCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	deliveries := make(chan Delivery, max(2*g.cfg.Batch, inbox))
	lost := make(chan error, 1)
	go func() { lost <- g.sub.Receive(subCtx, deliveries) }()

	work, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)
	stopDrain := context.AfterFunc(ctx, func() {
		time.AfterFunc(g.cfg.Drain, func() { cancel(context.DeadlineExceeded) })
	})
	defer stopDrain()

	var stages sync.WaitGroup
	collected := make(chan *batch)
	decoded := g.stage(&stages, ctx, work, collected, g.decodeAll)
	written := g.stage(&stages, ctx, work, decoded, g.writeSeries)
	settled := g.stage(&stages, ctx, work, written, g.settle)
	stages.Go(func() {
		for range settled { // wait until everything is done
		}
	})
	err := g.collectAll(ctx, deliveries, lost, collected)
	stages.Wait()
	if err != nil {
		return err
	}
	stop()
	return <-lost
}

// collectAll passes batches on until ctx ends, or the subscriber does.
func (g *Ingester) collectAll(ctx context.Context, in <-chan Delivery, lost <-chan error, out chan<- *batch) error {
	defer close(out)
	for {
		b, err := g.collect(ctx, in, lost, out)
		if err != nil || b == nil {
			return err
		}
	}
}

// stage applies do to each batch from in, however often that fails, and passes it on. A batch that is given up
// because the time after ctx is over is not passed on, and so never acknowledged.
func (g *Ingester) stage(stages *sync.WaitGroup, ctx, work context.Context, in <-chan *batch, do func(context.Context, *batch) error) <-chan *batch {
	out := make(chan *batch)
	stages.Go(func() {
		defer close(out)
		for b := range in {
			for b != nil {
				if err := g.insist(ctx, work, b, do); err != nil {
					g.log.Warn("batch given up at the end, its messages come again", "messages", len(b.deliveries), "err", err)
					break
				}
				next := b.rest
				b.rest = nil
				out <- b
				b = next
			}
		}
	})
	return out
}

// The bounds of a batch besides the number of its messages. Many messages of one board cost little; but on
// PostgreSQL each board is locked, and the lock table has only a few thousand places.
const (
	batchBytes  = 32 << 20 // pictures are large
	batchBoards = 1000     // on PostgreSQL

	// Roughly the size after decoding: 200 bytes of a shelf become a few kilobytes, those of a hostile board a
	// hundred. Anything beyond it is decoded after the batch has been passed on.
	decodedBytes = 64 << 20
)

// inbox is the least number of deliveries that can wait: as many as a broker sends before the first of them is
// acknowledged. A subscriber that cannot pass one on receives nothing else from its broker either.
const inbox = 20_000

// batch is a set of messages that share a write.
type batch struct {
	deliveries []Delivery
	items      []*item // of the deliveries: first in the order of arrival, then in the order of devices
	bytes      int
	boards     map[string]struct{} // on PostgreSQL: their topics, as far as they belong to boards
	started    time.Time           // when its first decode began
	attempts   int                 // attempts to commit it
	rest       *batch              // what was not decoded with it: the next batch
}

// collect waits for a delivery, and takes what else comes within the linger, and after that until the next
// stage takes the batch or it is full. It returns nil when ctx has ended.
func (g *Ingester) collect(ctx context.Context, in <-chan Delivery, lost <-chan error, out chan<- *batch) (*batch, error) {
	if ctx.Err() != nil {
		return nil, nil
	}
	b := &batch{deliveries: make([]Delivery, 0, min(len(in)+1, g.cfg.Batch))}
	if g.state.Postgres() {
		b.boards = map[string]struct{}{}
	}
	for len(b.deliveries) == 0 {
		d := g.over
		g.over = Delivery{}
		if d.Done == nil {
			select {
			case <-ctx.Done():
				return nil, nil
			case err := <-lost:
				if err == nil {
					err = errors.New("the subscriber ended by itself")
				}
				return nil, err
			case d = <-in:
			}
		}
		g.admit(b, d)
	}
	linger := time.NewTimer(g.cfg.Linger)
	defer linger.Stop()
	over := linger.C
	var taker chan<- *batch // set once the linger is over
	for {
		more := in
		if len(b.deliveries) >= g.cfg.Batch || b.bytes >= batchBytes || g.over.Done != nil {
			more, taker = nil, out
		}
		select { // take what is waiting already, without checking the others each time
		case d := <-more:
			if !g.admit(b, d) {
				g.over = d
			}
			continue
		default:
		}
		select {
		case d := <-more:
			if !g.admit(b, d) {
				g.over = d
			}
		case <-over:
			over, taker = nil, out
		case taker <- b:
			return b, nil
		case <-ctx.Done():
			out <- b
			return b, nil
		}
	}
}

// admit adds a delivery to the batch, unless its device sends too much. It returns false if the batch has no
// room for another board.
func (g *Ingester) admit(b *batch, d Delivery) bool {
	board, _, _ := strings.Cut(d.Topic, "/up/")
	if _, known := b.boards[board]; !known && len(b.boards) == batchBoards {
		return false
	}
	// What is not accepted now is not acknowledged, and its board sends it again later.
	if !g.pace.Allow(board, d.Received) {
		g.metrics.Limited.Inc()
		d.Done()
		return true
	}
	b.deliveries = append(b.deliveries, d)
	b.bytes += len(d.Payload)
	if b.boards != nil {
		b.boards[board] = struct{}{}
	}
	return true
}

// insist applies a stage to a batch until that succeeds or work has ended. Once ctx has ended, the first
// failure is final.
func (g *Ingester) insist(ctx, work context.Context, b *batch, do func(context.Context, *batch) error) error {
	pause := g.cfg.Retry
	for attempt := 1; ; attempt++ {
		err := do(work, b)
		if err == nil {
			return nil
		}
		if work.Err() != nil || ctx.Err() != nil {
			return err
		}
		g.metrics.Retries.Inc()
		g.log.Error("store failed, trying again", "messages", len(b.deliveries), "attempt", attempt, "pause", pause, "err", err)
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
		pause = min(2*pause, 30*g.cfg.Retry)
	}
}

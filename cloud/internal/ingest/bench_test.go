package ingest_test

import (
	"context"
	"fmt"
	"log/slog"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// feed is a subscriber that has everything at hand.
type feed struct {
	deliveries []ingest.Delivery
	done       chan struct{}
	left       int
}

func (f *feed) Receive(ctx context.Context, out chan<- ingest.Delivery) error {
	for _, d := range f.deliveries {
		select {
		case out <- d:
		case <-ctx.Done():
			return nil
		}
	}
	<-ctx.Done()
	return nil
}

func (f *feed) Publish(context.Context, string, []byte) error { return nil }

// unjudged leaves the judge's share out.
type unjudged struct{}

func (unjudged) Step(context.Context, *state.Tx, ...*wire.Envelope) error { return nil }

// BenchmarkIngest takes observations of 20 SKUs from bytes to both stores on disk, every batch synced
// before it is acknowledged: with the real rules, and without them, as a peer that only stores.
func BenchmarkIngest(b *testing.B) {
	for _, judge := range []string{"rules", "none"} {
		for _, devices := range []int{10, 1000, 10_000} {
			b.Run(fmt.Sprintf("judge=%s/devices=%d", judge, devices), func(b *testing.B) { benchmark(b, judge, devices) })
		}
	}
}

func benchmark(b *testing.B, judge string, devices int) {
	f := &feed{done: make(chan struct{}), left: b.N}
	start := time.Now().UTC().Add(-24 * time.Hour).Truncate(time.Second)
	for i := range b.N {
		seq := uint64(i/devices + 1)
		id := wire.Identity{Tenant: "t", Store: fmt.Sprintf("s%d", i%devices/20), Device: fmt.Sprintf("d%d", i%devices)}
		o := shelf.Observation{CapturedAt: start.Add(time.Duration(seq) * time.Minute), Width: 1280, Height: 960, PlanogramID: "p", PlanogramVersion: 1, Model: "m", Facings: []shelf.Facing{}}
		for n := range 20 {
			o.Slots = append(o.Slots, shelf.SlotReading{SlotID: fmt.Sprintf("slot%d", n), Shelf: n/5 + 1, GTIN: gtin(n), State: shelf.OK, Due: 2, Present: 2,
				Box: shelf.Box{X: 100 * (n % 5), Y: 200 * (n / 5), W: 90, H: 190}})
		}
		env := &wire.Envelope{Identity: id, Boot: 1, Seq: seq, CapturedAt: o.CapturedAt, Clock: telemetry.NTP, Body: &wire.Observation{Observation: o}}
		f.deliveries = append(f.deliveries, ingest.Delivery{Topic: id.Topic(wire.KindObservation), Payload: encode(b, env), Received: time.Now(), Done: func() {
			if f.left--; f.left == 0 {
				close(f.done)
			}
		}})
	}
	db, points := statetest.SQLite(b, alert.Tables), openSeries(b)
	var engine ingest.Judge = unjudged{}
	if judge == "rules" {
		engine = alert.NewEngine(alert.Config{Rules: alert.DefaultRules()})
	}
	g := ingest.New(ingest.Config{LockName: alert.LockName}, f, points, db, engine, nobody{}, ingest.NewMetrics(prometheus.NewRegistry()), slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	b.ReportAllocs()
	used := cpu()
	b.ResetTimer()
	go func() { ended <- g.Run(ctx) }()
	<-f.done
	b.StopTimer()
	stop()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric((cpu()-used).Seconds()/float64(b.N)*1e6, "cpu-µs/message")
}

// cpu is what the process has used so far, of all cores.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func gtin(n int) shelf.GTIN {
	body := fmt.Sprintf("40063813%04d", n)
	return shelf.GTIN(body + string(shelf.CheckDigit(body)))
}

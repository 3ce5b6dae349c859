package outbox_test

import (
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/crashdisk"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

// observationBytes is a shelf report of 60 facings on the wire.
const observationBytes = 900

// BenchmarkAppend is a durable append on the disk of the temporary folder, with its 99th percentile.
func BenchmarkAppend(b *testing.B) {
	o := open(b, b.TempDir(), 0)
	payload := strings.Repeat("x", observationBytes)
	took := make([]time.Duration, 0, b.N)
	for b.Loop() {
		begin := time.Now()
		put(b, o, outbox.Observation, payload)
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkWear is what an append and its acknowledgement write to the card, checkpoints included.
func BenchmarkWear(b *testing.B) {
	dir := filepath.Join(b.TempDir(), "wear")
	disk := crashdisk.New(dir)
	defer disk.Remove()
	disk.Forget()
	o, err := outbox.Open(context.Background(), dir, outbox.Options{EncodeGap: encodeGap, VFS: crashdisk.VFS})
	if err != nil {
		b.Fatal(err)
	}
	defer o.Close()
	payload := strings.Repeat("x", observationBytes)
	before, n := disk.Bytes(), 0
	for b.Loop() {
		k := put(b, o, outbox.Observation, payload)
		if _, err := o.Acknowledge(context.Background(), []outbox.Range{{Boot: k.Boot, From: k.Seq, To: k.Seq}}); err != nil {
			b.Fatal(err)
		}
		n++
	}
	b.ReportMetric(float64(disk.Bytes()-before)/float64(n), "written-B/op")
}

// TestAWeekOfflineFits: an observation every five minutes, telemetry every minute and forty pictures a
// day, for a week, in the default cap, with nothing evicted.
func TestAWeekOfflineFits(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "week")
	disk := crashdisk.New(dir)
	defer disk.Remove()
	disk.Forget()
	o, err := outbox.Open(context.Background(), dir, outbox.Options{EncodeGap: encodeGap, VFS: crashdisk.VFS})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	observation, telemetry, picture := strings.Repeat("o", observationBytes), strings.Repeat("t", 150), strings.Repeat("p", 70_000)
	for minute := range 7 * 24 * 60 {
		put(t, o, outbox.Telemetry, telemetry)
		if minute%5 == 0 {
			put(t, o, outbox.Observation, observation)
		}
		if minute%36 == 0 {
			put(t, o, outbox.Picture, picture)
		}
	}
	h := o.Health()
	if h.Evicted != 0 || h.Bytes > h.MaxBytes || disk.Size() > outbox.DefaultMaxBytes {
		t.Errorf("a week takes %d bytes, on the disk %d, and evicted %d messages", h.Bytes, disk.Size(), h.Evicted)
	}
	t.Logf("%d messages, %d MB accounted, %d MB on the disk; the limit is %d MB", h.Messages, h.Bytes/1e6, disk.Size()/1e6, outbox.DefaultMaxBytes/1_000_000)
}

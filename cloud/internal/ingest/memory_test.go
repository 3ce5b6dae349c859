package ingest_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// TestLargeLooksAreDecodedInPortions: messages of some hundred bytes each, of which each becomes a hundred
// thousand once it is decoded, do not share a write as small ones do.
func TestLargeLooksAreDecodedInPortions(t *testing.T) {
	const messages, slots = 1500, 1000
	r := start(t, rigOptions{cfg: ingest.Config{Batch: messages, Linger: time.Hour}}) // all are collected before they are decoded
	var payload []byte
	var done []<-chan struct{}
	for seq := range uint64(messages) {
		large := look()
		for i := range slots {
			large.Slots = append(large.Slots, shelf.SlotReading{SlotID: fmt.Sprint(i), Shelf: 1, GTIN: "96385074", State: shelf.Empty, Due: 1, Box: shelf.Box{W: 1, H: 1}})
		}
		env := envelope(board, 1, seq+1, large)
		payload = encode(t, env)
		done = append(done, r.offer(t, env.Topic(wire.KindObservation), payload))
	}
	for _, d := range done {
		<-d
	}
	batches, largest := r.batches(t)
	if batches < 2 || largest > messages {
		t.Errorf("%d messages of %d bytes and %d slots were written in %d batches, the largest of up to %d", messages, len(payload), slots, batches, largest)
	}
}

// TestRoom: what is not done keeps later deliveries waiting by its bytes; one that is larger than all room is
// handed over when it is alone; whoever waits is let go when all ends.
func TestRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		room, out := ingest.NewRoom(), make(chan ingest.Delivery, 10)
		const mega = 1 << 20
		for _, bytes := range []int{40 * mega, 40 * mega, 500 * mega, 1} {
			go room.Hand(ctx, out, ingest.Delivery{Payload: make([]byte, bytes), Done: func() {}})
			synctest.Wait()
		}
		for _, want := range []int{40 * mega, 40 * mega, 500 * mega} {
			if len(out) != 1 {
				t.Fatalf("%d deliveries are out, want one of %d bytes and none before it is done", len(out), want)
			}
			d := <-out
			if len(d.Payload) != want {
				t.Fatalf("a delivery of %d bytes is out, want that of %d", len(d.Payload), want)
			}
			if synctest.Wait(); len(out) != 0 {
				t.Fatalf("another is out beside that of %d bytes", want)
			}
			if want < 500*mega {
				d.Done()
				synctest.Wait()
			}
		}
		stop()
		synctest.Wait()
		if len(out) != 0 {
			t.Error("something is handed over after the end")
		}
	})
}

// batches gives how many writes there were, and a bound of the largest one's messages.
func (r *rig) batches(t *testing.T) (n, largest uint64) {
	t.Helper()
	families, err := r.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "coldshelf_ingest_batch_messages" {
			continue
		}
		h := f.GetMetric()[0].GetHistogram()
		for _, b := range h.GetBucket() {
			if largest == 0 && b.GetCumulativeCount() == h.GetSampleCount() {
				largest = uint64(b.GetUpperBound())
			}
		}
		return h.GetSampleCount(), largest
	}
	t.Fatal("batches are not counted")
	return 0, 0
}

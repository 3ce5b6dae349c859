package alert

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Sales is what the books of a cooler's store say about the products that only this cooler holds there; the
// caller leaves out those that are also elsewhere in the store. Anything that is not newer than the last Sales
// is ignored.
type Sales []BookedSKU

// BookedSKU is one product in the books.
type BookedSKU struct {
	GTIN   shelf.GTIN
	OnHand *int // units that the store should have; nil: not known
	Sold   int  // units sold since the last Sales
}

func (Sales) fact() {}

const sensorSales = "sales"

// salesTypes are judged when sales data arrive, against what the shelf was last seen to hold.
var salesTypes = [...]Type{PhantomInventory, SalesWithoutShelf}

// sales compares the books with the shelf: stock in the books that no slot shows, and sales of products that no
// slot contains.
func (st *stepping) sales(s Sales) {
	if !st.newest(sensorSales) {
		return
	}
	for _, sku := range s {
		var slots []string
		empty := 0
		for _, id := range sortedKeys(st.state.Trackers) {
			slot, ok := slotOf(id, Stockout)
			if t := st.state.Trackers[id]; ok && t.GTIN == sku.GTIN {
				slots = append(slots, slot)
				if t.Open != nil {
					empty++
				}
			}
		}
		if len(slots) == 0 {
			continue // it is not due here
		}
		// There is one alert per product; its subject is the first of the product's slots.
		sig := signal{slot: slots[0], gtin: sku.GTIN}
		if sku.OnHand != nil {
			sig.word = wordFor(*sku.OnHand > 0 && empty == len(slots))
			sig.detail = map[string]string{"on_hand": strconv.Itoa(*sku.OnHand)}
			st.say(PhantomInventory, sig)
		}
		if sku.Sold > 0 {
			sig.word = wordFor(empty == len(slots))
			sig.detail = map[string]string{"sold": strconv.Itoa(sku.Sold)}
			st.say(SalesWithoutShelf, sig)
		}
	}
	for _, t := range salesTypes { // for slots that no longer exist
		for _, id := range sortedKeys(st.state.Trackers) {
			slot, ok := slotOf(id, t)
			was := st.state.Trackers[id]
			if due, still := st.state.Trackers[trackerID(Stockout, slot)]; ok && (!still || due.GTIN != was.GTIN) {
				st.end(id, was, ResolvedPlanogram)
			}
		}
	}
}

// salesLateAfter is longer than usual because books come once an hour, or once a day.
const salesLateAfter = 26 * time.Hour

// Feed judges what the books said at a time, inside the caller's transaction. A cooler that was never heard of
// is ignored.
func (e *Engine) Feed(ctx context.Context, tx *state.Tx, id wire.Identity, at time.Time, s Sales) error {
	now := e.now().UTC()
	d, err := e.open(ctx, tx, id, now)
	if err != nil || !d.saved.exists {
		return err
	}
	d.id.Store = d.saved.store
	in := Input{Key: d.state.Heard.Key, At: at.UTC(), Late: now.Sub(at) > salesLateAfter, Fact: s}
	if err := d.step(ctx, in); err != nil {
		return fmt.Errorf("judge sales at %s: %w", id.Device, err)
	}
	return d.save(ctx)
}

// Demand knows what an empty slot loses: the money that a product would earn per hour at a cooler, in the minor
// unit of its currency (ISO 4217); ok is false if that is not known.
type Demand interface {
	PerHour(ctx context.Context, q state.Querier, id wire.Identity, gtin shelf.GTIN, at time.Time) (minor int64, currency string, ok bool, err error)
}

// LossReader asks Demand about one device. An error in reading is kept for Err; it does not mean that nothing
// is lost.
type LossReader struct {
	perHour func(gtin shelf.GTIN, at time.Time) (minor int64, currency string, ok bool, err error)
	err     error
}

// LossesOf returns a LossReader that must not be used after ctx or q has ended.
func LossesOf(ctx context.Context, q state.Querier, d Demand, id wire.Identity) *LossReader {
	return lossesOf(ctx, q, d, func() wire.Identity { return id })
}

func lossesOf(ctx context.Context, q state.Querier, d Demand, of func() wire.Identity) *LossReader {
	return &LossReader{perHour: func(gtin shelf.GTIN, at time.Time) (int64, string, bool, error) {
		return d.PerHour(ctx, q, of(), gtin, at)
	}}
}

// PerHour implements Losses.
func (r *LossReader) PerHour(gtin shelf.GTIN, at time.Time) *Loss {
	minor, currency, ok, err := r.perHour(gtin, at)
	if err != nil {
		r.err = errors.Join(r.err, fmt.Errorf("what %s loses an hour: %w", gtin, err))
	}
	if err != nil || !ok {
		return nil
	}
	return &Loss{minor, currency}
}

// Err returns the first error in reading.
func (r *LossReader) Err() error {
	if r == nil {
		return nil
	}
	return r.err
}

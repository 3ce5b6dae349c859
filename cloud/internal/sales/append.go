package sales

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Status is what became of a draft.
type Status string

// What may become of a draft.
const (
	Stored    Status = "stored"    // a new line
	Corrected Status = "corrected" // a higher revision of a known line
	Duplicate Status = "duplicate" // was here before and says the same
	Late      Status = "late"      // a higher revision was here before: kept, without effect
	Parked    Status = "parked"    // waits for its product, store or original
	Rejected  Status = "rejected"  // has to be mended and sent again
)

// Verdict is what became of one draft; Fault is set where it is parked or rejected.
type Verdict struct {
	Status Status
	Fault  *Fault
}

// Append takes drafts into a tenant's ledger, all in one transaction: the good ones are durable when it
// returns, each with its verdict in the same place. Its error is about the database alone; then none
// was taken, and all can be sent again.
func (l *Ledger) Append(ctx context.Context, tenant string, drafts []Draft) (verdicts []Verdict, err error) {
	err = l.write(ctx, tenant, func(t *turn) error {
		verdicts, err = t.append(ctx, drafts)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("append sales: %w", err)
	}
	return verdicts, nil
}

// batch is one append at work: the lines around it as they stand, and what changes.
type batch struct {
	*turn
	lines    map[key]*Line            // as they stand after what was taken so far
	orders   map[[2]string]string     // channel, order → its currency
	stored   map[[2]string]bool       // orders with a line from before
	refunds  map[key]map[key]int64    // original → refunding line → units
	changed  map[key]bool             // lines to write
	history  [][]any                  // revisions without effect
	hours    map[hourKey]bool         // to tell
	moved    map[stockKey][]stockStep // what the lines do to stock
	takings  map[key][]taking         // what lines took from holds, before this batch
	taken    []key                    // lines that are new: somebody may wait for them
	unparked []revisionKey            // taken now, maybe parked before
}

type revisionKey struct {
	key
	revision int64
}

type hourKey struct {
	store, gtin string
	hour        int64
}

func (t *turn) append(ctx context.Context, drafts []Draft) ([]Verdict, error) {
	verdicts := make([]Verdict, len(drafts))
	lines, parked, err := t.resolveAll(ctx, drafts, verdicts)
	if err != nil {
		return nil, err
	}
	b := &batch{turn: t, lines: map[key]*Line{}, orders: map[[2]string]string{}, stored: map[[2]string]bool{},
		refunds: map[key]map[key]int64{}, changed: map[key]bool{}, hours: map[hourKey]bool{}, moved: map[stockKey][]stockStep{}, takings: map[key][]taking{}}
	if err := b.load(ctx, lines); err != nil {
		return nil, err
	}
	mixed := b.mixed(lines)
	// Sales before refunds: what refunds what may be in the same batch, in any order.
	for _, refunds := range []bool{false, true} {
		for i, line := range lines {
			if line == nil || (line.Units < 0) != refunds {
				continue
			}
			if fault := mixed[[2]string{line.Channel, line.Order}]; fault != nil {
				verdicts[i] = Verdict{Rejected, fault}
				continue
			}
			if verdicts[i], err = b.take(ctx, line); err != nil {
				return nil, err
			}
			if verdicts[i].Status == Parked {
				parked[i] = originalOf(line)
			}
		}
	}
	if err := b.flush(ctx); err != nil {
		return nil, err
	}
	if err := t.park(ctx, drafts, verdicts, parked); err != nil {
		return nil, err
	}
	if err := b.callOff(ctx); err != nil {
		return nil, err
	}
	return verdicts, b.settleParked(ctx)
}

// resolveAll makes drafts lines; nil stands where there is none, with its verdict.
func (t *turn) resolveAll(ctx context.Context, drafts []Draft, verdicts []Verdict) ([]*Line, map[int]string, error) {
	c, err := t.catalog(ctx, false)
	if err != nil {
		return nil, nil, err
	}
	fresh := false
	lines, parked := make([]*Line, len(drafts)), map[int]string{}
	for i := range drafts {
		line, missing, fault := drafts[i].resolve(t.tenant, c, t.now)
		if fault != nil && fault.Code != BadTime && !fresh && (fault.Parked() || fault.Code == NoZone) {
			if c, err = t.catalog(ctx, true); err != nil { // a board may have made it known meanwhile
				return nil, nil, err
			}
			fresh = true
			line, missing, fault = drafts[i].resolve(t.tenant, c, t.now)
		}
		switch {
		case fault == nil:
			lines[i] = &line
		case fault.Parked():
			verdicts[i], parked[i] = Verdict{Parked, fault}, missing
		default:
			verdicts[i] = Verdict{Rejected, fault}
		}
	}
	return lines, parked, nil
}

// mixed finds orders whose new lines are in several currencies, where nothing stored says which is right.
func (b *batch) mixed(lines []*Line) map[[2]string]*Fault {
	seen, faults := map[[2]string]string{}, map[[2]string]*Fault{}
	for _, l := range lines {
		if l == nil {
			continue
		}
		o := [2]string{l.Channel, l.Order}
		if was, ok := seen[o]; ok && was != l.Currency && !b.stored[o] {
			faults[o] = &Fault{Code: MixedCurrency, Field: "currency", Text: fmt.Sprintf("order %s is in %s and in %s", l.Order, was, l.Currency), Hint: "an order is in one currency"}
		}
		seen[o] = l.Currency
	}
	return faults
}

// take decides about one line and enters it into the batch.
func (b *batch) take(ctx context.Context, l *Line) (Verdict, error) {
	k, o := l.key(), [2]string{l.Channel, l.Order}
	was := b.lines[k]
	if was != nil && l.Revision <= was.Revision {
		return b.again(ctx, l, was)
	}
	if was != nil {
		l.keepPack(was)
	}
	if have := b.orders[o]; have != "" && have != l.Currency {
		return Verdict{Rejected, &Fault{Code: MixedCurrency, Field: "currency", Text: fmt.Sprintf("order %s is in %s, this line in %s", l.Order, have, l.Currency), Hint: "an order is in one currency"}}, nil
	}
	if l.Units < 0 {
		if fault := b.refund(l); fault != nil {
			status := Rejected
			if fault.Parked() {
				status = Parked
			}
			return Verdict{status, fault}, nil
		}
	}
	status := Stored
	if was != nil {
		if fault := b.undercut(l); fault != nil {
			return Verdict{Rejected, fault}, nil
		}
		status = Corrected
		if err := b.remember(was); err != nil {
			return Verdict{}, err
		}
	} else {
		b.taken = append(b.taken, k)
	}
	if was == nil || !l.sameFigures(was) { // an order that was only paid or packed restates no hour
		if was != nil {
			b.touch(was, -1)
		}
		b.touch(l, 1)
	}
	b.lines[k], b.orders[o], b.changed[k] = l, l.Currency, true
	b.unparked = append(b.unparked, revisionKey{k, l.Revision})
	return Verdict{Status: status}, nil
}

// again decides about a revision that is not higher than the one that stands.
func (b *batch) again(ctx context.Context, l, was *Line) (Verdict, error) {
	conflict := Verdict{Rejected, &Fault{Code: Conflict, Field: "revision", Text: fmt.Sprintf("revision %d of line %s/%s was sent before and said something else", l.Revision, l.Order, l.Line), Hint: "a correction has a higher revision"}}
	if l.Revision == was.Revision {
		if !l.same(was) {
			return conflict, nil
		}
		return Verdict{Status: Duplicate}, nil
	}
	if err := b.writeHistory(ctx); err != nil { // of this batch too
		return Verdict{}, err
	}
	old, err := readRevision(ctx, b.Tx, l)
	if err != nil {
		return Verdict{}, err
	}
	switch {
	case old == nil:
		b.unparked = append(b.unparked, revisionKey{l.key(), l.Revision})
		return Verdict{Status: Late}, b.remember(l)
	case !l.same(old):
		return conflict, nil
	}
	return Verdict{Status: Duplicate}, nil
}

func originalOf(l *Line) string {
	return l.Channel + separator + l.RefundOf.Order + separator + l.RefundOf.Line
}

// refund holds a refund to what was sold.
func (b *batch) refund(l *Line) *Fault {
	of := key{l.Channel, l.RefundOf.Order, l.RefundOf.Line}
	original := b.lines[of]
	if original == nil {
		return &Fault{Code: UnknownOriginal, Field: "refund_of", Text: fmt.Sprintf("line %s/%s is not known", of.order, of.line), Hint: "it is taken by itself when that line comes"}
	}
	left := original.Units
	for by, units := range b.refunds[of] {
		if by != l.key() {
			left += units
		}
	}
	if original.Store == l.Store && original.GTIN != l.GTIN {
		return &Fault{Code: NoOriginal, Field: "refund_of", Text: fmt.Sprintf("line %s/%s sold %s, this takes back %s", of.order, of.line, original.GTIN, l.GTIN)}
	}
	if -l.Units > left {
		return &Fault{Code: RefundTooLarge, Field: "quantity", Text: fmt.Sprintf("it takes back %d units, of line %s/%s %d are left", -l.Units, of.order, of.line, max(0, left))}
	}
	b.refunded(l)
	return nil
}

// undercut holds a correction to what was taken back of the line already.
func (b *batch) undercut(l *Line) *Fault {
	var back int64
	for _, units := range b.refunds[l.key()] {
		back -= units
	}
	if left := max(0, l.Units); left < back {
		return &Fault{Code: RefundTooLarge, Field: "quantity", Text: fmt.Sprintf("the correction leaves %d units of line %s/%s, %d were taken back already", left, l.Order, l.Line, back),
			Hint: "correct the refunds first"}
	}
	return nil
}

// refunded enters a refund into the account of what it takes back.
func (b *batch) refunded(l *Line) {
	of := key{l.Channel, l.RefundOf.Order, l.RefundOf.Line}
	if b.refunds[of] == nil {
		b.refunds[of] = map[key]int64{}
	}
	b.refunds[of][l.key()] = l.Units
}

// touch notes what a line that comes (1) or goes (-1) changes.
func (b *batch) touch(l *Line, sign int64) {
	b.hours[hourKey{l.Store, string(l.GTIN), state.Micros(l.Hour())}] = true
	b.step(stockKey{l.Store, string(l.GTIN)}, state.Micros(l.SoldAt), sign*(l.StockUnits()+b.held(l)))
}

// remember keeps a revision that has no effect, or none any more.
func (b *batch) remember(l *Line) error {
	body, err := json.Marshal(l)
	if err != nil {
		return err
	}
	b.history = append(b.history, []any{b.tenant, l.Channel, l.Order, l.Line, l.Revision, string(body)})
	return nil
}

// flush writes what the batch has changed.
func (b *batch) flush(ctx context.Context) error {
	if err := b.writeHistory(ctx); err != nil {
		return err
	}
	keys := make([]key, 0, len(b.changed))
	for k := range b.changed {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return less(keys[i], keys[j]) })
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = b.lines[k].row()
	}
	if err := b.bulk(ctx, "INSERT INTO sales_lines ("+lineColumns+")", lineReplace, rows); err != nil {
		return fmt.Errorf("store lines: %w", err)
	}
	if err := b.giveBack(ctx, keys); err != nil {
		return err
	}
	if err := b.consume(ctx, keys); err != nil {
		return err
	}
	if err := b.tell(ctx); err != nil {
		return err
	}
	return b.move(ctx, b.moved)
}

func less(a, b key) bool {
	if a.channel != b.channel {
		return a.channel < b.channel
	}
	if a.order != b.order {
		return a.order < b.order
	}
	return a.line < b.line
}

// tell gives each touched hour the next numbers.
func (t *turn) tellHours(ctx context.Context, hours map[hourKey]bool) error {
	keys := make([]hourKey, 0, len(hours))
	for k := range hours {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := keys[i], keys[j]
		if a.store != b.store {
			return a.store < b.store
		}
		if a.gtin != b.gtin {
			return a.gtin < b.gtin
		}
		return a.hour < b.hour
	})
	rows := make([][]any, len(keys))
	for i, k := range keys {
		t.change++
		rows[i] = []any{t.tenant, k.store, k.gtin, k.hour, t.change}
	}
	err := t.bulk(ctx, "INSERT INTO sales_hours (tenant, store, gtin, hour, change)",
		"ON CONFLICT (tenant, store, gtin, hour) DO UPDATE SET change = excluded.change", rows)
	if err != nil {
		return fmt.Errorf("tell changed hours: %w", err)
	}
	return nil
}

func (b *batch) tell(ctx context.Context) error { return b.tellHours(ctx, b.hours) }

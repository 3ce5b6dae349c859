package outbox

import (
	"database/sql"
	"fmt"
)

// evictions lists the messages to evict, by class.
type evictions [classes][]entry

// planRoom chooses what to evict so that need bytes of class fit below the cap: the oldest messages of the
// least important class first, and never anything more important than class itself. It frees at least a
// hundredth of the cap at a time, so that a full outbox does not evict with every append.
func (o *Outbox) planRoom(class Class, need int64) (evictions, error) {
	var plan evictions
	short := o.index.bytes + need - o.opts.MaxBytes
	if short <= 0 {
		return plan, nil
	}
	want := max(short, o.opts.MaxBytes/100)
	for c := classes - 1; c >= int(max(class, Alert)) && want > 0; c-- {
		for _, e := range o.index.by[c] {
			if want <= 0 {
				break
			}
			plan[c] = append(plan[c], e)
			want -= e.bytes
			short -= e.bytes
		}
	}
	if short > 0 {
		return evictions{}, ErrFull
	}
	return plan, nil
}

// evict deletes what was planned and records the gaps, in the transaction of the append that needs the room. It
// returns the gap messages for the index.
func (o *Outbox) evict(tx *sql.Tx, plan evictions) ([]storedGap, error) {
	var gaps []storedGap
	for c, list := range plan {
		for _, run := range byBoot(list) {
			first, last := run[0].id, run[len(run)-1].id
			if _, err := tx.Exec(`DELETE FROM message WHERE class = ? AND id BETWEEN ? AND ?`, c, first, last); err != nil {
				return nil, err
			}
			g, err := o.recordGap(tx, Class(c), run)
			if err != nil {
				return nil, fmt.Errorf("record gap: %w", err)
			}
			gaps = append(gaps, g)
		}
	}
	return gaps, nil
}

// storedGap is a gap message as written, kept for the index until the transaction is committed.
type storedGap struct {
	of      gapOf
	row     gapRow
	payload int64
}

// recordGap writes the message that says what was evicted, or widens an earlier one that was not handed out yet.
func (o *Outbox) recordGap(tx *sql.Tx, class Class, run []entry) (storedGap, error) {
	first, last := keyOf(run[0].id), keyOf(run[len(run)-1].id)
	of := gapOf{first.Boot, class}
	row, open := o.gaps[of]
	if open {
		row.gap.From = min(row.gap.From, first.Seq)
		row.gap.To = max(row.gap.To, last.Seq)
		row.gap.Count += uint64(len(run))
	} else {
		key, err := o.nextKey()
		if err != nil {
			return storedGap{}, err
		}
		row = gapRow{key, Gap{Boot: first.Boot, From: first.Seq, To: last.Seq, Count: uint64(len(run)), Class: class}}
	}
	payload, err := o.opts.EncodeGap(row.key, row.gap)
	if err != nil {
		return storedGap{}, err
	}
	return storedGap{of, row, int64(len(payload))}, insert(tx, Record, GapKind, row.key, payload)
}

// forget updates the index after the transaction.
func (o *Outbox) forget(plan evictions, gaps []storedGap) {
	for c, list := range plan {
		if len(list) > 0 {
			o.index.cutClass(Class(c), list[0].id, list[len(list)-1].id)
			o.health.Evicted += uint64(len(list))
		}
	}
	for _, g := range gaps {
		o.index.add(Record, g.row.key.id(), g.payload)
		o.gaps[g.of] = g.row
	}
}

// freeze stops the growth of a gap that was handed out: what was sent under a key never changes.
func (o *Outbox) freeze(key Key) {
	for of, row := range o.gaps {
		if row.key == key {
			delete(o.gaps, of)
		}
	}
}

// byBoot splits a sorted list wherever the boot changes.
func byBoot(list []entry) (runs [][]entry) {
	start := 0
	for i := range list {
		if keyOf(list[i].id).Boot != keyOf(list[start].id).Boot {
			runs = append(runs, list[start:i])
			start = i
		}
	}
	if start < len(list) {
		runs = append(runs, list[start:])
	}
	return runs
}

package outbox

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// Options for Open. EncodeGap is required.
type Options struct {
	MaxBytes  int64                          // cap on the size of all stored messages; 0: DefaultMaxBytes
	EncodeGap func(Key, Gap) ([]byte, error) // returns the payload of the message that records a gap
	Now       func() time.Time               // nil: time.Now; used to name files that are set aside, and to begin boot counters
	Log       *slog.Logger                   // nil: discard
	VFS       string                         // name of the SQLite VFS, for crash tests; "": the system's
}

// DefaultMaxBytes is enough for a week offline, with an observation every five minutes and telemetry.
const DefaultMaxBytes = 200 << 20

// GapKind is the Kind of the messages that record a gap.
const GapKind = "gap"

// Outbox is safe for concurrent use.
type Outbox struct {
	opts    Options
	changed chan struct{}

	mu     sync.Mutex
	db     *sql.DB
	boot   uint32
	seq    uint64
	index  index
	gaps   map[gapOf]gapRow // gaps of this boot that have not been handed out yet and may still grow
	health Health
	lazy   bool // the connection is at synchronous=NORMAL
}

// gapOf is the key by which gaps are merged.
type gapOf struct {
	boot  uint32
	class Class
}

type gapRow struct {
	key Key
	gap Gap
}

// Health is what the outbox reports about itself.
type Health struct {
	Durable  bool   // false: it is in memory only, and Fault says why
	Fault    string // the last thing that went wrong; "" if nothing did
	SetAside string // path of the corrupt database that this start has set aside; "" if there was none
	Salvaged int    // messages that were still readable in it
	Messages int
	Bytes    int64 // as accounted: payloads and the cost of rows
	MaxBytes int64
	ByClass  [classes]int
	Evicted  uint64 // messages since the start
	Damaged  uint64 // messages since the start that the card returned unreadable
	Refused  uint64 // appends since the start that returned an error
}

// Boot returns the boot counter of this start.
func (o *Outbox) Boot() uint32 { return o.boot }

// Changed is signalled after an append. Only one goroutine may wait on it.
func (o *Outbox) Changed() <-chan struct{} { return o.changed }

// Append stores the bytes that encode returns for the key it is given, and returns once they are durable. ctx
// is checked before the write and not during it, so that an append is never abandoned half way. The errors are
// ErrTooLarge, ErrFull, ErrClosed, the error of encode, and faults of the disk. After an error the message may
// still turn up after a power cut; its key is not used again.
func (o *Outbox) Append(ctx context.Context, class Class, kind string, encode func(Key) ([]byte, error)) (Key, error) {
	if err := ctx.Err(); err != nil {
		return Key{}, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	key, err := o.append(class, kind, encode)
	if err != nil {
		o.health.Refused++
		o.health.Fault = err.Error()
		return Key{}, fmt.Errorf("append %s to outbox: %w", kind, err)
	}
	select {
	case o.changed <- struct{}{}:
	default:
	}
	return key, nil
}

func (o *Outbox) append(class Class, kind string, encode func(Key) ([]byte, error)) (Key, error) {
	if o.db == nil {
		return Key{}, ErrClosed
	}
	key, err := o.nextKey()
	if err != nil {
		return Key{}, err
	}
	payload, plan, err := o.prepare(class, key, encode)
	if err != nil {
		o.seq-- // nothing was written with this number
		return Key{}, err
	}
	need := int64(len(payload)) + rowBytes
	err = o.store(class, kind, key, payload, plan)
	if isCode(err, codeFull) {
		// The disk is full before the cap is reached. A tenth of what is stored makes room for SQLite as well.
		if plan, err = o.planRoom(class, max(need, o.opts.MaxBytes-o.index.bytes+o.index.bytes/10)); err == nil {
			err = o.store(class, kind, key, payload, plan)
		}
	}
	return key, err
}

// prepare encodes the message and plans the evictions: everything that can fail before anything is written.
func (o *Outbox) prepare(class Class, key Key, encode func(Key) ([]byte, error)) ([]byte, evictions, error) {
	payload, err := encode(key)
	if err != nil {
		return nil, evictions{}, err
	}
	need := int64(len(payload)) + rowBytes
	if need > o.opts.MaxBytes/4 {
		return nil, evictions{}, fmt.Errorf("%d bytes, the cap is %d: %w", len(payload), o.opts.MaxBytes, ErrTooLarge)
	}
	plan, err := o.planRoom(class, need)
	return payload, plan, err
}

// store writes the message, the evictions and their gaps in one transaction, and then updates the index.
func (o *Outbox) store(class Class, kind string, key Key, payload []byte, plan evictions) error {
	if err := o.setLazy(false); err != nil {
		return err
	}
	tx, err := o.db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	gaps, err := o.evict(tx, plan)
	if err != nil {
		return err
	}
	if err := insert(tx, class, kind, key, payload); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	o.forget(plan, gaps)
	o.index.add(class, key.id(), int64(len(payload)))
	return nil
}

func insert(tx *sql.Tx, class Class, kind string, key Key, payload []byte) error {
	_, err := tx.Exec(`INSERT OR REPLACE INTO message(id, class, kind, payload) VALUES(?, ?, ?, ?)`, key.id(), class, kind, payload)
	return err
}

func (o *Outbox) nextKey() (Key, error) {
	if o.seq >= MaxSeq {
		return Key{}, errors.New("sequence of this boot is used up")
	}
	o.seq++
	return Key{o.boot, o.seq}, nil
}

// Pending returns up to limit stored messages for which skip is false (a nil skip skips none): the most
// important class first, and the oldest first within a class. A message stays until it is acknowledged. One
// that cannot be read, because the card has damaged it, is left out from then on and counted in Health.
func (o *Outbox) Pending(ctx context.Context, limit int, skip func(Key) bool) ([]Message, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.db == nil {
		return nil, ErrClosed
	}
	var out []Message
	for c := range o.index.by {
		var damaged []int64
		for _, e := range o.index.by[c] {
			if len(out) >= limit {
				break
			}
			if skip != nil && skip(keyOf(e.id)) {
				continue
			}
			m, err := o.read(ctx, Class(c), e.id)
			if isCode(err, codeCorrupt) || errors.Is(err, sql.ErrNoRows) {
				damaged = append(damaged, e.id)
				continue
			}
			if err != nil {
				return out, fmt.Errorf("read message %v: %w", keyOf(e.id), err)
			}
			out = append(out, m)
		}
		o.passOver(damaged)
	}
	return out, nil
}

func (o *Outbox) read(ctx context.Context, class Class, id int64) (Message, error) {
	m := Message{Key: keyOf(id), Class: class}
	if err := o.db.QueryRowContext(ctx, `SELECT kind, payload FROM message WHERE id = ?`, id).Scan(&m.Kind, &m.Payload); err != nil {
		return m, err
	}
	if m.Kind == GapKind {
		o.freeze(m.Key)
	}
	return m, nil
}

func (o *Outbox) passOver(damaged []int64) {
	for _, id := range damaged {
		o.index.cut(id, id)
		o.health.Damaged++
		o.health.Fault = fmt.Sprintf("message %v cannot be read", keyOf(id))
		o.opts.Log.Error("stored message cannot be read", "key", keyOf(id).String())
	}
}

// Acknowledge deletes the messages in the ranges, whatever their class, and returns how many there were. Only
// messages that the ingester reports as stored may be acknowledged. The deletion is not synced: after a power
// cut some messages may be pending again.
func (o *Outbox) Acknowledge(ctx context.Context, ranges []Range) (n int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.db == nil {
		return 0, ErrClosed
	}
	if err := o.setLazy(true); err != nil {
		return 0, fmt.Errorf("acknowledge: %w", err)
	}
	tx, err := o.db.Begin()
	if err != nil {
		return 0, fmt.Errorf("acknowledge: %w", err)
	}
	defer tx.Rollback()
	for _, r := range ranges {
		if lo, hi, ok := r.ids(); ok {
			if _, err := tx.Exec(`DELETE FROM message WHERE id BETWEEN ? AND ?`, lo, hi); err != nil {
				return 0, fmt.Errorf("acknowledge: %w", err)
			}
		}
	}
	if err := tx.Commit(); err != nil {
		return 0, fmt.Errorf("acknowledge: %w", err)
	}
	for _, r := range ranges {
		if lo, hi, ok := r.ids(); ok {
			n += o.index.cut(lo, hi)
		}
	}
	return n, nil
}

// ids returns the row ids of a range; ok is false if it cannot contain a message.
func (r Range) ids() (lo, hi int64, ok bool) {
	if r.Boot == 0 || r.Boot > MaxBoot || r.From > r.To || r.From > MaxSeq {
		return 0, 0, false
	}
	return Key{r.Boot, r.From}.id(), Key{r.Boot, min(r.To, MaxSeq)}.id(), true
}

// setLazy chooses whether the next commit waits for the disk.
func (o *Outbox) setLazy(lazy bool) error {
	if o.lazy == lazy {
		return nil
	}
	pragma := `PRAGMA synchronous = FULL`
	if lazy {
		pragma = `PRAGMA synchronous = NORMAL`
	}
	if _, err := o.db.Exec(pragma); err != nil {
		return err
	}
	o.lazy = lazy
	return nil
}

// Health returns the outbox's state.
func (o *Outbox) Health() Health {
	o.mu.Lock()
	defer o.mu.Unlock()
	h := o.health
	h.Messages, h.Bytes, h.MaxBytes = o.index.len(), o.index.bytes, o.opts.MaxBytes
	for c := range o.index.by {
		h.ByClass[c] = len(o.index.by[c])
	}
	return h
}

// Close writes everything to the disk. Later calls return ErrClosed.
func (o *Outbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.db == nil {
		return nil
	}
	db := o.db
	o.db = nil
	if err := db.Close(); err != nil {
		return fmt.Errorf("close outbox: %w", err)
	}
	return nil
}

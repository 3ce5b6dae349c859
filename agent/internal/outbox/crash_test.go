package outbox_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/coldshelf/coldshelf/agent/internal/crashdisk"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

// crashPoints is how many power cuts TestPowerCutsLoseNothing must have survived.
const crashPoints = 10_000

// TestPowerCutsLoseNothing drives an outbox through random lives (appends of every class, evictions,
// acknowledgements, clean ends, killed processes, full disks, a clock that jumps), then cuts the power after
// each single operation on its disk, and looks at what an outbox makes of what is left: every message whose
// append had returned is there, or was acknowledged, or lies in a recorded gap; nothing is there that was
// never appended; no boot comes twice; and the database is never found corrupt.
func TestPowerCutsLoseNothing(t *testing.T) {
	scratch := shm(t)
	points, lives := 0, 0
	for seed := 1; points < crashPoints; seed++ {
		lives++
		ops := rapid.SliceOfN(rapid.Custom(drawStep), 5, 30).Example(seed)
		l := newLife(t, filepath.Join(scratch, fmt.Sprint("life", seed)))
		for _, s := range ops {
			l.step(s)
		}
		l.end()
		points += l.cutThePower(filepath.Join(scratch, fmt.Sprint("cut", seed)), rand.New(rand.NewPCG(uint64(seed), 1)))
		if t.Failed() {
			t.Fatalf("life %d: %+v", seed, ops)
		}
	}
	t.Logf("%d power cuts in %d lives", points, lives)
}

// shm is a folder whose fsync costs nothing: the database is in memory anyway.
func shm(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "outbox-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// step is one thing that happens in a life.
type step struct {
	What  string // append, acknowledge, close, kill, full, room, jump
	Class outbox.Class
	Bytes int
	From  int // per mille of what is pending
	To    int
}

func drawStep(t *rapid.T) step {
	s := step{What: rapid.SampledFrom([]string{
		"append", "append", "append", "append", "append", "append", "acknowledge", "acknowledge", "close", "kill", "full", "room", "jump",
	}).Draw(t, "what")}
	switch s.What {
	case "append":
		s.Class = outbox.Class(rapid.IntRange(0, 4).Draw(t, "class"))
		s.Bytes = rapid.SampledFrom([]int{10, 300, 300, 2000, 5000, 14000}).Draw(t, "bytes")
	case "acknowledge":
		s.From = rapid.IntRange(0, 1000).Draw(t, "from")
		s.To = rapid.IntRange(s.From, 1000).Draw(t, "to")
	}
	return s
}

// attempt is an append, with the number of disk operations before and after it.
type attempt struct {
	key        outbox.Key
	payload    string
	begun, end int
	ok         bool
}

// acknowledged is ranges that the cloud had stored, from a moment on.
type acknowledged struct {
	ranges []outbox.Range
	begun  int
}

// opening is a start of the outbox.
type opening struct {
	boot       uint32
	begun, end int
}

// life is an outbox on a disk, and everything that was promised.
type life struct {
	t        *testing.T
	dir      string
	disk     *crashdisk.Disk
	box      *outbox.Outbox
	now      time.Time
	attempts []attempt
	acks     []acknowledged
	openings []opening
	gaps     map[outbox.Key][]outbox.Gap // every form of each gap message
}

// lifeBytes is small, so that lives evict.
const lifeBytes = 60_000

func newLife(t *testing.T, dir string) *life {
	l := &life{t: t, dir: dir, disk: crashdisk.New(dir), now: noon, gaps: map[outbox.Key][]outbox.Gap{}}
	l.open()
	return l
}

func (l *life) open() {
	begun := l.disk.Ops()
	box, err := outbox.Open(context.Background(), l.dir, l.options())
	if err != nil {
		l.t.Fatalf("open: %v", err)
	}
	l.disk.SyncDir() // as Open does in the real folder
	l.box = box
	l.openings = append(l.openings, opening{box.Boot(), begun, l.disk.Ops()})
}

func (l *life) options() outbox.Options {
	return outbox.Options{
		MaxBytes: lifeBytes, VFS: crashdisk.VFS, Now: func() time.Time { return l.now },
		EncodeGap: func(k outbox.Key, g outbox.Gap) ([]byte, error) {
			l.gaps[k] = append(l.gaps[k], g)
			return fmt.Appendf(nil, "gap %d %d %d", g.Boot, g.From, g.To), nil
		},
	}
}

func (l *life) step(s step) {
	switch s.What {
	case "append":
		a := attempt{begun: l.disk.Ops()}
		_, err := l.box.Append(context.Background(), s.Class, "kind", func(k outbox.Key) ([]byte, error) {
			a.key = k
			a.payload = strconv.Itoa(len(l.attempts)) + strings.Repeat(".", s.Bytes)
			return []byte(a.payload), nil
		})
		a.end, a.ok = l.disk.Ops(), err == nil
		l.attempts = append(l.attempts, a)
	case "acknowledge":
		messages, err := l.box.Pending(context.Background(), 1<<20, nil)
		if err != nil {
			l.t.Fatalf("pending: %v", err)
		}
		if len(messages) == 0 {
			return
		}
		ack := acknowledged{begun: l.disk.Ops()}
		for _, m := range messages[s.From*(len(messages)-1)/1000 : s.To*(len(messages)-1)/1000+1] {
			ack.ranges = append(ack.ranges, outbox.Range{Boot: m.Key.Boot, From: m.Key.Seq, To: m.Key.Seq})
		}
		l.acks = append(l.acks, ack)
		if _, err := l.box.Acknowledge(context.Background(), ack.ranges); err != nil {
			l.t.Logf("acknowledge: %v", err) // a full disk: they are sent again
		}
	case "close":
		l.disk.SetLimit(0) // a start on a full disk is its own test
		if err := l.box.Close(); err != nil {
			l.t.Fatalf("close: %v", err)
		}
		l.open()
	case "kill":
		l.disk.SetLimit(0)
		l.disk.Kill()
		l.box.Close() // of the dead process; its writes go nowhere
		l.open()
	case "full":
		l.disk.SetLimit(l.disk.Size() + 1)
	case "room":
		l.disk.SetLimit(0)
	case "jump":
		l.now = l.now.Add(-1000 * time.Hour)
	}
}

func (l *life) end() {
	l.disk.SetLimit(0)
	if err := l.box.Close(); err != nil {
		l.t.Fatalf("close: %v", err)
	}
	l.disk.Remove()
}

// cutThePower opens what is left after each operation, and gives how often.
func (l *life) cutThePower(dir string, rng *rand.Rand) (points int) {
	l.disk.Crashes(func(after int, image func(string, *rand.Rand) *crashdisk.Disk) {
		if l.t.Failed() {
			return
		}
		points++
		disk := image(dir, rng)
		defer disk.Remove()
		os.RemoveAll(dir) // the boot file too: the database alone must know
		opts := l.options()
		opts.EncodeGap = encodeGap
		box, err := outbox.Open(context.Background(), dir, opts)
		if err != nil {
			l.t.Errorf("after %d operations: open: %v", after, err)
			return
		}
		defer box.Close()
		if h := box.Health(); !h.Durable || h.SetAside != "" {
			l.t.Errorf("after %d operations the database is not sound: %+v", after, h)
			return
		}
		messages, err := box.Pending(context.Background(), 1<<20, nil)
		if err != nil {
			l.t.Errorf("after %d operations: %v", after, err)
			return
		}
		if err := l.judge(after, box.Boot(), messages); err != nil {
			l.t.Errorf("after %d operations: %v", after, err)
			l.t.Log(strings.Join(l.disk.Dump(after-60, after+3), "\n"))
		}
	})
	return points
}

// judge compares what is left with what was promised by then.
func (l *life) judge(after int, boot uint32, messages []outbox.Message) error {
	for _, o := range l.openings {
		if o.end <= after && boot <= o.boot {
			return fmt.Errorf("boot %d comes again after %d", boot, o.boot)
		}
	}
	there := map[outbox.Key]string{}
	covered := l.coveredByAcknowledgedGaps(after)
	for _, m := range messages {
		there[m.Key] = string(m.Payload)
		if m.Kind == outbox.GapKind {
			var g outbox.Gap
			if _, err := fmt.Sscanf(string(m.Payload), "gap %d %d %d", &g.Boot, &g.From, &g.To); err != nil {
				return fmt.Errorf("gap %v is mangled: %.60q", m.Key, m.Payload)
			}
			covered = append(covered, g)
		}
	}
	known := map[outbox.Key]string{}
	for _, a := range l.attempts {
		if a.begun <= after {
			known[a.key] = a.payload
		}
		if !a.ok || a.end > after || l.acknowledged(a.key, after) {
			continue
		}
		if _, ok := there[a.key]; !ok && !inGap(covered, a.key) {
			return fmt.Errorf("message %v was appended and is lost", a.key)
		}
	}
	for _, m := range messages {
		if m.Kind != outbox.GapKind && known[m.Key] != string(m.Payload) {
			return fmt.Errorf("message %v is %.40q, was appended as %.40q", m.Key, m.Payload, known[m.Key])
		}
	}
	return nil
}

func (l *life) acknowledged(k outbox.Key, after int) bool {
	for _, ack := range l.acks {
		for _, r := range ack.ranges {
			if ack.begun <= after && r.Boot == k.Boot && r.From <= k.Seq && k.Seq <= r.To {
				return true
			}
		}
	}
	return false
}

func (l *life) coveredByAcknowledgedGaps(after int) (gaps []outbox.Gap) {
	for key, forms := range l.gaps {
		if l.acknowledged(key, after) {
			gaps = append(gaps, forms...)
		}
	}
	return gaps
}

func inGap(gaps []outbox.Gap, k outbox.Key) bool {
	for _, g := range gaps {
		if g.Boot == k.Boot && g.From <= k.Seq && k.Seq <= g.To {
			return true
		}
	}
	return false
}

// A card that dies makes appends fail and nothing else; once it is mended, everything that was appended is
// there.
func TestABrokenDiskIsAnErrorNotALoss(t *testing.T) {
	l := newLife(t, filepath.Join(shm(t), "broken"))
	defer l.disk.Remove()
	l.step(step{What: "append", Class: outbox.Alert, Bytes: 100})
	l.disk.Break(true)
	_, err := l.box.Append(context.Background(), outbox.Alert, "kind", func(outbox.Key) ([]byte, error) { return []byte("no"), nil })
	if err == nil {
		t.Error("an append to a broken disk returned without an error")
	}
	if h := l.box.Health(); h.Refused != 1 || h.Fault == "" {
		t.Errorf("health does not tell: %+v", h)
	}
	l.disk.Break(false)
	l.step(step{What: "append", Class: outbox.Alert, Bytes: 100})
	l.step(step{What: "kill"})
	if got := len(pending(t, l.box)); got != 2 {
		t.Errorf("%d messages, want the two that were appended", got)
	}
	l.end()
}

// A flipped byte anywhere in the file never panics and never ends the outbox: what is left can be read,
// or the database is set aside, or it is kept in memory and says so.
func TestFlippedBytes(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, 0)
	for i := range 40 {
		put(t, o, outbox.Observation, strings.Repeat(strconv.Itoa(i), 300))
	}
	o.Close()
	sound, err := os.ReadFile(filepath.Join(dir, "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	scratch := shm(t)
	for i := range 300 {
		torn := append([]byte(nil), sound...)
		for range 1 + i%8 {
			torn[rng.IntN(len(torn))] ^= byte(1 << rng.IntN(8))
		}
		if i%5 == 0 {
			torn = torn[:rng.IntN(len(torn))]
		}
		dir := filepath.Join(scratch, strconv.Itoa(i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "outbox.db"), torn)
		o, err := outbox.Open(context.Background(), dir, outbox.Options{EncodeGap: encodeGap, Now: func() time.Time { return noon }})
		if err != nil {
			t.Fatalf("file %d: open: %v", i, err)
		}
		if _, err := o.Append(context.Background(), outbox.Alert, "kind", func(outbox.Key) ([]byte, error) { return []byte("new"), nil }); err != nil {
			t.Errorf("file %d: append: %v", i, err)
		}
		if _, err := o.Pending(context.Background(), 1<<20, nil); err != nil {
			t.Errorf("file %d: pending: %v", i, err)
		}
		o.Close()
	}
}

package outbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/outbox"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// open starts an outbox and closes it with the test.
func open(t testing.TB, dir string, maxBytes int64) *outbox.Outbox {
	t.Helper()
	o, err := outbox.Open(context.Background(), dir, outbox.Options{MaxBytes: maxBytes, EncodeGap: encodeGap, Now: func() time.Time { return noon }})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { o.Close() })
	return o
}

func encodeGap(k outbox.Key, g outbox.Gap) ([]byte, error) {
	return fmt.Appendf(nil, "gap %v: %d %v of boot %d, %d to %d", k, g.Count, g.Class, g.Boot, g.From, g.To), nil
}

func put(t testing.TB, o *outbox.Outbox, c outbox.Class, payload string) outbox.Key {
	t.Helper()
	k, err := o.Append(context.Background(), c, "kind", func(outbox.Key) ([]byte, error) { return []byte(payload), nil })
	if err != nil {
		t.Fatalf("append %q: %v", payload, err)
	}
	return k
}

func pending(t testing.TB, o *outbox.Outbox) (payloads []string) {
	t.Helper()
	messages, err := o.Pending(context.Background(), 1<<30, nil)
	if err != nil {
		t.Fatalf("pending: %v", err)
	}
	for _, m := range messages {
		payloads = append(payloads, string(m.Payload))
	}
	return payloads
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestMessagesStayUntilAcknowledged(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, 0)
	a := put(t, o, outbox.Observation, "first")
	put(t, o, outbox.Observation, "second")
	o.Close()

	o = open(t, dir, 0)
	equal(t, "after a restart", pending(t, o), []string{"first", "second"})
	equal(t, "boot of the restart", o.Boot(), a.Boot+1)
	n, err := o.Acknowledge(context.Background(), []outbox.Range{{Boot: a.Boot, From: a.Seq, To: a.Seq}})
	equal(t, "acknowledged", fmt.Sprint(n, err), "1 <nil>")
	equal(t, "after the acknowledgement", pending(t, o), []string{"second"})
	o.Close()

	o = open(t, dir, 0)
	equal(t, "after a second restart", pending(t, o), []string{"second"})
}

func TestImportantFirstThenOldest(t *testing.T) {
	o := open(t, t.TempDir(), 0)
	for i, c := range []outbox.Class{outbox.Picture, outbox.Telemetry, outbox.Observation, outbox.Alert, outbox.Telemetry, outbox.Record} {
		put(t, o, c, fmt.Sprintf("%v%d", c, i))
	}
	equal(t, "order", pending(t, o), []string{"record5", "alert3", "observation2", "telemetry1", "telemetry4", "picture0"})

	messages, err := o.Pending(context.Background(), 2, func(k outbox.Key) bool { return k.Seq == 6 || k.Seq == 3 })
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "two beyond those in flight", fmt.Sprintf("%s %s", messages[0].Payload, messages[1].Payload), "alert3 telemetry1")
}

func TestFullOutboxEvictsTheLeastImportantAndSaysSo(t *testing.T) {
	o := open(t, t.TempDir(), 100_000)
	body := func(c outbox.Class, i int) string { return fmt.Sprintf("%v%d%s", c, i, strings.Repeat("·", 2000)) }
	for i := range 5 {
		put(t, o, outbox.Observation, body(outbox.Observation, i))
		put(t, o, outbox.Telemetry, body(outbox.Telemetry, i))
		put(t, o, outbox.Picture, body(outbox.Picture, i))
		put(t, o, outbox.Alert, body(outbox.Alert, i))
	}
	for i := range 60 {
		put(t, o, outbox.Observation, body(outbox.Observation, 100+i))
	}
	h := o.Health()
	if h.Bytes > h.MaxBytes {
		t.Errorf("outbox holds %d bytes, its cap is %d", h.Bytes, h.MaxBytes)
	}
	equal(t, "pictures left", h.ByClass[outbox.Picture], 0)
	equal(t, "telemetry left", h.ByClass[outbox.Telemetry], 0)
	equal(t, "alerts left", h.ByClass[outbox.Alert], 5)
	var gaps []string
	for _, p := range pending(t, o) {
		if strings.HasPrefix(p, "gap") {
			_, what, _ := strings.Cut(p, ": ")
			gaps = append(gaps, what)
		}
	}
	boot := o.Boot()
	equal(t, "gaps", strings.Join(gaps, "; "), fmt.Sprintf(
		"5 picture of boot %d, 3 to 19; 5 telemetry of boot %d, 2 to 18; %d observation of boot %d, 1 to %d",
		boot, boot, h.Evicted-10, boot, lastEvicted(t, o)))

	// A picture does not push out what matters more.
	_, err := o.Append(context.Background(), outbox.Picture, "kind", func(outbox.Key) ([]byte, error) { return make([]byte, 20_000), nil })
	if !errors.Is(err, outbox.ErrFull) {
		t.Errorf("picture into a full outbox: got %v, want ErrFull", err)
	}
}

// lastEvicted is the seq before the oldest observation that is left, less the alert and gaps between.
func lastEvicted(t *testing.T, o *outbox.Outbox) uint64 {
	t.Helper()
	messages, err := o.Pending(context.Background(), 1<<30, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range messages {
		if m.Class == outbox.Observation {
			return m.Key.Seq - 1
		}
	}
	t.Fatal("no observation is left")
	return 0
}

func TestAGapThatWasHandedOutNeverChanges(t *testing.T) {
	o := open(t, t.TempDir(), 50_000)
	fill := func(n int) {
		for range n {
			put(t, o, outbox.Telemetry, strings.Repeat("x", 1000))
		}
	}
	fill(60)
	first := pending(t, o)[0]
	fill(60)
	all := pending(t, o)
	if all[0] != first {
		t.Errorf("gap changed after it was handed out:\ngot  %s\nwant %s", all[0], first)
	}
	if !strings.HasPrefix(all[1], "gap") || strings.HasPrefix(all[2], "gap") {
		t.Errorf("want exactly one more gap, got %.40q and %.40q", all[1], all[2])
	}
}

func TestTooLarge(t *testing.T) {
	o := open(t, t.TempDir(), 10_000)
	_, err := o.Append(context.Background(), outbox.Alert, "kind", func(outbox.Key) ([]byte, error) { return make([]byte, 3000), nil })
	if !errors.Is(err, outbox.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	equal(t, "refused", o.Health().Refused, 1)
}

func TestCorruptDatabaseIsSetAside(t *testing.T) {
	for name, spoil := range map[string]func(t *testing.T, path string){
		"not a database": func(t *testing.T, path string) { write(t, path, bytes.Repeat([]byte("not a database "), 1000)) },
		"cut short":      func(t *testing.T, path string) { cut(t, path) },
		"another schema": func(t *testing.T, path string) { setUserVersion(t, path, 9) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := open(t, dir, 0)
			boot := o.Boot()
			before := map[string]bool{}
			for i := range 50 {
				p := fmt.Sprint(i) + strings.Repeat("x", 1000)
				put(t, o, outbox.Observation, p)
				before[p] = true
			}
			o.Close()
			spoil(t, filepath.Join(dir, "outbox.db"))

			o = open(t, dir, 0)
			h := o.Health()
			if h.SetAside == "" || !h.Durable {
				t.Fatalf("corrupt database not set aside: %+v", h)
			}
			if _, err := os.Stat(h.SetAside); err != nil {
				t.Errorf("what was set aside is not there: %v", err)
			}
			equal(t, "name", filepath.Base(h.SetAside), "outbox.db.corrupt-20261122T120000Z")
			equal(t, "boot goes on from the file", o.Boot(), boot+1)
			put(t, o, outbox.Observation, "works")
			left := pending(t, o)
			if want := h.Salvaged + 1; len(left) != want || left[len(left)-1] != "works" {
				t.Errorf("%d messages are left, want the %d salvaged ones and the new one", len(left), h.Salvaged)
			}
			for _, p := range left[:len(left)-1] {
				if !before[p] {
					t.Errorf("%.20q was salvaged and never stored", p)
				}
			}
		})
	}
}

// One damaged page costs the messages on it, not those around it.
func TestWhatIsReadableOfADamagedDatabaseIsSalvaged(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, 0)
	for i := range 200 {
		put(t, o, outbox.Observation, fmt.Sprint(i)+strings.Repeat("x", 1000))
	}
	o.Close()
	path := filepath.Join(dir, "outbox.db")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)/2&^4095:], bytes.Repeat([]byte{0xee}, 4096))
	write(t, path, data)
	o = open(t, dir, 0)
	h := o.Health()
	if h.SetAside == "" || h.Salvaged < 190 || h.Salvaged > 199 {
		t.Fatalf("health: %+v, want all but a page of messages salvaged", h)
	}
	left := pending(t, o)
	if len(left) != h.Salvaged || !strings.HasPrefix(left[0], "0x") || !strings.HasPrefix(left[len(left)-1], "199x") {
		t.Errorf("%d are left, from %.4q to %.4q", len(left), left[0], left[len(left)-1])
	}
	o.Close()
	o = open(t, dir, 0)
	equal(t, "after another start", len(pending(t, o)), h.Salvaged)
}

func TestASickCardDoesNotFillUpWithDatabasesSetAside(t *testing.T) {
	dir := t.TempDir()
	for i := range 6 {
		write(t, filepath.Join(dir, "outbox.db"), bytes.Repeat([]byte("not a database "), 1000))
		o, err := outbox.Open(context.Background(), dir, outbox.Options{EncodeGap: encodeGap, Now: func() time.Time { return noon.Add(time.Duration(i) * time.Hour) }})
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
	}
	asides, err := filepath.Glob(filepath.Join(dir, "*.corrupt-*"))
	if err != nil || len(asides) != 3 || !strings.Contains(asides[2], "T170000Z") {
		t.Errorf("set aside: %v, %v, want the newest three", asides, err)
	}
}

func TestDatabasesSetAsideDoNotFillTheDataPartition(t *testing.T) {
	const most = 1 << 20
	dir := t.TempDir()
	for i, size := range []int{most / 4, most / 2, most / 4, 3 * most} {
		write(t, filepath.Join(dir, "outbox.db"), bytes.Repeat([]byte{byte(i)}, size))
		o, err := outbox.Open(context.Background(), dir, outbox.Options{EncodeGap: encodeGap, MaxBytes: most, Now: func() time.Time { return noon.Add(time.Duration(i) * time.Hour) }})
		if err != nil {
			t.Fatal(err)
		}
		o.Close()
		asides, err := filepath.Glob(filepath.Join(dir, "*.corrupt-*"))
		if want := []int{1, 2, 3, 1}[i]; err != nil || len(asides) != want {
			t.Errorf("after %d: %v, %v, want the newest %d", i+1, asides, err, want)
		}
	}
}

func TestBootGoesOnWithoutTheFile(t *testing.T) {
	dir := t.TempDir()
	o := open(t, dir, 0)
	boot := o.Boot()
	o.Close()
	for _, text := range []string{"", "-3", "99999999999999", "\x00\xff"} {
		write(t, filepath.Join(dir, "boot"), []byte(text))
		boot++
		o := open(t, dir, 0)
		equal(t, fmt.Sprintf("boot with %q in the file", text), o.Boot(), boot)
		o.Close()
	}
}

func TestAReplacedCardBeginsAboveTheOldBoots(t *testing.T) {
	old := open(t, t.TempDir(), 0)
	later, err := outbox.Open(context.Background(), t.TempDir(), outbox.Options{EncodeGap: encodeGap, Now: func() time.Time { return noon.Add(24 * time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	defer later.Close()
	if later.Boot() <= old.Boot() {
		t.Errorf("boot %d on the new card, %d on the old one", later.Boot(), old.Boot())
	}
	unset, err := outbox.Open(context.Background(), t.TempDir(), outbox.Options{EncodeGap: encodeGap, Now: func() time.Time { return time.Unix(0, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	defer unset.Close()
	equal(t, "boot with the clock unset", unset.Boot(), 1)
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	open(t, dir, 0)
	_, err := outbox.Open(context.Background(), dir, outbox.Options{EncodeGap: encodeGap})
	if !errors.Is(err, outbox.ErrInUse) {
		t.Errorf("second open: got %v, want ErrInUse", err)
	}
}

func TestUnwritableDiskKeepsTheOutboxInMemory(t *testing.T) {
	notADir := filepath.Join(t.TempDir(), "file")
	write(t, notADir, nil)
	o := open(t, filepath.Join(notADir, "outbox"), 0)
	h := o.Health()
	if h.Durable || h.Fault == "" {
		t.Errorf("health of an outbox without a disk: %+v", h)
	}
	put(t, o, outbox.Alert, "still heard")
	equal(t, "pending", pending(t, o), []string{"still heard"})
}

func TestAcknowledgeOfNonsenseChangesNothing(t *testing.T) {
	o := open(t, t.TempDir(), 0)
	k := put(t, o, outbox.Alert, "stays")
	n, err := o.Acknowledge(context.Background(), []outbox.Range{
		{Boot: 0, From: 0, To: 1 << 63}, {Boot: k.Boot, From: 9, To: 2}, {Boot: k.Boot + 1, From: 1, To: 9},
		{Boot: 1 << 31, From: 1, To: 9}, {Boot: k.Boot - 1, From: 1, To: 1<<64 - 1},
	})
	equal(t, "acknowledged", fmt.Sprint(n, err), "0 <nil>")
	equal(t, "pending", pending(t, o), []string{"stays"})
}

func TestClosed(t *testing.T) {
	o := open(t, t.TempDir(), 0)
	o.Close()
	_, appendErr := o.Append(context.Background(), outbox.Alert, "kind", func(outbox.Key) ([]byte, error) { return nil, nil })
	_, pendingErr := o.Pending(context.Background(), 1, nil)
	_, ackErr := o.Acknowledge(context.Background(), nil)
	for what, err := range map[string]error{"append": appendErr, "pending": pendingErr, "acknowledge": ackErr} {
		if !errors.Is(err, outbox.ErrClosed) {
			t.Errorf("%s: got %v, want ErrClosed", what, err)
		}
	}
}

package deliver_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// nameServer is a DNS server on loopback that gives its answers for A in turn, "" for a failure, and the
// last of them from then on.
func nameServer(t *testing.T, answers ...string) (resolver *net.Resolver, asked func() int) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	var mu sync.Mutex
	n := 0
	go func() { // ends with conn
		buf := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			end := 12
			for end < size && buf[end] != 0 {
				end += int(buf[end]) + 1
			}
			if end += 5; end > size {
				continue
			}
			reply := slices.Clone(buf[:end])
			binary.BigEndian.PutUint16(reply[2:], 0x8180)
			clear(reply[6:12])
			if binary.BigEndian.Uint16(buf[end-4:]) == 1 {
				mu.Lock()
				answer := answers[min(n, len(answers)-1)]
				n++
				mu.Unlock()
				if answer == "" {
					reply[3] |= 2 // the server has failed
				} else {
					reply[7] = 1
					reply = append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
					reply = append(reply, net.ParseIP(answer).To4()...)
				}
			}
			conn.WriteTo(reply, from)
		}
	}()
	resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	return resolver, func() int { mu.Lock(); defer mu.Unlock(); return n }
}

// TestNameThatTurnsPrivate: the address is judged as it is at each delivery: a name that leads nowhere
// when the webhook is made, and into a private network later, is never called there.
func TestNameThatTurnsPrivate(t *testing.T) {
	h := newHouse(t)
	url, calls := endpoint(t, ok)
	_, port, _ := net.SplitHostPort(strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/hook"))
	resolver, asked := nameServer(t, "", "10.0.0.7", "169.254.169.254", "127.0.0.1")
	w := h.hook(deliver.Webhook{URL: "http://rebind.example:" + port + "/hook"})
	c := newClock(time.Now().UTC().Format(time.RFC3339))
	h.start(deliver.Config{Resolver: resolver, Now: c.now, Sleep: c.sleep, GiveUp: time.Hour})
	h.sellOut("d1", shelf.Empty)
	for end := time.Now().Add(20 * time.Second); ; {
		dead, err := deliver.DeadLetters(t.Context(), h.db, "t", w.ID, 10)
		if err != nil || time.Now().After(end) {
			t.Fatalf("no dead letter: %v", err)
		}
		if len(dead) == 1 {
			if !strings.Contains(dead[0].Reason, "private network: 127.0.0.1") {
				t.Errorf("reason: %s", dead[0].Reason)
			}
			break
		}
	}
	if len(calls) > 0 {
		t.Error("it was called")
	}
	if asked() < 4 {
		t.Errorf("the name was asked for %d times, want each time", asked())
	}

	// With private addresses allowed the same name is called: what refuses above is the guard alone.
	h.stop()
	if err := deliver.Replay(t.Context(), h.db, "t", w.ID, 0); err != nil {
		t.Fatal(err)
	}
	h.start(deliver.Config{Resolver: resolver, AllowPrivate: true})
	next(t, calls)
}

// sleep waits on the test's clock, which is to say not at all.
func (c *clock) sleep(ctx context.Context, d time.Duration) bool {
	c.pass(d)
	return ctx.Err() == nil
}

// TestTargetThatFailsForADay: 500 for 23 hours is waited for, by pauses that grow to five minutes, and
// nothing is lost; for more than 24 it is a dead letter, and what comes after is delivered.
func TestTargetThatFailsForADay(t *testing.T) {
	for _, tc := range []struct {
		name string
		down time.Duration
		dead int
	}{{"23 hours", 23 * time.Hour, 0}, {"25 hours", 25 * time.Hour, 1}} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHouse(t)
			c := newClock(time.Now().UTC().Format(time.RFC3339))
			from := c.now()
			var mu sync.Mutex
			var tries []time.Time
			took := make(chan string, 10)
			url, calls := endpoint(t, func(_ int, w http.ResponseWriter) {
				mu.Lock()
				defer mu.Unlock()
				tries = append(tries, c.now())
				if c.now().Sub(from) < tc.down {
					w.WriteHeader(500)
				} else {
					took <- "yes"
				}
			})
			go func() { // the endpoint must not wait for a reader; ends with the test's calls
				for range calls {
				}
			}()
			w := h.hook(deliver.Webhook{URL: url})
			h.start(deliver.Config{AllowPrivate: true, Now: c.now, Sleep: c.sleep})
			h.sellOut("d1", shelf.Empty)
			if tc.dead > 0 {
				for end := time.Now().Add(60 * time.Second); ; {
					dead, err := deliver.DeadLetters(t.Context(), h.db, "t", w.ID, 10)
					if err != nil || time.Now().After(end) {
						t.Fatalf("no dead letter: %v", err)
					}
					if len(dead) == tc.dead {
						break
					}
				}
				c.pass(2 * time.Hour)
				h.sellOut("d2", shelf.Empty)
			}
			select {
			case <-took:
			case <-time.After(60 * time.Second):
				t.Fatal("it was never delivered")
			}
			mu.Lock()
			defer mu.Unlock()
			if n := len(tries); n < 200 || n > 700 {
				t.Errorf("%d tries in %s, want one each two and a half to five minutes", n, tc.down)
			}
			for i := 30; i < len(tries)-2; i++ { // after the first, short pauses
				if gap := tries[i].Sub(tries[i-1]); gap < 150*time.Second || gap > 5*time.Minute {
					t.Errorf("a pause of %s", gap)
				}
			}
		})
	}
}

// TestTargetThatLies: whatever is wrong with the rest of an answer, 2xx has taken the event: it is not
// sent again. One whose answer never comes is tried again.
func TestTargetThatLies(t *testing.T) {
	for name, answer := range map[string]string{
		"a body that is shorter than said":  "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nok",
		"a body that never ends":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"a chunk that is none":              "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
		"a body of a gigabyte, so it says":  "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n" + strings.Repeat("x", 10_000),
		"once no answer, then a good one":   "",
		"once a length of -1, then all":     "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"once headers without end, then ok": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 200_000),
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			ids := make(chan string, 100)
			url := rawServer(t, func(n int, conn net.Conn) {
				id := readRequest(conn)
				if id == "" {
					return
				}
				ids <- id
				text := answer
				if n > 0 {
					text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
				}
				io.WriteString(conn, text)
			})
			h.hook(deliver.Webhook{URL: url})
			h.start(deliver.Config{AllowPrivate: true, Timeout: 2 * time.Second})
			h.sellOut("d1", shelf.Empty)
			h.sellOut("d2", shelf.Empty)
			want := 2
			if strings.HasPrefix(name, "once") {
				want = 3
			}
			var got []string
			for range want {
				select {
				case id := <-ids:
					got = append(got, id)
				case <-time.After(20 * time.Second):
					t.Fatalf("got %q, want %d calls", got, want)
				}
			}
			h.stop()
			if again := want == 3; (got[0] == got[1]) != again || got[want-2] == got[want-1] || len(ids) > 0 {
				t.Errorf("got %q and %d more", got, len(ids))
			}
		})
	}
}

// rawServer hands each connection to serve, numbered from 0, and closes it after that: for answers that no HTTP library
// would write.
func rawServer(t *testing.T, serve func(n int, conn net.Conn)) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	t.Cleanup(func() { l.Close(); serving.Wait() })
	serving.Go(func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				serve(n, conn)
			})
		}
	})
	return "http://" + l.Addr().String() + "/"
}

// readRequest reads one webhook call by hand and gives its ID.
func readRequest(conn net.Conn) string {
	var text strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := conn.Read(buf)
		text.Write(buf[:n])
		head, body, whole := strings.Cut(text.String(), "\r\n\r\n")
		length, id := -1, ""
		for line := range strings.SplitSeq(head, "\r\n") {
			name, value, _ := strings.Cut(line, ": ")
			switch strings.ToLower(name) {
			case "content-length":
				fmt.Sscan(value, &length)
			case "webhook-id":
				id = value
			}
		}
		if whole && len(body) >= length {
			return id
		}
		if err != nil {
			return ""
		}
	}
}

// TestTargetThatRedirects: nobody is sent elsewhere, least of all into our own network: an answer of 3xx has
// not taken the event, and what it points at is never called.
func TestTargetThatRedirects(t *testing.T) {
	inside, trespass := endpoint(t, ok)
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			h := newHouse(t)
			url, calls := endpoint(t, func(n int, w http.ResponseWriter) {
				if n <= 2 {
					w.Header().Set("Location", inside)
					w.WriteHeader(status)
				}
			})
			h.hook(deliver.Webhook{URL: url})
			h.start(deliver.Config{AllowPrivate: true}) // so that what refuses is not the guard of addresses
			h.sellOut("d1", shelf.Empty)
			first, second, third := next(t, calls), next(t, calls), next(t, calls)
			h.stop()
			if first.id != second.id || second.id != third.id || len(calls) > 0 {
				t.Errorf("got %s, %s, %s and %d more, want one event three times", first.id, second.id, third.id, len(calls))
			}
			if len(trespass) > 0 {
				t.Errorf("a redirect was followed")
			}
		})
	}
}

// TestTargetThatDrips: a target that sends a byte now and then, for ever, costs one call's time and no more:
// in its head nothing has been taken, in a robot's answer neither; it is tried again, and others do not wait.
func TestTargetThatDrips(t *testing.T) {
	for name, tc := range map[string]struct{ format, begin, drop, good string }{
		"in its head":         {deliver.FormatEvents, "HTTP/1.1 200 OK\r\n", "X: y\r\n", "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"},
		"in a robot's answer": {deliver.FormatWeCom, "HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n", " ", "HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\n{\"errcode\":0}"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			calls := make(chan int, 100)
			dripping := rawServer(t, func(n int, conn net.Conn) {
				readRequest(conn)
				calls <- n
				if n > 0 {
					io.WriteString(conn, tc.good)
					return
				}
				tick := time.NewTicker(20 * time.Millisecond)
				defer tick.Stop()
				for _, err := io.WriteString(conn, tc.begin); err == nil; _, err = io.WriteString(conn, tc.drop) {
					<-tick.C
				}
			})
			h.hook(deliver.Webhook{URL: dripping, Format: tc.format})
			url, others := endpoint(t, ok)
			h.hook(deliver.Webhook{URL: url})
			h.start(deliver.Config{AllowPrivate: true, Timeout: time.Second})
			h.sellOut("d1", shelf.Empty)
			next(t, others)
			for want := range 2 {
				select {
				case n := <-calls:
					if n != want {
						t.Errorf("call %d came for %d", n, want)
					}
				case <-time.After(20 * time.Second):
					t.Fatal("it was not tried again")
				}
			}
			h.stop()
			if len(calls) > 0 {
				t.Errorf("%d calls more", len(calls))
			}
		})
	}
}

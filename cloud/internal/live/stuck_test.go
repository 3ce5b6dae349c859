package live_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/live"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// neverReads subscribes and then reads nothing, not even a ping, through a buffer as small as the kernel gives.
func (b *bench) neverReads(s live.Subscribe) *websocket.Conn {
	b.t.Helper()
	dialer := websocket.Dialer{NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil {
			err = conn.(*net.TCPConn).SetReadBuffer(1)
		}
		return conn, err
	}}
	ws, _, err := dialer.Dial(b.url, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { ws.Close() })
	s.Type = "subscribe"
	if err := ws.WriteJSON(s); err != nil {
		b.t.Fatal(err)
	}
	return ws
}

// TestClientsThatNeverRead: they cost the memory of what waits for them and no more, nobody else waits for
// them, and after three pings without an answer they are let go, a write to them or not.
func TestClientsThatNeverRead(t *testing.T) {
	cfg := quick()
	cfg.Heartbeat = time.Second
	b := newBench(t, cfg)
	const looks, size = 200, 8 << 10
	for _, other := range alert.Types()[1:] { // each of a selection of its own, so that frames are not shared
		b.neverReads(live.Subscribe{Cursor: "0", Alerts: live.Filter{Types: []string{"stockout", string(other)}}})
	}
	good := b.dial(nil)
	good.say(live.Subscribe{Cursor: "0"})
	before := heap()
	slowest, most := time.Duration(0), uint64(0)
	for i := range looks {
		at := time.Now()
		b.look(fmt.Sprint("d", i), strings.Repeat("x", size), shelf.Empty)
		good.until(i + 1)
		slowest = max(slowest, time.Since(at))
		if i%50 == 0 {
			most = max(most, heap())
		}
	}
	if slowest > 5*time.Second { // a write waits ten for a client that takes nothing
		t.Errorf("somebody else waited %s for an event", slowest)
	}
	// An event is four times its slot's name: all that they do not read would be over 100 MB.
	if grown := int64(most) - int64(before); grown > 48<<20 {
		t.Errorf("the heap has grown by %d MB", grown>>20)
	}
	for late := time.Now().Add(20 * time.Second); b.hub.Clients() > 1; {
		if time.Now().After(late) {
			t.Fatalf("%d clients are still served", b.hub.Clients())
		}
		b.look("e", "A", shelf.OK) // something to do meanwhile, and nobody is told of it
		good.next()                // a heartbeat
	}
	t.Logf("the slowest event came after %s, the heap grew by %d KB at most", slowest, (int64(most)-int64(before))>>10)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

package mqttsub

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/net/proxy"
)

const (
	readSize   = 64 << 10
	heldBytes  = 1 << 20          // that wait to be written before Write waits
	writeTime  = 10 * time.Second // for what is held, to be taken by the network
	closeTime  = time.Second      // for what is held when the connection is closed
	dialerTime = 10 * time.Second
)

// open connects for paho, which reads a packet in three pieces and writes each by itself: of a thousand
// small messages, that makes five thousand system calls, which cost more than all else it does.
func open(broker *url.URL, o mqtt.ClientOptions) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), o.ConnectTimeout)
	defer cancel()
	conn, err := proxy.FromEnvironmentUsing(&net.Dialer{Timeout: dialerTime}).Dial("tcp", broker.Host)
	if err != nil {
		return nil, err
	}
	switch broker.Scheme {
	case "mqtts", "ssl", "tls":
		config := o.TLSConfig.Clone()
		if config.ServerName == "" {
			config.ServerName = broker.Hostname()
		}
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	return newBundled(conn), nil
}

// bundled is a connection that reads ahead, and writes all that is said while the write before it is
// under way in one piece. It is no later than the connection itself: what is said while nothing is
// under way is written at once. An error of a write closes the connection and is that of every write
// after it; what was not written then is what the broker or the board will say again.
type bundled struct {
	net.Conn
	in *bufio.Reader

	mu     sync.Mutex
	change sync.Cond // of all below
	held   []byte
	closed bool
	err    error
	ended  chan struct{} // closed when write ends
}

func newBundled(conn net.Conn) *bundled {
	b := &bundled{Conn: conn, in: bufio.NewReaderSize(conn, readSize), ended: make(chan struct{})}
	b.change.L = &b.mu
	go b.write()
	return b
}

func (b *bundled) Read(p []byte) (int, error) { return b.in.Read(p) }

// Write takes p over; it waits where too much is held already.
func (b *bundled) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for len(b.held) >= heldBytes && b.err == nil && !b.closed {
		b.change.Wait()
	}
	switch {
	case b.err != nil:
		return 0, b.err
	case b.closed:
		return 0, net.ErrClosed
	}
	b.held = append(b.held, p...)
	b.change.Broadcast()
	return len(p), nil
}

// SetWriteDeadline does nothing: each write has writeTime.
func (b *bundled) SetWriteDeadline(time.Time) error { return nil }

// Close writes what is held, as far as the network takes it soon, and closes.
func (b *bundled) Close() error {
	b.mu.Lock()
	b.closed = true
	_ = b.Conn.SetWriteDeadline(time.Now().Add(closeTime)) // also of the write under way
	b.change.Broadcast()
	b.mu.Unlock()
	<-b.ended
	return b.Conn.Close()
}

// write writes what is held until the connection is closed and nothing is held any more.
func (b *bundled) write() {
	defer close(b.ended)
	var out []byte
	for {
		b.mu.Lock()
		for len(b.held) == 0 && !b.closed {
			b.change.Wait()
		}
		out, b.held = b.held, out[:0]
		if !b.closed {
			_ = b.Conn.SetWriteDeadline(time.Now().Add(writeTime)) // without one a write only takes longer to fail
		}
		b.change.Broadcast()
		b.mu.Unlock()
		if len(out) == 0 {
			return
		}
		if _, err := b.Conn.Write(out); err != nil {
			b.mu.Lock()
			b.err = err
			b.change.Broadcast()
			b.mu.Unlock()
			b.Conn.Close()
			return
		}
	}
}

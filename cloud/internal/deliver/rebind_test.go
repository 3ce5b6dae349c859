package deliver_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
)

// rebinding answers the first question for a name with a public address, and every one after that with
// loopback: what an attacker's DNS does to whoever checks an address and then resolves it again.
func rebinding(t *testing.T) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	var asked atomic.Int64
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := server.ReadFrom(buf)
			if err != nil {
				return
			}
			var m dnsmessage.Message
			if m.Unpack(buf[:n]) != nil || len(m.Questions) == 0 {
				continue
			}
			q := m.Questions[0]
			answer := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true}, Questions: []dnsmessage.Question{q}}
			if q.Type == dnsmessage.TypeA {
				address := [4]byte{203, 0, 113, 1}
				if asked.Add(1) > 1 {
					address = [4]byte{127, 0, 0, 1}
				}
				answer.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}, Body: &dnsmessage.AResource{A: address}}}
			}
			if data, err := answer.Pack(); err == nil {
				server.WriteTo(data, from)
			}
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", server.LocalAddr().String())
	}}
}

// TestRebinding: a name that was public when somebody looked and is loopback when it is called is not
// called.
func TestRebinding(t *testing.T) {
	var called atomic.Bool
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called.Store(true) }))
	defer inside.Close()
	was := net.DefaultResolver
	net.DefaultResolver = rebinding(t)
	defer func() { net.DefaultResolver = was }()

	const name = "rebind.attacker.example."
	seen, err := net.DefaultResolver.LookupNetIP(context.Background(), "ip4", name)
	if err != nil || len(seen) != 1 || seen[0].Unmap() != netip.MustParseAddr("203.0.113.1") || !deliver.Public(seen[0]) {
		t.Fatalf("the first look: %v, %v", seen, err)
	}
	_, port, _ := strings.Cut(strings.TrimPrefix(inside.URL, "http://"), ":")
	resp, err := deliver.NewClient(false, 10*time.Second).Post("http://"+name+":"+port+"/", "application/json", strings.NewReader("{}"))
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, deliver.ErrPrivate) || called.Load() {
		t.Errorf("called %v, %v, want ErrPrivate", called.Load(), err)
	}
}

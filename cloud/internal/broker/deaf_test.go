package broker_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/coldshelf/coldshelf/cloud/internal/broker"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest/ingesttest"
	"github.com/coldshelf/coldshelf/models/wire"
)

// ending lets in like passwords, until it has ended.
type ending struct {
	passwords
	ended *atomic.Bool
}

func (e ending) Standing(ctx context.Context, proofs []string) (map[string]bool, error) {
	if e.ended.Load() {
		return nil, nil
	}
	return e.passwords.Standing(ctx, proofs)
}

// TestWhoDoesNotReadIsPutOutToo: a revoked board that takes nothing of what it is sent is put out all the same, and does
// not keep others from being put out.
func TestWhoDoesNotReadIsPutOutToo(t *testing.T) {
	mine := wire.Identity{Tenant: "t", Store: "s", Device: "d1"}
	access := ending{passwords{"mine": {Identity: mine}}, new(atomic.Bool)}
	b, err := broker.New(broker.Config{Access: access, Every: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Listen("test", l); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // before the broker, which would wait for it
	connect := packets.NewControlPacket(packets.Connect).(*packets.ConnectPacket)
	connect.ProtocolName, connect.ProtocolVersion, connect.ClientIdentifier, connect.CleanSession = "MQTT", 4, "deaf", true
	connect.UsernameFlag, connect.Username, connect.PasswordFlag, connect.Password = true, "mine", true, []byte("secret of mine")
	subscribe := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
	subscribe.MessageID, subscribe.Topics, subscribe.Qoss = 1, []string{mine.DownFilter()}, []byte{0}
	for _, p := range []packets.ControlPacket{connect, subscribe} {
		if err := p.Write(conn); err != nil {
			t.Fatal(err)
		}
		if _, err := packets.ReadPacket(conn); err != nil {
			t.Fatal(err)
		}
	}
	// More than the kernel holds for it, so that the broker waits within a write.
	payload := []byte(strings.Repeat("x", 1<<20))
	for range 40 {
		if err := b.Publish(t.Context(), mine.Topic(wire.KindAck), payload); err != nil {
			t.Fatal(err)
		}
	}
	access.ended.Store(true)
	for deadline := time.Now().Add(ingesttest.Patience); b.Clients() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it is still connected")
		}
	}
}

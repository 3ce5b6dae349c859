package broker

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/coldshelf/coldshelf/models/wire"
)

// door is mochi's hook for access control: Access decides who may connect, and a board may use only its own topics.
type door struct {
	mqtt.HookBase
	access Access
	who    sync.Map // *mqtt.Client → Identity
}

// ID names the hook.
func (*door) ID() string { return "door" }

// Provides lists the events that the hook takes.
func (*door) Provides(b byte) bool {
	return b == mqtt.OnConnectAuthenticate || b == mqtt.OnACLCheck || b == mqtt.OnDisconnect
}

// connectTime bounds how long a client waits for its credentials to be judged.
const connectTime = 5 * time.Second

// OnConnectAuthenticate lets a client in or turns it away. mochi publishes a will without checking whether its client may
// publish there, so that is checked here. Client ids are kept apart by identity: a client with the same id that has proved
// to be somebody else neither ends the first one's connection nor inherits its session.
func (d *door) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	if d.access == nil {
		return true
	}
	ctx, cancel := context.WithTimeout(context.Background(), connectTime)
	defer cancel()
	name, serial := certificate(cl)
	id, ok := d.access.Connect(ctx, Credentials{ClientID: pk.Connect.ClientIdentifier, Username: string(pk.Connect.Username),
		Password: pk.Connect.Password, CommonName: name, Serial: serial})
	if !ok || pk.Connect.WillFlag && !may(id, pk.Connect.WillTopic, true) {
		return false
	}
	cl.ID = fmt.Sprintf("%s/%s/%s %t %t %s", id.Tenant, id.Store, id.Device, id.Service, id.Alerts, cl.ID)
	d.who.Store(cl, id)
	return true
}

// certificate gives the common name and the serial number of a client's verified certificate.
func certificate(cl *mqtt.Client) (name, serial string) {
	conn, ok := cl.Net.Conn.(*tls.Conn)
	if !ok {
		return "", ""
	}
	if chains := conn.ConnectionState().VerifiedChains; len(chains) > 0 {
		return chains[0][0].Subject.CommonName, chains[0][0].SerialNumber.Text(16)
	}
	return "", ""
}

// OnACLCheck allows a board to publish under its own up topics and to subscribe to its own down topics only.
func (d *door) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	if d.access == nil {
		return true
	}
	v, ok := d.who.Load(cl)
	if !ok {
		return false
	}
	return may(v.(Identity), topic, write)
}

// may reports whether a client may publish under a topic, or subscribe to it.
func may(id Identity, topic string, write bool) bool {
	tills := strings.HasPrefix(topic, "coldshelf/pos/v1/"+id.Tenant+"/")
	if id.Service {
		return id.Tenant == "" || tills || strings.HasPrefix(topic, "coldshelf/v1/"+id.Tenant+"/")
	}
	if id.Alerts { // it also sends sales, as a till does, and receives the answers to them
		return tills || !write && strings.HasPrefix(topic, "coldshelf/v1/"+id.Tenant+"/alerts/")
	}
	return own(id.Identity, topic, write)
}

func own(id wire.Identity, topic string, write bool) bool {
	if !write {
		return topic == id.DownFilter() || strings.HasPrefix(topic, strings.TrimSuffix(id.DownFilter(), "#"))
	}
	who, kind, err := wire.ParseTopic(topic)
	return err == nil && who == id && (kind.Up() || kind == wire.KindStatus)
}

// OnDisconnect forgets a client.
func (d *door) OnDisconnect(cl *mqtt.Client, _ error, _ bool) { d.who.Delete(cl) }

// watch disconnects clients whose token or certificate was revoked, or whose certificate has expired. While Access cannot
// be asked, nobody is disconnected.
func (d *door) watch(ctx context.Context, every time.Duration, log *slog.Logger) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := d.putOut(ctx, time.Now()); err != nil && ctx.Err() == nil && log != nil {
			log.Warn("who may stay connected could not be looked up", "part", "broker", "err", err)
		}
	}
}

func (d *door) putOut(ctx context.Context, now time.Time) error {
	here := map[*mqtt.Client]string{}
	var proofs []string
	d.who.Range(func(cl, id any) bool {
		here[cl.(*mqtt.Client)] = id.(Identity).Proof
		proofs = append(proofs, id.(Identity).Proof)
		return true
	})
	if len(proofs) == 0 {
		return nil
	}
	good, err := d.access.Standing(ctx, proofs)
	if err != nil {
		return err
	}
	for cl, proof := range here {
		if !good[proof] || expired(cl, now) {
			d.who.Delete(cl) // from now on nothing that it still sends is accepted
			// Not by DisconnectClient: that writes to the client first, and waits for one that does not read.
			cl.Stop(packets.ErrNotAuthorized)
		}
	}
	return nil
}

// expired reports whether a client connected with a certificate that has expired since.
func expired(cl *mqtt.Client, now time.Time) bool {
	conn, ok := cl.Net.Conn.(*tls.Conn)
	if !ok {
		return false
	}
	chains := conn.ConnectionState().VerifiedChains
	return len(chains) > 0 && now.After(chains[0][0].NotAfter)
}

// quiet passes on only warnings and errors of mochi's log, which has a line for each connection and for each client that
// leaves without a DISCONNECT.
func quiet(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(levelled{log.Handler()}).With("part", "broker")
}

type levelled struct{ slog.Handler }

func (h levelled) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// Handle drops the empty line that mochi logs for each client that leaves without a DISCONNECT.
func (h levelled) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "" {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h levelled) WithAttrs(a []slog.Attr) slog.Handler { return levelled{h.Handler.WithAttrs(a)} }
func (h levelled) WithGroup(g string) slog.Handler      { return levelled{h.Handler.WithGroup(g)} }

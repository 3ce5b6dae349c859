package uplink_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/outbox"
	"github.com/coldshelf/coldshelf/agent/internal/uplink"
	"github.com/coldshelf/coldshelf/models/wire"
)

var board = wire.Identity{Tenant: "acme", Store: "s1", Device: "cooler-1"}

func openOutbox(t *testing.T) *outbox.Outbox {
	t.Helper()
	box, err := outbox.Open(context.Background(), t.TempDir(), outbox.Options{
		EncodeGap: func(outbox.Key, outbox.Gap) ([]byte, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	return box
}

// report puts what came of a desired state into the outbox.
func report(t *testing.T, box *outbox.Outbox, version uint64) outbox.Key {
	t.Helper()
	k, err := box.Append(context.Background(), outbox.Alert, string(wire.KindReported), func(k outbox.Key) ([]byte, error) {
		return wire.Encode(&wire.Envelope{Identity: board, Boot: k.Boot, Seq: k.Seq, CapturedAt: time.Now(),
			Body: &wire.Reported{DesiredVersion: version, Outcome: wire.OutcomeApplied}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// event puts an event with a text into the outbox.
func event(t *testing.T, box *outbox.Outbox, class outbox.Class, text string) outbox.Key {
	t.Helper()
	now := time.Now()
	k, err := box.Append(context.Background(), class, string(wire.KindEvent), func(k outbox.Key) ([]byte, error) {
		return wire.Encode(&wire.Envelope{Identity: board, Boot: k.Boot, Seq: k.Seq, CapturedAt: now, Body: &wire.Event{At: now, Type: text}})
	})
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func config(broker string, boot uint32) uplink.Config {
	return uplink.Config{
		Broker: broker, Identity: board, Keepalive: 5 * time.Second, Window: 4, AckTimeout: time.Second, MaxBackoff: 200 * time.Millisecond,
		Status: func(online bool) ([]byte, error) {
			now := time.Now()
			return wire.Encode(&wire.Envelope{Identity: board, Boot: boot, CapturedAt: now, Body: &wire.Status{Online: online, At: now, Boot: boot}})
		},
	}
}

func run(t *testing.T, box *outbox.Outbox, cfg uplink.Config) *uplink.Uplink {
	t.Helper()
	u := uplink.New(box, cfg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); u.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return u
}

// listen gives what is published to a filter, as a client of its own.
func listen(t *testing.T, broker, filter string) (mqtt.Client, <-chan mqtt.Message) {
	t.Helper()
	got := make(chan mqtt.Message, 1000)
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker).SetClientID("listener"))
	if token := client.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatalf("listener: %v", token.Error())
	}
	if token := client.Subscribe(filter, 1, func(_ mqtt.Client, m mqtt.Message) { got <- m }); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatalf("listener: %v", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(10) })
	return client, got
}

func next(t *testing.T, c <-chan mqtt.Message) *wire.Envelope {
	t.Helper()
	select {
	case m := <-c:
		env, err := wire.Decode(m.Payload())
		if err != nil {
			t.Fatalf("%s: %v", m.Topic(), err)
		}
		return env
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		return nil
	}
}

func ack(t *testing.T, client mqtt.Client, ranges ...wire.AckRange) {
	t.Helper()
	payload, err := wire.Encode(&wire.Envelope{Identity: board, CapturedAt: time.Now(), Body: &wire.Ack{Ranges: ranges}})
	if err != nil {
		t.Fatal(err)
	}
	client.Publish(board.Topic(wire.KindAck), 1, false, payload)
}

// eventually waits for the uplink's own state.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

func TestTheWindowBoundsWhatIsUnacknowledged(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	client, got := listen(t, broker.URL(), "coldshelf/v1/+/+/+/up/#")
	box := openOutbox(t)
	var keys []outbox.Key
	for i := range 10 {
		keys = append(keys, event(t, box, outbox.Observation, fmt.Sprintf("e%d", i)))
	}
	cfg := config(broker.URL(), box.Boot())
	cfg.AckTimeout = time.Hour
	run(t, box, cfg)
	for range 4 {
		next(t, got)
	}
	select {
	case m := <-got:
		t.Fatalf("a fifth message came before any was acknowledged: %s", m.Topic())
	case <-time.After(300 * time.Millisecond):
	}
	// An alert does not wait for those that wait already, only for room.
	event(t, box, outbox.Alert, "urgent")
	ack(t, client, wire.AckRange{Boot: keys[0].Boot, From: keys[0].Seq, To: keys[0].Seq})
	if e := next(t, got).Body.(*wire.Event); e.Type != "urgent" {
		t.Errorf("after room was made %s came, want the alert", e.Type)
	}
	ack(t, client, wire.AckRange{Boot: keys[0].Boot, From: 1, To: 1000})
	eventually(t, "an empty outbox", func() bool {
		ack(t, client, wire.AckRange{Boot: keys[0].Boot, From: 1, To: 1000})
		return box.Health().Messages == 0
	})
}

func TestPicturesLeaveRoomForAlerts(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	_, got := listen(t, broker.URL(), "coldshelf/v1/+/+/+/up/#")
	box := openOutbox(t)
	for i := range 6 {
		event(t, box, outbox.Picture, fmt.Sprintf("p%d", i))
	}
	cfg := config(broker.URL(), box.Boot())
	cfg.AckTimeout = time.Hour
	run(t, box, cfg)
	next(t, got) // one quarter of four
	event(t, box, outbox.Alert, "urgent")
	if e := next(t, got).Body.(*wire.Event); e.Type != "urgent" {
		t.Errorf("%s came, want the alert", e.Type)
	}
}

func TestSentAgainUntilAcknowledged(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	client, got := listen(t, broker.URL(), "coldshelf/v1/+/+/+/up/#")
	box := openOutbox(t)
	k := event(t, box, outbox.Alert, "again")
	u := run(t, box, config(broker.URL(), box.Boot()))
	for range 3 {
		if e := next(t, got); e.Seq != k.Seq {
			t.Fatalf("message %d came", e.Seq)
		}
	}
	if u.Health().Resent < 2 {
		t.Errorf("health counts %d sent again", u.Health().Resent)
	}
	ack(t, client, wire.AckRange{Boot: k.Boot, From: k.Seq, To: k.Seq})
	eventually(t, "the acknowledgement", func() bool { return box.Health().Messages == 0 && u.Health().Acked == 1 })
}

// A broker that is not there, goes and comes back: the uplink connects by itself and nothing is lost.
func TestABrokerThatComesLate(t *testing.T) {
	broker := mosquitto.New(t, "")
	box := openOutbox(t)
	event(t, box, outbox.Alert, "early")
	u := run(t, box, config(broker.URL(), box.Boot()))
	eventually(t, "a fault", func() bool { return strings.Contains(u.Health().Fault, "refused") })
	broker.Start()
	eventually(t, "the connection", func() bool { return u.Health().Connected })
	broker.Kill()
	eventually(t, "the loss", func() bool { return !u.Health().Connected })
	broker.Start()
	_, got := listen(t, broker.URL(), "coldshelf/v1/+/+/+/up/#")
	if e := next(t, got).Body.(*wire.Event); e.Type != "early" {
		t.Errorf("%s came", e.Type)
	}
}

func TestWordsFromTheCloudThatCannotBeUsed(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	box := openOutbox(t)
	heard := make(chan *wire.Command, 10)
	cfg := config(broker.URL(), box.Boot())
	cfg.Command = func(c *wire.Command) { heard <- c }
	u := run(t, box, cfg)
	client, _ := listen(t, broker.URL(), "nothing/#")
	eventually(t, "the connection", func() bool { return u.Health().Connected })
	topic := board.Topic(wire.KindCommand)
	other := board
	other.Device = "cooler-2"
	say := func(id wire.Identity, body wire.Body) []byte {
		payload, err := wire.Encode(&wire.Envelope{Identity: id, Boot: 1, Seq: 1, CapturedAt: time.Now(), Body: body})
		if err != nil {
			t.Fatal(err)
		}
		return payload
	}
	for _, payload := range [][]byte{
		nil, []byte("garbage"), make([]byte, 300_000),
		say(other, &wire.Command{ID: "of another board", Name: wire.CommandCapture}),
		say(board, &wire.Event{At: time.Now(), Type: "not_for_a_board"}),
		say(board, &wire.Command{ID: "good", Name: wire.CommandCapture}),
	} {
		client.Publish(topic, 1, false, payload).WaitTimeout(5 * time.Second)
	}
	select {
	case c := <-heard:
		if c.ID != "good" {
			t.Errorf("command %q was heard", c.ID)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the good command was not heard")
	}
}

// Whoever comes later is told by the broker what came of the board's last desired state, even after an older report was
// sent once more because the cloud had not stored it.
func TestTheLastReportIsRetained(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	box := openOutbox(t)
	older, newer := report(t, box, 7), report(t, box, 8)
	u := run(t, box, config(broker.URL(), box.Boot()))
	client, said := listen(t, broker.URL(), "coldshelf/v1/+/+/+/up/#")
	seen := map[uint64]int{}
	for seen[7] == 0 || seen[8] == 0 {
		seen[next(t, said).Body.(*wire.Reported).DesiredVersion]++
	}
	ack(t, client, wire.AckRange{Boot: newer.Boot, From: newer.Seq, To: newer.Seq})
	eventually(t, "the newer report to be forgotten", func() bool { return u.Health().Acked == 1 })
	resent := u.Health().Resent
	eventually(t, "the older report to be sent once more", func() bool { return u.Health().Resent > resent })
	for before := seen[7]; seen[7] == before; { // the broker has it
		seen[next(t, said).Body.(*wire.Reported).DesiredVersion]++
	}

	late := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker.URL()).SetClientID("late"))
	if token := late.Connect(); !token.WaitTimeout(10*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer late.Disconnect(10)
	kept := make(chan mqtt.Message, 10)
	late.Subscribe("coldshelf/v1/+/+/+/up/reported", 1, func(_ mqtt.Client, m mqtt.Message) {
		if m.Retained() {
			kept <- m
		}
	})
	if got := next(t, kept).Body.(*wire.Reported).DesiredVersion; got != 8 {
		t.Errorf("the broker keeps the report on desired state %d, want 8", got)
	}
	ack(t, client, wire.AckRange{Boot: older.Boot, From: older.Seq, To: older.Seq})
	eventually(t, "both reports to be forgotten", func() bool { return u.Health().Acked == 2 })
}

// A command that is said while the board is away waits for it at the broker.
func TestACommandWaitsForTheBoard(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	box := openOutbox(t)
	cfg := config(broker.URL(), box.Boot())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	u := uplink.New(box, cfg)
	go func() { defer close(done); u.Run(ctx) }()
	eventually(t, "the connection", func() bool { return u.Health().Connected })
	cancel()
	<-done

	client, _ := listen(t, broker.URL(), "nothing/#")
	payload, err := wire.Encode(&wire.Envelope{Identity: board, CapturedAt: time.Now(), Body: &wire.Command{ID: "waits", Name: wire.CommandCapture}})
	if err != nil {
		t.Fatal(err)
	}
	client.Publish(board.Topic(wire.KindCommand), 1, false, payload).WaitTimeout(5 * time.Second)
	heard := make(chan *wire.Command, 1)
	cfg.Command = func(c *wire.Command) { heard <- c }
	run(t, box, cfg)
	select {
	case <-heard:
	case <-time.After(20 * time.Second):
		t.Fatal("the command did not wait")
	}
}

func TestTLSWithAClientCertificate(t *testing.T) {
	dir := t.TempDir()
	ca := newAuthority(t, dir)
	ca.issue(t, "server", "127.0.0.1")
	client := ca.issue(t, "cooler-1", "")
	stranger := newAuthority(t, t.TempDir()).issue(t, "cooler-1", "")
	broker := mosquitto.New(t, fmt.Sprintf("cafile %s/ca.pem\ncertfile %s/server.pem\nkeyfile %s/server.key\nrequire_certificate true", dir, dir, dir))
	broker.Start()
	cfg := config(fmt.Sprintf("ssl://127.0.0.1:%d", broker.Port), 1)
	try := func(c *tls.Config) error {
		cfg.TLS = c
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		return uplink.Try(ctx, cfg)
	}
	if err := try(&tls.Config{RootCAs: ca.pool, Certificates: []tls.Certificate{client}}); err != nil {
		t.Errorf("with the right certificate: %v", err)
	}
	if err := try(&tls.Config{Certificates: []tls.Certificate{client}}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("a broker that nobody vouches for was trusted: %v", err)
	}
	if err := try(&tls.Config{RootCAs: ca.pool}); err == nil {
		t.Error("the broker let a board in without a certificate")
	}
	if err := try(&tls.Config{RootCAs: ca.pool, Certificates: []tls.Certificate{stranger}}); err == nil {
		t.Error("the broker let a board in with a stranger's certificate")
	}
}

// authority signs certificates for a test.
type authority struct {
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T, dir string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{dir: dir, cert: cert, key: key, pool: x509.NewCertPool()}
	a.pool.AddCert(cert)
	writePEM(t, filepath.Join(dir, "ca.pem"), "CERTIFICATE", der)
	return a
}

func (a *authority) issue(t *testing.T, name, ip string) tls.Certificate {
	t.Helper()
	return a.issueAs(t, name, name, ip)
}

// issueAs signs for a common name, in files called otherwise.
func (a *authority) issueAs(t *testing.T, file, name, ip string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if ip != "" {
		template.IPAddresses = []net.IP{net.ParseIP(ip)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certPath, keyPath := filepath.Join(a.dir, file+".pem"), filepath.Join(a.dir, file+".key")
	writePEM(t, certPath, "CERTIFICATE", der)
	writePEM(t, keyPath, "EC PRIVATE KEY", keyDER)
	pair, err := tls.LoadX509KeyPair(certPath, keyPath)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

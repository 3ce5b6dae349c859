package cloud_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/bundle"
	"github.com/coldshelf/coldshelf/models/bundle/bundletest"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// caredFor is a board that says how it is and hears how it shall be, and fetches what it is told to. It keeps
// what is in force over its restarts, as the agent does.
type caredFor struct {
	t  *testing.T
	id wire.Identity

	mu      sync.Mutex
	client  mqtt.Client
	boot    uint32
	seq     uint64
	inForce uint64
	refused uint64
	heard   []*wire.Desired
	judge   func(*wire.Desired) (outcome, detail string) // nil: all is applied
	health  []string                                     // reasons why it is not well
}

// start boots it, and connects.
func (b *caredFor) start(broker string) {
	b.t.Helper()
	b.mu.Lock()
	b.boot, b.seq = b.boot+1, 0
	b.mu.Unlock()
	o := mqtt.NewClientOptions().AddBroker(broker).SetClientID(b.id.Device).SetCleanSession(true).SetOrderMatters(false).
		SetConnectRetry(true).SetConnectRetryInterval(50 * time.Millisecond).SetMaxReconnectInterval(100 * time.Millisecond)
	o.SetBinaryWill(b.id.Topic(wire.KindStatus), b.encode(0, &wire.Status{At: time.Now(), Boot: b.boot}), 1, true)
	o.SetOnConnectHandler(func(c mqtt.Client) {
		c.Subscribe(b.id.Topic(wire.KindDesired), 1, func(_ mqtt.Client, m mqtt.Message) { b.obey(m.Payload()) })
		c.Publish(b.id.Topic(wire.KindStatus), 1, true, b.encode(0, &wire.Status{Online: true, At: time.Now(), Boot: b.boot, Birth: b.birth()}))
		b.tell(&wire.Birth{}, &wire.Telemetry{})
	})
	c := mqtt.NewClient(o)
	b.mu.Lock()
	b.client = c
	b.mu.Unlock()
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		b.t.Fatalf("connect: %v", token.Error())
	}
	b.t.Cleanup(func() { c.Disconnect(0) })
}

// die loses its connection without a word; the broker tells it.
func (b *caredFor) die() {
	b.t.Helper()
	b.client.Publish(b.id.Topic(wire.KindStatus), 1, true, b.encode(0, &wire.Status{At: time.Now(), Boot: b.boot})).WaitTimeout(patience)
	b.client.Disconnect(0)
}

func (b *caredFor) birth() *wire.Birth {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.born()
}

// born is its birth, for a caller that holds mu.
func (b *caredFor) born() *wire.Birth {
	return &wire.Birth{AgentVersion: "1.0", Arch: "arm64", Model: "facings", DesiredVersion: b.inForce, BootCount: b.boot}
}

func (b *caredFor) encode(seq uint64, body wire.Body) []byte {
	payload, err := wire.Encode(&wire.Envelope{Identity: b.id, Boot: b.boot, Seq: seq, CapturedAt: time.Now(), Clock: telemetry.NTP, Body: body})
	if err != nil {
		b.t.Error(err)
	}
	return payload
}

// tell sends messages; an empty birth or telemetry is filled in. What a birth says is so when its number is taken,
// as on a board, where both are one write.
func (b *caredFor) tell(bodies ...wire.Body) {
	for _, body := range bodies {
		b.mu.Lock()
		switch v := body.(type) {
		case *wire.Birth:
			body = b.born()
		case *wire.Telemetry:
			v.Health = &telemetry.Health{At: time.Now(), Uptime: time.Minute, Reasons: b.health}
		}
		b.seq++
		seq, c := b.seq, b.client
		b.mu.Unlock()
		c.Publish(b.id.Topic(body.Kind()), 1, false, b.encode(seq, body))
	}
}

// obey puts a desired state in force or refuses it, once.
func (b *caredFor) obey(payload []byte) {
	env, err := wire.Decode(payload)
	if err != nil {
		b.t.Errorf("from the cloud: %v", err)
		return
	}
	d := env.Body.(*wire.Desired)
	b.mu.Lock()
	known := d.Version <= b.inForce || d.Version == b.refused
	if !known {
		b.heard = append(b.heard, d)
	}
	judge := b.judge
	b.mu.Unlock()
	if known {
		return
	}
	outcome, detail := wire.OutcomeApplied, ""
	if judge != nil {
		outcome, detail = judge(d)
	}
	if outcome == "" {
		return // it does not answer
	}
	b.mu.Lock()
	if outcome == wire.OutcomeApplied {
		b.inForce = d.Version
	} else {
		b.refused = d.Version
	}
	b.mu.Unlock()
	b.tell(&wire.Reported{DesiredVersion: d.Version, Outcome: outcome, Detail: detail}, &wire.Telemetry{})
}

// last is what it heard last.
func (b *caredFor) last() *wire.Desired {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.heard) == 0 {
		return &wire.Desired{}
	}
	return b.heard[len(b.heard)-1]
}

func (b *caredFor) judgeBy(f func(*wire.Desired) (string, string)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.judge = f
}

// office asks the API of a service for what it must give.
type office struct {
	t    *testing.T
	base string
	*bundletest.Maker
}

func newOffice(t *testing.T, addr string) *office {
	t.Helper()
	o := &office{t, "http://" + addr, bundletest.New(t)}
	o.must("PUT", "/v1/bundles/root", string(o.Root()), http.StatusOK)
	return o
}

func (o *office) must(method, path, body string, want int) (answer []byte) {
	o.t.Helper()
	req, err := http.NewRequest(method, o.base+path, strings.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		o.t.Fatalf("%s %s: %s, %v, want %d: %s", method, path, resp.Status, err, want, data)
	}
	return data
}

// keep signs a bundle and has the service keep it.
func (o *office) keep(kind, version, arch string) {
	o.t.Helper()
	data, err := os.ReadFile(o.Make(kind, version, arch, []byte(kind+version+arch)))
	if err != nil {
		o.t.Fatal(err)
	}
	o.must("POST", "/v1/bundles", string(data), http.StatusCreated)
}

// standing is how the API says that a board stands.
type standing struct {
	State       string
	Version     uint64
	Detail      string
	InForce     uint64 `json:"in_force"`
	Reported    uint64
	Outcome     string
	Wanted      struct{ Missing []string }
	Differences []struct{ Part, Wanted, Has string }
}

func (o *office) until(device, state string, version uint64) (s standing) {
	o.t.Helper()
	defer func() {
		if o.t.Failed() {
			o.t.Logf("%s stood so: %+v", device, s)
		}
	}()
	until(o.t, fmt.Sprintf("%s is %s at %d or above", device, state, version), func() bool {
		s = standing{}
		if err := json.Unmarshal(o.must("GET", "/v1/coolers/"+device+"/desired", "", http.StatusOK), &s); err != nil {
			o.t.Fatal(err)
		}
		return s.State == state && s.Version >= version
	})
	return s
}

// TestDesiredState: what is wished of a tenant, a store and a cooler comes to the board as one, with bundles
// that it can fetch; what it makes of that is shown; what it missed while it or the service was away comes.
func TestDesiredState(t *testing.T) {
	for _, name := range []string{"embedded and SQLite", "Mosquitto and PostgreSQL"} {
		t.Run(name, func(t *testing.T) {
			dir, keep := t.TempDir(), func(*config.Config) {}
			if strings.HasPrefix(name, "Mosquitto") {
				mosq, pg := mosquitto.Start(t), statetest.Postgres(t).NewDatabase(t)
				// With a session at the broker: this board has no outbox to say again what nobody has heard, and the
				// broker tells it of a wish before the service that has been restarted listens.
				keep = func(c *config.Config) { c.MQTT.Broker, c.MQTT.ClientID, c.State = mosq.URL(), "ingest", pg }
			}
			same := func(c *config.Config) { c.DataDir = dir; keep(c) }
			s, c, stop := serve(t, same)
			broker := func() string {
				if c.MQTT.Broker != "" {
					return c.MQTT.Broker
				}
				return "mqtt://" + s.MQTTAddr()
			}
			o := newOffice(t, s.Addr())
			b := &caredFor{t: t, id: wire.Identity{Tenant: "t", Store: "s1", Device: "d1"}}
			b.start(broker())
			until(t, "the board is known", func() bool {
				return strings.Contains(string(o.must("GET", "/v1/fleet", "", http.StatusOK)), `"arch":"arm64"`)
			})
			if got := o.until("d1", "none", 0); got.Version != 0 {
				t.Errorf("before anything is wished: %+v", got)
			}

			// Three wishes, laid over each other.
			o.keep(bundle.Gallery, "1", "")
			o.keep(bundle.Agent, "1.1", "amd64")
			o.keep(bundle.Agent, "1.1", "arm64")
			o.must("PUT", "/v1/planograms/p", `{"id":"p","version":3,"shelves":[{"slots":[{"id":"a","gtin":"4006381333931","facings":1,"width_mm":80}]}]}`, http.StatusCreated)
			o.must("PUT", "/v1/coolers/d1", `{"planogram":"p"}`, http.StatusOK)
			o.must("PUT", "/v1/desired", `{"planogram":"assigned","gallery":"1","thresholds":{"detector_permille":400}}`, http.StatusOK)
			o.must("PUT", "/v1/desired/stores/s1", `{"thresholds":{"detector_permille":300},"schedule":{"every_s":300}}`, http.StatusOK)
			o.must("PUT", "/v1/desired/coolers/d1", `{"agent":"1.1"}`, http.StatusOK)
			until(t, "all parts are heard", func() bool { return b.last().Agent != nil && b.last().Schedule != nil && b.last().Planogram != nil })
			d := b.last()
			if d.Thresholds["detector_permille"] != 300 || d.Schedule.Every != 5*time.Minute || d.Gallery == nil || !strings.Contains(string(d.Planogram), `"version":3`) {
				t.Errorf("heard %+v", d)
			}
			in := o.until("d1", "in_force", d.Version)
			if len(in.Differences) > 0 {
				t.Errorf("differences of what is in force: %+v", in.Differences)
			}
			// The bundle is at its address, and for its processor.
			resp, err := http.Get(d.Agent.URL)
			if err != nil {
				t.Fatal(err)
			}
			data, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil || uint64(len(data)) != d.Agent.Size || sha256.Sum256(data) != [32]byte(d.Agent.SHA256) {
				t.Errorf("fetched %d bytes of %d, %v", len(data), d.Agent.Size, err)
			}

			// A planogram that is published anew is sent; nothing is sent for what changes nothing.
			o.must("PUT", "/v1/planograms/p", `{"id":"p","version":4,"shelves":[{"slots":[{"id":"a","gtin":"4006381333931","facings":2,"width_mm":80}]}]}`, http.StatusCreated)
			until(t, "the new planogram", func() bool { return strings.Contains(string(b.last().Planogram), `"version":4`) })
			now := o.until("d1", "in_force", d.Version+1)
			o.must("PUT", "/v1/desired", `{"thresholds":{"detector_permille":500}}`, http.StatusOK) // the store's counts
			o.must("PUT", "/v1/desired/stores/s1", `{"schedule":{"every_s":600}}`, http.StatusOK)
			until(t, "the new schedule", func() bool { return b.last().Schedule.Every == 10*time.Minute })
			if got := b.last().Version; got != now.Version+1 {
				t.Errorf("the schedule came under %d, want %d: what changes nothing is not sent", got, now.Version+1)
			}

			// What a board refuses is shown with its words, and can be tried again.
			b.judgeBy(func(*wire.Desired) (string, string) {
				return wire.OutcomeRejected, "below version 9, which is in force"
			})
			o.keep(bundle.Gallery, "2", "")
			o.must("PUT", "/v1/desired", `{"gallery":"2"}`, http.StatusOK)
			refused := o.until("d1", "rejected", 0)
			if refused.Detail != "below version 9, which is in force" || len(refused.Differences) != 1 || refused.Differences[0].Part != "gallery" || refused.Differences[0].Has != "1" {
				t.Errorf("refused: %+v", refused)
			}
			if fleet := string(o.must("GET", "/v1/fleet", "", http.StatusOK)); !strings.Contains(fleet, "below version 9") || strings.Contains(fleet, `"sha256"`) {
				t.Errorf("fleet: %s", fleet)
			}
			b.judgeBy(nil)
			o.must("POST", "/v1/coolers/d1/desired/attempts", "", http.StatusCreated)
			o.until("d1", "in_force", refused.Version+1)
			o.must("POST", "/v1/coolers/d1/desired/attempts", "", http.StatusConflict)

			// What is wished while the board is away, and told again by a service that has been restarted since.
			b.die()
			o.must("PUT", "/v1/desired", `{"gallery":""}`, http.StatusOK)
			until(t, "it is put together", func() bool { return o.until("d1", "pending", 0).Version > refused.Version+1 })
			stop()
			s, c, stop = serve(t, same)
			o.base = "http://" + s.Addr()
			b.start(broker())
			until(t, "no gallery is wished", func() bool { return b.last().Gallery == nil && b.last().Schedule != nil })
			o.until("d1", "in_force", b.last().Version)

			// A board that has lost its data is told again; one that knows a higher number is told a higher one yet.
			heard := len(b.heard)
			b.die()
			b.inForce = 0
			b.start(broker())
			until(t, "it is told again", func() bool { b.mu.Lock(); defer b.mu.Unlock(); return len(b.heard) > heard })
			b.die()
			b.inForce, b.refused = 1000, 0
			b.start(broker())
			until(t, "it is told a higher number", func() bool { return b.last().Version > 1000 })
			o.until("d1", "in_force", 1001)

			// A part that cannot be sent is left out, and said so.
			o.keep(bundle.Agent, "1.2", "amd64")
			o.must("PUT", "/v1/desired/coolers/d1", `{"agent":"1.2"}`, http.StatusOK)
			until(t, "what is missing is said", func() bool {
				missing := o.until("d1", "in_force", 0).Wanted.Missing
				return len(missing) == 1 && strings.Contains(missing[0], "none for arm64")
			})
			stop()
		})
	}
}

// TestManyBoardsAreWishedAtOnce: a wish for the tenant reaches every board, more than are put together at once.
func TestManyBoardsAreWishedAtOnce(t *testing.T) {
	s, _, _ := serve(t, nil)
	o := newOffice(t, s.Addr())
	const boards = 450
	for i := range boards {
		o.must("PUT", fmt.Sprintf("/v1/coolers/c%03d", i), `{"store":"s1"}`, http.StatusCreated)
	}
	heard := make(chan string, 2*boards)
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker("mqtt://" + s.MQTTAddr()).SetClientID("all"))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer c.Disconnect(0)
	if token := c.Subscribe("coldshelf/v1/+/+/+/down/desired", 1, func(_ mqtt.Client, m mqtt.Message) { heard <- m.Topic() }); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	o.must("PUT", "/v1/desired", `{"schedule":{"every_s":300}}`, http.StatusOK)
	seen := map[string]bool{}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for len(seen) < boards {
		select {
		case topic := <-heard:
			seen[topic] = true
		case <-ctx.Done():
			t.Fatalf("%d of %d boards are told", len(seen), boards)
		}
	}
}

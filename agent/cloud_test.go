package agent_test

import (
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/models/wire"
)

// cloud stands where the ingester stands: it stores what comes and acknowledges it, when it is told
// to. It is a client of a real broker.
type cloud struct {
	t      *testing.T
	client mqtt.Client

	mu       sync.Mutex
	mute     bool // does not acknowledge
	stored   map[wire.Key]*wire.Envelope
	order    []*wire.Envelope
	twice    int
	deltas   int  // observations that came as differences
	forget   bool // has lost every base
	statuses []*wire.Status
	changed  chan struct{}
}

func newCloud(t *testing.T, url, id string) *cloud {
	t.Helper()
	c := &cloud{t: t, stored: map[wire.Key]*wire.Envelope{}, changed: make(chan struct{})}
	opts := mqtt.NewClientOptions().AddBroker(url).SetClientID(id).SetCleanSession(false).SetOrderMatters(false).
		SetConnectRetry(true).SetConnectRetryInterval(50 * time.Millisecond).SetMaxReconnectInterval(100 * time.Millisecond).
		SetDefaultPublishHandler(c.hear).
		SetOnConnectHandler(func(client mqtt.Client) {
			client.SubscribeMultiple(map[string]byte{wire.SharedUp: 1, wire.AllStatus: 1}, nil)
		})
	c.client = mqtt.NewClient(opts)
	if token := c.client.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("cloud does not connect: %v", token.Error())
	}
	t.Cleanup(func() { c.client.Disconnect(50) })
	return c
}

func (c *cloud) hear(_ mqtt.Client, m mqtt.Message) {
	env, err := wire.Decode(m.Payload())
	if err != nil {
		c.t.Errorf("cloud cannot read %s: %v", m.Topic(), err)
		return
	}
	if id, kind, err := wire.ParseTopic(m.Topic()); err != nil || id != env.Identity || kind != env.Body.Kind() {
		c.t.Errorf("message of %v %s came on topic %s: %v", env.Identity, env.Body.Kind(), m.Topic(), err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer func() {
		close(c.changed)
		c.changed = make(chan struct{})
	}()
	if s, ok := env.Body.(*wire.Status); ok {
		c.statuses = append(c.statuses, s)
		return
	}
	if d, ok := env.Body.(*wire.Delta); ok {
		c.deltas++
		if c.forget || !c.resolve(env, d) {
			go c.say(env.Identity, &wire.Ack{Rejected: []wire.Rejection{{Boot: env.Boot, Seq: env.Seq, Reason: wire.ReasonBaseMissing}}})
			return
		}
	}
	if c.stored[env.Key()] != nil {
		c.twice++
	} else {
		c.stored[env.Key()] = env
		c.order = append(c.order, env)
	}
	if !c.mute {
		go c.say(env.Identity, &wire.Ack{Ranges: []wire.AckRange{{Boot: env.Boot, From: env.Seq, To: env.Seq}}})
	}
}

// resolve puts the complete observation into the envelope of a difference.
func (c *cloud) resolve(env *wire.Envelope, d *wire.Delta) bool {
	base := c.stored[wire.Key{Device: env.Device, Boot: env.Boot, Seq: d.BaseSeq}]
	if base == nil {
		return false
	}
	whole, err := d.Resolve(&base.Body.(*wire.Observation).Observation)
	if err != nil {
		c.t.Errorf("difference %v: %v", env.Key(), err)
		return false
	}
	env.Body = whole
	return true
}

// say publishes a body to a board.
func (c *cloud) say(id wire.Identity, body wire.Body) {
	payload, err := wire.Encode(&wire.Envelope{Identity: id, CapturedAt: time.Now(), Body: body})
	if err != nil {
		c.t.Errorf("cloud cannot say %s: %v", body.Kind(), err)
		return
	}
	c.client.Publish(id.Topic(body.Kind()), 1, body.Kind() == wire.KindDesired, payload)
}

// until waits for something to be true of what the cloud holds; ok is called with the lock held.
func (c *cloud) until(what string, ok func() bool) {
	c.t.Helper()
	deadline := time.After(60 * time.Second)
	for {
		c.mu.Lock()
		done, changed := ok(), c.changed
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			c.t.Fatalf("the cloud has waited for %s for too long; it holds %v", what, c.counts())
		}
	}
}

func (c *cloud) counts() map[wire.Kind]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := map[wire.Kind]int{}
	for _, e := range c.order {
		n[e.Body.Kind()]++
	}
	return n
}

func (c *cloud) setMute(mute bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mute = mute
}

// of gives the bodies of one kind, in the order in which they came; the lock must be held.
func of[T wire.Body](c *cloud) (bodies []T) {
	for _, e := range c.order {
		if b, ok := e.Body.(T); ok {
			bodies = append(bodies, b)
		}
	}
	return bodies
}

package simulate

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/wire"
)

// link is one MQTT connection that carries one or more devices.
type link struct {
	client mqtt.Client
	hear   func(device string, ack *wire.Ack)
	boxes  []*box
	spell  time.Duration

	mu   sync.Mutex // over all boxes' open messages
	open int        // how many these are
	look time.Time  // when to look through them next for late ones
	away error      // why the broker has refused every attempt since it was last connected; nil if it has not
}

// box is a device's outbox: what it has sent and not been told to forget.
type box struct {
	device *device
	way    *way
	open   map[uint64]sent
	done   state.Ranges // acknowledged, or refused
}

type sent struct {
	packet
	next time.Time // when it is sent again
	wait time.Duration
}

// newLink returns a link that is not connected yet. A link of a single device has that device's will, like a
// board.
func newLink(cfg Config, number int, boxes []*box, hear func(string, *wire.Ack), conf *tls.Config) (*link, error) {
	l := &link{boxes: boxes, hear: hear, spell: cfg.Spell}
	o := mqtt.NewClientOptions().AddBroker(cfg.Broker).SetProtocolVersion(4).SetClientID(fmt.Sprintf("%s-%d-%d", cfg.ClientID, cfg.Seed, number)).
		SetUsername(cfg.Username).SetPassword(cfg.Password).SetCleanSession(true).SetOrderMatters(true).
		SetConnectRetry(true).SetConnectRetryInterval(time.Second).SetMaxReconnectInterval(5 * time.Second).
		SetMaxResumePubInFlight(1000).SetMessageChannelDepth(1000).
		SetStore(mqtt.NewOrderedMemoryStore()). // what is sent again after a lost connection is sent in order: disorder is a fault that must be asked for
		SetDefaultPublishHandler(l.heard)
	if conf != nil {
		o.SetTLSConfig(conf)
	}
	if len(boxes) == 1 {
		d := boxes[0].device
		will, err := d.status(false)
		if err != nil {
			return nil, err
		}
		o.SetBinaryWill(d.id.Topic(wire.KindStatus), will, 1, true)
	}
	o.SetOnConnectHandler(l.connected).SetConnectionNotificationHandler(func(_ mqtt.Client, n mqtt.ConnectionNotification) {
		switch n := n.(type) {
		case mqtt.ConnectionNotificationFailed:
			l.setAway(n.Reason)
		case mqtt.ConnectionNotificationConnected:
			l.setAway(nil)
		}
	})
	l.client = mqtt.NewClient(o)
	return l, nil
}

// status returns the device's retained presence.
func (d *device) status(online bool) ([]byte, error) {
	s := &wire.Status{Online: online, At: d.at.UTC().Truncate(time.Microsecond), Boot: d.boot}
	if online {
		s.Birth = d.birth()
	}
	return wire.Encode(&wire.Envelope{Identity: d.id, Boot: d.boot, CapturedAt: s.At, Body: s})
}

// connected subscribes for every device, in requests that every broker takes.
func (l *link) connected(c mqtt.Client) {
	const perRequest = 50
	for i := 0; i < len(l.boxes); i += perRequest {
		filters := map[string]byte{}
		for _, b := range l.boxes[i:min(len(l.boxes), i+perRequest)] {
			filters[b.device.id.DownFilter()] = 1
		}
		c.SubscribeMultiple(filters, nil).WaitTimeout(10 * time.Second)
	}
	if len(l.boxes) == 1 {
		d := l.boxes[0].device
		if birth, err := d.status(true); err == nil {
			c.Publish(d.id.Topic(wire.KindStatus), 1, true, birth)
		}
	}
}

// heard receives acknowledgements.
func (l *link) heard(_ mqtt.Client, m mqtt.Message) {
	env, err := wire.Decode(m.Payload())
	if err != nil {
		return
	}
	if ack, ok := env.Body.(*wire.Ack); ok {
		l.hear(env.Device, ack)
	}
}

// connect waits for the broker, which paho tries again and again, until ctx ends.
func (l *link) connect(ctx context.Context) error {
	token := l.client.Connect()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *link) setAway(why error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.away = why
}

// say publishes packets, and remembers those that must be acknowledged.
func (l *link) say(b *box, packets []packet) (bytes int) {
	now := time.Now()
	for _, p := range packets {
		if p.seq > 0 {
			l.mu.Lock()
			if _, told := b.open[p.seq]; !told && !b.done.Has(p.seq) {
				b.open[p.seq] = sent{packet: p, next: now.Add(l.spell), wait: l.spell}
				l.open++
			}
			l.mu.Unlock()
		}
		l.client.Publish(p.topic, 1, false, p.payload)
		bytes += len(p.payload)
	}
	return bytes
}

// waiting returns how many messages of the link are not acknowledged.
func (l *link) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.open
}

// lookEvery is how often a link looks for late messages, which is costly with thousands of devices.
const lookEvery = 250 * time.Millisecond

// again sends what was not acknowledged for a while, with doubled waits, so that a service that is behind is
// not flooded. It returns how much that was.
func (l *link) again(now time.Time) int {
	late := l.late(now)
	for _, p := range late {
		l.client.Publish(p.topic, 1, false, p.payload)
	}
	return len(late)
}

// late returns what must be sent again now.
func (l *link) late(now time.Time) (list []packet) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.look) || l.open == 0 {
		return nil
	}
	l.look = now.Add(lookEvery)
	for _, b := range l.boxes {
		for seq, s := range b.open {
			if now.After(s.next) {
				s.wait = min(2*s.wait, max(time.Minute, l.spell))
				s.next = now.Add(s.wait)
				b.open[seq] = s
				list = append(list, s.packet)
			}
		}
	}
	return list
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/models/wire"
)

// victims are killed -9 in turn while boards speak.
var victims = []string{"ingester", "broker", "database"}

// kills is what came of it.
type kills struct {
	Killed   map[string]int `json:"killed"`
	Messages int            `json:"messages"`
	Again    int            `json:"again"` // said once more for want of an answer
	Lost     int            `json:"lost"`  // of those that were acknowledged: not in the database, or refused
	Seconds  float64        `json:"seconds"`
}

const (
	killsEach  = 10
	saidBefore = 100             // messages that are said for each who is killed
	sayAgain   = 2 * time.Second // how long a board waits for an answer
)

// measureKills kills our ingester, Mosquitto and influxd ten times each while boards speak, and counts what is in
// influxd when everything has been acknowledged.
func measureKills(ctx context.Context, o options, dir string) (*kills, error) {
	const messages = killsEach * 3 * saidBefore
	facts, err := makeFacts(messages, 50, time.Now().UTC().Add(-12*time.Hour).Truncate(time.Second))
	if err != nil {
		return nil, err
	}
	own := filepath.Join(dir, "kills")
	if err := os.Mkdir(own, 0o700); err != nil {
		return nil, err
	}
	broker, url, err := startMosquitto(ctx, own)
	if err != nil {
		return nil, err
	}
	defer broker.stop()
	db, err := startInfluxd(ctx, o.Influxd, own)
	if err != nil {
		return nil, err
	}
	defer db.stop()
	if _, err := db.query("", "CREATE DATABASE kills"); err != nil {
		return nil, err
	}
	ingester, err := child(ctx, "ingester", "-broker", url, "-client", "bench-killed", "-series", "influx://"+db.addr+"/?bucket=kills/autogen", "-dir", own)
	if err != nil {
		return nil, err
	}
	defer ingester.stop()

	began := time.Now()
	b := newBoards(url, facts)
	defer b.client.Disconnect(100)
	k := &kills{Killed: map[string]int{}, Messages: messages}
	who := map[string]*process{"ingester": ingester, "broker": broker, "database": db.process}
	for i := range killsEach * len(victims) {
		// Who is killed is at work: some of what is said is stored by then, the rest is on its way.
		if err := errors.Join(b.say(ctx, saidBefore/2), b.alive(ctx), b.say(ctx, saidBefore/2)); err != nil {
			return nil, err
		}
		name := victims[i%len(victims)]
		if err := who[name].again(ctx); err != nil {
			return nil, fmt.Errorf("%s, killed: %w", name, err)
		}
		k.Killed[name]++
	}
	if err := b.drain(ctx); err != nil {
		return nil, err
	}
	k.Seconds, k.Again = time.Since(began).Seconds(), b.again
	missing, err := db.missing(ctx, "kills", "present", "shelf", messages)
	k.Lost = missing + b.refused
	return k, err
}

// boards say facts until they are acknowledged.
type boards struct {
	client mqtt.Client
	again  int

	mu       sync.Mutex
	facts    []fact
	next     int                // of facts, to be said
	open     map[wire.Key]*fact // said, and not answered
	answered int                // stored or refused
	refused  int
}

func newBoards(url string, facts []fact) *boards {
	b := &boards{facts: facts, open: map[wire.Key]*fact{}}
	o := mqtt.NewClientOptions().AddBroker(url).SetClientID("bench-boards").SetCleanSession(true).SetOrderMatters(false).
		SetConnectRetry(true).SetConnectRetryInterval(100 * time.Millisecond).SetMaxReconnectInterval(time.Second).
		SetOnConnectHandler(func(c mqtt.Client) { c.Subscribe("coldshelf/v1/+/+/+/down/ack", 1, b.hear) })
	b.client = mqtt.NewClient(o)
	b.client.Connect()
	return b
}

// hear takes an acknowledgement.
func (b *boards) hear(_ mqtt.Client, m mqtt.Message) {
	env, err := wire.Decode(m.Payload())
	if err != nil {
		return
	}
	ack, ok := env.Body.(*wire.Ack)
	if !ok {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range ack.Ranges {
		for seq := r.From; seq <= r.To; seq++ {
			b.answer(wire.Key{Device: env.Device, Boot: r.Boot, Seq: seq})
		}
	}
	for _, r := range ack.Rejected {
		b.answer(wire.Key{Device: env.Device, Boot: r.Boot, Seq: r.Seq})
		b.refused++
	}
}

func (b *boards) answer(key wire.Key) {
	if b.open[key] != nil {
		delete(b.open, key)
		b.answered++
	}
}

// say says the next n facts, once there is a connection.
func (b *boards) say(ctx context.Context, n int) error {
	err := until(ctx, "the boards are connected", time.Minute, 20*time.Millisecond, func() (bool, error) { return b.client.IsConnectionOpen(), nil })
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for ; n > 0 && b.next < len(b.facts); n-- {
		f := &b.facts[b.next]
		b.open[wire.Key{Device: f.id.Device, Boot: 1, Seq: f.seq}] = f
		b.client.Publish(f.id.Topic(wire.KindObservation), 1, false, f.wire) // nobody relies on the broker's answer
		b.next++
	}
	return nil
}

// alive returns when one more message is answered: boards, broker, ingester and database are all up.
func (b *boards) alive(ctx context.Context) error {
	b.mu.Lock()
	before := b.answered
	b.mu.Unlock()
	return b.insist(ctx, "a message is acknowledged", func() bool { return b.answered > before })
}

// drain returns when everything is answered.
func (b *boards) drain(ctx context.Context) error {
	return b.insist(ctx, "all is acknowledged", func() bool { return len(b.open) == 0 })
}

// insist says what is not answered again, every so often, until it is so.
func (b *boards) insist(ctx context.Context, what string, so func() bool) error {
	said := time.Now()
	return until(ctx, what, 10*time.Minute, 20*time.Millisecond, func() (bool, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if time.Since(said) > sayAgain && b.client.IsConnectionOpen() {
			said = time.Now()
			for _, f := range b.open {
				b.client.Publish(f.id.Topic(wire.KindObservation), 1, false, f.wire)
				b.again++
			}
		}
		return so(), nil
	})
}

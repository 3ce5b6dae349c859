package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/models/wire"
)

const answerTime = 2 * time.Minute

// startMosquitto starts the broker that all go through, and gives its URL.
func startMosquitto(ctx context.Context, dir string) (*process, string, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, "", err
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, "", err
	}
	file := filepath.Join(dir, "mosquitto.conf")
	text := fmt.Sprintf("listener %s %s\nallow_anonymous true\nmax_inflight_messages 20000\nmax_inflight_bytes 64000000\nmax_queued_messages 0\nlog_type error\n", port, host)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return nil, "", err
	}
	p, err := start(ctx, "/usr/sbin/mosquitto", "-c", file)
	if err != nil {
		return nil, "", err
	}
	err = until(ctx, "mosquitto listens", answerTime, 20*time.Millisecond, func() (bool, error) {
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			conn.Close()
		}
		return err == nil, nil
	})
	return p, "tcp://" + addr, err
}

func dial(ctx context.Context, url, id string, clean bool) (mqtt.Client, error) {
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(id).SetCleanSession(clean).SetOrderMatters(false).SetMessageChannelDepth(10_000))
	return c, settled(ctx, c.Connect())
}

func settled(ctx context.Context, token mqtt.Token) error {
	late := time.NewTimer(answerTime)
	defer late.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		return ctx.Err()
	case <-late.C:
		return fmt.Errorf("the broker does not answer within %v", answerTime)
	}
}

// session makes the persistent session of a client that comes later, so that what is published now
// waits for it.
func session(ctx context.Context, url, id string, filters map[string]byte) error {
	c, err := dial(ctx, url, id, false)
	if err != nil {
		return err
	}
	defer c.Disconnect(100)
	return settled(ctx, c.SubscribeMultiple(filters, nil))
}

// forget ends a persistent session, with all that still waits for it.
func forget(ctx context.Context, url, id string) error {
	c, err := dial(ctx, url, id, true)
	if err != nil {
		return err
	}
	c.Disconnect(100)
	return nil
}

// publish says all at QoS 1 and returns when the broker has everything.
func publish(ctx context.Context, url string, facts []fact, message func(*fact) (topic string, payload []byte)) error {
	c, err := dial(ctx, url, "bench-boards", true)
	if err != nil {
		return err
	}
	defer c.Disconnect(100)
	const window = 1000
	var open []mqtt.Token
	for i := range facts {
		topic, payload := message(&facts[i])
		open = append(open, c.Publish(topic, 1, false, payload))
		if len(open) == window {
			if err := settled(ctx, open[0]); err != nil {
				return err
			}
			open = open[1:]
		}
	}
	for _, token := range open {
		if err := settled(ctx, token); err != nil {
			return err
		}
	}
	return nil
}

// listener counts what boards are told is stored.
type listener struct {
	client   mqtt.Client
	stored   atomic.Int64
	rejected atomic.Int64
}

func listen(ctx context.Context, url string) (*listener, error) {
	c, err := dial(ctx, url, "bench-listener", true)
	if err != nil {
		return nil, err
	}
	l := &listener{client: c}
	return l, settled(ctx, c.Subscribe("coldshelf/v1/+/+/+/down/#", 1, func(_ mqtt.Client, m mqtt.Message) {
		env, err := wire.Decode(m.Payload())
		if err != nil {
			return
		}
		if ack, ok := env.Body.(*wire.Ack); ok {
			for _, r := range ack.Ranges {
				l.stored.Add(int64(r.To - r.From + 1))
			}
			l.rejected.Add(int64(len(ack.Rejected)))
		}
	}))
}

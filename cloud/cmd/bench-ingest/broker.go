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

const answerTime = 30 * time.Second

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

func dial(url, id string, clean bool) (mqtt.Client, error) {
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID(id).SetCleanSession(clean).SetOrderMatters(false).SetMessageChannelDepth(10_000))
	return c, settled(c.Connect())
}

func settled(token mqtt.Token) error {
	if !token.WaitTimeout(answerTime) {
		return fmt.Errorf("the broker does not answer within %v", answerTime)
	}
	return token.Error()
}

// session makes the persistent session of a client that comes later, so that what is published now
// waits for it.
func session(url, id string, filters map[string]byte) error {
	c, err := dial(url, id, false)
	if err != nil {
		return err
	}
	defer c.Disconnect(100)
	return settled(c.SubscribeMultiple(filters, nil))
}

// publish says all at QoS 1 and returns when the broker has everything.
func publish(url string, facts []fact, message func(*fact) (topic string, payload []byte)) error {
	c, err := dial(url, "bench-boards", true)
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
			if err := settled(open[0]); err != nil {
				return err
			}
			open = open[1:]
		}
	}
	for _, token := range open {
		if err := settled(token); err != nil {
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

func listen(url string) (*listener, error) {
	c, err := dial(url, "bench-listener", true)
	if err != nil {
		return nil, err
	}
	l := &listener{client: c}
	return l, settled(c.Subscribe("coldshelf/v1/+/+/+/down/#", 1, func(_ mqtt.Client, m mqtt.Message) {
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

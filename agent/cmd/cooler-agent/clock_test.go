//go:build customenv

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/telemetry"
	"github.com/coldshelf/coldshelf/models/wire"
)

// The real program begins with a clock that is two days behind and that nobody vouches for: what it says is marked so.
// Nothing is acknowledged, so that it says everything again; once the clock is known, the same messages come with the
// right time.
func TestTheProgramCorrectsItsStampsOnceTheClockIsKnown(t *testing.T) {
	const behind = 50 * time.Hour
	broker := mosquitto.New(t, "")
	broker.Start()
	file := filepath.Join(t.TempDir(), "clock")
	setClock := func(text string) {
		if err := atomicfile.Write(file, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	setClock("unknown " + behind.String())

	type key struct {
		boot uint32
		seq  uint64
	}
	var mu sync.Mutex
	first, last := map[key]*wire.Envelope{}, map[key]*wire.Envelope{}
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker.URL()).SetClientID("watcher").SetOrderMatters(false))
	if token := client.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { client.Disconnect(10) })
	token := client.Subscribe(wire.AllUp, 1, func(_ mqtt.Client, m mqtt.Message) {
		env, err := wire.Decode(m.Payload())
		if err != nil {
			t.Errorf("%s: %v", m.Topic(), err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		k := key{env.Boot, env.Seq}
		if first[k] == nil {
			first[k] = env
		}
		last[k] = env
	})
	if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}

	config := configure(t, strings.Replace(smallest, "clock: trusted", "clock: 'played:"+file+"'", 1)+
		"camera: {source: 'dir:frames', loop: true}\npicture: {send: never}\nuplink: {broker: '"+broker.URL()+"', ack_timeout: 1s}\n"+
		"devices: {sim: true, interval: 1s}\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	cmd := exec.Command(self, "run", "--log", "warn", "--config", config)
	cmd.Env = append(os.Environ(), programVariable+"=1")
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })

	of := func(list map[key]*wire.Envelope, kind wire.Kind, q telemetry.ClockQuality) (keys []key) {
		mu.Lock()
		defer mu.Unlock()
		for k, e := range list {
			if e.Body.Kind() == kind && e.Clock == q {
				keys = append(keys, k)
			}
		}
		return keys
	}
	doubtful := map[wire.Kind][]key{}
	for _, kind := range []wire.Kind{wire.KindObservation, wire.KindTelemetry} {
		waitUntil(t, string(kind)+" under a clock that is not known", func() bool {
			doubtful[kind] = of(first, kind, telemetry.Monotonic)
			return len(doubtful[kind]) > 0
		})
		mu.Lock()
		for _, k := range doubtful[kind] {
			if at := first[k].CapturedAt; at.After(time.Now().Add(-behind)) || at.Before(begun.Add(-behind-time.Second)) {
				t.Errorf("%s %v is stamped %v by a clock that is %v behind", kind, k, at, behind)
			}
		}
		mu.Unlock()
	}
	setClock("ntp")
	for kind, keys := range doubtful {
		waitUntil(t, string(kind)+" with the right time", func() bool {
			mu.Lock()
			defer mu.Unlock()
			for _, k := range keys {
				if last[k].Clock != telemetry.NTP {
					return false
				}
			}
			return true
		})
		mu.Lock()
		for _, k := range keys {
			got := last[k].CapturedAt
			if got.Before(begun.Add(-time.Second)) || got.After(time.Now()) {
				t.Errorf("%s %v is stamped %v, it was after %v", kind, k, got, begun)
			}
			if moved := got.Sub(first[k].CapturedAt); (moved - behind).Abs() > time.Second {
				t.Errorf("%s %v was moved by %v, want %v", kind, k, moved, behind)
			}
		}
		mu.Unlock()
	}
}

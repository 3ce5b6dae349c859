package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/models/wire"
)

// store is a cloud that keeps the keys of what it has heard, and acknowledges.
type store struct {
	mu    sync.Mutex
	seqs  map[uint32][]uint64 // by boot
	kinds map[wire.Kind]int
}

func newStore(t *testing.T, broker string) *store {
	t.Helper()
	s := &store{seqs: map[uint32][]uint64{}, kinds: map[wire.Kind]int{}}
	client := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker).SetClientID("store").SetOrderMatters(false))
	if token := client.Connect(); !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("store: %v", token.Error())
	}
	t.Cleanup(func() { client.Disconnect(10) })
	token := client.Subscribe(wire.AllUp, 1, func(c mqtt.Client, m mqtt.Message) {
		env, err := wire.Decode(m.Payload())
		if err != nil {
			t.Errorf("store: %v", err)
			return
		}
		s.mu.Lock()
		if !slices.Contains(s.seqs[env.Boot], env.Seq) {
			s.seqs[env.Boot] = append(s.seqs[env.Boot], env.Seq)
			s.kinds[env.Body.Kind()]++
		}
		s.mu.Unlock()
		ack, err := wire.Encode(&wire.Envelope{Identity: env.Identity, CapturedAt: time.Now(), Body: &wire.Ack{
			Ranges: []wire.AckRange{{Boot: env.Boot, From: env.Seq, To: env.Seq}},
		}})
		if err != nil {
			t.Errorf("store: %v", err)
			return
		}
		c.Publish(env.Identity.Topic(wire.KindAck), 1, false, ack)
	})
	if !token.WaitTimeout(20*time.Second) || token.Error() != nil {
		t.Fatalf("store: %v", token.Error())
	}
	return s
}

func (s *store) heard() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.seqs {
		n += len(list)
	}
	return n
}

// TestAProgramThatIsKilledLosesNothing kills the real program (networks, outbox and uplink running) while
// it looks and sends, again and again, and lets the last one finish. A board gives out its numbers without
// a hole, so a message that was stored and lost would be a hole in what the cloud has.
func TestAProgramThatIsKilledLosesNothing(t *testing.T) {
	broker := mosquitto.New(t, "")
	broker.Start()
	s := newStore(t, broker.URL())
	path := configure(t, strings.Replace(smallest, "every: 1s", "every: 100ms", 1)+"camera: {source: \"dir:frames\", loop: true}\n"+
		"picture: {send: always}\ndevices: {sim: true, sim_speed: 600, interval: 1s}\nuplink: {broker: \""+broker.URL()+"\", ack_timeout: 1s}\n")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := func(config string, args ...string) *exec.Cmd {
		cmd := exec.Command(self, append([]string{"run", "--log", "warn", "--config", config}, args...)...)
		cmd.Env = append(os.Environ(), programVariable+"=1")
		cmd.Stderr = t.Output()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	rng := rand.New(rand.NewPCG(3, 3))
	const kills = 6
	for range kills {
		before := s.heard()
		cmd := program(path)
		waitUntil(t, "the program to speak", func() bool { return s.heard() > before+3 })
		// At any moment of its work, which is not known here.
		time.Sleep(time.Duration(rng.IntN(400)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
	}
	// The last one sees the folder once and ends when all is delivered.
	last := filepath.Join(filepath.Dir(path), "last.yml")
	text := smallest + "camera: {source: \"dir:frames\"}\nuplink: {broker: \"" + broker.URL() + "\", ack_timeout: 1s}\n"
	if err := os.WriteFile(last, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := program(last, "--until-end").Wait(); err != nil {
		t.Fatalf("the last start: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.seqs) != kills+1 {
		t.Errorf("the cloud knows %d boots, want %d", len(s.seqs), kills+1)
	}
	for boot, list := range s.seqs {
		slices.Sort(list)
		for i, seq := range list {
			if seq != uint64(i+1) {
				t.Errorf("boot %d: message %d is lost; the cloud has %d up to %d", boot, i+1, len(list), list[len(list)-1])
				break
			}
		}
	}
	t.Log(fmt.Sprint(s.kinds))
}

func waitUntil(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(60 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited too long for %s", what)
		}
	}
}

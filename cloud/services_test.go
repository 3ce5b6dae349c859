package cloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// taker is somebody's server, which counts what it is told by ID, and holds one call back when asked.
type taker struct {
	*httptest.Server
	mu   sync.Mutex
	got  map[string]int
	hold int           // at the call that makes so many
	held chan struct{} // one is held back, until its caller is gone
}

func newTaker(t *testing.T) *taker {
	k := &taker{got: map[string]int{}, held: make(chan struct{}, 1)}
	k.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var e struct{ ID string }
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		if err != nil {
			t.Errorf("%s: %v", body, err)
		}
		k.mu.Lock()
		k.got[e.ID]++
		hold := k.hold == len(k.got)
		if hold {
			k.hold = 0
		}
		k.mu.Unlock()
		if hold {
			k.held <- struct{}{}
			<-r.Context().Done()
		}
	}))
	t.Cleanup(k.Close)
	return k
}

func (k *taker) holdNext() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hold = len(k.got) + 1
}

// counts gives how many different ones were told, and how many calls more than that.
func (k *taker) counts() (different, repeats int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.got), again(k.got)
}

func again(got map[string]int) (repeats int) {
	for n := range maps.Values(got) {
		repeats += n - 1
	}
	return repeats
}

// TestOneOfSeveralServicesDelivers: three services on one PostgreSQL and one broker. The one that delivers
// is killed -9 while a webhook's call is under way, and then the next one; the third takes over within
// seconds. Every event reaches the webhook, the broker and the people told, and what comes twice is the
// call that was under way, with its own ID.
func TestOneOfSeveralServicesDelivers(t *testing.T) {
	pg, mosq := statetest.Postgres(t), mosquitto.Start(t)
	stateURL := pg.NewDatabase(t)
	program, person := newTaker(t), newTaker(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	rules := write("rules.yml", fmt.Sprintf(`version: 1
rules:
- {types: [stockout], open: {bad: 1, of: 1}, close: 1}
recipients:
- {role: manager, format: events, url: %q, secret: whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=}
notify:
- {roles: [manager], types: [stockout]}
`, person.URL))
	conf := write("cloud.yml", fmt.Sprintf("alerts: {private_webhooks: true, rules: %q}\n", rules))
	first := newBinary(t, nil)
	services := map[int]*binary{}
	for i := range 3 {
		b := &binary{path: first.path, addr: loopback.Addr(t)}
		args := []string{"serve", "--config", conf, "--listen", b.addr, "--tenant", "t", "--access", "open", "--state", stateURL,
			"--broker", mosq.URL(), "--client-id", fmt.Sprintf("ingest-%d", i), "--data", filepath.Join(dir, fmt.Sprint(i))}
		b.Program = serviceProgram(b, fmt.Sprintf("service %d", i), args)
		b.Run(t)
		services[b.PID()] = b
	}
	var some *binary
	for some = range maps.Values(services) {
		break
	}
	resp, err := http.Post("http://"+some.addr+"/v1/webhooks", "application/json", strings.NewReader(fmt.Sprintf(`{"url":%q,"format":"events"}`, program.URL)))
	if err != nil || resp.StatusCode/100 != 2 {
		t.Fatalf("no webhook: %v, %v", resp, err)
	}
	resp.Body.Close()
	heard := hearAlerts(t, mosq.URL())
	db, err := state.Open(t.Context(), stateURL)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	holder := func() (pid int) {
		var name string
		if err := db.QueryRow(t.Context(), "SELECT holder FROM deliver_leases").Scan(&name); err == nil {
			parts := strings.Split(name, "/")
			_, _ = fmt.Sscan(parts[len(parts)-2], &pid)
		}
		return pid
	}
	until(t, "a service delivers", func() bool { return services[holder()] != nil })

	const slots = 20
	n := 0
	sellOut := func() { // and restock: 2 × slots events a board
		b := newBoard(t, mosq.URL(), fmt.Sprint("d", n))
		n++
		for _, s := range []shelf.State{shelf.OK, shelf.Empty, shelf.OK} {
			b.say(t, slices.Repeat([]shelf.State{s}, slots)...)
			b.drain(t) // the services share its messages: in order only one by one
		}
	}
	logged := func() int {
		head, err := alert.LogHead(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return int(head)
	}
	settled := func(what string) {
		t.Helper()
		until(t, what, func() bool {
			a, _ := program.counts()
			b, _ := person.counts()
			return a == logged() && b == logged() && heard.different() == logged()
		})
	}
	sellOut()
	settled("all is delivered")
	if _, a := program.counts(); a > 0 {
		t.Errorf("%d calls more than events while nobody was killed", a)
	}
	var took []time.Duration
	const kills = 2
	for range kills {
		program.holdNext()
		sellOut()
		<-program.held
		pid := holder()
		services[pid].Kill(t, syscall.SIGKILL)
		delete(services, pid)
		killed := time.Now()
		until(t, "another service takes over", func() bool { return services[holder()] != nil })
		took = append(took, time.Since(killed).Round(time.Millisecond))
		sellOut()
		settled("all is delivered after the takeover")
	}
	_, repeats := program.counts()
	_, told := person.counts()
	t.Logf("%d events, takeover after %v; told more than once: webhook %d, person %d, broker %d", logged(), took, repeats, told, heard.repeats())
	if want := 2 * slots * (1 + 2*kills); logged() != want {
		t.Errorf("%d events in the log, want %d", logged(), want)
	}
	if repeats != kills {
		t.Errorf("the webhook was told %d times again, want the %d calls that were under way", repeats, kills)
	}
	if told > kills {
		t.Errorf("the person was told %d times again, want at most the %d calls that may have been under way", told, kills)
	}
	for _, d := range took {
		if d > 10*time.Second {
			t.Errorf("a takeover took %s", d)
		}
	}
}

// serviceProgram is a service that is ready when it says so.
func serviceProgram(b *binary, name string, args []string) *loopback.Program {
	return &loopback.Program{Name: name, Command: func() *exec.Cmd { return exec.Command(b.path, args...) }, Ready: b.ready}
}

// ears is a subscriber of MQTT that keeps what it was told.
type ears struct {
	mu  sync.Mutex
	got map[string]int
}

func hearAlerts(t *testing.T, url string) *ears {
	t.Helper()
	e := &ears{got: map[string]int{}}
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(url).SetClientID("replenishment").SetCleanSession(false).SetOrderMatters(false))
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	t.Cleanup(func() { c.Disconnect(0) })
	token := c.Subscribe("coldshelf/v1/t/alerts/#", 1, func(_ mqtt.Client, m mqtt.Message) {
		var event struct{ ID string }
		if err := json.Unmarshal(m.Payload(), &event); err != nil {
			t.Errorf("%s: %v", m.Payload(), err)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.got[event.ID]++
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	return e
}

func (e *ears) different() int { e.mu.Lock(); defer e.mu.Unlock(); return len(e.got) }
func (e *ears) repeats() int   { e.mu.Lock(); defer e.mu.Unlock(); return again(e.got) }

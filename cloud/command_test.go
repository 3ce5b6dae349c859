package cloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/models/shelf"
	"github.com/coldshelf/coldshelf/models/wire"
)

// present says that the board is online, and after it something that is acknowledged: once that is,
// the presence was heard too.
func (b *board) present(t *testing.T) {
	t.Helper()
	at := time.Now().UTC()
	payload, err := wire.Encode(&wire.Envelope{Identity: b.id, Boot: 1, CapturedAt: at, Body: &wire.Status{Online: true, At: at, Boot: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if token := b.client.Publish(b.id.Topic(wire.KindStatus), 1, true, payload); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	b.say(t, shelf.OK)
}

// TestCommandReachesTheBoard: what is asked of a board over REST comes to it, and to it alone, while
// it is connected; a board that is away is not asked.
func TestCommandReachesTheBoard(t *testing.T) {
	s, _, stop := serve(t, nil)
	defer stop()
	ask := func(device string) int {
		t.Helper()
		resp, err := http.Post("http://"+s.Addr()+"/v1/coolers/"+device+"/commands", "application/json", strings.NewReader(`{"name":"picture"}`))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := ask("d1"); got != http.StatusNotFound {
		t.Errorf("a board that nobody knows: status %d, want 404", got)
	}
	near, far := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1"), newBoard(t, "mqtt://"+s.MQTTAddr(), "d2")
	heard := make(chan *wire.Envelope, 10)
	for _, b := range []*board{near, far} {
		token := b.client.Subscribe(b.id.Topic(wire.KindCommand), 1, func(_ mqtt.Client, m mqtt.Message) {
			env, err := wire.Decode(m.Payload())
			if err != nil {
				t.Errorf("command: %v", err)
				return
			}
			heard <- env
		})
		if !token.WaitTimeout(patience) || token.Error() != nil {
			t.Fatal(token.Error())
		}
	}
	near.say(t, shelf.OK)
	near.drain(t)
	if got := ask("d1"); got != http.StatusConflict {
		t.Errorf("a board that never said that it is there: status %d, want 409", got)
	}
	near.present(t)
	near.drain(t)
	if got := ask("d1"); got != http.StatusCreated {
		t.Fatalf("status %d, want 201", got)
	}
	select {
	case env := <-heard:
		cmd, ok := env.Body.(*wire.Command)
		if !ok || env.Device != "d1" || cmd.Name != wire.CommandPicture || cmd.ID == "" || !cmd.Expires.After(time.Now()) {
			t.Errorf("got %+v for %s", env.Body, env.Device)
		}
	case <-time.After(patience):
		t.Fatal("no command came")
	}
}

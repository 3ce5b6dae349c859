package cloud_test

import (
	"fmt"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestSlowStoreHoldsTheBroker: while InfluxDB does not answer the service takes from Mosquitto what the broker gives
// ahead, acknowledges none of it, and the broker keeps all that boards say; once the store answers all of it is stored
// and acknowledged, to the boards and to the broker.
func TestSlowStoreHoldsTheBroker(t *testing.T) {
	tsdb := influxd.Start(t)
	seriesURL := tsdb.NewDatabase(t)
	real, err := url.Parse(tsdb.HTTP())
	if err != nil {
		t.Fatal(err)
	}
	store := &moody{to: httputil.NewSingleHostReverseProxy(real)}
	front := httptest.NewServer(store)
	defer front.Close()
	mosq := mosquitto.StartWith(t, "mqtt", "allow_anonymous true\nmax_inflight_messages 50\nmax_queued_messages 10000\nsys_interval 1")
	s, _, _ := serve(t, func(c *config.Config) {
		c.Series = strings.Replace(seriesURL, real.Host, strings.TrimPrefix(front.URL, "http://"), 1)
		c.MQTT.Broker, c.MQTT.ClientID = mosq.URL(), "ingest-1"
	})
	var held atomic.Int64 // by the broker, for whoever has not acknowledged it
	b := newBoard(t, mosq.URL(), "d1")
	b.say(t, shelf.OK)
	b.drain(t)
	watch := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(mosq.URL()).SetClientID("watch"))
	if token := watch.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer watch.Disconnect(0)
	token := watch.Subscribe("$SYS/broker/store/messages/count", 0, func(_ mqtt.Client, m mqtt.Message) {
		if n, err := strconv.ParseInt(string(m.Payload()), 10, 64); err == nil {
			held.Store(n)
		}
	})
	if !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	until(t, "the broker tells how much it holds", func() bool { return held.Load() > 0 })
	idle := held.Load()
	const own = 100 // more than the broker keeps of what it tells of itself

	store.mood.Store(int32(silent))
	const said = 500
	for range said {
		b.say(t, shelf.OK, shelf.Low)
	}
	until(t, fmt.Sprintf("the broker holds all %d messages", said), func() bool { return held.Load() >= idle+said })
	if got := b.left(); got != said {
		t.Errorf("%d of %d messages are not acknowledged, want all", got, said)
	}
	store.mood.Store(int32(well))
	b.drain(t)
	until(t, "the broker holds none of them any more", func() bool { return held.Load() < idle+own })
	if n := metric(t, s.Addr(), `coldshelf_ingest_messages_total{kind="observation"}`); n != said+1 {
		t.Errorf("%v messages are stored, want %d", n, said+1)
	}
}

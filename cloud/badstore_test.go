package cloud_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// mood is how the store behaves that stands between the service and a real influxd.
type mood int32

const (
	well     mood = iota
	slow          // answers after a second
	cut           // does as it is told, and hangs up in the middle of its answer
	half          // takes half of the lines, and says that something went wrong
	silent        // takes nothing and does not answer until it is well again
	sulking       // 503
	wronging      // 401: somebody changed the token
)

// moody passes requests on to influxd, as its mood is.
type moody struct {
	mood  atomic.Int32
	to    *httputil.ReverseProxy
	asked atomic.Int64 // to write
}

func (m *moody) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/write") {
		m.to.ServeHTTP(w, r)
		return
	}
	m.asked.Add(1)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	pass := func(w http.ResponseWriter, body []byte) {
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		m.to.ServeHTTP(w, r)
	}
	switch mood(m.mood.Load()) {
	case well:
		pass(w, body)
	case slow:
		time.Sleep(time.Second)
		pass(w, body)
	case cut:
		pass(httptest.NewRecorder(), body)
		panic(http.ErrAbortHandler)
	case half:
		at := bytes.IndexByte(body[len(body)/2:], '\n')
		pass(httptest.NewRecorder(), body[:len(body)/2+at+1])
		http.Error(w, `{"error":"timeout"}`, http.StatusInternalServerError)
	case silent:
		for mood(m.mood.Load()) == silent && r.Context().Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		panic(http.ErrAbortHandler)
	case sulking:
		http.Error(w, `{"error":"out of memory"}`, http.StatusServiceUnavailable)
	case wronging:
		http.Error(w, `{"error":"wrong token"}`, http.StatusUnauthorized)
	}
}

// TestStoreInABadMood: the service on an InfluxDB that is slow, does half of what it is told, does all and
// does not say so, or refuses. Nothing is acknowledged that it was not known to have taken; each fault is
// counted as a retry, none as the board's; once the store is well, everything is there once.
func TestStoreInABadMood(t *testing.T) {
	tsdb := influxd.Start(t)
	seriesURL := tsdb.NewDatabase(t)
	real, err := url.Parse(tsdb.HTTP())
	if err != nil {
		t.Fatal(err)
	}
	store := &moody{to: httputil.NewSingleHostReverseProxy(real)}
	front := httptest.NewServer(store)
	defer front.Close()
	s, _, stop := serve(t, func(c *config.Config) {
		c.Series = strings.Replace(seriesURL, real.Host, strings.TrimPrefix(front.URL, "http://"), 1)
	})
	b := newBoard(t, "mqtt://"+s.MQTTAddr(), "d1")
	const each = 30
	said := 0
	say := func() {
		for range each {
			b.say(t, shelf.OK, shelf.Low)
			said++
		}
	}
	say()
	b.drain(t)
	for _, c := range []struct {
		name    string
		mood    mood
		refuses bool // so that nothing can be acknowledged
	}{
		{"slow", slow, false},
		{"hangs up in the middle of its answer", cut, true},
		{"takes half", half, true},
		{"does not answer", silent, true},
		{"unavailable", sulking, true},
		{"knows the token no more", wronging, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			retries := metric(t, s.Addr(), "coldshelf_ingest_store_retries_total")
			store.mood.Store(int32(c.mood))
			asked := store.asked.Load()
			say()
			until(t, "the store is asked to write", func() bool { return store.asked.Load() > asked })
			switch {
			case !c.refuses:
				b.drain(t)
			case c.mood != silent: // that one is only known once it ends
				until(t, "the fault is counted", func() bool { return metric(t, s.Addr(), "coldshelf_ingest_store_retries_total") >= retries+2 })
			}
			if got := b.left(); c.refuses && got != each {
				t.Errorf("%d messages are not acknowledged, want all %d", got, each)
			}
			store.mood.Store(int32(well))
			b.drain(t)
			if c.mood == silent && metric(t, s.Addr(), "coldshelf_ingest_store_retries_total") == retries {
				t.Error("that it did not answer is not counted")
			}
		})
	}
	for _, reason := range []string{"series", "judgement", "malformed"} {
		if n := metric(t, s.Addr(), `coldshelf_ingest_quarantined_total{reason="`+reason+`"}`); n != 0 {
			t.Errorf("%v messages are in quarantine as %s for the store's faults", n, reason)
		}
	}
	stop()
	points, err := influx.Open(context.Background(), seriesURL)
	if err != nil {
		t.Fatal(err)
	}
	defer points.Close()
	list, err := points.Messages(context.Background(), series.Range{Tenant: "t", Device: "d1", From: time.Now().Add(-time.Hour), To: time.Now().Add(time.Hour)}, 1_000_000)
	if err != nil || len(list) != said {
		t.Errorf("%d messages in InfluxDB, %v, want %d", len(list), err, said)
	}
}

package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/wire"
)

// way is one way of the messages, from the broker into a store.
type way struct {
	name  string // its key in the report
	shown string
	run   func(ctx context.Context, r *round) (*result, error)
}

// ways in the order of a round.
var ways = []way{
	{"broker", "Mosquitto alone, to a client that acknowledges at once", measureBroker},
	{"telegraf", "Telegraf → influxd", measurePeer},
	{"embedded", "our ingester → embedded store", func(ctx context.Context, r *round) (*result, error) {
		return measureOurs(ctx, r, "ingester", "", nil)
	}},
	{"service", "our service, all rules → embedded store", func(ctx context.Context, r *round) (*result, error) {
		return measureOurs(ctx, r, "service", "", nil)
	}},
	{"influxd", "our ingester → influxd", measureOursInflux},
	{"influxd_alone", "influxd alone, our points by bare HTTP", measureInfluxd},
}

// wants reports whether one of some ways is to be measured.
func (o options) wants(names ...string) bool {
	return slices.ContainsFunc(strings.Split(o.Ways, ","), func(way string) bool { return slices.Contains(names, way) })
}

func allWays() string {
	var names []string
	for _, w := range ways {
		names = append(names, w.name)
	}
	return strings.Join(names, ",")
}

// round is one turn of all ways on the same broker and the same influxd.
type round struct {
	options
	number int
	dir    string
	broker string
	db     *influxd
	facts  []fact
}

// client names the persistent session of one way of one round.
func (r *round) client(way string) string { return fmt.Sprintf("bench-%s-%d", way, r.number) }

// database likewise.
func (r *round) database(way string) string { return fmt.Sprintf("%s%d", way, r.number) }

// table is what all rounds gave.
type table struct {
	Rounds []map[string]*result `json:"rounds"`
	Median map[string]*result   `json:"median"` // of each way's rounds, figure by figure
	Ratios *ratios              `json:"ratios,omitempty"`
}

// ratios are medians of the rounds' own ratios: what else the machine does changes from minute to minute,
// and the ways of one round are near to each other. The bars stand behind.
type ratios struct {
	EmbeddedRate float64 `json:"embedded_messages_per_second"` // ≥ 10
	EmbeddedCPU  float64 `json:"embedded_cpu"`                 // ≤ 0.1
	ServiceRate  float64 `json:"embedded_with_rules_messages_per_second"`
	ServiceCPU   float64 `json:"embedded_with_rules_cpu"`
	InfluxRate   float64 `json:"influxd_messages_per_second"` // ≥ 2
	InfluxCPU    float64 `json:"influxd_cpu"`
	BrokerRate   float64 `json:"broker_messages_per_second"` // what the broker gives at most: no way through it can be quicker
	InfluxdRate  float64 `json:"influxd_alone_messages_per_second"`
}

// measureIngest lets the chosen ways take their turns.
func measureIngest(ctx context.Context, o options, dir string, into *report) error {
	facts, err := makeFacts(o.Messages, o.Devices, time.Now().UTC().Add(-12*time.Hour).Truncate(time.Second))
	if err != nil {
		return err
	}
	into.JSONSize, into.WireSize = len(facts[0].json), len(facts[0].wire)
	mosquitto, broker, err := startMosquitto(ctx, dir)
	if err != nil {
		return err
	}
	defer mosquitto.stop()
	var db *influxd
	if o.wants("telegraf", "influxd", "influxd_alone") {
		if db, err = startInfluxd(ctx, o.Influxd, dir); err != nil {
			return err
		}
		defer db.stop()
	}
	t := &table{Median: map[string]*result{}}
	for n := range o.Rounds {
		r := &round{options: o, number: n + 1, dir: dir, broker: broker, db: db, facts: facts}
		took, err := r.turn(ctx, mosquitto)
		if err != nil {
			return fmt.Errorf("round %d: %w", n+1, err)
		}
		t.Rounds = append(t.Rounds, took)
	}
	t.sum()
	into.Ingest, into.OK = t, into.OK && t.lost() == 0
	return nil
}

// turn measures each chosen way once.
func (r *round) turn(ctx context.Context, mosquitto *process) (map[string]*result, error) {
	took := map[string]*result{}
	for _, w := range ways {
		if !r.wants(w.name) {
			continue
		}
		before, err := mosquitto.cpu()
		if err != nil {
			return nil, err
		}
		res, err := w.run(ctx, r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", w.shown, err)
		}
		after, err := mosquitto.cpu()
		if err != nil {
			return nil, err
		}
		res.Broker = (after - before).Seconds()
		fmt.Fprintf(os.Stderr, "round %d, %s: %+v\n", r.number, w.shown, *res)
		took[w.name] = res
	}
	return took, nil
}

// sum tells the medians.
func (t *table) sum() {
	of := func(name string, figure func(*result) float64) float64 {
		return medianOf(t.Rounds, func(r map[string]*result) (float64, bool) {
			if r[name] == nil {
				return 0, false
			}
			return figure(r[name]), true
		})
	}
	for name := range t.Rounds[0] {
		m := &result{Rate: of(name, rate), CPU: of(name, spent), Own: of(name, func(r *result) float64 { return r.Own }),
			Broker: of(name, func(r *result) float64 { return r.Broker }), Memory: of(name, func(r *result) float64 { return r.Memory })}
		for _, r := range t.Rounds {
			m.Lost += r[name].Lost
		}
		t.Median[name] = m
	}
	to := func(name string, figure func(*result) float64) float64 {
		return medianOf(t.Rounds, func(r map[string]*result) (float64, bool) {
			if r[name] == nil || r["telegraf"] == nil {
				return 0, false
			}
			return figure(r[name]) / figure(r["telegraf"]), true
		})
	}
	if t.Median["telegraf"] == nil {
		return
	}
	t.Ratios = &ratios{EmbeddedRate: to("embedded", rate), EmbeddedCPU: to("embedded", spent), ServiceRate: to("service", rate), ServiceCPU: to("service", spent),
		InfluxRate: to("influxd", rate), InfluxCPU: to("influxd", spent), BrokerRate: to("broker", rate), InfluxdRate: to("influxd_alone", rate)}
}

func rate(r *result) float64  { return r.Rate }
func spent(r *result) float64 { return r.CPU }

// medianOf is the median of a figure of the rounds that have it; 0 if none has.
func medianOf[T any](rounds []T, figure func(T) (float64, bool)) float64 {
	var all []float64
	for _, r := range rounds {
		if v, ok := figure(r); ok {
			all = append(all, v)
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.SortFunc(all, cmp.Compare[float64])
	return (all[(len(all)-1)/2] + all[len(all)/2]) / 2
}

// lost is what all rounds of all ways lost.
func (t *table) lost() (n int) {
	for _, m := range t.Median {
		n += m.Lost
	}
	return n
}

// observations publishes all facts as boards say them, to wait for a client's session.
func (r *round) observations(ctx context.Context, client string) error {
	if err := session(ctx, r.broker, client, map[string]byte{wire.SharedUp: 1, wire.AllStatus: 1}); err != nil {
		return err
	}
	return publish(ctx, r.broker, r.facts, func(f *fact) (string, []byte) { return f.id.Topic(wire.KindObservation), f.wire })
}

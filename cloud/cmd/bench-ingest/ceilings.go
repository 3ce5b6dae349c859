package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/sync/errgroup"
)

// measureBroker tells what the broker itself gives at most: a bare client of the library that Telegraf and
// we use takes the same messages at QoS 1 and acknowledges each at once. No way through it can be quicker.
func measureBroker(ctx context.Context, r *round) (*result, error) {
	client := r.client("bare")
	if err := r.observations(ctx, client); err != nil {
		return nil, err
	}
	said, err := childSays(ctx, "bare", "-broker", r.broker, "-client", client, "-messages", strconv.Itoa(len(r.facts)))
	if err != nil {
		return nil, err
	}
	res := &result{}
	if err := json.Unmarshal(said, res); err != nil {
		return nil, fmt.Errorf("what the bare client says: %w", err)
	}
	return res, forget(ctx, r.broker, client)
}

// runBare is the child of measureBroker; it says on stdout what it took.
func runBare(ctx context.Context, broker, client string, all int) error {
	began := time.Now()
	var taken atomic.Int64
	done := make(chan struct{})
	c := mqtt.NewClient(mqtt.NewClientOptions().AddBroker(broker).SetClientID(client).SetCleanSession(false).SetOrderMatters(true).
		SetDefaultPublishHandler(func(mqtt.Client, mqtt.Message) {
			if taken.Add(1) == int64(all) {
				close(done)
			}
		}))
	if err := settled(ctx, c.Connect()); err != nil {
		return err
	}
	select {
	case <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	res := result{Rate: float64(all) / time.Since(began).Seconds()}
	c.Disconnect(100)
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return fmt.Errorf("read processor time: %w", err)
	}
	res.CPU = float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
	res.Own = res.CPU
	return json.NewEncoder(os.Stdout).Encode(res)
}

// measureInfluxd tells what influxd itself takes at most: the points that our ingester makes of the same
// messages, ready as line protocol and in the order of devices, by as many requests at once as our store has
// under way.
func measureInfluxd(ctx context.Context, r *round) (*result, error) {
	database := r.database("alone")
	if _, err := r.db.query("", "CREATE DATABASE "+database); err != nil {
		return nil, err
	}
	var bodies [][]byte
	var body bytes.Buffer
	const perRequest = 250
	facts := slices.Clone(r.facts)
	slices.SortStableFunc(facts, func(a, b fact) int { return cmp.Compare(a.id.Device, b.id.Device) })
	for i := range facts {
		facts[i].lines(&body)
		if (i+1)%perRequest == 0 || i+1 == len(facts) {
			bodies = append(bodies, bytes.Clone(body.Bytes()))
			body.Reset()
		}
	}
	before, err := r.db.cpu()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(4)
	for _, b := range bodies {
		g.Go(func() error { return r.db.post(ctx, database, b) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	took := time.Since(began)
	after, err := r.db.cpu()
	if err != nil {
		return nil, err
	}
	res := &result{Rate: float64(len(r.facts)) / took.Seconds(), CPU: (after - before).Seconds()}
	res.Lost, err = r.db.missing(ctx, database, "present", "shelf", len(r.facts))
	return res, err
}

// post writes lines in microseconds.
func (s *influxd) post(ctx context.Context, database string, lines []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.addr+"/write?precision=u&db="+database, bytes.NewReader(lines))
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusNoContent {
		err = fmt.Errorf("influxd: %s: %s", resp.Status, strings.TrimSpace(string(said)))
	}
	return err
}

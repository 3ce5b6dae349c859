package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd/conf"
)

// influxd is a real InfluxDB 1.8 with Flux on.
type influxd struct {
	*process
	addr string
}

func startInfluxd(ctx context.Context, program, dir string) (*influxd, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	file, err := conf.Write(dir, addr)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, program, "-config", file)
	if err != nil {
		return nil, err
	}
	s := &influxd{p, addr}
	err = until(ctx, "influxd answers", 5*time.Minute, 50*time.Millisecond, func() (bool, error) {
		resp, err := http.Get("http://" + addr + "/ping")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil, nil
	})
	return s, err
}

// query runs InfluxQL; the body is read whole, because influxd aborts a statement whose client hangs up.
func (s *influxd) query(db, q string) ([]byte, error) {
	resp, err := http.PostForm("http://"+s.addr+"/query", url.Values{"db": {db}, "q": {q}})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || strings.Contains(string(body), `"error"`)) {
		err = fmt.Errorf("influxd: %s: %s", q, body)
	}
	return body, err
}

// written is how many points it has taken since it started, from its own counters, which cost it next
// to nothing to tell.
func (s *influxd) written() (int64, error) {
	resp, err := http.Get("http://" + s.addr + "/debug/vars")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var vars map[string]json.RawMessage
	if err := json.NewDecoder(resp.Body).Decode(&vars); err != nil {
		return 0, err
	}
	var part struct{ Values struct{ PointReq int64 } }
	for name, raw := range vars {
		if name == "write" {
			return part.Values.PointReq, json.Unmarshal(raw, &part)
		}
	}
	return 0, nil // nothing yet
}

// count is how many slot points a database holds.
func (s *influxd) count(db, field, measurement string) (int64, error) {
	body, err := s.query(db, fmt.Sprintf(`SELECT count(%q) FROM %q`, field, measurement))
	if err != nil {
		return 0, err
	}
	var answer struct {
		Results []struct {
			Series []struct{ Values [][]any }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return 0, err
	}
	if len(answer.Results) == 0 || len(answer.Results[0].Series) == 0 {
		return 0, nil
	}
	n, ok := answer.Results[0].Series[0].Values[0][1].(float64)
	if !ok {
		return 0, fmt.Errorf("influxd counts %s", body)
	}
	return int64(n), nil
}

// telegrafConf is set up in the peer's favour: larger batches and more messages in flight than its
// defaults, whose buffer of 10,000 points is smaller than what its 1,000 messages in flight hold here
// (it had stored a third of all when we stopped it after three minutes), no compression, and as long as a busy
// influxd needs for an answer: after its 5 s it writes the same again. The name is its database and its MQTT client.
func telegrafConf(name, broker, influxd string) string {
	return fmt.Sprintf(`[agent]
  omit_hostname = true
  flush_interval = "200ms"
  metric_batch_size = 10000
  metric_buffer_limit = 1000000
[[inputs.mqtt_consumer]]
  servers = [%[1]q]
  topics = ["peer/+"]
  topic_tag = ""
  qos = 1
  client_id = %[2]q
  persistent_session = true
  max_undelivered_messages = 2000
  data_format = "json_v2"
  [[inputs.mqtt_consumer.json_v2]]
    measurement_name = "slot"
    timestamp_path = "ts"
    timestamp_format = "unix_us"
    [[inputs.mqtt_consumer.json_v2.tag]]
      path = "device"
    [[inputs.mqtt_consumer.json_v2.object]]
      path = "slots"
      tags = ["s", "g"]
[[outputs.influxdb_v2]]
  urls = [%[3]q]
  bucket = "%[2]s/autogen"
  content_encoding = "identity"
  timeout = "60s"
`, broker, name, influxd)
}

// measurePeer lets Telegraf take what waits for it.
func measurePeer(ctx context.Context, r *round) (*result, error) {
	name := r.database("telegraf")
	if _, err := r.db.query("", "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	if err := session(ctx, r.broker, name, map[string]byte{"peer/+": 1}); err != nil {
		return nil, err
	}
	err := publish(ctx, r.broker, r.facts, func(f *fact) (string, []byte) { return "peer/" + f.id.Device, f.json })
	if err != nil {
		return nil, err
	}
	file := filepath.Join(r.dir, name+".conf")
	if err := os.WriteFile(file, []byte(telegrafConf(name, r.broker, "http://"+r.db.addr)), 0o600); err != nil {
		return nil, err
	}
	before, err := r.db.written()
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, r.Telegraf, "--config", file, "--quiet", "--non-strict-env-handling")
	if err != nil {
		return nil, err
	}
	defer p.stop()
	res, err := timed(ctx, len(r.facts), []*process{p, r.db.process}, 50*time.Millisecond, func() (int64, error) {
		n, err := r.db.written()
		return (n - before) / skus, err
	})
	if err != nil {
		return nil, err
	}
	if res.Lost, err = r.db.missing(ctx, name, "st", "slot", len(r.facts)); err != nil {
		return nil, err
	}
	p.stop()
	return res, forget(ctx, r.broker, name)
}

// missing is how many messages of all are not in a database, once it has had time to take the last.
func (s *influxd) missing(ctx context.Context, db, field, measurement string, all int) (int, error) {
	var points int64
	err := until(ctx, "all points are counted", 10*time.Second, 200*time.Millisecond, func() (_ bool, err error) {
		points, err = s.count(db, field, measurement)
		return points == int64(all)*skus, err
	})
	if err != nil && ctx.Err() == nil && points > 0 {
		err = nil // it took no more: those are lost
	}
	return all - int(points/skus), err
}

// Package influx is the series store on InfluxDB v2, through influxdb-client-go, for services whose series is
// too large for one machine or is read by others too. On the way from a message to an alert, the ingester
// writes here first.
//
// Points are sent by the blocking write API. What waits is in the ingester's batch, in the broker, and finally
// in the boards' own outboxes, which are durable. Write returns nil when the server has taken every point.
// While the server is slow or away, the ingester takes nothing more from the broker. A batch that the server
// refuses is halved repeatedly until the message at fault is found, which is then reported as a
// *series.Refused.
//
// These points are written (the types of fields never change; whole numbers carry InfluxDB's i):
//
//	shelf,tenant,store,device,slot,gtin  present [state] [missing], or for an unknown slot: state due reason; its message is the look of the same time
//	look,tenant,store,device             slots order boot seq mat
//	climate,tenant,store,device[,sensor] temp_mc humidity_permille boot seq mat place
//	door|power|footfall[,line]|event,…   likewise, see lines.go
//	hour_store|hour_sku|hour_sale|hour_cooler,…   merged hours, see hours.go
//
// A slot without a state is OK, and one without missing has everything that is due: the server pays for each
// field, and most slots are full.
//
// The time of a point is that of its own reading, in nanoseconds: the microseconds as measured, and below them
// seq modulo 1000, so that two messages of the same microsecond do not overwrite each other. mat is the
// message's own time in microseconds.
//
// It never deletes: how long points are kept is a setting of the bucket.
package influx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"

	"github.com/coldshelf/coldshelf/cloud/internal/series"
)

// Store is a client for one bucket. It is safe for concurrent use.
type Store struct {
	client influxdb2.Client
	write  api.WriteAPIBlocking
	query  api.QueryAPI
	bucket string
}

// requestTime bounds one request; the ingester retries.
const requestTime = 30 * time.Second

// Open takes "influx://host:8086/?org=…&bucket=…&token_file=…", or influxs:// for TLS. InfluxDB 1.8 has no org;
// its bucket is database/retention, and its token user:password. Nothing is sent yet.
func Open(_ context.Context, rawURL string) (*Store, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host == "" {
		return nil, errors.New("series URL: want influx://host:8086/?org=…&bucket=…&token_file=…")
	}
	scheme := map[string]string{"influx": "http", "influxs": "https"}[u.Scheme]
	if scheme == "" {
		return nil, fmt.Errorf("series URL: unknown scheme %q, want influx or influxs", u.Scheme)
	}
	q := u.Query()
	for key := range q {
		if key != "org" && key != "bucket" && key != "token_file" {
			return nil, fmt.Errorf("series URL: unknown parameter %q, want org, bucket and token_file", key)
		}
	}
	if q.Get("bucket") == "" {
		return nil, errors.New("series URL: bucket is missing")
	}
	token := ""
	if file := q.Get("token_file"); file != "" {
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("series URL: read token_file: %w", err)
		}
		token = strings.TrimSpace(string(data))
	}
	// On the same machine compression costs more than it saves.
	host := net.ParseIP(u.Hostname())
	far := u.Hostname() != "localhost" && (host == nil || !host.IsLoopback())
	opts := influxdb2.DefaultOptions().SetHTTPRequestTimeout(uint(requestTime.Seconds())).SetUseGZip(far).
		SetApplicationName("coldshelf").SetLogLevel(0)
	client := influxdb2.NewClientWithOptions(scheme+"://"+u.Host+strings.TrimSuffix(u.Path, "/"), token, opts)
	return &Store{client: client, write: client.WriteAPIBlocking(q.Get("org"), q.Get("bucket")),
		query: client.QueryAPI(q.Get("org")), bucket: q.Get("bucket")}, nil
}

// Ping returns nil if the server answers.
func (s *Store) Ping(ctx context.Context) error {
	ok, err := s.client.Ping(ctx)
	if err == nil && !ok {
		err = errors.New("the server does not answer as InfluxDB does")
	}
	if err != nil {
		return fmt.Errorf("ask InfluxDB: %w", err)
	}
	return nil
}

// Close closes the connections.
func (s *Store) Close() error {
	s.client.Close()
	return nil
}

// Maintain does nothing: the bucket's own retention deletes old points.
func (s *Store) Maintain(context.Context, time.Time, series.Retention) error { return nil }

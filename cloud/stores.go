package cloud

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/ingest"
	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub"
	"github.com/coldshelf/coldshelf/cloud/internal/natssub"
	"github.com/coldshelf/coldshelf/cloud/internal/series"
	"github.com/coldshelf/coldshelf/cloud/internal/series/embedded"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx"
)

// seriesStore is what the service asks of a series store, the writer's and the readers' needs together.
type seriesStore interface {
	ingest.Series
	Messages(ctx context.Context, r series.Range, limit int) ([]series.Message, error)
	Hours(ctx context.Context, r series.Range) ([]series.Rollup, error)
	Days(ctx context.Context, r series.Range) ([]series.Rollup, error)
	Fleet(ctx context.Context, tenant string, from, to time.Time) ([]series.Totals, error)
	Maintain(ctx context.Context, now time.Time, keep series.Retention) error
	Ping(ctx context.Context) error
	Close() error
}

func openSeries(ctx context.Context, url string) (seriesStore, error) {
	scheme, _, _ := strings.Cut(url, ":")
	switch scheme {
	case "sqlite":
		return embedded.Open(ctx, url)
	case "influx", "influxs":
		return influx.Open(ctx, url)
	}
	return nil, Hint(fmt.Errorf("series URL: unknown scheme %q", scheme), "use sqlite:/path/series.db or influx://host:8086/…")
}

// Hinted is an error with advice for the person at the terminal.
type Hinted struct {
	Err  error
	Text string
}

func (h *Hinted) Error() string { return h.Err.Error() }
func (h *Hinted) Unwrap() error { return h.Err }

// Hint adds advice to an error; nil stays nil, and the advice nearest to the fault wins.
func Hint(err error, format string, args ...any) error {
	var h *Hinted
	if err == nil || errors.As(err, &h) {
		return err
	}
	return &Hinted{err, fmt.Sprintf(format, args...)}
}

// ProbeSeries opens the series store and asks for something, so that a wrong token or bucket is seen too.
func ProbeSeries(ctx context.Context, url string) error {
	s, err := openSeries(ctx, url)
	if err != nil {
		return err
	}
	if err = s.Ping(ctx); err == nil {
		now := time.Now()
		_, err = s.Messages(ctx, series.Range{Tenant: "doctor", Device: "doctor", From: now.Add(-time.Minute), To: now}, 1)
	}
	return errors.Join(err, s.Close())
}

// ProbeBroker connects to a broker elsewhere with the service's own credentials and sees that it may do there what the
// service does; who else is connected notices nothing. The error is Hinted.
func ProbeBroker(ctx context.Context, m config.MQTT) error {
	password, conf, err := BrokerCredentials(m)
	if err != nil {
		return err
	}
	if strings.HasPrefix(m.Broker, "nats:") {
		err := natssub.Probe(ctx, natssub.Config{URL: m.Broker, Username: m.Username, Password: password, TLS: conf})
		return Hint(err, "see that the cluster runs with JetStream, and mqtt.broker, mqtt.username and mqtt.password_file")
	}
	address, err := mqttsub.Address(m.Broker)
	if err != nil {
		return Hint(err, "correct mqtt.broker, or --broker")
	}
	err = mqttsub.Probe(ctx, mqttsub.Config{URL: m.Broker, Username: m.Username, Password: password, TLS: conf})
	if err == nil {
		return nil
	}
	why, hint := mqttsub.Explain(err, address)
	return Hint(fmt.Errorf("%s: %s", address.Redacted(), why), "%s", strings.NewReplacer("the CA file", "mqtt.ca", "the client certificate and its key", "mqtt.cert and mqtt.key",
		"the user and password", "mqtt.username and mqtt.password_file", "the client certificate", "mqtt.cert").Replace(hint))
}

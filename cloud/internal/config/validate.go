package config

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/wire"
)

// Validate joins every fault, each naming its key.
func (c *Config) Validate() error {
	var faults []error
	fault := func(key, format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: %w", key, fmt.Errorf(format, args...)))
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		fault("listen", "%q is not host:port", c.Listen)
	}
	if c.MQTT.Broker == "" {
		if _, _, err := net.SplitHostPort(c.MQTT.Listen); err != nil {
			fault("mqtt.listen", "%q is not host:port", c.MQTT.Listen)
		}
	} else if err := scheme(c.MQTT.Broker, "mqtt", "tcp", "mqtts", "ssl", "ws", "wss", "nats"); err != nil {
		fault("mqtt.broker", "%w", err)
	}
	if c.MQTT.TLSListen != "" {
		if _, _, err := net.SplitHostPort(c.MQTT.TLSListen); err != nil {
			fault("mqtt.tls_listen", "%q is not host:port", c.MQTT.TLSListen)
		}
		if len(c.MQTT.TLSNames) == 0 {
			fault("mqtt.tls_names", "none: boards could not know the broker")
		}
	}
	switch c.Access.Mode {
	case "auto", "open", "tokens":
	default:
		fault("access.mode", "%q is not auto, open or tokens", c.Access.Mode)
	}
	if (c.MQTT.Cert == "") != (c.MQTT.Key == "") {
		fault("mqtt.cert", "cert and key go together")
	}
	if err := (wire.Identity{Tenant: c.Tenant, Store: "s", Device: "d"}).Validate(); err != nil {
		fault("tenant", "%w", err)
	}
	if err := scheme(c.StateURL(), "sqlite", "postgres", "postgresql"); err != nil {
		fault("state", "%w", err)
	}
	if err := scheme(c.SeriesURL(), "sqlite", "influx", "influxs"); err != nil {
		fault("series", "%w", err)
	}
	if c.Ingest.Batch < 1 || c.Ingest.Batch > 100_000 {
		fault("ingest.batch", "%d is not from 1 to 100000", c.Ingest.Batch)
	}
	if c.Ingest.Linger < 0 || c.Ingest.Linger.Seconds() > 10 {
		fault("ingest.linger", "%v is not from 0 to 10s", c.Ingest.Linger)
	}
	for _, origin := range c.Alerts.Origins {
		if err := scheme(origin, "https", "http"); err != nil {
			fault("alerts.origins", "%w", err)
		}
	}
	if smtp := c.Alerts.SMTP; smtp != (SMTP{}) {
		if _, _, err := net.SplitHostPort(smtp.Server); err != nil {
			fault("alerts.smtp.server", "%q is not host:port", smtp.Server)
		}
		if a, err := mail.ParseAddress(smtp.From); err != nil || a.Address != smtp.From {
			fault("alerts.smtp.from", "%q is not an address", smtp.From)
		}
		if (smtp.Username == "") != (smtp.PasswordFile == "") {
			fault("alerts.smtp.username", "username and password_file go together")
		}
	}
	for i, d := range c.Sales.Drop {
		if d.Dir == "" {
			fault(fmt.Sprintf("sales.drop[%d].dir", i), "is missing")
		}
	}
	if c.Sales.Every < 100*time.Millisecond {
		fault("sales.every", "%v is less than 100ms", c.Sales.Every)
	}
	if c.Sales.Feed < 100*time.Millisecond {
		fault("sales.feed", "%v is less than 100ms", c.Sales.Feed)
	}
	if u := c.Updates.URL; u != "" {
		if parsed, err := url.Parse(u); err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.RawQuery != "" {
			fault("updates.url", "%q is not an address such as https://cloud.example", u)
		}
	}
	if c.Ingest.Rate < 0 {
		fault("ingest.rate", "%g is negative", c.Ingest.Rate)
	}
	if c.Keep.Points < day {
		fault("keep.points", "%v is less than 24h", c.Keep.Points)
	}
	if c.Keep.Hours < c.Keep.Points {
		fault("keep.hours", "%v is less than keep.points", c.Keep.Hours)
	}
	if c.Keep.Pictures < 1 {
		fault("keep.pictures", "%d is less than 1", c.Keep.Pictures)
	}
	if c.Keep.Quarantine < 1 {
		fault("keep.quarantine", "%d is less than 1", c.Keep.Quarantine)
	}
	if err := new(slog.LevelVar).UnmarshalText([]byte(c.Log.Level)); err != nil {
		fault("log.level", "%q is not debug, info, warn or error", c.Log.Level)
	}
	if c.Log.Format != "text" && c.Log.Format != "json" {
		fault("log.format", "%q is not text or json", c.Log.Format)
	}
	return errors.Join(faults...)
}

func scheme(raw string, known ...string) error {
	got, _, ok := strings.Cut(raw, ":")
	if !ok || !slices.Contains(known, got) {
		shown := raw
		if u, err := url.Parse(raw); err == nil {
			shown = u.Redacted()
		}
		return fmt.Errorf("%q does not begin with one of %s", shown, strings.Join(known, ":, ")+":")
	}
	return nil
}

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

// Validate joins every fault. The text of each begins with the key that is wrong.
func (c *Config) Validate() error {
	var f faults
	f.hostPort("listen", c.Listen)
	if err := (wire.Identity{Tenant: c.Tenant, Store: "s", Device: "d"}).Validate(); err != nil {
		f.add("tenant", "%w", err)
	}
	f.scheme("state", c.StateURL(), "sqlite", "postgres", "postgresql")
	f.scheme("series", c.SeriesURL(), "sqlite", "influx", "influxs")
	f.oneOf("access.mode", c.Access.Mode, "auto", "open", "tokens")
	c.Uploads.validate(&f)
	c.MQTT.validate(&f)
	c.Ingest.validate(&f)
	c.Alerts.validate(&f)
	c.Sales.validate(&f)
	c.Updates.validate(&f)
	c.Keep.validate(&f)
	c.Log.validate(&f)
	return errors.Join(f...)
}

func (u *Uploads) validate(f *faults) {
	if u.Pause < 100*time.Millisecond || u.Pause > time.Hour {
		f.add("uploads.pause", "%v is not from 100ms to 1h", u.Pause)
	}
	if u.Rate < 1 {
		f.add("uploads.rate", "%d is not 1 byte a second or more", u.Rate)
	}
}

func (m *MQTT) validate(f *faults) {
	if m.Broker == "" {
		f.hostPort("mqtt.listen", m.Listen)
	} else {
		f.scheme("mqtt.broker", m.Broker, "mqtt", "tcp", "mqtts", "ssl", "ws", "wss", "nats")
	}
	if m.TLSListen != "" {
		f.hostPort("mqtt.tls_listen", m.TLSListen)
		if len(m.TLSNames) == 0 {
			f.add("mqtt.tls_names", "none: boards could not know the broker")
		}
	}
	if (m.Cert == "") != (m.Key == "") {
		f.add("mqtt.cert", "cert and key go together")
	}
}

func (i *Ingest) validate(f *faults) {
	if i.Batch < 1 || i.Batch > 100_000 {
		f.add("ingest.batch", "%d is not from 1 to 100000", i.Batch)
	}
	if i.Linger < 0 || i.Linger > 10*time.Second {
		f.add("ingest.linger", "%v is not from 0 to 10s", i.Linger)
	}
	if i.Rate < 0 {
		f.add("ingest.rate", "%g is negative", i.Rate)
	}
}

func (a *Alerts) validate(f *faults) {
	for _, origin := range a.Origins {
		f.scheme("alerts.origins", origin, "https", "http")
	}
	if a.SMTP != (SMTP{}) {
		a.SMTP.validate(f)
	}
}

func (s *SMTP) validate(f *faults) {
	f.hostPort("alerts.smtp.server", s.Server)
	if a, err := mail.ParseAddress(s.From); err != nil || a.Address != s.From {
		f.add("alerts.smtp.from", "%q is not an address", s.From)
	}
	if (s.Username == "") != (s.PasswordFile == "") {
		f.add("alerts.smtp.username", "username and password_file go together")
	}
}

func (s *Sales) validate(f *faults) {
	for i, d := range s.Drop {
		if d.Dir == "" {
			f.add(fmt.Sprintf("sales.drop[%d].dir", i), "is missing")
		}
	}
	f.atLeast("sales.every", s.Every, 100*time.Millisecond)
	f.atLeast("sales.feed", s.Feed, 100*time.Millisecond)
}

func (u *Updates) validate(f *faults) {
	if u.URL == "" {
		return
	}
	parsed, err := url.Parse(u.URL)
	if err != nil || parsed.Scheme != "https" && parsed.Scheme != "http" || parsed.Host == "" || parsed.RawQuery != "" {
		f.add("updates.url", "%q is not an address such as https://cloud.example", u.URL)
	}
}

func (k *Keep) validate(f *faults) {
	if k.Points < day {
		f.add("keep.points", "%v is less than 24h", k.Points)
	}
	if k.Hours < k.Points {
		f.add("keep.hours", "%v is less than keep.points", k.Hours)
	}
	if k.Days < k.Hours {
		f.add("keep.days", "%v is less than keep.hours", k.Days)
	}
	if k.Pictures < 1 {
		f.add("keep.pictures", "%d is less than 1", k.Pictures)
	}
	if k.Quarantine < 1 {
		f.add("keep.quarantine", "%d is less than 1", k.Quarantine)
	}
}

func (l *Log) validate(f *faults) {
	if err := new(slog.LevelVar).UnmarshalText([]byte(l.Level)); err != nil {
		f.add("log.level", "%q is not debug, info, warn or error", l.Level)
	}
	f.oneOf("log.format", l.Format, "text", "json")
}

// faults are the faults of a configuration. The text of each begins with its key.
type faults []error

func (f *faults) add(key, format string, args ...any) {
	*f = append(*f, fmt.Errorf("%s: %w", key, fmt.Errorf(format, args...)))
}

func (f *faults) hostPort(key, value string) {
	if _, _, err := net.SplitHostPort(value); err != nil {
		f.add(key, "%q is not host:port", value)
	}
}

func (f *faults) oneOf(key, value string, known ...string) {
	if !slices.Contains(known, value) {
		last := len(known) - 1
		f.add(key, "%q is not %s or %s", value, strings.Join(known[:last], ", "), known[last])
	}
}

func (f *faults) atLeast(key string, value, least time.Duration) {
	if value < least {
		f.add(key, "%v is less than %v", value, least)
	}
}

func (f *faults) scheme(key, raw string, known ...string) {
	got, _, ok := strings.Cut(raw, ":")
	if ok && slices.Contains(known, got) {
		return
	}
	shown := raw
	if u, err := url.Parse(raw); err == nil {
		shown = u.Redacted()
	}
	f.add(key, "%q does not begin with one of %s", shown, strings.Join(known, ":, ")+":")
}

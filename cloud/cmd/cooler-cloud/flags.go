package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// settings are the flags that stand for keys of the configuration file and win over them.
type settings struct {
	file  string
	flags config.Config
}

func (s *settings) register(cmd *cobra.Command) {
	d := config.Defaults()
	f := cmd.Flags()
	f.StringVar(&s.file, "config", "", "configuration file (YAML)")
	f.StringVar(&s.flags.Listen, "listen", d.Listen, "address of the page and the API")
	f.StringVar(&s.flags.MQTT.Listen, "mqtt-listen", d.MQTT.Listen, "address of the embedded broker")
	f.StringVar(&s.flags.MQTT.Broker, "broker", "", "hear the boards through this broker instead, such as mqtt://host:1883")
	f.StringVar(&s.flags.MQTT.ClientID, "client-id", "", "stable name at that broker, different for each ingester")
	f.StringVar(&s.flags.DataDir, "data", d.DataDir, "folder of the databases")
	f.StringVar(&s.flags.State, "state", "", "state: sqlite:/path/state.db or postgres://… (default: in --data)")
	f.StringVar(&s.flags.Series, "series", "", "series: sqlite:/path/series.db or influx://… (default: in --data)")
	f.StringVar(&s.flags.Tenant, "tenant", d.Tenant, "tenant of the page and the API")
	f.StringVar(&s.flags.Access.Mode, "access", d.Access.Mode, "open, tokens, or auto: tokens unless all listens on loopback")
	f.StringVar(&s.flags.Planograms, "planograms", "", "publish the planograms of this folder at start")
	f.StringVar(&s.flags.Log.Level, "log-level", d.Log.Level, "debug, info, warn or error")
	f.StringVar(&s.flags.Log.Format, "log-format", d.Log.Format, "text or json")
	s.hide(cmd)
}

// shown are the flags that --help names of a command besides those of every command; serve and doctor show all.
var shown = map[string][]string{
	"backup": {"series"}, "test": {"series"}, "explain": {"series"},
	"replay": {"mqtt-listen", "broker", "client-id"},
	"add":    {"listen"}, "link": {"listen"},
}

// hide leaves out of --help what a command has no use for. It takes these flags all the same, so that a script may give
// every command what it gives serve.
func (s *settings) hide(cmd *cobra.Command) {
	if name := cmd.Name(); name == "serve" || name == "doctor" {
		return
	}
	of := append([]string{"config", "data", "state", "tenant"}, shown[cmd.Name()]...)
	cmd.Flags().VisitAll(func(f *pflag.Flag) { f.Hidden = f.Hidden || !slices.Contains(of, f.Name) })
}

// load reads the file, if there is one, and puts the flags that were given over it.
func (s *settings) load(cmd *cobra.Command) (*config.Config, error) {
	c := config.Defaults()
	if s.file != "" {
		read, err := config.Read(s.file)
		if err != nil {
			return nil, cloud.Hint(err, "correct the file; cooler-cloud serve --help shows what flags can say instead")
		}
		c = *read
	}
	for _, x := range []struct {
		flag     string
		to, from *string
	}{
		{"listen", &c.Listen, &s.flags.Listen},
		{"mqtt-listen", &c.MQTT.Listen, &s.flags.MQTT.Listen},
		{"broker", &c.MQTT.Broker, &s.flags.MQTT.Broker},
		{"client-id", &c.MQTT.ClientID, &s.flags.MQTT.ClientID},
		{"data", &c.DataDir, &s.flags.DataDir},
		{"state", &c.State, &s.flags.State},
		{"series", &c.Series, &s.flags.Series},
		{"tenant", &c.Tenant, &s.flags.Tenant},
		{"access", &c.Access.Mode, &s.flags.Access.Mode},
		{"planograms", &c.Planograms, &s.flags.Planograms},
		{"log-level", &c.Log.Level, &s.flags.Log.Level},
		{"log-format", &c.Log.Format, &s.flags.Log.Format},
	} {
		if cmd.Flags().Changed(x.flag) {
			*x.to = *x.from
		}
	}
	if err := c.Validate(); err != nil {
		return nil, cloud.Hint(fmt.Errorf("configuration: %w", err), "correct the keys named above")
	}
	return &c, nil
}

// logger writes to w as the configuration says.
func logger(c *config.Config, w io.Writer) *slog.Logger {
	var level slog.LevelVar
	_ = level.UnmarshalText([]byte(c.Log.Level)) // Validate has seen to it
	opts := &slog.HandlerOptions{Level: &level}
	if c.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// Package config reads cooler-cloud's configuration: one YAML file, decoded strictly, over defaults with which
// no file is needed. A key that is unknown or occurs twice is an error that names the key and its line;
// Validate joins every fault. The Config that Load returns is complete and is not changed afterwards.
//
// It does not look at the machine: whether a port is free or a database answers is for doctor to find out.
// Relative paths are resolved against the folder of the file. The file contains no secrets: passwords are in
// files of their own.
package config

import (
	"net"
	"os"
	"path/filepath"
	"time"
)

// Config is the whole file.
type Config struct {
	Listen     string `yaml:"listen"`     // of the page and the API
	DataDir    string `yaml:"data_dir"`   // contains the databases that have no URL of their own
	Tenant     string `yaml:"tenant"`     // the tenant whom the API serves if nobody has to prove who they are
	State      string `yaml:"state"`      // sqlite:/path/state.db or postgres://…; "": in data_dir
	Series     string `yaml:"series"`     // sqlite:/path/series.db or influx://host:8086/?org=…&bucket=…&token_file=…; "": in data_dir
	Planograms string `yaml:"planograms"` // folder of planograms that are published at start; "": none

	Access  Access  `yaml:"access"`
	Uploads Uploads `yaml:"uploads"`
	MQTT    MQTT    `yaml:"mqtt"`
	Ingest  Ingest  `yaml:"ingest"`
	Alerts  Alerts  `yaml:"alerts"`
	Sales   Sales   `yaml:"sales"`
	Updates Updates `yaml:"updates"`
	Keep    Keep    `yaml:"keep"`
	Log     Log     `yaml:"log"`
}

// Access says who has to prove who they are.
type Access struct {
	Mode string `yaml:"mode"` // open: nobody; tokens: everybody, people and boards; auto: tokens, unless everything listens on loopback
}

// Uploads says how slowly the body of a request may come.
type Uploads struct {
	Pause time.Duration `yaml:"pause"` // for how long nothing of it may come
	Rate  int64         `yaml:"rate"`  // the least bytes per second otherwise
}

// MQTT says through which broker messages from boards come.
type MQTT struct {
	Listen       string   `yaml:"listen"`     // of the embedded broker; not used with Broker
	TLSListen    string   `yaml:"tls_listen"` // of the embedded broker for TLS with our own authority; "": none
	TLSNames     []string `yaml:"tls_names"`  // host names and addresses by which boards reach it
	Broker       string   `yaml:"broker"`     // mqtt://host:1883, mqtts://host:8883 or nats://a:4222,b:4222?replicas=3; "": the embedded one
	ClientID     string   `yaml:"client_id"`
	Username     string   `yaml:"username"`
	PasswordFile string   `yaml:"password_file"`
	CA           string   `yaml:"ca"` // PEM; "": the system's roots
	Cert         string   `yaml:"cert"`
	Key          string   `yaml:"key"`
}

// Ingest configures how messages are taken in.
type Ingest struct {
	Batch  int           `yaml:"batch"`
	Linger time.Duration `yaml:"linger"`
	Rate   float64       `yaml:"rate"` // messages per second that one board may send; 0: no limit
}

// Alerts says when something is wrong, and who may be told.
type Alerts struct {
	Rules           string   `yaml:"rules"`            // file of rules, read again when it changes; "": the defaults
	Origins         []string `yaml:"origins"`          // pages of other origins that may follow the live stream, https://host
	PrivateWebhooks bool     `yaml:"private_webhooks"` // webhooks may call addresses of private networks
	SMTP            SMTP     `yaml:"smtp"`             // for webhooks of the format email
}

// SMTP is the mail server to which e-mails are handed.
type SMTP struct {
	Server       string `yaml:"server"` // host:port; "": no e-mail. STARTTLS is used where it is offered
	From         string `yaml:"from"`   // address of the sender
	Username     string `yaml:"username"`
	PasswordFile string `yaml:"password_file"`
}

// Sales says where sales come from besides the API, webhooks and MQTT.
type Sales struct {
	Drop  []Drop        `yaml:"drop"`  // folders into which files with sales are written
	Every time.Duration `yaml:"every"` // how often they are checked
	Feed  time.Duration `yaml:"feed"`  // how often the alert engine is told what the books say
}

// Drop is a folder of files: .csv by the mapping, .ndjson, and .xml as POSLog of the channel.
type Drop struct {
	Dir     string `yaml:"dir"`
	Mapping string `yaml:"mapping"` // file; "": no .csv is accepted
	Channel string `yaml:"channel"` // of POSLogs; "": none are accepted
}

// Updates says where boards fetch signed bundles.
type Updates struct {
	URL string `yaml:"url"` // address at which boards reach this service, such as https://cloud.example; "": that of listen, if it names a host
}

// Keep says for how long data are kept.
type Keep struct {
	Points     time.Duration `yaml:"points"`     // every single point of the embedded series
	Hours      time.Duration `yaml:"hours"`      // its totals by the hour
	Days       time.Duration `yaml:"days"`       // its totals by the day
	Pictures   int           `yaml:"pictures"`   // for each device
	Quarantine int           `yaml:"quarantine"` // messages
}

// Log says what is logged, and how.
type Log struct {
	Level  string `yaml:"level"`  // debug, info, warn or error
	Format string `yaml:"format"` // text or json
}

const day = 24 * time.Hour

// Defaults returns the configuration of a service for one machine that accepts no connections from outside.
func Defaults() Config {
	return Config{
		Listen:  "127.0.0.1:8080",
		DataDir: defaultDataDir(),
		Tenant:  "default",
		Access:  Access{Mode: "auto"},
		Uploads: Uploads{Pause: time.Minute, Rate: 8 << 10},
		MQTT:    MQTT{Listen: "127.0.0.1:1883", TLSNames: []string{"localhost", "127.0.0.1"}},
		Ingest:  Ingest{Batch: 10_000, Linger: 2 * time.Millisecond, Rate: 500},
		Sales:   Sales{Every: 2 * time.Second, Feed: 15 * time.Minute},
		Keep:    Keep{Points: 90 * day, Hours: 3 * 365 * day, Days: 10 * 365 * day, Pictures: 20, Quarantine: 10_000},
		Log:     Log{Level: "info", Format: "text"},
	}
}

// defaultDataDir returns the folder that systemd gives a service, or else the user's own data folder.
func defaultDataDir() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "coldshelf")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".local", "share", "coldshelf")
	}
	return "coldshelf-data"
}

// StateURL returns the URL of the state database.
func (c *Config) StateURL() string {
	if c.State != "" {
		return c.State
	}
	return "sqlite:" + filepath.Join(c.DataDir, "state.db")
}

// SeriesURL returns the URL of the series store.
func (c *Config) SeriesURL() string {
	if c.Series != "" {
		return c.Series
	}
	return "sqlite:" + filepath.Join(c.DataDir, "series.db")
}

// NeedsTokens reports whether people and boards have to prove who they are.
func (c *Config) NeedsTokens() bool {
	if c.Access.Mode != "auto" {
		return c.Access.Mode == "tokens"
	}
	addresses := []string{c.Listen}
	if c.MQTT.Broker == "" {
		addresses = append(addresses, c.MQTT.Listen)
		if c.MQTT.TLSListen != "" {
			addresses = append(addresses, c.MQTT.TLSListen)
		}
	}
	for _, addr := range addresses {
		host, _, _ := net.SplitHostPort(addr)
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return true
		}
	}
	return false
}

package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// TestBad: each file breaks one rule and says in its first line what must be said about it.
func TestBad(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no *.bad.yml: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".bad.yml"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(string(text), "\n")
			want, ok := strings.CutPrefix(first, "# want: ")
			if !ok {
				t.Fatalf("%s does not begin with # want:", file)
			}
			c, err := config.Read(file)
			if err == nil {
				err = c.Validate()
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want an error with %q", err, want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("the error shows a password: %v", err)
			}
		})
	}
}

func TestFull(t *testing.T) {
	got, err := config.Read("testdata/full.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := got.Validate(); err != nil {
		t.Fatal(err)
	}
	want := &config.Config{
		Listen: "0.0.0.0:8443", DataDir: "testdata/data", Tenant: "acme", State: "postgres://coldshelf@db/coldshelf",
		Series: "sqlite:/srv/series.db", Planograms: "testdata/planograms",
		Access:  config.Access{Mode: "tokens"},
		Uploads: config.Uploads{Pause: 30 * time.Second, Rate: 2048},
		MQTT: config.MQTT{Listen: "0.0.0.0:1883", TLSListen: "0.0.0.0:8883", TLSNames: []string{"cloud.example"}, Broker: "mqtts://broker.example:8883", ClientID: "ingest-1", Username: "cloud",
			PasswordFile: "testdata/secrets/mqtt", CA: "testdata/ca.pem", Cert: "testdata/cloud.pem", Key: "testdata/cloud.key"},
		Ingest: config.Ingest{Batch: 500, Linger: 5 * time.Millisecond, Rate: 20},
		Sales:  config.Sales{Drop: []config.Drop{{Dir: "testdata/sales/north", Mapping: "testdata/till.yml", Channel: "pos-north"}}, Every: 10 * time.Second, Feed: time.Hour},
		Keep:   config.Keep{Points: 720 * time.Hour, Hours: 8760 * time.Hour, Days: 87600 * time.Hour, Pictures: 5, Quarantine: 100},
		Log:    config.Log{Level: "debug", Format: "json"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestDefaultsAreValid(t *testing.T) {
	c := config.Defaults()
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	for _, url := range []string{c.StateURL(), c.SeriesURL()} {
		if !strings.HasPrefix(url, "sqlite:") {
			t.Errorf("by default a store is at %s, want a file", url)
		}
	}
}

// TestNeedsTokens: what is reached from outside asks who is there, unless told not to.
func TestNeedsTokens(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*config.Config)
		want   bool
	}{
		{"loopback", func(*config.Config) {}, false},
		{"by name", func(c *config.Config) { c.Listen = "localhost:80" }, false},
		{"every address", func(c *config.Config) { c.Listen = ":8080" }, true},
		{"the broker from outside", func(c *config.Config) { c.MQTT.Listen = "192.0.2.1:1883" }, true},
		{"TLS from outside", func(c *config.Config) { c.MQTT.TLSListen = "0.0.0.0:8883" }, true},
		{"a broker elsewhere", func(c *config.Config) { c.MQTT.Listen, c.MQTT.Broker = ":1883", "mqtt://b:1883" }, false},
		{"open by choice", func(c *config.Config) { c.Listen, c.Access.Mode = ":8080", "open" }, false},
		{"tokens by choice", func(c *config.Config) { c.Access.Mode = "tokens" }, true},
	} {
		conf := config.Defaults()
		c.change(&conf)
		if got := conf.NeedsTokens(); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	text, err := os.ReadFile("testdata/full.yml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(_ *testing.T, data []byte) {
		if c, err := config.Decode(data); err == nil {
			_ = c.Validate() // must not panic
		}
	})
}

package main

import (
	"bufio"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/mqttsub/mosquitto"
	"github.com/coldshelf/coldshelf/cloud/internal/series/influx/influxd"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

// acl is what Mosquitto is set up with in the field.
const acl = "../../../firmware-config/broker/acl"

// fault is a set-up and what doctor says of one check of it.
type fault struct {
	name   string
	config string // lines of YAML, besides the ports and the folder
	check  string
	ok     bool
	detail string // part of what it found
	hint   string // part of what can be done
}

// diagnose runs doctor on a configuration of its own folder and gives its findings.
func diagnose(t *testing.T, config string) (findings map[string]finding, code int) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "cloud.yml")
	if !strings.Contains(config, "data_dir:") {
		config += "\ndata_dir: " + filepath.Join(dir, "data")
	}
	if err := os.WriteFile(file, []byte("listen: 127.0.0.1:0\n"+config+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := say(t, "doctor", "--json", "--config", file)
	var got struct{ Checks []finding }
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s%s", err, out, errs)
	}
	findings = map[string]finding{}
	for _, f := range got.Checks {
		findings[f.Check] = f
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 && !strings.Contains(config, "data_dir: "+dir) {
		t.Errorf("doctor made something: %v, %v", left, err)
	}
	return findings, code
}

func (c fault) run(t *testing.T) {
	findings, code := diagnose(t, c.config)
	f := findings[c.check]
	if f.Check == "" || f.OK != c.ok || !strings.Contains(f.Detail, c.detail) || !strings.Contains(f.Hint, c.hint) || c.hint == "" && f.Hint != "" {
		t.Errorf("got %+v, want ok %v, %q, hint %q", f, c.ok, c.detail, c.hint)
	}
	for name, other := range findings {
		if name != c.check && !other.OK && !(c.check == "data" && strings.Contains("state series", name)) { // these lie in it
			t.Errorf("another check fails too: %+v", other)
		}
	}
	if want := map[bool]int{true: 0, false: 1}[c.ok]; code != want {
		t.Errorf("exit %d, want %d", code, want)
	}
	if strings.Contains(f.Detail, "network Error") || strings.Contains(f.Detail, "right") || strings.Contains(f.Detail, "\n") {
		t.Errorf("it speaks in paho's words, over several lines, or tells the password: %q", f.Detail)
	}
}

func runAll(t *testing.T, list []fault) {
	t.Helper()
	t.Run("all", func(t *testing.T) { // ends when each has ended
		for _, c := range list {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel() // some wait for a server that says nothing
				c.run(t)
			})
		}
	})
}

// listening starts something that listens and is no broker.
func listening(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				serve(conn)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		serving.Wait()
	})
	return l.Addr().String()
}

// TestDoctorAndTheBroker: each way in which a real Mosquitto does not let the service in, and each in which something
// else listens there, is told apart.
func TestDoctorAndTheBroker(t *testing.T) {
	b := mosquitto.StartClosed(t, acl)
	mqtt := func(url string, lines ...string) string {
		return "mqtt:\n  broker: " + url + "\n  " + strings.Join(lines, "\n  ")
	}
	user := func(name, file string) string { return "username: " + name + "\n  password_file: " + file }
	port := func(url string) string { return url[strings.Index(url, "://")+3:] }
	web := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	webCA := filepath.Join(t.TempDir(), "web.pem")
	if err := os.WriteFile(webCA, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	_, webPort, _ := net.SplitHostPort(web.Listener.Addr().String())
	silent := listening(t, func(c net.Conn) { io.Copy(io.Discard, c) }) // until the other end goes
	rude := listening(t, func(net.Conn) {})
	closed := freePort(t)
	mutual := func(cert string) string {
		return mqtt(b.Mutual, "ca: "+b.CA, "cert: "+cert, "key: "+b.Key)
	}
	runAll(t, []fault{
		{"by password", mqtt(b.Password, user("coldshelf-ingest", b.Ingest)), "broker", true, "lets the service in, and to its topics", ""},
		{"by certificate", mutual(b.Cert), "broker", true, "lets the service in", ""},
		{"nothing listens", mqtt("mqtt://" + closed), "broker", false, "nothing listens at " + closed, "see that the broker runs"},
		{"nothing listens, without a port", mqtt("mqtt://127.0.0.99"), "broker", false, "nothing listens at 127.0.0.99:1883", "see that the broker runs"},
		{"an unknown name", mqtt("mqtts://nowhere.invalid"), "broker", false, "name nowhere.invalid", "getent hosts nowhere.invalid"},
		{"no password", mqtt(b.Password), "broker", false, "does not let this user in", "mqtt.username and mqtt.password_file"},
		{"a wrong password", mqtt(b.Password, user("coldshelf-ingest", b.Wrong)), "broker", false, "does not let this user in", "mqtt.username and mqtt.password_file"},
		{"a user whom the access list does not know", mqtt(b.Password, user("stranger", b.Stranger)), "broker", false, "its access list keeps us from our topics", "firmware-config/broker/acl"},
		{"an authority that is not known", mqtt(b.TLS), "broker", false, "of an authority that is not known here", "as mqtt.ca"},
		{"TLS where none is spoken", mqtt("mqtts://"+port(b.Password), "ca: "+b.CA), "broker", false, "TLS", "say mqtt://"},
		{"no TLS where it is spoken", mqtt("mqtt://" + port(b.TLS)), "broker", false, "hangs up without a word", "say mqtts://"},
		{"another name than the certificate's", mqtt("mqtts://localhost:"+webPort, "ca: "+webCA), "broker", false, "is for another name than localhost", "mqtt.tls_names"},
		{"no client certificate", mqtt(b.Mutual, "ca: "+b.CA), "broker", false, "wants a client certificate", "give mqtt.cert and mqtt.key"},
		{"a client certificate of another authority", mutual(b.Foreign), "broker", false, "refuses our client certificate", "of the authority that the broker trusts"},
		{"a client certificate that has expired", mutual(b.Expired), "broker", false, "has expired on", "have another made"},
		{"no file of the password", mqtt(b.Password, user("x", "/nowhere")), "broker", false, "open /nowhere: no such file", "how its path is spelt"},
		{"no certificate in the CA file", mqtt(b.TLS, "ca: "+b.Ingest), "broker", false, "holds no certificate", "BEGIN CERTIFICATE"},
		{"a key of another certificate", mqtt(b.Mutual, "ca: "+b.CA, "cert: "+b.CA, "key: "+b.Key), "broker", false, "private key does not match", "the key that belongs to it"},
		{"a server that says nothing", mqtt("mqtt://" + silent), "broker", false, silent + " does not answer", "firewalls"},
		{"a server that hangs up", mqtt("mqtt://" + rude), "broker", false, "hangs up", "no MQTT broker"},
		{"no cluster", mqtt("nats://" + closed + "," + rude + "?replicas=3"), "broker", false, "connect to NATS", "JetStream"},
	})
}

// TestDoctorAndTheState: each way in which PostgreSQL, and a file, cannot hold the state.
func TestDoctorAndTheState(t *testing.T) {
	pg := statetest.Postgres(t)
	good := pg.NewDatabase(t)
	super := strings.Replace(good, "service@", "postgres@", 1)
	asks := pg.Script(t, `psql -v ON_ERROR_STOP=1 -U postgres -d postgres -c "CREATE ROLE asks LOGIN PASSWORD 'right'" -c "CREATE ROLE guest LOGIN" -c "CREATE DATABASE asks OWNER asks"
		sed -i '1i local all asks scram-sha-256' data/pg_hba.conf
		psql -U postgres -d postgres -c 'SELECT pg_reload_conf()'`, "asks", "asks")
	dir := t.TempDir()
	damaged := filepath.Join(dir, "state.db")
	if err := os.WriteFile(damaged, []byte(strings.Repeat("no database at all. ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	wrong := filepath.Join(dir, "pgpass")
	if err := os.WriteFile(wrong, []byte("*:*:*:*:wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	closed := freePort(t)
	runAll(t, []fault{
		{"none yet", "", "state", true, "is made at the first start", ""},
		{"PostgreSQL", "state: " + good, "state", true, "answers", ""},
		{"as a superuser", "state: " + super, "state", true, "answers", "keeps tenants apart"},
		{"nothing listens", "state: postgres://u@" + closed + "/db", "state", false, "refused", "nothing listens there"},
		{"an unknown name", "state: postgres://u@nowhere.invalid/db", "state", false, "nowhere.invalid", "how the host in --state is spelt"},
		{"no such database", "state: " + strings.Replace(good, "/test1", "/none", 1), "state", false, `database "none" does not exist`, "CREATE DATABASE"},
		{"a wrong password", "state: " + asks + "&passfile=" + wrong, "state", false, "password authentication failed", "its passfile"},
		{"a role without rights", "state: " + strings.Replace(good, "service@", "guest@", 1), "state", false, "may make no tables there", "that the service's role owns"},
		{"a damaged file", "state: sqlite:" + damaged, "state", false, "not a database", "restore a backup"},
	})
	t.Run("one that takes no writes", func(t *testing.T) {
		pg.TakeWrites(t, false)
		fault{check: "state", config: "state: " + good, detail: "takes no writes", hint: "a server that takes writes"}.run(t)
	})
}

// TestDoctorAndTheSeries: each way in which InfluxDB, and a file, cannot hold the series.
func TestDoctorAndTheSeries(t *testing.T) {
	open := influxd.Start(t)
	good := open.NewDatabase(t)
	t.Setenv("INFLUXDB_HTTP_AUTH_ENABLED", "true")
	asks := influxd.Start(t)
	asks.Query(t, "CREATE USER admin WITH PASSWORD 'right' WITH ALL PRIVILEGES")
	dir := t.TempDir()
	token, damaged := filepath.Join(dir, "token"), filepath.Join(dir, "series.db")
	for file, text := range map[string]string{token: "user:wrong\n", damaged: strings.Repeat("no database at all. ", 1000)} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	closed := freePort(t)
	for _, c := range []fault{
		{"none yet", "", "series", true, "is made at the first start", ""},
		{"InfluxDB", "series: " + good, "series", true, "answers", ""},
		{"nothing listens", "series: influx://" + closed + "/?bucket=x/autogen", "series", false, "refused", "nothing listens there"},
		{"an unknown name", "series: influx://nowhere.invalid:8086/?bucket=x/autogen", "series", false, "nowhere.invalid", "how the host in --series is spelt"},
		{"no such bucket", "series: " + open.URL("none"), "series", false, "no database", "make the bucket"},
		{"a wrong token", "series: " + asks.URL("x") + "&token_file=" + token, "series", false, "401", "it holds user:password"},
		{"no file of the token", "series: " + good + "&token_file=/nowhere", "series", false, "/nowhere: no such file", "the path of the token_file"},
		{"a damaged file", "series: sqlite:" + damaged, "series", false, "not a database", "restore a backup"},
	} {
		t.Run(c.name, c.run)
	}
}

// TestDoctorAndTheRest: ports, folder, authority and the files that the configuration names.
func TestDoctorAndTheRest(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"file": "", "rules.yml": "version: 1\nsing: true\n", "good.yml": "version: 1\n", "plans/a.yml": "version: one\n",
		"none/readme.txt": "", "mapping.yml": "format: csv\nsing: true\n", "half/authority/ca.key": "key"} {
		if err := os.MkdirAll(filepath.Dir(in(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(in(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	busy := listening(t, func(net.Conn) {})
	greets := listening(t, func(c net.Conn) {
		fmt.Fprint(c, "220 mail\r\n")
		for lines := bufio.NewScanner(c); lines.Scan(); {
			if lines.Text() == "QUIT" {
				fmt.Fprint(c, "221 good-bye\r\n")
				return
			}
			fmt.Fprint(c, "250 as you like\r\n")
		}
	})
	mail := func(addr string) string { return "alerts: {smtp: {server: \"" + addr + "\", from: a@b.example}}" }
	closed := freePort(t)
	runAll(t, []fault{
		{"the broker's port is busy", "mqtt: {listen: \"" + busy + "\"}", "mqtt", false, busy + " is taken", "--mqtt-listen"},
		{"the broker's TLS port is busy", "mqtt: {listen: \"127.0.0.1:0\", tls_listen: \"" + busy + "\"}", "mqtts", false, busy + " is taken", "mqtt.tls_listen"},
		{"the folder is a file", "data_dir: " + in("file"), "data", false, "is no folder", "--data"},
		{"the folder is below a file", "data_dir: " + in("file/data"), "data", false, "not a directory", "--data"},
		{"half of an authority", "data_dir: " + in("half"), "authority", false, "ca.pem: no such file", "from a backup"},
		{"rules in order", "alerts: {rules: " + in("good.yml") + "}", "rules", true, "is in order", ""},
		{"wrong rules", "alerts: {rules: " + in("rules.yml") + "}", "rules", false, "sing", "rules"},
		{"a wrong planogram", "planograms: " + in("plans"), "planograms", false, "a.yml", "correct the file"},
		{"no planograms", "planograms: " + in("none"), "planograms", false, "holds none", ".yaml"},
		{"a wrong mapping", "sales: {drop: [{dir: " + in("drop") + ", mapping: " + in("mapping.yml") + "}]}", "drop", false, "sing", "correct the file"},
		{"a mail server", mail(greets), "mail", true, "answers", ""},
		{"no mail server", mail(closed), "mail", false, "refused", "alerts.smtp"},
	})
}

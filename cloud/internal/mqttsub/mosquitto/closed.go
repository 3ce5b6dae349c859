package mosquitto

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

// Closed is a Mosquitto that asks who is there, at three ports, with the access list of firmware-config.
type Closed struct {
	Password string // mqtt:// URL where users have passwords
	TLS      string // mqtts:// URL where anybody who trusts it is let in
	Mutual   string // mqtts:// URL where a certificate is asked for

	CA        string // files: the authority of all certificates
	Cert, Key string // of coldshelf-ingest
	Expired   string // a certificate of the same key that was good until yesterday
	Foreign   string // one of another authority

	// Files of the passwords of users whom the access list knows and does not know, and of a wrong one.
	Ingest, Stranger, Wrong string
}

// StartClosed starts one that ends with the test.
func StartClosed(t testing.TB, acl string) *Closed {
	t.Helper()
	loopback.Need(t, path, "Mosquitto", "apt-get install mosquitto, or make setup-test")
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	own, other := newAuthority(t, in("ca.pem")), newAuthority(t, in("other.pem"))
	now := time.Now()
	own.sign(t, "broker", now.Add(time.Hour), in("broker.pem"), in("broker.key"))
	own.sign(t, "coldshelf-ingest", now.Add(time.Hour), in("ingest.pem"), in("ingest.key"))
	own.sign(t, "coldshelf-ingest", now.Add(-24*time.Hour), in("expired.pem"), in("ingest.key"))
	other.sign(t, "coldshelf-ingest", now.Add(time.Hour), in("foreign.pem"), in("ingest.key"))
	for user, password := range map[string]string{"coldshelf-ingest": "right", "stranger": "right too"} {
		write(t, in(user+".password"), password+"\n")
		if out, err := exec.Command("mosquitto_passwd", "-b", touched(t, in("users")), user, password).CombinedOutput(); err != nil {
			t.Fatalf("mosquitto_passwd: %v: %s", err, out)
		}
	}
	write(t, in("wrong.password"), "wrong\n")
	data, err := os.ReadFile(acl)
	if err != nil {
		t.Fatal(err)
	}
	write(t, in("acl"), string(data))
	plain, secure, mutual := loopback.Addr(t), loopback.Addr(t), loopback.Addr(t)
	tls := fmt.Sprintf("cafile %s\ncertfile %s\nkeyfile %s\n", in("ca.pem"), in("broker.pem"), in("broker.key"))
	write(t, in("mosquitto.conf"), "user root\nper_listener_settings true\n"+
		listener(t, plain)+"allow_anonymous false\npassword_file "+in("users")+"\nacl_file "+in("acl")+"\n"+
		listener(t, secure)+"allow_anonymous true\n"+tls+
		listener(t, mutual)+"allow_anonymous false\nrequire_certificate true\nuse_identity_as_username true\nacl_file "+in("acl")+"\n"+tls)
	b := &Broker{&loopback.Program{Name: "mosquitto", Command: func() *exec.Cmd { return exec.Command(path, "-c", in("mosquitto.conf")) }, Ready: loopback.Listens(mutual)}, mutual}
	b.Run(t)
	return &Closed{Password: "mqtt://" + plain, TLS: "mqtts://" + secure, Mutual: "mqtts://" + mutual, CA: in("ca.pem"), Cert: in("ingest.pem"), Key: in("ingest.key"),
		Expired: in("expired.pem"), Foreign: in("foreign.pem"), Ingest: in("coldshelf-ingest.password"), Stranger: in("stranger.password"), Wrong: in("wrong.password")}
}

func listener(t testing.TB, addr string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("listener %s %s\n", port, host)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// touched makes a file that is not there yet.
func touched(t testing.TB, path string) string {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	return path
}

// authority signs certificates; all that it signs are of one key.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// leafKey is that of every certificate of the process.
var leafKey, leafKeyError = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)

func newAuthority(t testing.TB, file string) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: strings.TrimSuffix(filepath.Base(file), ".pem")},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})))
	return &authority{cert, key}
}

// sign writes a certificate for a common name and 127.0.0.0/8's address of this process, and its key.
func (a *authority) sign(t testing.TB, name string, until time.Time, certFile, keyFile string) {
	t.Helper()
	if leafKeyError != nil {
		t.Fatal(leafKeyError)
	}
	host, _, err := net.SplitHostPort(loopback.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, NotBefore: until.Add(-48 * time.Hour), NotAfter: until,
		IPAddresses: []net.IP{net.ParseIP(host)}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, leafKey.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(leafKey)
	if err != nil {
		t.Fatal(err)
	}
	write(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
}

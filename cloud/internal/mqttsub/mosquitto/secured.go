package mosquitto

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/loopback"
)

// Secured is a broker as firmware-config/broker sets one up, where everybody shows a certificate of one authority.
type Secured struct {
	*Broker
	Dir    string // holds ca.pem
	ca     *x509.Certificate
	key    *ecdsa.PrivateKey
	serial int64
}

// StartSecured starts one with the configuration and access list of a folder.
func StartSecured(t testing.TB, folder string) *Secured {
	t.Helper()
	s := &Secured{Dir: t.TempDir()}
	s.ca, s.key = s.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}, "ca")
	s.Certificate(t, Revoked)
	list, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: big.NewInt(s.serial), RevocationTime: time.Now()}}}, s.ca, s.key)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, "revoked.pem", "X509 CRL", list)
	s.start(t, folder)
	return s
}

// StartSecuredBy starts one of a service's boards, with the service's authority from its folder. list writes revoked.pem
// to a path first.
func StartSecuredBy(t testing.TB, folder, authority string, list func(path string)) *Secured {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(authority, "ca.pem"), filepath.Join(authority, "ca.key"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Secured{Dir: t.TempDir(), ca: pair.Leaf, key: pair.PrivateKey.(*ecdsa.PrivateKey)}
	s.write(t, "ca.pem", "CERTIFICATE", pair.Leaf.Raw)
	list(filepath.Join(s.Dir, "revoked.pem"))
	s.start(t, folder)
	return s
}

// start makes the broker's certificate and starts it with the files of a folder.
func (s *Secured) start(t testing.TB, folder string) {
	t.Helper()
	s.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: "broker"}, IPAddresses: []net.IP{ownHost(t)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, "broker")
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(strings.ReplaceAll(string(data), "/etc/mosquitto/coldshelf", s.Dir), "/var/lib/mosquitto", s.Dir)
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "acl"), []byte(read("acl")), 0o600); err != nil {
		t.Fatal(err)
	}
	var settings []string
	for line := range strings.Lines(read("mosquitto.conf")) {
		if !strings.HasPrefix(line, "listener ") { // the test has an address of its own
			settings = append(settings, line)
		}
	}
	s.Broker = StartWith(t, "mqtts", strings.Join(settings, ""))
}

// Revoked is the common name of a certificate that the broker takes no more: Config gives it.
const Revoked = "t/s1/revoked"

// ownHost is where all servers of a test listen.
func ownHost(t testing.TB) net.IP {
	host, _, err := net.SplitHostPort(loopback.Addr(t))
	if err != nil {
		t.Fatal(err)
	}
	return net.ParseIP(host)
}

// Certificate makes one for a common name, good for clients, and the settings of a client that shows it.
func (s *Secured) Certificate(t testing.TB, name string) *tls.Config {
	t.Helper()
	s.sign(t, &x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, file(name))
	return s.Config(t, name)
}

// Files are a certificate that Certificate made, and its key.
func (s *Secured) Files(name string) (cert, key string) {
	path := filepath.Join(s.Dir, file(name))
	return path + ".pem", path + ".key"
}

func file(name string) string { return strings.ReplaceAll(name, "/", "-") }

// Config is that of a client that shows a certificate that was made.
func (s *Secured) Config(t testing.TB, name string) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(s.Files(name))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(s.ca)
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool, Certificates: []tls.Certificate{pair}}
}

func (s *Secured) sign(t testing.TB, template *x509.Certificate, file string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s.serial++
	template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(s.serial), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := s.ca, s.key
	if parent == nil {
		parent, signer = template, key
	} else {
		template.KeyUsage = x509.KeyUsageDigitalSignature
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s.write(t, file+".pem", "CERTIFICATE", der)
	s.write(t, file+".key", "PRIVATE KEY", keyDER)
	return cert, key
}

func (s *Secured) write(t testing.TB, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.Dir, file), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

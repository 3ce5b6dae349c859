package cloud

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// BrokerCredentials reads the password and the TLS configuration for an external broker. A nil *tls.Config means the
// system's roots and no client certificate.
func BrokerCredentials(m config.MQTT) (password string, conf *tls.Config, err error) {
	if password, err = readPassword(m.PasswordFile); err != nil {
		return "", nil, err
	}
	if m.CA == "" && m.Cert == "" {
		return password, nil, nil
	}
	conf = &tls.Config{MinVersion: tls.VersionTLS12}
	if m.CA != "" {
		pem, err := os.ReadFile(m.CA)
		if err != nil {
			return "", nil, fileHint(fmt.Errorf("read the broker's authority: %w", err))
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(pem) {
			return "", nil, Hint(fmt.Errorf("read the broker's authority: %s holds no certificate in PEM", m.CA), "give the certificate of the authority that signed the broker's: it begins with -----BEGIN CERTIFICATE-----")
		}
	}
	if m.Cert != "" {
		pair, err := clientCertificate(m.Cert, m.Key, time.Now())
		if err != nil {
			return "", nil, err
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return password, conf, nil
}

// clientCertificate reads a certificate and its key, and refuses one that is not valid at now.
func clientCertificate(cert, key string, now time.Time) (tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return pair, fileHint(fmt.Errorf("read the client certificate: %w", err))
	}
	if end := pair.Leaf.NotAfter; now.After(end) {
		return pair, Hint(fmt.Errorf("the client certificate %s has expired on %s", cert, end.Format(time.DateOnly)), "have another made; or see this machine's clock: it is %s", now.Format(time.DateTime))
	}
	return pair, nil
}

// readPassword reads a password from a file; no file gives "".
func readPassword(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return "", fileHint(fmt.Errorf("read the password: %w", err))
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}

// fileHint says what can be done about a file that cannot be read.
func fileHint(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Hint(err, "see how its path is spelt; paths in a configuration file are taken from that file's folder")
	case errors.Is(err, fs.ErrPermission):
		return Hint(err, "let the user that runs this read it")
	}
	return Hint(err, "give a file in PEM: a certificate and the key that belongs to it")
}

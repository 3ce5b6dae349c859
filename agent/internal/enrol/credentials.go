package enrol

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/coldshelf/coldshelf/models/atomicfile"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Credentials are a board's identity and the proof of it. They are stored as one file, so that the parts always
// belong together.
type Credentials struct {
	Identity wire.Identity `json:"identity"`
	Username string        `json:"username"` // at the broker
	Token    string        `json:"token"`    // at the API, for renewal
	CA       string        `json:"ca"`       // PEM: the authority of the broker's certificate
	Pair     string        `json:"pair"`     // PEM: the key and its certificate
}

func (c *Credentials) check() error {
	if err := c.Identity.Validate(); err != nil {
		return err
	}
	if _, err := c.pair(); err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM([]byte(c.CA)) {
		return errors.New("it names no authority (ca)")
	}
	if c.Token == "" {
		return errors.New("it holds no token")
	}
	return nil
}

func (c *Credentials) pair() (tls.Certificate, error) {
	return tls.X509KeyPair([]byte(c.Pair), []byte(c.Pair))
}

// Span returns the period in which the certificate is valid.
func (c *Credentials) Span() (from, to time.Time, err error) {
	pair, err := c.pair()
	if err != nil {
		return from, to, err
	}
	return pair.Leaf.NotBefore, pair.Leaf.NotAfter, nil
}

// Due returns when to renew the certificate: at the beginning of the last third of its validity.
func (c *Credentials) Due() (time.Time, error) {
	from, to, err := c.Span()
	return to.Add(-to.Sub(from) / 3), err
}

// File stores a board's credentials.
type File struct{ Path string }

// In returns the file for a data folder.
func In(dataDir string) File { return File{filepath.Join(dataDir, "credentials.json")} }

// Load returns the stored credentials. The error wraps fs.ErrNotExist if the board is not enrolled.
func (f File) Load() (*Credentials, error) {
	data, err := os.ReadFile(f.Path)
	if err != nil {
		return nil, err
	}
	var c Credentials
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return &c, nil
}

// Save replaces the stored credentials atomically. Only the board's user can read them.
func (f File) Save(c *Credentials) error {
	data, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(f.Path, data)
}

// TLS returns the board's TLS configuration. Each connection uses the certificate that is stored at that time,
// so a renewed one is used without a restart.
func (f File) TLS() (*tls.Config, error) {
	c, err := f.Load()
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(c.CA))
	return &tls.Config{
		MinVersion: tls.VersionTLS12, RootCAs: pool,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			c, err := f.Load()
			if err != nil {
				return nil, err
			}
			pair, err := c.pair()
			return &pair, err
		},
	}, nil
}

package access

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/coldshelf/coldshelf/models/wire"
)

// How long certificates are valid. A board renews its own in the last third of that time.
const (
	authorityTime = 20 * 365 * 24 * time.Hour
	boardTime     = 90 * 24 * time.Hour
	serverTime    = 825 * 24 * time.Hour
)

// Authority signs the certificates of this service's boards and of its broker. Boards trust no other.
type Authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

// OpenAuthority reads the authority from a folder, or creates it there at the first start. The key can only be
// read by its owner; whoever has it can impersonate any board. If half of an authority is missing, that is an
// error and the other half is kept: a new one would shut out every board.
func OpenAuthority(dir string, now time.Time) (*Authority, error) {
	if err := settle(dir); err != nil {
		return nil, fmt.Errorf("make certificate authority: %w", err)
	}
	certFile, keyFile := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key")
	_, noCert := os.Stat(certFile)
	if _, noKey := os.Stat(keyFile); errors.Is(noCert, fs.ErrNotExist) && errors.Is(noKey, fs.ErrNotExist) {
		if err := makeAuthority(dir, now); err != nil {
			return nil, fmt.Errorf("make certificate authority: %w", err)
		}
	}
	return ReadAuthority(dir, now)
}

// ReadAuthority reads the authority from a folder, and never creates one.
func ReadAuthority(dir string, now time.Time) (*Authority, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "ca.pem"), filepath.Join(dir, "ca.key"))
	if err != nil {
		return nil, fmt.Errorf("open certificate authority: %w", err)
	}
	if now.After(pair.Leaf.NotAfter) {
		return nil, fmt.Errorf("open certificate authority: its certificate has expired on %s", pair.Leaf.NotAfter.Format(time.DateOnly))
	}
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("open certificate authority: the key is not ECDSA")
	}
	return &Authority{cert: pair.Leaf, key: key, pem: encodePEM("CERTIFICATE", pair.Leaf.Raw)}, nil
}

// making is the folder, within that of an authority, in which its files wait until both are written. It lies within, as
// the folder may be a mount point, which nothing can be renamed to.
const making = ".making"

// makeAuthority writes both files, and moves them to their places. Where it is cut short in between, settle goes on.
func makeAuthority(dir string, now time.Time) error {
	waiting := filepath.Join(dir, making)
	if err := os.RemoveAll(waiting); err != nil { // it was cut short before anybody could have used it
		return err
	}
	if err := os.MkdirAll(waiting, 0o700); err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "Coldshelf boards"},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityTime), IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	for name, data := range map[string][]byte{"ca.key": encodePEM("PRIVATE KEY", der), "ca.pem": encodePEM("CERTIFICATE", raw)} {
		if err := writeSynced(filepath.Join(waiting, name), data); err != nil {
			return err
		}
	}
	if err := os.Rename(filepath.Join(waiting, "ca.key"), filepath.Join(dir, "ca.key")); err != nil {
		return err
	}
	return settle(dir)
}

// settle moves what waits of an authority whose other half is in its place already.
func settle(dir string) error {
	waiting := filepath.Join(dir, making)
	there := func(path ...string) bool {
		_, err := os.Stat(filepath.Join(path...))
		return err == nil
	}
	if !there(waiting) || !there(dir, "ca.key") {
		return nil
	}
	if !there(dir, "ca.pem") && there(waiting, "ca.pem") {
		if err := os.Rename(filepath.Join(waiting, "ca.pem"), filepath.Join(dir, "ca.pem")); err != nil {
			return err
		}
	}
	return errors.Join(os.Remove(waiting), syncFolder(dir))
}

func syncFolder(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// writeSynced writes a file that only its owner can read, and waits until it is on the disk.
func writeSynced(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		panic(err) // the system has no randomness, so nothing here may go on
	}
	return n
}

func encodePEM(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// PEM returns the authority's certificate, which boards trust.
func (a *Authority) PEM() []byte { return a.pem }

// Pool returns a pool that holds only the authority.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// maxRequest bounds a certificate request; one with a P-256 key has some 400 bytes.
const maxRequest = 16 << 10

// parseRequest reads a certificate request in PEM and checks its signature and its key.
func parseRequest(request []byte) (*x509.CertificateRequest, error) {
	block, _ := pem.Decode(request)
	if len(request) > maxRequest || block == nil || block.Type != "CERTIFICATE REQUEST" {
		return nil, errors.New("the request is not a PEM certificate request")
	}
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		return nil, fmt.Errorf("certificate request: %w", err)
	}
	if key, ok := csr.PublicKey.(*ecdsa.PublicKey); !ok || key.Curve.Params().BitSize < 256 {
		return nil, errors.New("certificate request: the key must be ECDSA of 256 bits or more")
	}
	return csr, nil
}

func checkRequest(request []byte) error {
	_, err := parseRequest(request)
	return err
}

// sign makes a board's certificate from its request. It uses only the key in the request: the name is for us to
// decide.
func (a *Authority) sign(request []byte, id wire.Identity, now time.Time) (cert []byte, number string, notAfter time.Time, err error) {
	csr, err := parseRequest(request)
	if err != nil {
		return nil, "", time.Time{}, err
	}
	notAfter = now.Add(boardTime)
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: nameOf(id)}, NotBefore: now.Add(-time.Hour), NotAfter: notAfter,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, csr.PublicKey, a.key)
	if err != nil {
		return nil, "", time.Time{}, err
	}
	return encodePEM("CERTIFICATE", raw), template.SerialNumber.Text(16), notAfter, nil
}

// ServerTLS returns the broker's TLS configuration, with a new certificate at each start, for the names by
// which boards know the broker. A board may show its own certificate; one that shows none needs a token.
func (a *Authority) ServerTLS(names []string, now time.Time) (*tls.Config, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the broker's certificate: %w", err)
	}
	template := &x509.Certificate{SerialNumber: serial(), Subject: pkix.Name{CommonName: "cooler-cloud"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(serverTime),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	raw, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("make the broker's certificate: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{{Certificate: [][]byte{raw}, PrivateKey: key}},
		ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: a.Pool()}, nil
}

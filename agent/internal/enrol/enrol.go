// Package enrol gets a board its own certificate, which it needs before it can send anything: with a one-time
// code at its first start, and a new one before the old one expires. The private key is generated on the board
// and never leaves it.
//
// It refuses to send a code or a token over plain HTTP to another machine. After a power cut either the old
// credentials or the new ones are there, never a key without its certificate.
package enrol

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/wire"
)

// ErrDenied says that the cloud does not accept the code or the token.
var ErrDenied = errors.New("the cloud does not accept it")

// Cloud is the service at which boards enrol.
type Cloud struct {
	URL   string         // https://cloud.example
	Roots *x509.CertPool // nil: the system's
}

// CheckURL returns an error that says why an address must not be used, or nil if it may.
func CheckURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return err
	case u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return fmt.Errorf("%q, must be https://HOST", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("%q, must be an address alone", text)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		return fmt.Errorf("%q: plain HTTP would show the code to everybody on the way; use https", text)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// answer is the cloud's answer to an enrolment or a renewal.
type answer struct {
	Tenant      string `json:"tenant"`
	Store       string `json:"store"`
	Device      string `json:"device"`
	Certificate string `json:"certificate"`
	CA          string `json:"ca"`
	Username    string `json:"username"`
	Token       string `json:"token"`
}

// Enrol redeems a one-time code and returns the board's credentials.
func (c Cloud) Enrol(ctx context.Context, code string) (*Credentials, error) {
	return c.ask(ctx, "/v1/enrol", "", map[string]string{"code": strings.TrimSpace(code)}, nil)
}

// Renew gets the same board a new key and certificate.
func (c Cloud) Renew(ctx context.Context, have *Credentials) (*Credentials, error) {
	return c.ask(ctx, "/v1/enrol/renew", have.Token, map[string]string{}, have)
}

func (c Cloud) ask(ctx context.Context, path, token string, body map[string]string, have *Credentials) (*Credentials, error) {
	if err := CheckURL(c.URL); err != nil {
		return nil, err
	}
	key, request, err := newRequest()
	if err != nil {
		return nil, err
	}
	body["csr"] = string(request)
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimRight(c.URL, "/")+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.Roots}, Proxy: http.ProxyFromEnvironment}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	switch resp.StatusCode {
	case http.StatusCreated, http.StatusOK:
	case http.StatusForbidden, http.StatusUnauthorized:
		return nil, fmt.Errorf("%s: %w", c.URL, ErrDenied)
	default:
		return nil, fmt.Errorf("%s: %s: %.300s", c.URL, resp.Status, bytes.TrimSpace(data))
	}
	var a answer
	if err := json.Unmarshal(data, &a); err != nil {
		return nil, fmt.Errorf("%s answers no credentials: %w", c.URL, err)
	}
	return take(a, key, have)
}

// take builds credentials from an answer, and checks that their parts belong together.
func take(a answer, key []byte, have *Credentials) (*Credentials, error) {
	id := wire.Identity{Tenant: a.Tenant, Store: a.Store, Device: a.Device}
	if have != nil {
		if id != have.Identity {
			return nil, fmt.Errorf("the cloud renews %v for %v", id, have.Identity)
		}
		a.Token = have.Token
	}
	cr := &Credentials{Identity: id, Username: a.Username, Token: a.Token, CA: a.CA, Pair: string(key) + a.Certificate}
	if err := cr.check(); err != nil {
		return nil, fmt.Errorf("the cloud's answer: %w", err)
	}
	return cr, nil
}

// newRequest generates a key and a certificate request, both in PEM. The request names nobody, because the
// cloud knows whom the certificate is for.
func newRequest() (key, request []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "board"}}, private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: csr}), nil
}

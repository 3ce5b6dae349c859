package enrol_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/agent/internal/enrol"
)

// office signs what it is asked to, for ninety days, until it is told otherwise.
type office struct {
	t     *testing.T
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	now   time.Time
	spoil func(w http.ResponseWriter, answer map[string]string) bool
}

func newOffice(t *testing.T) (*office, enrol.Cloud) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now(), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, Subject: pkix.Name{CommonName: "boards"}}
	o := &office{t: t, cert: ca, key: key, now: time.Now(), spoil: func(http.ResponseWriter, map[string]string) bool { return false }}
	server := httptest.NewServer(http.HandlerFunc(o.serve))
	t.Cleanup(server.Close)
	return o, enrol.Cloud{URL: server.URL}
}

func (o *office) serve(w http.ResponseWriter, r *http.Request) {
	var in struct{ Code, CSR string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		o.t.Error(err)
	}
	block, _ := pem.Decode([]byte(in.CSR))
	csr, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		o.t.Error(err)
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), NotBefore: o.now, NotAfter: o.now.Add(90 * 24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, leaf, o.cert, csr.PublicKey, o.key)
	if err != nil {
		o.t.Error(err)
	}
	text := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	}
	ca, err := x509.CreateCertificate(rand.Reader, o.cert, o.cert, o.key.Public(), o.key)
	if err != nil {
		o.t.Error(err)
	}
	answer := map[string]string{"tenant": "acme", "store": "s1", "device": "d1", "certificate": text(der), "ca": text(ca), "username": "acme/s1/d1", "token": "t"}
	if o.spoil(w, answer) {
		return
	}
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(answer)
}

func TestAnAnswerThatIsNotOfOnePiece(t *testing.T) {
	o, cloud := newOffice(t)
	good, err := cloud.Enrol(t.Context(), "code")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(w http.ResponseWriter, a map[string]string) bool
		says  string
	}{
		"another's certificate": {func(_ http.ResponseWriter, a map[string]string) bool {
			_, theirs, _ := strings.Cut(good.Pair, "-----END PRIVATE KEY-----\n")
			a["certificate"] = theirs
			return false
		}, "private key does not match"},
		"no authority":   {func(_ http.ResponseWriter, a map[string]string) bool { a["ca"] = "x"; return false }, "authority"},
		"no token":       {func(_ http.ResponseWriter, a map[string]string) bool { a["token"] = ""; return false }, "token"},
		"a bad name":     {func(_ http.ResponseWriter, a map[string]string) bool { a["device"] = "a/b"; return false }, "device"},
		"no JSON":        {func(w http.ResponseWriter, _ map[string]string) bool { w.Write([]byte("<html>")); return true }, "no credentials"},
		"out of order":   {func(w http.ResponseWriter, _ map[string]string) bool { http.Error(w, "closed", 503); return true }, "503"},
		"not let in":     {func(w http.ResponseWriter, _ map[string]string) bool { http.Error(w, "no", 403); return true }, "does not accept"},
		"endless answer": {func(w http.ResponseWriter, _ map[string]string) bool { w.Write(make([]byte, 2<<20)); return true }, "no credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			o.spoil = c.spoil
			if _, err := cloud.Enrol(t.Context(), "code"); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
		})
	}
}

func TestPlainHTTPIsForThisMachineAlone(t *testing.T) {
	for url, ok := range map[string]bool{
		"https://cloud.example": true, "https://cloud.example/x": true, "http://127.0.0.1:8080": true, "http://[::1]:8080": true,
		"http://cloud.example": false, "cloud.example": false, "ftp://cloud.example": false, "https://u:p@cloud.example": false, "https://": false,
	} {
		if err := enrol.CheckURL(url); (err == nil) != ok {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestCredentialsOnTheDisk(t *testing.T) {
	_, cloud := newOffice(t)
	f := enrol.In(filepath.Join(t.TempDir(), "data"))
	if _, err := f.Load(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing is kept: %v", err)
	}
	c, err := cloud.Enrol(t.Context(), "code")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(c); err != nil {
		t.Fatal(err)
	}
	got, err := f.Load()
	if err != nil || *got != *c {
		t.Errorf("got %+v, %v", got, err)
	}
	if err := os.WriteFile(f.Path, []byte(`{"identity":`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Load(); err == nil || !strings.Contains(err.Error(), f.Path) {
		t.Errorf("torn: %v, want an error that names the file", err)
	}
}

// keeping runs Keep at a time until it has told something.
func keeping(t *testing.T, f enrol.File, cloud enrol.Cloud, now time.Time) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	told := errors.New("nothing was told")
	enrol.Keep(ctx, f, cloud, func() time.Time { return now }, func(err error) { told = err; cancel() })
	return told
}

func TestACertificateIsRenewedBeforeItEnds(t *testing.T) {
	o, cloud := newOffice(t)
	f := enrol.In(t.TempDir())
	if err := keeping(t, f, cloud, o.now); err == nil || !strings.Contains(err.Error(), "provision") {
		t.Errorf("not enrolled: %v", err)
	}
	first, err := cloud.Enrol(t.Context(), "code")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Save(first); err != nil {
		t.Fatal(err)
	}
	is := func(want *enrol.Credentials) bool {
		got, err := f.Load()
		return err == nil && got.Pair == want.Pair
	}
	for name, now := range map[string]time.Time{"a day after": o.now.Add(24 * time.Hour), "clock unknown": {}} {
		if err := keeping(t, f, cloud, now); err != nil || !is(first) {
			t.Errorf("%s: %v, the same certificate: %t", name, err, is(first))
		}
	}
	o.spoil = func(w http.ResponseWriter, _ map[string]string) bool { http.Error(w, "closed", 503); return true }
	if err := keeping(t, f, cloud, o.now.Add(61*24*time.Hour)); err == nil || !strings.Contains(err.Error(), "it ends on") || !is(first) {
		t.Errorf("the cloud is away: %v", err)
	}
	o.spoil = func(_ http.ResponseWriter, a map[string]string) bool { a["device"] = "d2"; return false }
	if err := keeping(t, f, cloud, o.now.Add(61*24*time.Hour)); err == nil || !is(first) {
		t.Errorf("renewed for another: %v", err)
	}
	o.spoil = func(_ http.ResponseWriter, a map[string]string) bool { a["token"] = ""; return false }
	if err := keeping(t, f, cloud, o.now.Add(61*24*time.Hour)); err != nil || is(first) {
		t.Errorf("due: %v, renewed: %t", err, !is(first))
	}
}

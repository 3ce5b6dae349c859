package access_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/access"
	"github.com/coldshelf/coldshelf/cloud/internal/broker"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/wire"
)

var (
	noon  = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	board = wire.Identity{Tenant: "t", Store: "s1", Device: "d1"}
)

// TestConformance runs on both databases.
func TestConformance(t *testing.T) {
	statetest.Each(t, func(t *testing.T, db *state.DB) {
		for _, c := range []struct {
			name string
			run  func(t *testing.T, db *state.DB)
		}{
			{"tokens", tokens},
			{"a set-up link makes one admin, once", setup},
			{"a user chooses a password by a link, signs in and out", people},
			{"the last admin stays", lastAdmin},
			{"what is wrong with a user or a password is said", badUsers},
			{"enrolment and renewal", enrolment},
			{"codes that are not good, and what is ended with a device", codes},
			{"what is revoked is listed for a broker", revokedList},
			{"what changes rights is on record", audit},
		} {
			t.Run(c.name, func(t *testing.T) { c.run(t, db) })
		}
	}, access.Tables)
}

func issue(t *testing.T, db *state.DB, p access.Principal) (token string) {
	t.Helper()
	err := db.Write(context.Background(), func(tx *state.Tx) (err error) {
		token, err = access.Issue(context.Background(), tx, p, "test", noon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func tokens(t *testing.T, db *state.DB) {
	ctx := context.Background()
	want := access.Principal{Identity: wire.Identity{Tenant: "tokens"}, Name: "Li", Role: access.Manager}
	token := issue(t, db, want)
	if got, err := access.Check(ctx, db, token); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for _, wrong := range []string{"", "coldshelf_", token + "x", token[:len(token)-1], strings.ToUpper(token), "coldshelf_" + strings.Repeat("a", 10_000)} {
		if _, err := access.Check(ctx, db, wrong); !errors.Is(err, access.ErrDenied) {
			t.Errorf("%.40q: got %v, want ErrDenied", wrong, err)
		}
	}
	list, err := access.Tokens(ctx, db, "tokens")
	if err != nil || len(list) != 1 || list[0].Name != "Li" || list[0].RevokedAt != nil {
		t.Fatalf("list: %+v, %v", list, err)
	}
	revoke := func(tenant string) error {
		return db.Write(ctx, func(tx *state.Tx) error { return access.Revoke(ctx, tx, tenant, list[0].ID, "test", noon) })
	}
	if err := revoke("other"); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("another tenant revokes it: %v", err)
	}
	if err := revoke("tokens"); err != nil {
		t.Error(err)
	}
	if _, err := access.Check(ctx, db, token); !errors.Is(err, access.ErrDenied) {
		t.Errorf("a revoked token: %v, want ErrDenied", err)
	}
	var kept string
	if err := db.QueryRow(ctx, "SELECT sha256 FROM tokens WHERE id = ?", list[0].ID).Scan(&kept); err != nil || strings.Contains(kept, token) || len(kept) != 64 {
		t.Errorf("kept %q, %v: want a digest", kept, err)
	}
}

// request makes a certificate request, with its key.
func request(t *testing.T) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), key
}

func enrolCode(t *testing.T, db *state.DB, id wire.Identity) (code string) {
	t.Helper()
	err := db.Write(context.Background(), func(tx *state.Tx) (err error) {
		code, err = access.EnrolCode(context.Background(), tx, id, "test", noon)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

func enrolment(t *testing.T, db *state.DB) {
	ctx := context.Background()
	authority, err := access.OpenAuthority(t.TempDir(), noon)
	if err != nil {
		t.Fatal(err)
	}
	door := access.Door{DB: db}
	csr, _ := request(t)
	code := enrolCode(t, db, board)
	if _, err := authority.Enrol(ctx, db, code, []byte("no request"), noon); err == nil {
		t.Error("a certificate without a request")
	}
	c, err := authority.Enrol(ctx, db, code, csr, noon)
	if err != nil {
		t.Fatalf("the code was used up by the request that failed: %v", err)
	}
	if _, err := authority.Enrol(ctx, db, code, csr, noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("the code again: %v, want ErrDenied", err)
	}
	cert := parse(t, c.Certificate)
	if _, err := cert.Verify(x509.VerifyOptions{Roots: authority.Pool(), CurrentTime: noon.Add(time.Hour), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}); err != nil {
		t.Error(err)
	}
	shown := broker.Credentials{CommonName: cert.Subject.CommonName, Serial: cert.SerialNumber.Text(16)}
	if id, ok := door.Connect(ctx, shown); !ok || id.Identity != board || id.Service {
		t.Errorf("by certificate: %+v, %v", id, ok)
	}
	if id, ok := door.Connect(ctx, broker.Credentials{Username: c.Username, Password: []byte(c.Token)}); !ok || id.Identity != board {
		t.Errorf("by token: %+v, %v", id, ok)
	}
	for _, wrong := range []broker.Credentials{{}, {Username: "t/s1/d2", Password: []byte(c.Token)}, {Username: c.Username},
		{CommonName: cert.Subject.CommonName, Serial: "1"}, {CommonName: "d1", Serial: shown.Serial}} {
		if id, ok := door.Connect(ctx, wrong); ok {
			t.Errorf("%+v is let in as %+v", wrong, id)
		}
	}
	p, err := access.Check(ctx, db, c.Token)
	if err != nil {
		t.Fatal(err)
	}
	again, err := authority.Renew(ctx, db, p, csr, noon.Add(60*24*time.Hour))
	if err != nil || again.Token != "" || parse(t, again.Certificate).Subject.CommonName != "t/s1/d1" {
		t.Errorf("renewal: %+v, %v", again, err)
	}
	if _, ok := door.Connect(ctx, shown); !ok {
		t.Error("the certificate from before the renewal is refused while it is good")
	}
	if _, err := authority.Renew(ctx, db, access.Principal{Role: access.Admin}, csr, noon); !errors.Is(err, access.ErrDenied) {
		t.Errorf("an admin renews: %v", err)
	}
	if err := db.Write(ctx, func(tx *state.Tx) error { return access.RevokeDevice(ctx, tx, "t", "d1", "test", noon) }); err != nil {
		t.Fatal(err)
	}
	if _, ok := door.Connect(ctx, shown); ok {
		t.Error("a revoked certificate is let in")
	}
	if _, ok := door.Connect(ctx, broker.Credentials{Username: c.Username, Password: []byte(c.Token)}); ok {
		t.Error("a revoked token is let in")
	}
}

// codes: who has a code that was used, is too old, was ended, or is for something else, gets nothing; and what is ended
// is ended of one device of one tenant.
func codes(t *testing.T, db *state.DB) {
	ctx := context.Background()
	authority, err := access.OpenAuthority(t.TempDir(), noon)
	if err != nil {
		t.Fatal(err)
	}
	door := access.Door{DB: db}
	csr, _ := request(t)
	device := wire.Identity{Tenant: "codes", Store: "s1", Device: "d1"}
	namesake := wire.Identity{Tenant: "codes-other", Store: "s1", Device: "d1"}
	end := func(id wire.Identity) error {
		return db.Write(ctx, func(tx *state.Tx) error { return access.RevokeDevice(ctx, tx, id.Tenant, id.Device, "test", noon) })
	}
	if err := end(device); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("ending a device that has nothing: %v, want ErrNotFound", err)
	}
	proofOf := func(c *access.Credentials) string {
		t.Helper()
		cert := parse(t, c.Certificate)
		id, ok := door.Connect(ctx, broker.Credentials{CommonName: cert.Subject.CommonName, Serial: cert.SerialNumber.Text(16)})
		if !ok || id.Proof == "" {
			t.Fatalf("%s is not let in: %+v", c.Username, id)
		}
		return id.Proof
	}

	used, spare, ended := enrolCode(t, db, device), enrolCode(t, db, device), enrolCode(t, db, wire.Identity{Tenant: "codes", Store: "s1", Device: "d2"})
	first, err := authority.Enrol(ctx, db, used, csr, noon.Add(7*24*time.Hour)) // the last moment of its week
	if err != nil {
		t.Fatal(err)
	}
	other, err := authority.Enrol(ctx, db, enrolCode(t, db, namesake), csr, noon)
	if err != nil || other.Username != "codes-other/s1/d1" {
		t.Fatalf("the namesake of another tenant: %+v, %v", other, err)
	}
	if err := end(wire.Identity{Tenant: "codes", Device: "d2"}); err != nil {
		t.Errorf("ending a device that has but a code: %v", err)
	}
	link, err := access.SetupLink(ctx, db, "codes-setup", noon)
	if err != nil {
		t.Fatal(err)
	}
	_, setupCode, _ := strings.Cut(link, "=")
	late := enrolCode(t, db, device)
	for _, c := range []struct {
		name, code string
		at         time.Time
	}{
		{"used", used, noon},
		{"another of a device that has enrolled", spare, noon},
		{"of a device that was ended", ended, noon},
		{"for the first admin", setupCode, noon},
		{"guessed", strings.Repeat("A", 43), noon},
		{"empty", "", noon},
		{"endless", strings.Repeat("A", 1<<20), noon},
	} {
		if got, err := authority.Enrol(ctx, db, c.code, csr, c.at); !errors.Is(err, access.ErrDenied) || got != nil {
			t.Errorf("a code %s: %+v, %v, want ErrDenied", c.name, got, err)
		}
	}

	if got, err := authority.Enrol(ctx, db, late, csr, noon.Add(7*24*time.Hour+time.Second)); !errors.Is(err, access.ErrExpired) || !errors.Is(err, access.ErrDenied) || got != nil {
		t.Errorf("a code of a week and a second: %+v, %v, want ErrExpired", got, err)
	}

	// What was tried in vain has ended nobody's right; enrolling again ends what the device had, and nobody else's.
	mine, theirs := proofOf(first), proofOf(other)
	second, err := authority.Enrol(ctx, db, enrolCode(t, db, device), csr, noon)
	if err != nil {
		t.Fatal(err)
	}
	next := proofOf(second)
	good, err := door.Standing(ctx, []string{mine, theirs, next, "certificate/1", ""})
	if err != nil || good[mine] || !good[theirs] || !good[next] || len(good) != 2 {
		t.Errorf("after enrolling again: %v, %v", good, err)
	}
	if _, err := access.Check(ctx, db, first.Token); !errors.Is(err, access.ErrDenied) {
		t.Errorf("the token from before: %v, want ErrDenied", err)
	}
	if err := end(device); err != nil {
		t.Fatal(err)
	}
	token := issue(t, db, access.Principal{Identity: wire.Identity{Tenant: "codes"}, Name: "fleet", Role: access.Admin})
	id, ok := door.Connect(ctx, broker.Credentials{Username: "any", Password: []byte(token)})
	if good, err = door.Standing(ctx, []string{next, theirs, id.Proof}); !ok || err != nil || good[next] || !good[theirs] || !good[id.Proof] {
		t.Errorf("after the device was ended: %v, %v", good, err)
	}
	list, err := access.Tokens(ctx, db, "codes")
	if err == nil {
		err = db.Write(ctx, func(tx *state.Tx) error { return access.Revoke(ctx, tx, "codes", list[0].ID, "test", noon) })
	}
	if good, again := door.Standing(ctx, []string{id.Proof}); err != nil || again != nil || good[id.Proof] || strings.Contains(id.Proof, token) {
		t.Errorf("after the token was revoked: %v, %v, %v", good, err, again)
	}
}

func parse(t *testing.T, text string) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode([]byte(text))
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func audit(t *testing.T, db *state.DB) {
	issue(t, db, access.Principal{Identity: wire.Identity{Tenant: "audit"}, Name: "Wang", Role: access.Viewer})
	list, err := access.Audit(context.Background(), db, "audit", 10)
	if err != nil || len(list) != 1 || list[0].Who != "test" || list[0].Action != "token issued" || list[0].Detail != "viewer for Wang" {
		t.Errorf("got %+v, %v", list, err)
	}
}

// TestRequests: what is signed is only what may be.
func TestRequests(t *testing.T) {
	db := statetest.SQLite(t, access.Tables)
	authority, err := access.OpenAuthority(t.TempDir(), noon)
	if err != nil {
		t.Fatal(err)
	}
	weak, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, weak)
	if err != nil {
		t.Fatal(err)
	}
	good, _ := request(t)
	block, _ := pem.Decode(good)
	block.Bytes[len(block.Bytes)-1] ^= 1
	for _, c := range []struct {
		name string
		csr  []byte
		want string
	}{
		{"nothing", nil, "not a PEM"},
		{"another kind of PEM", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), "not a PEM"},
		{"broken", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der[:40]}), "certificate request"},
		{"RSA", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}), "must be ECDSA"},
		{"a signature of somebody else", pem.EncodeToMemory(block), "certificate request"},
		{"huge", []byte(strings.Repeat("x", 1<<20)), "not a PEM"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := authority.Enrol(context.Background(), db, enrolCode(t, db, board), c.csr, noon)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// TestAuthorityIsKept: the same after a restart, its key closed to others, half of one refused.
func TestAuthorityIsKept(t *testing.T) {
	dir := t.TempDir()
	first, err := access.OpenAuthority(dir, noon)
	if err != nil {
		t.Fatal(err)
	}
	again, err := access.OpenAuthority(dir, noon)
	if err != nil || string(again.PEM()) != string(first.PEM()) {
		t.Errorf("another authority after a restart, %v", err)
	}
	info, err := os.Stat(filepath.Join(dir, "ca.key"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the key's mode: %v, %v", info.Mode(), err)
	}
	if err := os.WriteFile(filepath.Join(dir, "ca.key"), []byte("gone"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := access.OpenAuthority(dir, noon); err == nil {
		t.Error("an authority with a broken key is opened")
	}
	for _, lost := range []string{"ca.pem", "ca.key"} {
		dir := filepath.Join(t.TempDir(), "authority")
		if _, err := access.OpenAuthority(dir, noon); err != nil {
			t.Fatal(err)
		}
		left := filepath.Join(dir, map[string]string{"ca.pem": "ca.key", "ca.key": "ca.pem"}[lost])
		before, err := os.ReadFile(left)
		if err == nil {
			err = os.Remove(filepath.Join(dir, lost))
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := access.OpenAuthority(dir, noon); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("without %s: %v", lost, err)
		}
		if after, err := os.ReadFile(left); err != nil || string(after) != string(before) {
			t.Errorf("without %s, what was left of the authority is another: %v", lost, err)
		}
	}
	if _, err := access.ReadAuthority(filepath.Join(t.TempDir(), "none"), noon); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("reading none: %v", err)
	}
}

// revokedList: what is revoked and has not run out is on the list, of every tenant, and nothing else.
func revokedList(t *testing.T, db *state.DB) {
	ctx := context.Background()
	authority, err := access.OpenAuthority(t.TempDir(), noon)
	if err != nil {
		t.Fatal(err)
	}
	issued := func(tenant, device string, at time.Time) string {
		t.Helper()
		csr, _ := request(t)
		c, err := authority.Enrol(ctx, db, enrolCode(t, db, wire.Identity{Tenant: tenant, Store: "s1", Device: device}), csr, at)
		if err != nil {
			t.Fatal(err)
		}
		return parse(t, c.Certificate).SerialNumber.Text(16)
	}
	end := func(tenant, device string, at time.Time) {
		t.Helper()
		if err := db.Write(ctx, func(tx *state.Tx) error { return access.RevokeDevice(ctx, tx, tenant, device, "test", at) }); err != nil {
			t.Fatal(err)
		}
	}
	good, ours, theirs, old := issued("t", "good", noon), issued("t", "ours", noon), issued("other", "theirs", noon), issued("t", "old", noon.Add(-time.Hour))
	for device, tenant := range map[string]string{"ours": "t", "theirs": "other", "old": "t"} {
		end(tenant, device, noon)
	}
	read := func(at time.Time) (*access.RevocationList, map[string]bool) {
		t.Helper()
		l, err := authority.RevocationList(state.ForTenant(ctx, "t"), db, at)
		if err != nil {
			t.Fatal(err)
		}
		block, _ := pem.Decode(l.PEM)
		list, err := x509.ParseRevocationList(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if err := list.CheckSignatureFrom(parse(t, string(authority.PEM()))); err != nil {
			t.Error(err)
		}
		if list.ThisUpdate.After(at) || list.NextUpdate.Before(at.Add(90*24*time.Hour)) || list.Number.Int64() != l.Number {
			t.Errorf("from %v to %v, number %v, told %+v", list.ThisUpdate, list.NextUpdate, list.Number, l)
		}
		numbers := map[string]bool{}
		for _, e := range list.RevokedCertificateEntries {
			numbers[e.SerialNumber.Text(16)] = true
		}
		return l, numbers
	}
	first, at := read(noon.Add(time.Hour))
	if at[good] || !at[ours] || !at[theirs] || !at[old] {
		t.Errorf("an hour later: good %v, ours %v, theirs %v, old %v", at[good], at[ours], at[theirs], at[old])
	}
	next, at := read(noon.Add(90*24*time.Hour - 30*time.Minute))
	if at[good] || !at[ours] || !at[theirs] || at[old] || next.Number <= first.Number {
		t.Errorf("when old has run out: good %v, ours %v, theirs %v, old %v, number %d after %d", at[good], at[ours], at[theirs], at[old], next.Number, first.Number)
	}
	if last, _ := read(noon.Add(5 * 365 * 24 * time.Hour)); last.Revoked != 0 {
		t.Errorf("%d when all have run out", last.Revoked)
	}
}

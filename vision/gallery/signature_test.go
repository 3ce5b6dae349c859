package gallery_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/vision/gallery"
)

func newKey(t *testing.T) (ed25519.PrivateKey, []ed25519.PublicKey) {
	t.Helper()
	key, err := gallery.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key, []ed25519.PublicKey{key.Public().(ed25519.PublicKey)}
}

func signed(t *testing.T, g *gallery.Gallery, key ed25519.PrivateKey) []byte {
	t.Helper()
	data, err := g.EncodeSigned(key)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// rewritten passes each part of an archive through change; nil leaves the part out.
func rewritten(t *testing.T, data []byte, change func(name string, part []byte) []byte) []byte {
	t.Helper()
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		part, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if part = change(f.Name, part); part == nil {
			continue
		}
		to, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestASignedGalleryIsReadByWhoTrustsItsKey(t *testing.T) {
	key, trusted := newKey(t)
	_, also := newKey(t)
	g := filled(t)
	g.Version = 7
	data := signed(t, g, key)
	back, err := gallery.DecodeSigned(data, append(also, trusted...))
	if err != nil {
		t.Fatal(err)
	}
	if back.Version != 7 || back.SignedBy != gallery.KeyID(trusted[0]) || len(back.References) != 4 {
		t.Errorf("version %d by %s with %d references", back.Version, back.SignedBy, len(back.References))
	}
	if again := signed(t, back, key); !bytes.Equal(again, data) {
		t.Error("read and signed again, the file differs")
	}
	if plain, err := gallery.Decode(data); err != nil || plain.SignedBy != back.SignedBy {
		t.Errorf("without a key: %v", err)
	}
}

func TestWhatIsNotSignedRightIsRefused(t *testing.T) {
	key, trusted := newKey(t)
	stranger, _ := newKey(t)
	g := filled(t)
	g.Version = 7
	data := signed(t, g, key)
	plain, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	h := filled(t)
	h.Remove(cola)
	fewer := signed(t, h, key)
	var otherSignature []byte
	rewritten(t, fewer, func(name string, part []byte) []byte {
		if name == "signature.json" {
			otherSignature = part
		}
		return part
	})
	at := func(wanted string, change func([]byte) []byte) []byte {
		return rewritten(t, data, func(name string, part []byte) []byte {
			if name == wanted {
				return change(part)
			}
			return part
		})
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"no signature":             {plain, gallery.ErrUnsigned},
		"signature taken out":      {at("signature.json", func([]byte) []byte { return nil }), gallery.ErrUnsigned},
		"another key":              {signed(t, g, stranger), gallery.ErrSignature},
		"another file's signature": {at("signature.json", func([]byte) []byte { return otherSignature }), gallery.ErrSignature},
		"higher version written in": {at("gallery.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte(`"version": 7`), []byte(`"version": 8`), 1)
		}), gallery.ErrSignature},
		"another name written in": {at("gallery.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte("Cola"), []byte("Soda"), 1)
		}), gallery.ErrSignature},
		"another algorithm": {at("signature.json", func(b []byte) []byte {
			return bytes.Replace(b, []byte("ed25519"), []byte("none"), 1)
		}), gallery.ErrSignature},
		"another vector":          {at("vectors.f32", func(b []byte) []byte { b[5] ^= 1; return b }), gallery.ErrDamaged},
		"signature that is noise": {at("signature.json", func([]byte) []byte { return []byte("{") }), gallery.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := gallery.DecodeSigned(c.data, trusted); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestABoardDoesNotGoBack(t *testing.T) {
	key, trusted := newKey(t)
	dir := t.TempDir()
	path, floor := filepath.Join(dir, "g.gallery"), gallery.Floor{Path: filepath.Join(dir, "gallery-version.json")}
	take := func(version uint64) error {
		t.Helper()
		g := filled(t)
		g.Version = version
		if err := g.SaveSigned(path, key); err != nil {
			t.Fatal(err)
		}
		g, err := floor.Load(path, trusted)
		if err != nil {
			return err
		}
		return floor.Raise(g.Version)
	}
	for _, c := range []struct {
		version uint64
		want    error
	}{{3, nil}, {3, nil}, {5, nil}, {4, gallery.ErrRollback}, {5, nil}, {6, nil}} {
		if err := take(c.version); !errors.Is(err, c.want) {
			t.Fatalf("version %d: got %v, want %v", c.version, err, c.want)
		}
	}
	if err := os.WriteFile(floor.Path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := take(9); err == nil {
		t.Error("a floor that cannot be read is taken for none")
	}
}

func TestKeysAreReadAsTheyWereWritten(t *testing.T) {
	key, trusted := newKey(t)
	_, second := newKey(t)
	private, err := gallery.EncodePrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	back, err := gallery.ParsePrivateKey(private)
	if err != nil || !back.Equal(key) {
		t.Errorf("private key: %v", err)
	}
	var both []byte
	for _, k := range append(trusted, second...) {
		text, err := gallery.EncodePublicKey(k)
		if err != nil {
			t.Fatal(err)
		}
		both = append(both, text...)
	}
	keys, err := gallery.ParsePublicKeys(both)
	if err != nil || len(keys) != 2 || !keys[0].Equal(trusted[0]) || !keys[1].Equal(second[0]) {
		t.Errorf("public keys: %d, %v", len(keys), err)
	}
	for name, text := range map[string]string{
		"nothing": "", "noise": "key", "a private key": string(private), "noise behind": string(both) + "x",
		"cut": strings.Replace(string(both), "MC", "", 1),
	} {
		if keys, err := gallery.ParsePublicKeys([]byte(text)); err == nil {
			t.Errorf("%s is taken for %d keys", name, len(keys))
		}
	}
	if _, err := gallery.ParsePrivateKey(both); err == nil {
		t.Error("a public key is taken for a private one")
	}
}

// A key that OpenSSL made and one that signs in other tools are the same format.
func TestAnOpenSSLKeyIsRead(t *testing.T) {
	const made = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n"
	const public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n-----END PUBLIC KEY-----\n"
	// RFC 8032, 7.1, test 1: this is its key pair.
	key, err := gallery.ParsePrivateKey([]byte(made))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := gallery.ParsePublicKeys([]byte(public))
	if err != nil {
		t.Fatal(err)
	}
	if !key.Public().(ed25519.PublicKey).Equal(keys[0]) {
		t.Error("the two do not belong together")
	}
}

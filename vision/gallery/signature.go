package gallery

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// A signed file holds one more part:
//
//	signature.json  {"algorithm": "ed25519", "key": "…", "signature": "base64"}
//
// The signature covers "coldshelf gallery\n" followed by the bytes of gallery.json, which holds the gallery's
// version and the hash of every other part. The key is named by the first 16 hex digits of the SHA-256 of its
// 32 bytes.
const (
	signatureName = "signature.json"
	maxSignature  = 4 << 10
	signedWith    = "ed25519"
	signedContext = "coldshelf gallery\n"
)

// Errors of signed files that a caller may branch on.
var (
	ErrUnsigned  = errors.New("gallery is not signed")
	ErrSignature = errors.New("gallery is not signed by a key that is trusted here")
	// ErrRollback says that the signature is valid, but that a later version has been in use.
	ErrRollback = errors.New("gallery is older than one that was in use")
)

type signature struct {
	Algorithm string `json:"algorithm"`
	Key       string `json:"key"`
	Signature []byte `json:"signature"`
}

// KeyID returns the name of a public key.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:8])
}

func sign(head []byte, key ed25519.PrivateKey) ([]byte, error) {
	return json.Marshal(signature{
		Algorithm: signedWith, Key: KeyID(key.Public().(ed25519.PublicKey)),
		Signature: ed25519.Sign(key, append([]byte(signedContext), head...)),
	})
}

// verify checks the signature of gallery.json with whichever of the keys it names.
func (s signature) verify(head []byte, keys []ed25519.PublicKey) error {
	if s.Algorithm != signedWith {
		return fmt.Errorf("%w: it is signed with %q, this program checks %s", ErrSignature, s.Algorithm, signedWith)
	}
	for _, key := range keys {
		if KeyID(key) != s.Key {
			continue
		}
		if !ed25519.Verify(key, append([]byte(signedContext), head...), s.Signature) {
			return fmt.Errorf("%w: the signature by key %s does not fit the content", ErrSignature, s.Key)
		}
		return nil
	}
	return fmt.Errorf("%w: it is signed by key %s", ErrSignature, s.Key)
}

// EncodeSigned is Encode with a signature. The gallery's Version should be higher than that of every file that
// was signed before, because boards refuse to go back.
func (g *Gallery) EncodeSigned(key ed25519.PrivateKey) ([]byte, error) {
	return g.encode(func(head []byte) ([]byte, error) { return sign(head, key) })
}

// DecodeSigned is Decode for a file that must be signed by one of the keys; otherwise the error wraps
// ErrUnsigned or ErrSignature. Only the index is read before the signature has been verified.
func DecodeSigned(data []byte, keys []ed25519.PublicKey) (*Gallery, error) {
	return decode(data, func(head []byte, s *signature) error {
		if s == nil {
			return ErrUnsigned
		}
		return s.verify(head, keys)
	})
}

// LoadSigned is Load with the checks of DecodeSigned.
func LoadSigned(path string, keys []ed25519.PublicKey) (*Gallery, error) {
	return load(path, func(data []byte) (*Gallery, error) { return DecodeSigned(data, keys) })
}

// SaveSigned is Save with a signature.
func (g *Gallery) SaveSigned(path string, key ed25519.PrivateKey) error {
	data, err := g.EncodeSigned(key)
	if err != nil {
		return err
	}
	return replaceFile(path, data, 0o644)
}

// NewKey generates a signing key.
func NewKey() (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return key, err
}

// EncodePrivateKey returns the key as PEM, as OpenSSL writes it (PKCS #8).
func EncodePrivateKey(key ed25519.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), err
}

// EncodePublicKey returns the key as PEM, as OpenSSL writes it (RFC 8410).
func EncodePublicKey(key ed25519.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(key)
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), err
}

// ParsePrivateKey reads an Ed25519 key in PKCS #8 PEM, as `openssl genpkey -algorithm ed25519` writes it.
func ParsePrivateKey(data []byte) (ed25519.PrivateKey, error) {
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, errors.New("it holds no PEM block PRIVATE KEY")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, err
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("it holds a key of another kind than Ed25519")
	}
	return private, nil
}

// ParsePublicKeys reads one or more Ed25519 public keys in PEM. There are two of them while a key is being
// replaced, when boards trust both the old one and the new one.
func ParsePublicKeys(data []byte) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	begun := bytes.Count(data, []byte("-----BEGIN ")) // pem.Decode skips damaged blocks without an error
	for {
		var block *pem.Block
		if block, data = pem.Decode(data); block == nil {
			break
		}
		if block.Type != "PUBLIC KEY" {
			return nil, fmt.Errorf("it holds a PEM block %s, not PUBLIC KEY", block.Type)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, err
		}
		public, ok := key.(ed25519.PublicKey)
		if !ok {
			return nil, errors.New("it holds a key of another kind than Ed25519")
		}
		keys = append(keys, public)
	}
	if len(keys) == 0 || len(keys) != begun || len(bytes.TrimSpace(data)) > 0 {
		return nil, errors.New("it is not made of whole PEM blocks PUBLIC KEY alone")
	}
	return keys, nil
}

// replaceFile writes a file so that a reader sees either the old one or the new one, whole, even after a power
// cut.
func replaceFile(path string, data []byte, mode os.FileMode) error {
	part, err := os.CreateTemp(filepath.Dir(path), ".gallery-*")
	if err != nil {
		return fmt.Errorf("save gallery: %w", err)
	}
	defer os.Remove(part.Name())
	_, err = part.Write(data)
	if err = errors.Join(err, part.Chmod(mode), part.Sync(), part.Close()); err != nil {
		return fmt.Errorf("save gallery: %w", err)
	}
	if err := os.Rename(part.Name(), path); err != nil {
		return fmt.Errorf("save gallery: %w", err)
	}
	return nil
}

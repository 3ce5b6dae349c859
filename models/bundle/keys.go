package bundle

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
)

// Names of the keys in a folder of keys. The root key is needed for Init and Rotate alone and belongs in
// a safe; the release key signs every bundle.
const (
	rootKeyFile    = "root.key"
	releaseKeyFile = "release.key"
)

// rootTime is how long a root is good. A board whose root has ended accepts no bundle until one brings a
// root that this one signed.
const rootTime = 10 * 365 * 24 * time.Hour

// releaseRoles are signed with the release key.
var releaseRoles = []string{metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP}

// Init makes the keys and the first root, 1.root.json, in a folder that has none yet. The root is what
// every board must hold before it accepts a bundle.
func Init(dir string, now time.Time) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(rootPath(dir, 1)); err == nil {
		return fmt.Errorf("%s: %w: keys are made once", rootPath(dir, 1), fs.ErrExist)
	}
	rootKey, err := makeKey(filepath.Join(dir, rootKeyFile))
	if err != nil {
		return err
	}
	releaseKey, err := makeKey(filepath.Join(dir, releaseKeyFile))
	if err != nil {
		return err
	}
	root := metadata.Root(now.Add(rootTime).UTC().Truncate(time.Second))
	if err := addKey(root, rootKey, metadata.ROOT); err != nil {
		return err
	}
	for _, role := range releaseRoles {
		if err := addKey(root, releaseKey, role); err != nil {
			return err
		}
	}
	return writeRoot(dir, root, rootKey)
}

// Rotate replaces the release key by a new one in a new root, which the root key signs. Bundles that are
// made from then on carry that root, and a board that has seen it refuses what the old key signs.
func Rotate(dir string, now time.Time) (version int64, err error) {
	roots, err := loadRoots(dir)
	if err != nil {
		return 0, err
	}
	rootKey, err := readKey(filepath.Join(dir, rootKeyFile))
	if err != nil {
		return 0, err
	}
	root, err := metadata.Root().FromBytes(roots[len(roots)-1])
	if err != nil {
		return 0, err
	}
	path := filepath.Join(dir, releaseKeyFile)
	next := path + ".next"
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return 0, err
	}
	releaseKey, err := makeKey(next)
	if err != nil {
		return 0, err
	}
	for _, role := range releaseRoles {
		for _, id := range append([]string(nil), root.Signed.Roles[role].KeyIDs...) {
			if err := root.Signed.RevokeKey(id, role); err != nil {
				return 0, err
			}
		}
		if err := addKey(root, releaseKey, role); err != nil {
			return 0, err
		}
	}
	root.Signed.Version++
	root.Signed.Expires = now.Add(rootTime).UTC().Truncate(time.Second)
	root.ClearSignatures()
	if err := writeRoot(dir, root, rootKey); err != nil {
		return 0, err
	}
	return root.Signed.Version, os.Rename(next, path)
}

func rootPath(dir string, version int64) string {
	return filepath.Join(dir, fmt.Sprintf("%d.root.json", version))
}

// loadRoots gives every root from the first on.
func loadRoots(dir string) (roots [][]byte, err error) {
	for version := int64(1); ; version++ {
		data, err := os.ReadFile(rootPath(dir, version))
		if errors.Is(err, fs.ErrNotExist) && version > 1 {
			return roots, nil
		}
		if err != nil {
			return nil, err
		}
		roots = append(roots, data)
	}
}

func writeRoot(dir string, root *metadata.Metadata[metadata.RootType], key ed25519.PrivateKey) error {
	if err := sign(root, key); err != nil {
		return err
	}
	return root.ToFile(rootPath(dir, root.Signed.Version), true)
}

func addKey(root *metadata.Metadata[metadata.RootType], key ed25519.PrivateKey, role string) error {
	public, err := metadata.KeyFromPublicKey(key.Public())
	if err != nil {
		return err
	}
	return root.Signed.AddKey(public, role)
}

func sign[T metadata.Roles](m *metadata.Metadata[T], key ed25519.PrivateKey) error {
	signer, err := signature.LoadSigner(key, crypto.Hash(0))
	if err != nil {
		return err
	}
	_, err = m.Sign(signer)
	return err
}

func makeKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	err = pem.Encode(f, &pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return key, errors.Join(err, f.Close())
}

func readKey(path string) (ed25519.PrivateKey, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != "PRIVATE KEY" {
		return nil, fmt.Errorf("%s: is no PEM private key", path)
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("%s: is no Ed25519 key", path)
	}
	return private, nil
}

// Package release stores the signed bundles that may be sent to boards: networks, galleries and agents, each a
// repository of The Update Framework in one file (package bundle). They are in the state's database, in pieces,
// so that every node of the service has them and a backup contains them.
//
// It refuses a bundle that the tenant's root does not vouch for, one that has expired, one with a lower version
// than the newest of its kind and processor, and different content under an existing version: whatever boards
// would refuse does not get this far. No signing key is ever stored here, only the root, which is public.
//
// It serves a bundle to whoever knows its SHA-256, in ranges, so that a board can resume a download. A board is
// told the hash over its own authenticated connection; nothing lists the hashes to strangers.
package release

import (
	"errors"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/state"
)

// Errors that a caller may branch on. Faults of the signatures are bundle.ErrRefused.
var (
	ErrNoRoot  = errors.New("this tenant has no root to check bundles by")
	ErrRoot    = errors.New("the tenant has another root already")
	ErrBadRoot = errors.New("is no root of bundles")
	ErrLower   = errors.New("the version is below the newest that is here")
	ErrTaken   = errors.New("another content of this version is here")
	ErrSize    = errors.New("the bundle is too large")
)

// Tables are the tables of this package.
var Tables = state.Migrations{Name: "release", Steps: []string{`
CREATE TABLE release_roots (
	tenant     TEXT PRIMARY KEY,
	root       BLOB NOT NULL,
	changed_at BIGINT NOT NULL,
	changed_by TEXT NOT NULL
);
CREATE TABLE release_trust (
	tenant   TEXT NOT NULL,
	kind     TEXT NOT NULL,
	arch     TEXT NOT NULL,
	metadata BLOB NOT NULL,
	PRIMARY KEY (tenant, kind, arch)
);
CREATE TABLE releases (
	tenant     TEXT NOT NULL,
	sha256     TEXT NOT NULL,
	kind       TEXT NOT NULL,
	version    TEXT NOT NULL,
	arch       TEXT NOT NULL,
	size       BIGINT NOT NULL,
	made_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	added_at   BIGINT NOT NULL,
	added_by   TEXT NOT NULL,
	PRIMARY KEY (tenant, sha256)
);
CREATE INDEX releases_by_hash ON releases (sha256);
CREATE TABLE release_pieces (
	tenant TEXT NOT NULL,
	sha256 TEXT NOT NULL,
	n      BIGINT NOT NULL,
	bytes  BLOB NOT NULL,
	PRIMARY KEY (tenant, sha256, n)
);
`}}

// Release is one stored bundle.
type Release struct {
	Kind    string    `json:"kind"`
	Version string    `json:"version"`
	Arch    string    `json:"arch,omitempty"` // GOARCH, of an agent
	SHA256  string    `json:"sha256"`         // of the bundle, in hexadecimal
	Size    int64     `json:"size"`           // bytes
	MadeAt  time.Time `json:"made_at"`
	Expires time.Time `json:"expires_at"` // boards that know the time do not accept it after this
	AddedAt time.Time `json:"added_at"`
	AddedBy string    `json:"added_by"`
}

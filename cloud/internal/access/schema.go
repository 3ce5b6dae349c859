package access

import "github.com/coldshelf/coldshelf/cloud/internal/state"

// Tables are the tables of this package.
var Tables = state.Migrations{Name: "access", Steps: []string{`
CREATE TABLE tokens (
	id         AUTOID,
	tenant     TEXT NOT NULL,
	name       TEXT NOT NULL,
	role       TEXT NOT NULL,
	store      TEXT NOT NULL DEFAULT '',
	device     TEXT NOT NULL DEFAULT '',
	sha256     TEXT NOT NULL UNIQUE,
	created_at BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_by_device ON tokens (tenant, device);
CREATE TABLE codes (
	sha256     TEXT PRIMARY KEY,
	purpose    TEXT NOT NULL,
	tenant     TEXT NOT NULL,
	store      TEXT NOT NULL DEFAULT '',
	device     TEXT NOT NULL DEFAULT '',
	expires_at BIGINT NOT NULL
);
CREATE TABLE certificates (
	serial     TEXT PRIMARY KEY,
	tenant     TEXT NOT NULL,
	store      TEXT NOT NULL,
	device     TEXT NOT NULL,
	issued_at  BIGINT NOT NULL,
	not_after  BIGINT NOT NULL,
	revoked_at BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX certificates_by_device ON certificates (tenant, device);
CREATE TABLE audit (
	n      AUTOID,
	at     BIGINT NOT NULL,
	tenant TEXT NOT NULL,
	who    TEXT NOT NULL,
	action TEXT NOT NULL,
	detail TEXT NOT NULL
);
`, `
CREATE TABLE users (
	id          AUTOID,
	tenant      TEXT NOT NULL,
	email       TEXT NOT NULL UNIQUE,
	name        TEXT NOT NULL,
	role        TEXT NOT NULL,
	password    TEXT NOT NULL DEFAULT '',
	created_at  BIGINT NOT NULL,
	disabled_at BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE sessions (
	sha256     TEXT PRIMARY KEY,
	user_id    BIGINT NOT NULL,
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (user_id);
ALTER TABLE codes ADD COLUMN user_id BIGINT NOT NULL DEFAULT 0;
`}, Visible: map[string]string{"sessions": "user_id IN (SELECT id FROM users)"}}

package state

// Tables are the tables of state itself. They must be passed to Migrate first, because other packages' tables
// may refer to them.
var Tables = Migrations{Name: "state", Steps: []string{schema1, schema2, schema3}}

// schema2 lets pictures that are proof outlive the others.
const schema2 = `ALTER TABLE pictures ADD COLUMN keep_until BIGINT NOT NULL DEFAULT 0;`

// schema3 adds what alert rules are scoped by.
const schema3 = `
ALTER TABLE stores ADD COLUMN region TEXT NOT NULL DEFAULT '';
ALTER TABLE stores ADD COLUMN channel TEXT NOT NULL DEFAULT '';
ALTER TABLE stores ADD COLUMN class TEXT NOT NULL DEFAULT '';
ALTER TABLE coolers ADD COLUMN model TEXT NOT NULL DEFAULT '';
`

const schema1 = `
CREATE TABLE tenants (
	tenant     TEXT PRIMARY KEY,
	name       TEXT NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL
);

CREATE TABLE stores (
	tenant     TEXT NOT NULL,
	store      TEXT NOT NULL,
	name       TEXT NOT NULL DEFAULT '',
	gln        TEXT NOT NULL DEFAULT '',
	lat        DOUBLE PRECISION,
	lon        DOUBLE PRECISION,
	tz         TEXT NOT NULL DEFAULT '',
	hours      TEXT NOT NULL DEFAULT '',
	updated_at BIGINT NOT NULL,
	PRIMARY KEY (tenant, store)
);

CREATE TABLE products (
	tenant  TEXT NOT NULL,
	gtin    TEXT NOT NULL,
	name    TEXT NOT NULL DEFAULT '',
	name_zh TEXT NOT NULL DEFAULT '',
	brand   TEXT NOT NULL DEFAULT '',
	own     BOOLEAN NOT NULL,
	PRIMARY KEY (tenant, gtin)
);

CREATE TABLE planograms (
	tenant       TEXT NOT NULL,
	id           TEXT NOT NULL,
	version      BIGINT NOT NULL,
	body         TEXT NOT NULL,
	published_at BIGINT NOT NULL,
	PRIMARY KEY (tenant, id, version)
);

CREATE TABLE coolers (
	tenant      TEXT NOT NULL,
	device      TEXT NOT NULL,
	store       TEXT NOT NULL,
	topic_store TEXT NOT NULL,
	name        TEXT NOT NULL DEFAULT '',
	planogram   TEXT NOT NULL DEFAULT '',
	created_at  BIGINT NOT NULL,
	changed_at  BIGINT NOT NULL,
	last_seen   BIGINT NOT NULL DEFAULT 0,
	online      BOOLEAN NOT NULL,
	status_boot BIGINT NOT NULL DEFAULT 0,
	status_at   BIGINT NOT NULL DEFAULT 0,
	obs_boot    BIGINT NOT NULL DEFAULT 0,
	obs_seq     BIGINT NOT NULL DEFAULT 0,
	pic_boot    BIGINT NOT NULL DEFAULT 0,
	pic_seq     BIGINT NOT NULL DEFAULT 0,
	latest      TEXT NOT NULL DEFAULT '{}',
	PRIMARY KEY (tenant, device)
);
CREATE INDEX coolers_by_store ON coolers (tenant, store);
CREATE INDEX coolers_by_change ON coolers (changed_at);

CREATE TABLE seen (
	tenant TEXT NOT NULL,
	device TEXT NOT NULL,
	boot   BIGINT NOT NULL,
	ranges BLOB NOT NULL,
	PRIMARY KEY (tenant, device, boot)
);

CREATE TABLE observations (
	tenant   TEXT NOT NULL,
	device   TEXT NOT NULL,
	place    BIGINT NOT NULL,
	boot     BIGINT NOT NULL,
	seq      BIGINT NOT NULL,
	envelope BLOB NOT NULL,
	PRIMARY KEY (tenant, device, place)
);

CREATE TABLE pictures (
	tenant      TEXT NOT NULL,
	device      TEXT NOT NULL,
	boot        BIGINT NOT NULL,
	seq         BIGINT NOT NULL,
	obs_seq     BIGINT NOT NULL,
	captured_at BIGINT NOT NULL,
	width       BIGINT NOT NULL,
	height      BIGINT NOT NULL,
	purpose     TEXT NOT NULL,
	jpeg        BLOB NOT NULL,
	PRIMARY KEY (tenant, device, boot, seq)
);

CREATE TABLE quarantine (
	id          AUTOID,
	received_at BIGINT NOT NULL,
	tenant      TEXT NOT NULL,
	topic       TEXT NOT NULL,
	reason      TEXT NOT NULL,
	detail      TEXT NOT NULL,
	sha256      TEXT NOT NULL UNIQUE,
	times       BIGINT NOT NULL,
	size        BIGINT NOT NULL,
	bytes       BLOB NOT NULL
);
`

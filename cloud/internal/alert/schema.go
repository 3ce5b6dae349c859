package alert

import "github.com/coldshelf/coldshelf/cloud/internal/state"

// Tables are the tables of this package. They must be passed to state.Migrate after state.Tables.
var Tables = state.Migrations{Name: "alert", Steps: []string{`
CREATE TABLE alert_machines (
	tenant     TEXT NOT NULL,
	device     TEXT NOT NULL,
	store      TEXT NOT NULL,
	state      TEXT NOT NULL,
	since      BIGINT NOT NULL,
	pruned     BOOLEAN NOT NULL,
	due_at     BIGINT NOT NULL,
	PRIMARY KEY (tenant, device)
);
CREATE INDEX alert_machines_by_due ON alert_machines (due_at);

CREATE TABLE alert_looks (
	tenant     TEXT NOT NULL,
	device     TEXT NOT NULL,
	boot       BIGINT NOT NULL,
	seq        BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	late       BOOLEAN NOT NULL,
	look       TEXT NOT NULL,
	checkpoint TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (tenant, device, boot, seq)
);

CREATE TABLE alerts (
	id          TEXT PRIMARY KEY,
	tenant      TEXT NOT NULL,
	store       TEXT NOT NULL,
	device      TEXT NOT NULL,
	type        TEXT NOT NULL,
	severity    TEXT NOT NULL,
	status      TEXT NOT NULL,
	opened_at   BIGINT NOT NULL,
	closed_boot BIGINT NOT NULL,
	closed_seq  BIGINT NOT NULL,
	alert       TEXT NOT NULL,
	episode     TEXT NOT NULL
);
CREATE INDEX alerts_by_device ON alerts (tenant, device, status);
CREATE INDEX alerts_by_time ON alerts (tenant, status, opened_at);

CREATE TABLE alert_log (
	cursor   AUTOID,
	event_id TEXT NOT NULL UNIQUE,
	kind     TEXT NOT NULL,
	at       BIGINT NOT NULL,
	alert_id TEXT NOT NULL,
	tenant   TEXT NOT NULL,
	store    TEXT NOT NULL,
	device   TEXT NOT NULL,
	slot     TEXT NOT NULL,
	gtin     TEXT NOT NULL,
	type     TEXT NOT NULL,
	severity TEXT NOT NULL,
	alert    TEXT NOT NULL
);

CREATE TABLE alert_readers (
	reader TEXT PRIMARY KEY,
	cursor BIGINT NOT NULL
);
`, `
CREATE TABLE alert_rules (
	tenant  TEXT NOT NULL,
	version BIGINT NOT NULL,
	text    TEXT NOT NULL,
	who     TEXT NOT NULL,
	at      BIGINT NOT NULL,
	PRIMARY KEY (tenant, version)
);
`, `
ALTER TABLE alert_log ADD COLUMN was TEXT NOT NULL DEFAULT '';
`, `
CREATE TABLE alert_proofs (
	tenant     TEXT NOT NULL,
	alert_id   TEXT NOT NULL,
	moment     TEXT NOT NULL,
	device     TEXT NOT NULL,
	boot       BIGINT NOT NULL,
	seq        BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	width      BIGINT NOT NULL,
	height     BIGINT NOT NULL,
	box        TEXT NOT NULL,
	kept_until BIGINT NOT NULL,
	PRIMARY KEY (alert_id, moment)
);
CREATE INDEX alert_proofs_by_device ON alert_proofs (tenant, device, kept_until);
`, `
ALTER TABLE alert_log ADD COLUMN logged_at BIGINT NOT NULL DEFAULT 0;
`, `
ALTER TABLE alert_log ADD COLUMN store_was TEXT NOT NULL DEFAULT '';
`, `
CREATE TABLE alert_log_identity (
	one BIGINT PRIMARY KEY,
	id  TEXT NOT NULL
);
`, `
CREATE TABLE alert_log_seams (
	above BIGINT PRIMARY KEY,
	below BIGINT NOT NULL,
	log   TEXT NOT NULL,
	at    BIGINT NOT NULL
);
`, `
CREATE TABLE alert_readings (
	tenant     TEXT NOT NULL,
	device     TEXT NOT NULL,
	boot       BIGINT NOT NULL,
	seq        BIGINT NOT NULL,
	at         BIGINT NOT NULL,
	late       BOOLEAN NOT NULL,
	readings   TEXT NOT NULL,
	checkpoint TEXT NOT NULL DEFAULT '',
	PRIMARY KEY (tenant, device, boot, seq)
);
ALTER TABLE alert_machines ADD COLUMN read_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE alert_machines ADD COLUMN read_pruned BOOLEAN NOT NULL DEFAULT TRUE;
`}}

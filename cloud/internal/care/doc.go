// Package care keeps the desired state of boards and what boards report about it. It is beside the way from a
// frame to an alert: it decides with which planogram, schedule, networks and gallery boards look. A wish sets
// planogram, schedule, thresholds, networks, gallery or agent for a whole tenant, a store or one cooler. For
// each part, the most specific wish counts.
//
// The wishes for a board are merged into one numbered desired state, which is published retained on the board's
// topic; the board reports the outcome. Ingesters only record the reports (Listener); one Keeper at a time, on
// whichever node, merges and publishes. A wish that changes nothing for a board is not published again. One
// that a board has missed is published again when the board comes back.
//
// It does not send what is not there: a part whose bundle or planogram is missing is left out, and the reason
// is stored with the board. A board's number only increases, even with a database that was restored from a
// backup: a board that has seen a higher number is sent a still higher one.
package care

import "github.com/coldshelf/coldshelf/cloud/internal/state"

// Tables are the tables of this package. Facts are written by ingesters only, boards by the keeper only.
var Tables = state.Migrations{Name: "care", Steps: []string{`
CREATE TABLE care_wishes (
	tenant     TEXT NOT NULL,
	scope      TEXT NOT NULL,
	place      TEXT NOT NULL,
	parts      TEXT NOT NULL,
	changed_at BIGINT NOT NULL,
	changed_by TEXT NOT NULL,
	PRIMARY KEY (tenant, scope, place)
);
CREATE TABLE care_boards (
	tenant    TEXT NOT NULL,
	device    TEXT NOT NULL,
	version   BIGINT NOT NULL,
	wanted    TEXT NOT NULL,
	since     BIGINT NOT NULL,
	published BIGINT NOT NULL,
	applied   TEXT NOT NULL DEFAULT '{}',
	PRIMARY KEY (tenant, device)
);
CREATE INDEX care_boards_unpublished ON care_boards (tenant, device) WHERE published <> version;
CREATE TABLE care_facts (
	tenant      TEXT NOT NULL,
	device      TEXT NOT NULL,
	birth_boot  BIGINT NOT NULL DEFAULT 0,
	birth_seq   BIGINT NOT NULL DEFAULT 0,
	arch        TEXT NOT NULL DEFAULT '',
	agent       TEXT NOT NULL DEFAULT '',
	model       TEXT NOT NULL DEFAULT '',
	gallery     TEXT NOT NULL DEFAULT '',
	in_force    BIGINT NOT NULL DEFAULT 0,
	told_boot   BIGINT NOT NULL DEFAULT 0,
	told_seq    BIGINT NOT NULL DEFAULT 0,
	told        BIGINT NOT NULL DEFAULT 0,
	outcome     TEXT NOT NULL DEFAULT '',
	detail      TEXT NOT NULL DEFAULT '',
	told_at     BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (tenant, device)
);
CREATE TABLE care_queue (
	n      AUTOID,
	tenant TEXT NOT NULL,
	scope  TEXT NOT NULL,
	place  TEXT NOT NULL,
	again  BOOLEAN NOT NULL
);
`}}

package embedded

import "github.com/coldshelf/coldshelf/cloud/internal/state"

// tables stores a message as one row, whose key consists of the device's number, the time, boot and seq, so
// that a device's day is contiguous in the tree. What repeats from message to message (slots, GTINs, facings
// due) is stored in shapes.
var tables = state.Migrations{Name: "series", Steps: []string{`
CREATE TABLE devs (
	id     INTEGER PRIMARY KEY,
	tenant TEXT NOT NULL,
	device TEXT NOT NULL,
	store  TEXT NOT NULL,
	UNIQUE (tenant, device, store)
);
CREATE TABLE shapes (
	id   INTEGER PRIMARY KEY,
	body BLOB NOT NULL UNIQUE
);
CREATE TABLE points (
	dev   INTEGER NOT NULL,
	at    INTEGER NOT NULL,
	boot  INTEGER NOT NULL,
	seq   INTEGER NOT NULL,
	shape INTEGER NOT NULL,
	body  BLOB NOT NULL,
	PRIMARY KEY (dev, at, boot, seq)
) WITHOUT ROWID;
CREATE TABLE fleet (
	tenant    TEXT NOT NULL,
	bucket    INTEGER NOT NULL,
	gtin      TEXT NOT NULL,
	ok        INTEGER NOT NULL,
	low       INTEGER NOT NULL,
	empty     INTEGER NOT NULL,
	misplaced INTEGER NOT NULL,
	foreign_  INTEGER NOT NULL,
	unknown   INTEGER NOT NULL,
	present   INTEGER NOT NULL,
	due       INTEGER NOT NULL,
	PRIMARY KEY (tenant, bucket, gtin)
) WITHOUT ROWID;
CREATE TABLE dirty (
	dev  INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	PRIMARY KEY (dev, hour)
) WITHOUT ROWID;
CREATE TABLE hours (
	dev  INTEGER NOT NULL,
	hour INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (dev, hour)
) WITHOUT ROWID;
`, `
CREATE TABLE days (
	dev  INTEGER NOT NULL,
	day  INTEGER NOT NULL,
	body BLOB NOT NULL,
	PRIMARY KEY (dev, day)
) WITHOUT ROWID;
CREATE TABLE dirtydays (
	dev INTEGER NOT NULL,
	day INTEGER NOT NULL,
	PRIMARY KEY (dev, day)
) WITHOUT ROWID;
INSERT INTO dirtydays (dev, day) SELECT DISTINCT dev, hour - hour % 86400000000 FROM hours;
`}}

package merge

import "github.com/coldshelf/coldshelf/cloud/internal/state"

// Tables are the tables of this package: give them to state.Migrate after state.Tables and
// sales.Tables.
//
// merge_touched has a row for each hour that a stored fact speaks of, until it is merged; rows are
// only inserted, so that ingesters never wait for each other here. An hour and a local day are one
// packed row each. merge_coolers is what a cooler was last due to hold, so that one which goes dark
// lowers the coverage instead of vanishing.
var Tables = state.Migrations{Name: "merge", Steps: []string{schema1, schema2, schema3, schema4, schema5}}

// schema2: a store's touched hours are taken together, so that a backlog folds each hour once.
const schema2 = `CREATE INDEX merge_touched_by_store ON merge_touched (tenant, store, id);`

// schema3: merge_mirror has a row for each hour that was stored and is not in the mirror yet, with the
// names of what the hour held before and holds no more.
const schema3 = `
CREATE TABLE merge_mirror (
	id     AUTOID,
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	hour   BIGINT NOT NULL,
	gone   BLOB NOT NULL
);
CREATE INDEX merge_mirror_by_tenant ON merge_mirror (tenant, id);`

// schema4: by which masters the stored hours were folded, so that a change restates the hours that it touches, also one that
// was made while the service stood still. A store that has no row has no zone and no opening hours; a product that has
// none has no group and no list price.
const schema4 = `
CREATE TABLE merge_places (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	tz     TEXT NOT NULL,
	hours  TEXT NOT NULL,
	PRIMARY KEY (tenant, store)
);
CREATE TABLE merge_products (
	tenant   TEXT NOT NULL,
	gtin     TEXT NOT NULL,
	grp      TEXT NOT NULL,
	price    BIGINT NOT NULL,
	currency TEXT NOT NULL,
	PRIMARY KEY (tenant, gtin)
);`

const schema1 = `
CREATE TABLE merge_touched (
	id     AUTOID,
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	device TEXT NOT NULL,
	hour   BIGINT NOT NULL,
	cause  TEXT NOT NULL
);
CREATE TABLE merge_coolers (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	device TEXT NOT NULL,
	since  BIGINT NOT NULL,
	at     BIGINT NOT NULL,
	slots  TEXT NOT NULL,
	PRIMARY KEY (tenant, store, device)
);
CREATE INDEX sales_lines_by_time ON sales_lines (tenant, store, sold_at);
CREATE TABLE merge_hours (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	hour   BIGINT NOT NULL,
	day    BIGINT NOT NULL,
	closed BOOLEAN NOT NULL,
	body   BLOB NOT NULL,
	PRIMARY KEY (tenant, store, hour)
);
CREATE INDEX merge_hours_by_hour ON merge_hours (tenant, hour);
CREATE TABLE merge_days (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	day    BIGINT NOT NULL,
	body   BLOB NOT NULL,
	PRIMARY KEY (tenant, store, day)
);
CREATE INDEX merge_days_by_day ON merge_days (tenant, day);
CREATE TABLE merge_restated (
	id     AUTOID,
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	hour   BIGINT NOT NULL,
	at     BIGINT NOT NULL,
	cause  TEXT NOT NULL,
	body   TEXT NOT NULL
);
CREATE INDEX merge_restated_by_tenant ON merge_restated (tenant, id);
CREATE TABLE merge_cursors (
	tenant TEXT NOT NULL,
	feed   TEXT NOT NULL,
	at     BIGINT NOT NULL,
	PRIMARY KEY (tenant, feed)
);
CREATE TABLE merge_models (
	tenant    TEXT PRIMARY KEY,
	version   BIGINT NOT NULL,
	fitted_at BIGINT NOT NULL,
	body      TEXT NOT NULL
);
CREATE TABLE merge_rates (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	body   BLOB NOT NULL,
	PRIMARY KEY (tenant, store)
);
CREATE TABLE merge_shapes (
	tenant  TEXT NOT NULL,
	cluster TEXT NOT NULL,
	body    BLOB NOT NULL,
	PRIMARY KEY (tenant, cluster)
);
`

// schema5: in which currency a store's lost sales were valued.
const schema5 = `ALTER TABLE merge_places ADD COLUMN currency TEXT NOT NULL DEFAULT '';`

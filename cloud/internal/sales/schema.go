package sales

import "github.com/coldshelf/coldshelf/cloud/internal/state"

// Tables are the tables of this package.
var Tables = state.Migrations{Name: "sales", Steps: []string{schema1, schema2, schema3, schema4, schema5, schema6, schema7, schema8, schema9, schema10, schema11, schema12, schema13}}

// In sales_lines is the highest revision of each line, in sales_revisions what it replaced or came too
// late for. sales_hours has one row for each hour of a product in a store that ever had a line, with
// the number of its last change. Stock is kept as it stands after the last count (counted_at, 0:
// never counted, then on_hand is only the sum of what moved).
const schema1 = `
CREATE TABLE sales_tenants (
	tenant  TEXT PRIMARY KEY,
	changes BIGINT NOT NULL DEFAULT 0,
	masters BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE sales_products (
	tenant TEXT NOT NULL,
	gtin   TEXT NOT NULL,
	body   TEXT NOT NULL,
	PRIMARY KEY (tenant, gtin)
);

CREATE TABLE sales_stores (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	body   TEXT NOT NULL,
	PRIMARY KEY (tenant, store)
);

CREATE TABLE sales_lines (
	tenant       TEXT NOT NULL,
	channel      TEXT NOT NULL,
	ord          TEXT NOT NULL,
	line         TEXT NOT NULL,
	revision     BIGINT NOT NULL,
	store        TEXT NOT NULL,
	gtin         TEXT NOT NULL,
	units        BIGINT NOT NULL,
	sold_as      TEXT NOT NULL,
	quantity     BIGINT NOT NULL,
	price        BIGINT NOT NULL,
	amount       BIGINT NOT NULL,
	currency     TEXT NOT NULL,
	sold_at      BIGINT NOT NULL,
	promotion    TEXT NOT NULL,
	refund_order TEXT NOT NULL,
	refund_line  TEXT NOT NULL,
	restocked    BOOLEAN NOT NULL,
	received_at  BIGINT NOT NULL,
	PRIMARY KEY (tenant, channel, ord, line)
);
CREATE INDEX sales_lines_by_place ON sales_lines (tenant, store, gtin, sold_at);
CREATE INDEX sales_lines_by_refund ON sales_lines (tenant, channel, refund_order, refund_line) WHERE refund_order <> '';

CREATE TABLE sales_revisions (
	tenant   TEXT NOT NULL,
	channel  TEXT NOT NULL,
	ord      TEXT NOT NULL,
	line     TEXT NOT NULL,
	revision BIGINT NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (tenant, channel, ord, line, revision)
);

CREATE TABLE sales_hours (
	tenant TEXT NOT NULL,
	store  TEXT NOT NULL,
	gtin   TEXT NOT NULL,
	hour   BIGINT NOT NULL,
	change BIGINT NOT NULL,
	PRIMARY KEY (tenant, store, gtin, hour)
);
CREATE INDEX sales_hours_by_change ON sales_hours (tenant, change);

CREATE TABLE sales_parked (
	id        AUTOID,
	tenant    TEXT NOT NULL,
	channel   TEXT NOT NULL,
	ord       TEXT NOT NULL,
	line      TEXT NOT NULL,
	revision  BIGINT NOT NULL,
	code      TEXT NOT NULL,
	missing   TEXT NOT NULL,
	detail    TEXT NOT NULL,
	draft     TEXT NOT NULL,
	parked_at BIGINT NOT NULL,
	UNIQUE (tenant, channel, ord, line, revision)
);
CREATE INDEX sales_parked_by_missing ON sales_parked (tenant, code, missing);

CREATE TABLE sales_rejected (
	id       AUTOID,
	tenant   TEXT NOT NULL,
	source   TEXT NOT NULL,
	place    BIGINT NOT NULL,
	code     TEXT NOT NULL,
	field    TEXT NOT NULL,
	detail   TEXT NOT NULL,
	hint     TEXT NOT NULL,
	input    TEXT NOT NULL,
	sha256   TEXT NOT NULL,
	times    BIGINT NOT NULL,
	last_at  BIGINT NOT NULL,
	UNIQUE (tenant, sha256)
);

CREATE TABLE sales_movements (
	tenant TEXT NOT NULL,
	id     TEXT NOT NULL,
	store  TEXT NOT NULL,
	gtin   TEXT NOT NULL,
	cause  TEXT NOT NULL,
	units  BIGINT NOT NULL,
	at     BIGINT NOT NULL,
	place  TEXT NOT NULL,
	note   TEXT NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX sales_movements_by_place ON sales_movements (tenant, store, gtin, at);

CREATE TABLE sales_stock (
	tenant     TEXT NOT NULL,
	store      TEXT NOT NULL,
	gtin       TEXT NOT NULL,
	on_hand    BIGINT NOT NULL,
	counted_at BIGINT NOT NULL,
	reserved   BIGINT NOT NULL,
	PRIMARY KEY (tenant, gtin, store)
);
`

// schema2: how channels send, and which of their deliveries were taken.
const schema2 = `
CREATE TABLE sales_channels (
	tenant  TEXT NOT NULL,
	channel TEXT NOT NULL,
	body    TEXT NOT NULL,
	PRIMARY KEY (tenant, channel)
);

CREATE TABLE sales_deliveries (
	tenant  TEXT NOT NULL,
	channel TEXT NOT NULL,
	id      TEXT NOT NULL,
	at      BIGINT NOT NULL,
	PRIMARY KEY (tenant, channel, id)
);
CREATE INDEX sales_deliveries_by_time ON sales_deliveries (at);
`

// schema3: what online orders hold, until it is sold, cancelled or timed out.
const schema3 = `
CREATE TABLE sales_reservations (
	tenant     TEXT NOT NULL,
	channel    TEXT NOT NULL,
	ord        TEXT NOT NULL,
	status     TEXT NOT NULL,
	request    TEXT NOT NULL,
	answer     TEXT NOT NULL,
	created_at BIGINT NOT NULL,
	expires_at BIGINT NOT NULL,
	PRIMARY KEY (tenant, channel, ord)
);
CREATE INDEX sales_reservations_by_end ON sales_reservations (tenant, expires_at) WHERE status = 'held';

CREATE TABLE sales_holds (
	tenant  TEXT NOT NULL,
	channel TEXT NOT NULL,
	ord     TEXT NOT NULL,
	store   TEXT NOT NULL,
	gtin    TEXT NOT NULL,
	units   BIGINT NOT NULL,
	PRIMARY KEY (tenant, channel, ord, store, gtin)
);
`

// Orders are listed by when they were decided about.
const schema4 = `
CREATE INDEX sales_reservations_by_time ON sales_reservations (tenant, created_at);
`

// schema5: what lines took from where it was held for their order, instead of from their own store. Of a
// line's units those here are taken from their store at their time, and only the rest from the line's.
const schema5 = `
CREATE TABLE sales_takings (
	tenant  TEXT NOT NULL,
	channel TEXT NOT NULL,
	ord     TEXT NOT NULL,
	line    TEXT NOT NULL,
	store   TEXT NOT NULL,
	gtin    TEXT NOT NULL,
	at      BIGINT NOT NULL,
	units   BIGINT NOT NULL,
	PRIMARY KEY (tenant, channel, ord, line, store, gtin, at)
);
CREATE INDEX sales_takings_by_place ON sales_takings (tenant, store, gtin, at);
`

// schema6: movements that change stock are numbered like changed hours are, so that whoever reads the book is told of
// them; 0: it came before, or says only where the goods stand.
const schema6 = `
ALTER TABLE sales_movements ADD COLUMN change BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sales_movements_by_change ON sales_movements (tenant, change) WHERE change > 0;
`

// schema7: a store's book is read without those of the others.
const schema7 = `
CREATE INDEX sales_stock_by_store ON sales_stock (tenant, store, gtin);
`

// schema8: movements wait for their product or store as lines do. What a movement was said to move, before its pack
// was resolved, tells a repetition from another one; ”: it came before this was kept.
const schema8 = `
CREATE TABLE sales_parked_movements (
	tenant    TEXT NOT NULL,
	id        TEXT NOT NULL,
	code      TEXT NOT NULL,
	missing   TEXT NOT NULL,
	detail    TEXT NOT NULL,
	draft     TEXT NOT NULL,
	parked_at BIGINT NOT NULL,
	PRIMARY KEY (tenant, id)
);
CREATE INDEX sales_parked_movements_by_missing ON sales_parked_movements (tenant, code, missing);
ALTER TABLE sales_movements ADD COLUMN said_gtin TEXT NOT NULL DEFAULT '';
ALTER TABLE sales_movements ADD COLUMN said_units BIGINT NOT NULL DEFAULT 0;
`

// schema9: what lines take from holds is numbered like movements are; what was given back stays, with no units.
const schema9 = `
ALTER TABLE sales_takings ADD COLUMN change BIGINT NOT NULL DEFAULT 0;
CREATE INDEX sales_takings_by_change ON sales_takings (tenant, change) WHERE change > 0;
`

// schema10: what a weighed article weighed.
const schema10 = `
ALTER TABLE sales_lines ADD COLUMN grams BIGINT NOT NULL DEFAULT 0;
`

// schema11: orders that were called off without their lines, of which all revisions below count as nothing whenever they
// come; and webhooks of which something was refused, as they came.
const schema11 = `
CREATE TABLE sales_cancelled (
	tenant   TEXT NOT NULL,
	channel  TEXT NOT NULL,
	ord      TEXT NOT NULL,
	revision BIGINT NOT NULL,
	told_at  BIGINT NOT NULL,
	PRIMARY KEY (tenant, channel, ord)
);

CREATE TABLE sales_messages (
	tenant  TEXT NOT NULL,
	sha256  TEXT NOT NULL,
	channel TEXT NOT NULL,
	kind    TEXT NOT NULL,
	body    TEXT NOT NULL,
	at      BIGINT NOT NULL,
	PRIMARY KEY (tenant, sha256)
);
ALTER TABLE sales_rejected ADD COLUMN message TEXT NOT NULL DEFAULT '';
CREATE INDEX sales_rejected_by_message ON sales_rejected (tenant, message) WHERE message <> '';
`

// schema12: a message whose refusals were all replaced by those of a later one was kept for ever.
const schema12 = `
DELETE FROM sales_messages WHERE NOT EXISTS (SELECT 1 FROM sales_rejected r WHERE r.tenant = sales_messages.tenant AND r.message = sales_messages.sha256);
`

// schema13: what was drawn by volume, or cut by length.
const schema13 = `
ALTER TABLE sales_lines ADD COLUMN millilitres BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sales_lines ADD COLUMN millimetres BIGINT NOT NULL DEFAULT 0;
`

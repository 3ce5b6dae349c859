// Package state is where the cloud keeps what needs transactions: coolers, stores, planograms,
// products, pictures, which messages it has had, and what it refused. Other packages keep their own
// tables in the same database, so that one transaction covers a message and what is judged from it.
//
// Two databases serve it, and one conformance suite runs on both: SQLite (the default, no cgo, one
// file, one writer) and PostgreSQL 15 (several ingesters on several machines). SQL is written once,
// with question marks for values and three portable words: BLOB, AUTOID and the usual types; see Migrations.
//
// What it promises: a transaction that Commit reported done survives a power cut (SQLite runs in WAL
// mode with synchronous=FULL). Times are stored as microseconds since 1970 UTC in BIGINT columns.
//
// What it refuses: a database that a newer program has migrated (ErrNewer), and a migration whose
// text changed after it was applied (ErrChanged).
package state

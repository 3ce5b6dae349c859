// Package state is where the cloud keeps everything that needs transactions: coolers, stores, planograms,
// products, pictures, which messages were stored, and which were refused. On the way from a message to an
// alert, it is written after the series. Other packages keep their own tables in the same database, so that one
// transaction covers a message and what is judged from it.
//
// Two databases are supported, and one conformance suite runs on both: SQLite (the default, without cgo, one
// file, one writer) and PostgreSQL 15 (several ingesters on several machines). SQL is written once, with
// question marks for values and a few portable words for types; see Migrations.
//
// A transaction whose Commit has returned nil survives a power cut (SQLite runs in WAL mode with
// synchronous=FULL). Times are stored as microseconds since 1970 UTC in BIGINT columns.
//
// A database that a newer program has migrated is refused (ErrNewer), and so is a migration whose text was
// changed after it was applied (ErrChanged).
package state

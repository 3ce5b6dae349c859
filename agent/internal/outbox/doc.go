// Package outbox stores on disk what the board has to report, between the look and the uplink, until the cloud
// has stored it.
//
// It makes three promises. A message for which Append has returned without an error is on the disk: it survives
// a power cut in the next instant, and it is handed out again and again until Acknowledge names it. Every
// message has a key (boot, seq) that is never given twice, even if the database is lost. And the outbox never
// grows beyond its cap: first pictures are evicted, then the oldest telemetry, then observations, then alerts,
// and each eviction is recorded as a gap that is itself a message.
//
// It does not look into payloads, does not use clocks for ordering (only boot and seq count), and does not stop
// the agent: a corrupt database is set aside under a dated name and a new one is begun with whatever is still
// readable, and if the disk cannot be written, the outbox lives in memory and says so in its Health.
//
// On disk, DIR/outbox.db is a SQLite database (write-ahead log, synchronous=FULL for appends), and DIR/boot
// holds a second copy of the boot counter as decimal text. The database has the tables
//
//	message(id INTEGER PRIMARY KEY, class, kind, payload)   id = boot<<36 | seq
//	counter(name TEXT PRIMARY KEY, value)                   boot
//
// and PRAGMA user_version is 1. Acknowledged rows are deleted without an fsync of their own, which halves the
// writes to the card. If a power cut brings rows back, they are sent once more; the receiver must expect
// repetitions anyway.
package outbox

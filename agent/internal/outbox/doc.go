// Package outbox keeps what the board has to say until the cloud has stored it.
//
// It promises three things. What Append has returned without an error is on the disk: it survives a
// power cut in the next instant, and it is handed out again and again until Acknowledge names it.
// Every message has a key (boot, seq) that is never given twice, even if the database is lost. And
// the outbox never grows beyond its cap: what has to go first is pictures, then the oldest telemetry,
// then observations, then alerts, and what went is recorded as a gap that is itself a message.
//
// It refuses to look into payloads, to keep time (order is boot and seq, never a clock), and to stop
// the agent: a database that is corrupt is set aside under a dated name and a new one is begun with
// what is still readable, and a disk that cannot be written leaves an outbox in memory that says so in its Health.
//
// On disk: DIR/outbox.db is SQLite (write-ahead log, synchronous=FULL for appends), DIR/boot holds
// the boot counter once more as decimal text. The database holds
//
//	message(id INTEGER PRIMARY KEY, class, kind, payload)   id = boot<<36 | seq
//	counter(name TEXT PRIMARY KEY, value)                   boot
//
// and PRAGMA user_version is 1. Acknowledged rows are deleted without an fsync of their own, which halves
// the writes to the card: if a power cut brings rows back they are sent once more, and the receiver has to
// expect repeats anyway.
package outbox

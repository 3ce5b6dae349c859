// Package deliver takes alerts out to those who do not hold a connection: MQTT topics, webhooks to the
// Standard Webhooks specification, e-mail, and the chat robots of WeCom, DingTalk and Feishu.
//
// Each target follows the alert log by a cursor of its own that is kept in the state database, so
// that a restart of anything loses nothing. What it promises is at least once, in the order of the
// log, with an event id that is the same each time; what a target that is down has missed it gets
// when it comes back, for GiveUp, and after that it finds it among the dead letters and can have it
// all again from any cursor.
//
// Of several services on one PostgreSQL one delivers at a time (lease).
//
// What it refuses: to call an address of a private network unless the configuration allows it, to
// follow a redirect, and to let one target that hangs hold up another.
package deliver

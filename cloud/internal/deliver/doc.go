// Package deliver takes alerts out to those who do not hold a connection: MQTT topics, webhooks to the
// Standard Webhooks specification, e-mail, and the chat robots of WeCom, DingTalk and Feishu.
//
// Each target follows the alert log by its own cursor in the state database, so that no restart loses anything. Package
// deliver promises at least once, in the order of the log, with the same event id each time. A target that was down
// gets what it missed when it comes back within GiveUp; after that the events are among the dead letters, and can be
// had again from any cursor.
//
// Of several services on one PostgreSQL, one delivers at a time (see lease).
//
// What it refuses: to call an address of a private network unless the configuration allows it, to
// follow a redirect, and to let one target that hangs hold up another.
package deliver

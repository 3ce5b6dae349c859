// Package deliver is the last step on the way to those who do not hold a connection: it sends alerts to MQTT
// topics, to webhooks according to the Standard Webhooks specification, by e-mail, and to the chat robots of
// WeCom, DingTalk and Feishu.
//
// Each target follows the alert log with its own cursor in the state database, so that no restart loses
// anything. Delivery is at least once, in the order of the log, with the same event ID each time. A target that
// was down gets what it missed if it comes back within GiveUp. After that the events become dead letters, and
// can be replayed from any cursor.
//
// Of several services on one PostgreSQL, one delivers at a time (see lease).
//
// It does not call an address in a private network unless the configuration allows it, does not follow
// redirects, and does not let a target that hangs hold up another.
package deliver

// Package alert decides what is wrong at a cooler, keeps every such judgement for ever, and is the
// one place that the live stream, MQTT, webhooks and the REST API read alerts from.
//
// It has two halves. The pure half (Machine, Restate) is a fold over a device's inputs in the order
// (boot, seq), on the time of the observation and not on that of its arrival: the same inputs give
// the same episodes, whatever the order they came in. The durable half (Engine) runs that fold inside
// the ingester's state transaction and appends what came of it to the alert log.
//
// What it promises:
//   - Unknown is not empty. A slot that could not be judged neither opens nor closes anything.
//   - One open alert a subject (tenant/store/device[/slot]) and type.
//   - A stockout carries when the slot was last seen filled and first seen empty, under which
//     planogram version and by which networks, and closes only on a seen restock; how long it lasted
//     is an interval, because between two pictures nobody looked.
//   - What arrives late corrects history and alarms nobody: an episode that is over by the time it
//     becomes known is recorded, not opened.
//   - The log is append-only. Its cursor rises by one with each event and follows the order of commits, and
//     an event's id is derived from its content, so that a reader who keeps its cursor misses
//     nothing and can drop repeats.
//
// What it refuses: to judge pictures (models/shelf does), to send anything anywhere (live and deliver
// do), and to forget: nothing here deletes from the log.
package alert

// Package alert decides what is wrong at a cooler and keeps every such judgement for ever. On the way from a
// frame to an alert it stands between ingest, which calls it with each stored message, and live, deliver and
// the REST API, which all read alerts from its log.
//
// It has two halves. The pure half (Machine, Restate) is a fold over a device's inputs in the order of (boot,
// seq), by the time of the observation and not of its arrival: the same inputs give the same episodes, in
// whatever order they came. The durable half (Engine) runs that fold inside the ingester's state transaction
// and appends the results to the alert log.
//
// It promises:
//   - Unknown is not empty. A slot that could not be judged neither opens nor closes anything.
//   - There is at most one open alert for each subject (tenant/store/device[/slot]) and type.
//   - A stockout carries when the slot was last seen filled and first seen empty, under which planogram version
//     and by which networks. It is only closed by a restock that was seen. How long it lasted is an interval,
//     because nobody looked between two pictures.
//   - Whatever arrives late corrects history but calls nobody: an episode that is over by the time it becomes
//     known is recorded, not opened.
//   - The log is append-only. Its cursor increases by one with each event, in the order of commits, and an
//     event's ID is derived from its content, so that a reader who keeps its cursor misses nothing and can drop
//     repetitions.
//
// It does not judge pictures (models/shelf does), sends nothing anywhere (live and deliver do), and never
// deletes from the log.
package alert

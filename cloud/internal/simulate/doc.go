// Package simulate simulates a fleet of coolers: each has a shelf that sells out and is refilled, a door, a
// temperature, passers-by, and an outbox like that of a real board. They speak MQTT to any broker, for load
// tests, demonstrations and tests.
//
// A device depends only on the seed and its number, so the same fleet always sends the same messages. Faults in
// transmission (offline spells, repetitions, disorder, rubbish) do not change their content: a service that has
// stored everything has stored the same as without faults. A lost clock only takes the date from a message.
//
// It cannot be mistaken for a board: it has no networks and sends no pictures. A message only counts as
// delivered when the ingester has acknowledged it.
package simulate

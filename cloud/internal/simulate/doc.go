// Package simulate simulates a fleet of coolers: each has a shelf that sells out and is filled again, a
// door, a temperature, passers-by, and an outbox like a real board's. They speak MQTT to any broker, for
// load, for demos and for tests.
//
// A device depends on the seed and its number alone, so the same fleet always says the same. Faults on the
// way (offline spells, repeats, disorder, rubbish) do not change what it has to say: a service that has stored
// everything has stored the same as without faults. A lost clock takes only the date from a message.
//
// It refuses to be mistaken for a board: it holds no networks and makes no pictures. It promises that
// a message counts as delivered only by the ingester's acknowledgement.
package simulate

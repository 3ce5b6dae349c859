// Package simulate is a fleet of coolers that are not there: each has a shelf that sells out and is
// filled again, a door, a temperature, passers-by, and an outbox like a real board's. They speak MQTT
// to any broker, for load, for demos and for tests.
//
// Every device follows from the seed and its number alone: the same fleet says the same. What the
// faults do to it on the way (offline spells, doubles, disorder, rubbish) does not change what it has
// to say, so whoever has stored everything has stored the same as without faults. A clock that is lost
// takes the date from a message, and nothing else.
//
// It refuses to be mistaken for a board: it holds no networks and makes no pictures. It promises that
// a message counts as delivered only by the ingester's acknowledgement.
package simulate

// Package ingest takes the boards' messages from a broker into the stores, and tells the boards what is stored.
// It is the first step in the cloud on the way from a frame to an alert. Any number of ingesters may share the
// work; the result does not depend on order, on repetitions, or on which ingester got which message.
//
// The way of a message: decode → validate → compare its topic with its envelope → series → one state
// transaction {seen before?, cooler, pictures, judgement} → commit → acknowledge to the board and to the
// broker. Messages that wait at the same time share the writes.
//
// A message that is acknowledged survives a power cut in both stores. One that comes again changes nothing and
// is acknowledged again. One that can never be stored is quarantined with its bytes, and the board is told to
// move on.
//
// It does not acknowledge what it could not store. While a store is down it takes nothing more from the broker,
// and the boards keep what they have.
package ingest

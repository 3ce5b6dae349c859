// Package ingest takes what the boards say from a broker into the stores and tells the boards what
// is kept. Any number of ingesters may share the work; the result does not depend on order, on
// repetition, or on which of them got which message.
//
// The way of a message: decode → validate → its topic must say the same as its envelope → series →
// one state transaction {seen before?, cooler, pictures, judgement} → commit → acknowledged to the
// board and to the broker. Messages that wait together share the writes.
//
// What it promises: a message that is acknowledged survives a power cut in both stores; one that
// comes again changes nothing and is acknowledged again; one that can never be stored is quarantined
// with its bytes, and the board is told to move on.
//
// What it refuses: to acknowledge what it could not store. While a store is down it takes nothing
// more from the broker, and the boards keep what they have.
package ingest

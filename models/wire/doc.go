// Package wire is what a cooler's board and the cloud say to each other: the envelope, the bodies,
// the MQTT topics and the codec between typed Go values and protobuf bytes. FORMAT.md beside this
// file is the format's reference for other languages.
//
// It refuses what it cannot vouch for: a payload that is too large, is of another version, or breaks
// a rule of its kind is a named error and never half a message; whoever reads it keeps the bytes.
// Encode holds to the same rules as Decode, so nothing that this package writes is refused by it.
//
// It promises: one integer version in the envelope; version 1 will be read for as long as boards
// that speak it are in shops; unknown fields are ignored; the same envelope gives the same fields.
package wire

//go:generate ./wirepb/generate.sh

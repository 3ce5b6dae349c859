// Package access says who may do what: people and programs by tokens with roles, boards by a token or
// a certificate of our own authority, got with a one-time code.
//
// What it promises: no password is built in or kept; of a token only the SHA-256 is stored, which is
// enough because a token is 256 random bits; whoever holds none of a tenant's tokens sees nothing of
// that tenant; a board is who its certificate or token says, whatever it writes into its messages.
// What changes who may do what is written to the audit log in the same transaction.
//
// What it refuses: to tell why somebody was turned away, to use a code twice, and to let a board ask
// the API.
package access

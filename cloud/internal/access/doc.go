// Package access says who may do what: people by a password and a session, programs by tokens with
// roles, boards by a token or a certificate of our own authority, got with a one-time code.
//
// What it promises: no password is built in, and an admin never knows another's: each is chosen by
// its owner through a link that is good once, and kept as argon2id. Of a token, a session and a code
// only the SHA-256 is stored, which is enough because they are 256 random bits. Whoever has none of a
// tenant's sees nothing of that tenant; a board is who its certificate or token says, whatever it
// writes into its messages. What changes who may do what is written to the audit log in the same
// transaction. There is always an admin left.
//
// What it refuses: to tell why somebody was turned away, to use a code twice, and to let a board ask
// the API.
package access

// Package access decides who may do what: people by a password and a session, programs by tokens with roles,
// and boards by a token or by a certificate of our own authority, obtained with a one-time code. It guards both
// ends of the cloud: the broker that boards send to, and the API that alerts are read from.
//
// No password is built in, and no admin knows another person's: each person chooses their own through a link
// that can be used once, and it is stored as argon2id. Of a token, a session and a code only the SHA-256 is
// stored, which is enough because they are 256 random bits. Without a credential of a tenant, nobody sees
// anything of that tenant. A board is who its certificate or token says, whatever it writes in its messages.
// Changes to who may do what are written to the audit log in the same transaction. There is always an admin
// left.
//
// It does not say why somebody was turned away, does not accept a code twice, and does not let a board use the
// API.
package access

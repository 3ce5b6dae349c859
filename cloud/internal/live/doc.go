// Package live streams alerts and coolers over WebSocket, from the alert log by cursor. It is the last step on
// the way from a frame to an alert on somebody's screen.
//
// A Hub reads the log once for everybody and sends each connection what it subscribed to, collected over a
// short interval. PROTOCOL.md beside this file is the reference for clients.
//
// A client that presents the last cursor that it was given gets every event after it once, in the order of the
// log, however often either side was restarted in between. One goroutine writes to a connection. A client that
// cannot keep up loses its place in the queue and is served from the log again, however far behind it is; only
// a cursor that the log does not know makes it start over.
//
// It does not buffer without bound, does not wait for a slow client, does not let a page of another origin
// listen, and does not compress: 5,000 deflate windows do not fit in a small machine.
package live

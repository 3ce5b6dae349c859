// Package live streams alerts and coolers over WebSocket, from the alert log by cursor.
//
// A Hub reads the log once for everybody and gives each connection what it subscribed to, gathered
// over a short interval; PROTOCOL.md beside this file is the reference for clients.
//
// What it promises: a client that hands in the last cursor that it was given gets every event after
// it once, in the order of the log, however often either side was restarted in between. One goroutine
// writes to a connection. A client that cannot keep up loses its place in the queue and is served
// from the log again, however far that is behind; only a cursor that the log does not know starts over.
//
// What it refuses: to buffer without bound, to wait for a slow client, to let a page of another
// origin listen, and to compress: 5,000 deflate windows do not fit a small machine.
package live

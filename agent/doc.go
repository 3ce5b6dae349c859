// Package agent is the program beside a cooler: it looks by its schedule, puts what it saw into the
// outbox, reads the small devices, answers the cloud, and lets the uplink carry it all away.
//
// It declares what it needs (Camera, Pipeline, Device) and leaves to main which camera, network and
// sensor that is. It starts without any of them and says so: a camera that is not there, a network
// that cannot be loaded and a sensor that does not answer are reasons in its health and are tried
// again, never an end of the program. It refuses to let a frame with a person in it leave the board.
package agent

// Package agent is the program beside a cooler. By its schedule it takes a frame from the camera, has the
// pipeline make an observation of it, and puts that into the outbox, from where the uplink carries it to the
// cloud; beside that it reads the sensors and carries out the cloud's commands and desired states. The way of
// a frame begins in Agent.look.
//
// It declares what it needs (Camera, Pipeline, Device) and leaves to main which camera, network and
// sensor that is. It starts without any of them and says so: a camera that is missing, a network that cannot
// be loaded and a sensor that does not answer are reasons in its health and are tried again, never an end of
// the program. It refuses to let a frame with a person in it leave the board.
package agent

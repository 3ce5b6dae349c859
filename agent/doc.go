// Package agent is the program beside a cooler; a frame's way to an alert begins in Agent.look. At the times
// that its schedule gives, it takes a frame from the camera, has the pipeline turn it into an observation, and
// puts that into the outbox, from which the uplink sends it to the cloud. It also reads the sensors, and
// carries out the cloud's commands and desired states.
//
// It declares what it needs (Camera, Pipeline, Device) and leaves it to main which camera, network and sensor
// that is. It starts without any of them and reports it: a missing camera, a network that cannot be loaded and
// a sensor that does not answer are reasons in its health and are tried again; they never end the program. It
// does not let a frame with a person in it leave the board.
package agent

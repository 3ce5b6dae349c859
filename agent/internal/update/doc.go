// Package update stores what the cloud sends to a board: networks, a gallery, or the agent itself, each as a
// signed bundle. It downloads a bundle across any number of lost connections and power cuts without loading a
// byte twice, verifies it, unpacks it beside what is in force, and records which one is. A new agent runs on
// trial: if it does not judge a picture and hear from the cloud in time, the previous agent runs again. It does
// not touch the way from a frame to an alert, except that it decides which programs and networks are on it.
//
// It refuses a version below the one in force, different content under the same version, and a bundle that the
// board's root does not vouch for. What is in force stays complete on the disk until its successor has proved
// itself.
//
// Under its folder there is, for each kind: `metadata/`, the metadata accepted last; `SHA256.part`, a bundle
// that is being downloaded; `SHA256/`, an unpacked one; `current.json`, which says which is in force and which
// was before; and for the agent `trial.json` and `rolledback.json`.
package update

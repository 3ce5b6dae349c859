// Package update keeps what a board was sent: networks, a gallery, or the agent itself, each as a signed
// bundle. It fetches a bundle over any number of lost connections and power cuts without loading a byte
// twice, checks it, unpacks it beside what is in force, and remembers which is. A new agent runs on
// trial: if it does not judge a picture and hear the cloud in time, the previous agent runs again.
//
// It refuses a version below the one in force, a second content under the same version, and a bundle
// that the board's root does not vouch for. It promises that what is in force stays whole on the disk
// until its successor has proved itself.
//
// Under its folder, for each kind: `metadata/` is what was accepted last, `SHA256.part` a bundle on its
// way, `SHA256/` an unpacked one, `current.json` which is in force and which was before, and for the
// agent `trial.json` and `rolledback.json`.
package update

// Package heap has Go's collector wait until there is something to collect. By default it looks through all
// that is in use whenever as much has come to it: a service that holds 30 MB and takes ten thousand messages a
// second would spend a quarter of its processor time on that. It refuses to keep more than Room for it.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Room is what may be allocated between two collections where less is in use, in bytes. Where more is in use,
// as much again may be, as always.
const Room = 128 << 20

// Widen gives the process Room, from now to its end, unless the environment says how often to collect (GOGC).
// It is called once.
func Widen() {
	if os.Getenv("GOGC") == "" {
		afterEach()
	}
}

// afterEach sets how long to wait for the next collection, now and after each.
func afterEach() {
	debug.SetGCPercent(percent(inUse()))
	type sentinel struct{ self *sentinel } //nolint:unused // a pointer: what has none may share its place with others
	s := &sentinel{}
	runtime.AddCleanup(s, func(struct{}) { afterEach() }, struct{}{})
}

// percent is how much may be allocated, of what is in use, in bytes.
func percent(inUse uint64) int {
	const least = 4 << 20 // of Go's own: it does not collect below
	return int(max(100, 100*Room/max(inUse, least)))
}

// inUse is what the last collection found, in bytes.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return Room // an unknown Go: as always
	}
	return sample[0].Value.Uint64()
}

// Package heap makes Go's collector wait until there is something to collect. By default it scans everything in
// use whenever as much has been allocated since: a service that holds 30 MB and takes in ten thousand messages
// a second would spend a quarter of its processor time on that. The price is at most Room bytes.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Room is how much may be allocated between two collections if less is in use, in bytes. If more is in use, the
// same amount may be allocated, as by default.
const Room = 128 << 20

// Widen gives the process Room, from now to its end, unless the environment sets GOGC. It must be called once.
func Widen() {
	if os.Getenv("GOGC") == "" {
		afterEach()
	}
}

// afterEach sets how long to wait for the next collection, now and after each one.
func afterEach() {
	debug.SetGCPercent(percent(inUse()))
	type sentinel struct{ self *sentinel } //nolint:unused // a pointer: what has none may share its place with others
	s := &sentinel{}
	runtime.AddCleanup(s, func(struct{}) { afterEach() }, struct{}{})
}

// percent returns the value for debug.SetGCPercent, given the bytes in use.
func percent(inUse uint64) int {
	const least = 4 << 20 // of Go's own: it does not collect below
	return int(max(100, 100*Room/max(inUse, least)))
}

// inUse returns the bytes that the last collection found in use.
func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return Room // an unknown version of Go: behave as by default
	}
	return sample[0].Value.Uint64()
}

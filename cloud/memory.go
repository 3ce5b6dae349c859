package cloud

import (
	"os"
	"runtime/debug"
)

// gcPercent lets the heap grow to four times what is in use before it is collected: batches come and go, and
// with Go's own 100 a tenth of the processor time went into looking through what lives on.
const gcPercent = 300

// TuneMemory is called once by a program that is this service, before it opens one. Whoever sets GOGC, or
// bounds the memory by GOMEMLIMIT, has the last word.
func TuneMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

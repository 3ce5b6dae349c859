//go:build cgo && linux

package main

// #include <malloc.h>
import "C"

import (
	"os"
	"runtime/debug"
)

// heapLimit is what Go's collector works to stay within: a frame of 1920×1080, its copies and the network's
// input fit, and beyond it only costs time.
const heapLimit = 32 << 20

// keepLittle has this process give memory back rather than be quick: between two looks minutes pass, and a
// board of 1 GB has other things to do with it. The networks' buffers are malloc's, which by default keeps
// one pool a thread and returns nothing that was freed below the top. What the environment says of these
// counts more.
func keepLittle() {
	forgetLoading()
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(10)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
	const threshold = 128 << 10 // larger pieces are mapped, and unmapped when they are freed
	for _, p := range []struct {
		env          string
		param, value C.int
	}{
		{"MALLOC_ARENA_MAX", C.M_ARENA_MAX, 1},
		{"MALLOC_MMAP_THRESHOLD_", C.M_MMAP_THRESHOLD, threshold},
		{"MALLOC_TRIM_THRESHOLD_", C.M_TRIM_THRESHOLD, threshold},
	} {
		if os.Getenv(p.env) == "" {
			C.mallopt(p.param, p.value)
		}
	}
}

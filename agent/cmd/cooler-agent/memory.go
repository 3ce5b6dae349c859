//go:build cgo && linux

package main

// #include <malloc.h>
import "C"

import (
	"os"
	"runtime/debug"
)

// heapLimit is the size within which Go's collector tries to stay. A frame of 1920×1080, its copies and the
// network's input fit; going beyond it only costs time.
const heapLimit = 32 << 20

// keepLittle makes this process return memory rather than be fast: minutes pass between two looks, and a board
// with 1 GB needs it for other things. The networks' buffers come from malloc, which by default keeps one pool
// per thread and returns nothing that was freed below the top. Environment variables take precedence.
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

//go:build cgo && linux

package main

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// forgetLoading gives back memory pages of the program and its libraries that only the loader has touched:
// OpenCV's modules bring 260 libraries, most of which are never called. A page that is needed again is read
// from the page cache or the disk. Only mappings that are read-only and unchanged are given up, so nothing can
// be lost. It must run before further libraries are loaded. If the kernel gives no information, it does
// nothing.
func forgetLoading() {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer f.Close()
	var all []mapping
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if m, ok := mappingOf(lines.Text()); ok {
			all = append(all, m)
		} else if len(all) > 0 {
			all[len(all)-1].note(lines.Text())
		}
	}
	for _, m := range all {
		if m.file && !m.written {
			// On an error, the pages simply stay.
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, m.from, m.to-m.from, syscall.MADV_DONTNEED)
		}
	}
}

// mapping is a range of this process's memory.
type mapping struct {
	from, to uintptr
	file     bool // of a file, read-only
	written  bool // holds pages that differ from the file, or may do so
}

// mappingOf parses the first line of a mapping: "7f12-7f34 r-xp 00000000 08:01 123 /usr/lib/x.so".
func mappingOf(line string) (m mapping, ok bool) {
	fields := strings.Fields(line)
	if len(fields) < 5 {
		return m, false
	}
	low, high, ok := strings.Cut(fields[0], "-")
	from, errLow := strconv.ParseUint(low, 16, 64)
	to, errHigh := strconv.ParseUint(high, 16, 64)
	if !ok || errLow != nil || errHigh != nil || to <= from {
		return m, false
	}
	readOnly := strings.HasPrefix(fields[1], "r") && !strings.Contains(fields[1], "w")
	return mapping{from: uintptr(from), to: uintptr(to), file: readOnly && len(fields) > 5 && strings.HasPrefix(fields[5], "/")}, true
}

// note parses one of the lines that follow it: "Private_Dirty: 4 kB".
func (m *mapping) note(line string) {
	key, value, _ := strings.Cut(line, ":")
	switch key {
	case "Private_Dirty", "Shared_Dirty", "Anonymous", "Swap", "Locked":
		m.written = m.written || strings.TrimSpace(value) != "0 kB"
	}
}

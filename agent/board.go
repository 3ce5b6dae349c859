package agent

import (
	"bytes"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/coldshelf/coldshelf/models/telemetry"
)

// BoardName returns the board's name from the device tree ("Raspberry Pi 5 Model B Rev 1.0"), or "" on a PC.
func BoardName() string {
	data, err := os.ReadFile("/proc/device-tree/model")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(bytes.TrimRight(data, "\x00")))
}

// diskFree returns the free bytes of the file system that holds dir, or 0 if they cannot be determined.
func diskFree(dir string) uint64 {
	var s unix.Statfs_t
	if dir == "" || unix.Statfs(dir, &s) != nil {
		return 0
	}
	return s.Bavail * uint64(s.Bsize)
}

// residentBytes returns the memory that this process occupies, or 0 if it cannot be determined.
func residentBytes() uint64 {
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * uint64(os.Getpagesize())
}

// boardTemp returns the temperature of the first thermal zone, or 0 if the board has none.
func boardTemp() telemetry.MilliCelsius {
	data, err := os.ReadFile("/sys/class/thermal/thermal_zone0/temp")
	if err != nil {
		return 0
	}
	mc, err := strconv.ParseInt(strings.TrimSpace(string(data)), 10, 32)
	if err != nil || mc < -100_000 || mc > 200_000 {
		return 0
	}
	return telemetry.MilliCelsius(mc)
}

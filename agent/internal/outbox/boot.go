package outbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/models/atomicfile"
)

// bootEra is the time from which the first boot number of a board without any memory is counted, in minutes.
var bootEra = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// nextBoot counts the boot up from the higher of the two places that remember it, so that losing either does no harm. A
// board that remembers nothing (first start, or a new card in an old cooler) begins with the minutes since 2020, which is
// higher than any count that the cooler can have reached. If its clock is unset as well, it begins with 1.
func nextBoot(stored, filed uint32, now time.Time) (uint32, error) {
	last := max(stored, filed)
	if last == 0 {
		last = minutes(now)
	}
	if last >= MaxBoot {
		return 0, fmt.Errorf("boot counter is %d, it ends at %d", last, MaxBoot)
	}
	return last + 1, nil
}

// minutes returns the minutes since bootEra, or 0 for a clock that is not set.
func minutes(now time.Time) uint32 {
	return uint32(min(max(0, now.Sub(bootEra)/time.Minute), MaxBoot-1))
}

// readBoot returns the boot counter in the file beside the database, or 0 if there is none or it cannot be
// parsed.
func readBoot(dir string) uint32 {
	data, err := os.ReadFile(filepath.Join(dir, "boot"))
	if err != nil {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(data)), 10, 32)
	if err != nil || n > MaxBoot {
		return 0
	}
	return uint32(n)
}

// writeBoot replaces the file so that a power cut leaves either the old or the new number.
func writeBoot(dir string, boot uint32) error {
	if err := atomicfile.Write(filepath.Join(dir, "boot"), fmt.Appendf(nil, "%d\n", boot)); err != nil {
		return fmt.Errorf("boot counter: %w", err)
	}
	return nil
}

package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// bootEra is where the minutes are counted from that a board without any memory begins with.
var bootEra = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// nextBoot counts the boot up from the higher of the two places that remember it, so that losing
// either loses no key. A board that remembers nothing (first start, or a new card in an old cooler)
// begins with the minutes since 2020: higher than any count that the cooler can have reached before.
// With its clock unset as well it begins with 1.
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

// minutes since 2020, 0 for a clock that is not set.
func minutes(now time.Time) uint32 {
	return uint32(min(max(0, now.Sub(bootEra)/time.Minute), MaxBoot-1))
}

// readBoot gives the boot counter of the file beside the database, 0 where there is none or where it
// cannot be understood.
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
func writeBoot(dir string, boot uint32) (err error) {
	tmp := filepath.Join(dir, "boot.new")
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write boot counter: %w", err)
	}
	_, err = fmt.Fprintf(f, "%d\n", boot)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write boot counter: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, "boot")); err != nil {
		return fmt.Errorf("write boot counter: %w", err)
	}
	return syncDir(dir)
}

// syncDir makes the names in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync directory: %w", err)
	}
	err = errors.Join(d.Sync(), d.Close())
	if err != nil && !errors.Is(err, fs.ErrInvalid) {
		return fmt.Errorf("sync directory: %w", err)
	}
	return nil
}

package deliver

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// hold is a process's lock on a file in its data folder, in which it writes its name. The kernel releases the
// lock when the process ends, however it ends: whoever holds it knows that the process whose name was in the
// file is dead.
type hold struct {
	file *os.File
	dead string // who held it before; "": nobody
}

// newHold locks the file under a name; it returns nil if another process holds it.
func newHold(path, name string) (*hold, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("claim delivering: %w", err)
	}
	c := &hold{file: f}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, f.Close()
	} else if err != nil {
		return nil, errors.Join(fmt.Errorf("claim delivering: %w", err), f.Close())
	}
	data, err := os.ReadFile(path)
	if err == nil {
		c.dead = strings.TrimSpace(string(data))
		err = errors.Join(f.Truncate(0), writeAt(f, name+"\n"))
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("claim delivering: %w", err), f.Close())
	}
	return c, nil
}

func writeAt(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

func (c *hold) close() error { return c.file.Close() }

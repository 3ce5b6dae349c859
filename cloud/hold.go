package cloud

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// hold locks the state's SQLite file for this service until the lock file is closed or the process ends, however it ends,
// and notes the page's address in the lock file. Two services on one SQLite file would each deliver every alert. Other
// commands do not take the lock. PostgreSQL, which several services share, has none.
func hold(stateURL, addr string) (*os.File, error) {
	path, embedded := strings.CutPrefix(stateURL, "sqlite:")
	if path = strings.TrimPrefix(path, "//"); !embedded || path == "" {
		return nil, nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, Hint(fmt.Errorf("open state: %w", err), "see that the folder can be made and written, or give another with --data")
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, Hint(fmt.Errorf("open state: %w", err), "see that the folder is there and can be written, or give another with --data")
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		if err = f.Truncate(0); err == nil {
			_, err = f.WriteString(addr)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		return f, nil
	}
	f.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, Hint(fmt.Errorf("%s is in use by another cooler-cloud serve", path),
			"stop that one, or give this one a folder of its own with --data; several services share one PostgreSQL (--state)")
	}
	return nil, fmt.Errorf("lock %s: %w", path, err)
}

// Running gives the address at which the service that holds a state's database serves its page; "" if none runs or the
// state is not in a local file.
func Running(stateURL string) string {
	path, embedded := strings.CutPrefix(stateURL, "sqlite:")
	if !embedded {
		return ""
	}
	f, err := os.Open(strings.TrimPrefix(path, "//") + ".lock")
	if err != nil {
		return ""
	}
	defer f.Close()
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) == nil {
		return "" // nobody holds it
	}
	addr := make([]byte, 256)
	n, _ := f.Read(addr)
	return string(addr[:n])
}

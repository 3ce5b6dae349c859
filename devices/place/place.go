// Package place tells whether a board stands where it was set up, by the routers that it reaches the world through: a cooler
// that was carried to another shop has another router. It reads what Linux knows of them, IPv4, and sends nothing.
//
// A shop that gets another router looks like another shop; whoever knows better settles it (Watch.Settle). A board whose
// router travels with it, a modem in the cooler, is always at home: it needs another witness.
package place

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/coldshelf/coldshelf/models/atomicfile"
)

// looks that agree, one after the other, before it is said that the board has moved, has come back, or has a home.
const looks = 3

// ErrNoRouter is wrapped where no router is known to the board: it is offline, or its routers have no hardware address.
var ErrNoRouter = errors.New("no router with a hardware address is known")

// Routers gives the hardware addresses of the IPv4 routers behind the default routes, sorted, from proc, which is /proc/net
// but in tests. None is no error.
func Routers(proc string) ([]string, error) {
	gateways := map[string]bool{}
	err := lines(filepath.Join(proc, "route"), func(f []string) error {
		if len(f) < 4 || f[1] != "00000000" {
			return nil
		}
		raw, err := hex.DecodeString(f[2])
		if err != nil || len(raw) != net.IPv4len {
			return fmt.Errorf("gateway %q is no address", f[2])
		}
		slices.Reverse(raw) // as the processor has it, and all of ours are little-endian
		if binary.BigEndian.Uint32(raw) != 0 {
			gateways[net.IP(raw).String()] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []string
	err = lines(filepath.Join(proc, "arp"), func(f []string) error {
		if len(f) < 4 || !gateways[f[0]] {
			return nil
		}
		mac, err := net.ParseMAC(f[3])
		if err != nil {
			return fmt.Errorf("hardware address %q: %w", f[3], err)
		}
		if strings.Trim(mac.String(), "0:") != "" { // not answered yet
			out = append(out, mac.String())
		}
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// lines gives the fields of each line but the first, which is a heading.
func lines(path string, do func(fields []string) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for n := 1; s.Scan(); n++ {
		if n == 1 {
			continue
		}
		if err := do(strings.Fields(s.Text())); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
	return s.Err()
}

// Watch knows where the board was set up. It is safe for concurrent use.
type Watch struct {
	path string // of the file that remembers it
	read func() ([]string, error)

	mu    sync.Mutex
	known remembered
	run   int // looks in a row that say otherwise than was said
}

// remembered is the file: JSON.
type remembered struct {
	Routers []string `json:"routers"`        // hardware addresses at home
	Away    bool     `json:"away,omitempty"` // what was said last
}

// New makes a watch that remembers in a file; one that cannot be read as such is an error.
func New(path string, read func() ([]string, error)) (*Watch, error) {
	w := &Watch{path: path, read: read}
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return w, nil
	case err != nil:
		return nil, fmt.Errorf("read where the board was set up: %w", err)
	}
	if err := json.Unmarshal(data, &w.known); err != nil {
		return nil, fmt.Errorf("read where the board was set up: %s: %w", path, err)
	}
	return w, nil
}

// Look is one look, to be repeated each minute or so. It says when the board is no longer at home, or is again; what was
// said is kept over restarts. The first home is where the board is first seen with a router. What changes is said before it
// is noted: after a crash between the two it is said again, which is better than never.
func (w *Watch) Look(say func(home bool)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	routers, err := w.read()
	if err != nil {
		return fmt.Errorf("look for routers: %w", err)
	}
	home := slices.ContainsFunc(routers, func(r string) bool { return slices.Contains(w.known.Routers, r) })
	fresh := len(w.known.Routers) == 0
	if len(routers) == 0 || !fresh && home == !w.known.Away {
		w.run = 0
		return nil
	}
	if w.run++; w.run < looks {
		return nil
	}
	w.run = 0
	if fresh {
		return w.note(remembered{Routers: routers})
	}
	say(home)
	return w.note(remembered{Routers: w.known.Routers, Away: !home})
}

// Settle takes the place where the board is now for its home, and says so. ErrNoRouter is wrapped where there is nothing to
// know it by; then the old home stays.
func (w *Watch) Settle(say func(home bool)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	routers, err := w.read()
	if err != nil {
		return fmt.Errorf("look for routers: %w", err)
	}
	if len(routers) == 0 {
		return fmt.Errorf("settle here: %w", ErrNoRouter)
	}
	w.run = 0
	say(true)
	return w.note(remembered{Routers: routers})
}

func (w *Watch) note(r remembered) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(w.path, append(data, '\n')); err != nil {
		return fmt.Errorf("note where the board was set up: %w", err)
	}
	w.known = r
	return nil
}

package place_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/devices/place"
)

const (
	routes = "Iface	Destination	Gateway 	Flags	RefCnt	Use	Metric	Mask	MTU	Window	IRTT\n" +
		"eth0	00000000	0101A8C0	0003	0	0	0	00000000	0	0	0\n" +
		"wlan0	00000000	FE02A8C0	0003	0	0	600	00000000	0	0	0\n" +
		"ppp0	00000000	00000000	0001	0	0	700	00000000	0	0	0\n" +
		"eth0	0001A8C0	00000000	0001	0	0	0	00FFFFFF	0	0	0\n"
	neighbours = "IP address       HW type     Flags       HW address            Mask     Device\n" +
		"192.168.1.1      0x1         0x2         3C:A6:2F:00:00:01     *        eth0\n" +
		"192.168.2.254    0x1         0x0         00:00:00:00:00:00     *        wlan0\n" +
		"192.168.1.7      0x1         0x2         b8:27:eb:00:00:07     *        eth0\n"
)

func TestRouters(t *testing.T) {
	for _, c := range []struct {
		name, route, arp string
		want             []string
		fault            string
	}{
		{"one of two answers", routes, neighbours, []string{"3c:a6:2f:00:00:01"}, ""},
		{"both", routes, strings.Replace(neighbours, "00:00:00:00:00:00", "10:00:00:00:00:0a", 1), []string{"10:00:00:00:00:0a", "3c:a6:2f:00:00:01"}, ""},
		{"no route", "Iface\n", neighbours, nil, ""},
		{"a broken route", "Iface\neth0 00000000 XYZ 0003\n", neighbours, nil, `route, line 2: gateway "XYZ"`},
		{"a broken neighbour", routes, "IP\n192.168.1.1 0x1 0x2 nonsense\n", nil, `arp, line 2: hardware address "nonsense"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			proc := t.TempDir()
			for name, text := range map[string]string{"route": c.route, "arp": c.arp} {
				if err := os.WriteFile(filepath.Join(proc, name), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := place.Routers(proc)
			if c.fault != "" {
				if err == nil || !strings.Contains(err.Error(), c.fault) {
					t.Errorf("got %v, want one that says %q", err, c.fault)
				}
				return
			}
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
	if _, err := place.Routers(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without proc: %v", err)
	}
}

// where is a board that is carried about; it writes down what its watch says.
type where struct {
	routers []string
	said    []bool
}

func (w *where) say(home bool) { w.said = append(w.said, home) }

// looks lets a watch on the file look so often, as a program of its own.
func (w *where) looks(t *testing.T, path string, n int) {
	t.Helper()
	watch, err := place.New(path, func() ([]string, error) { return w.routers, nil })
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		if err := watch.Look(w.say); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWatch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "place.json")
	w := &where{}
	expect := func(when string, want ...bool) {
		t.Helper()
		if !slices.Equal(w.said, want) {
			t.Fatalf("%s: said %v, want %v", when, w.said, want)
		}
		w.said = nil
	}
	at := func(n int, routers ...string) { t.Helper(); w.routers = routers; w.looks(t, path, n) }

	at(10)
	at(10, "shop", "failover")
	expect("set up")
	at(2, "van")
	at(10)
	at(2, "van")
	at(10, "failover")
	expect("two looks elsewhere, no network, and the other router of the shop")
	at(10, "warehouse")
	expect("carried away", false)
	at(10, "warehouse")
	at(10)
	expect("still away, after restarts")
	at(10, "shop")
	expect("brought back", true)

	at(10, "other shop")
	expect("carried to another shop", false)
	watch, err := place.New(path, func() ([]string, error) { return w.routers, nil })
	if err != nil {
		t.Fatal(err)
	}
	w.routers = nil
	if err := watch.Settle(w.say); !errors.Is(err, place.ErrNoRouter) {
		t.Errorf("settled without a network: %v", err)
	}
	expect("nothing to settle by")
	w.routers = []string{"other shop"}
	if err := watch.Settle(w.say); err != nil {
		t.Fatal(err)
	}
	expect("settled", true)
	at(10, "other shop")
	expect("its place now")
	at(10, "shop")
	expect("the old shop is elsewhere", false)
}

func TestATornFileIsNoHome(t *testing.T) {
	path := filepath.Join(t.TempDir(), "place.json")
	if err := os.WriteFile(path, []byte(`{"routers":["a`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := place.New(path, nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want one that names the file", err)
	}
}

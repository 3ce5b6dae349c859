//go:build cgo && linux

package main

import "testing"

func TestOnlyWhatIsTheFilesOwnIsForgotten(t *testing.T) {
	for _, c := range []struct {
		head  string
		notes []string
		want  bool
	}{
		{"7f3bce000000-7f3bce1aa000 r-xp 00026000 08:01 1573 /usr/lib/x86_64-linux-gnu/libc.so.6", []string{"Rss: 900 kB", "Private_Dirty:         0 kB", "Anonymous:             0 kB", "VmFlags: rd ex mr mw me"}, true},
		{"7f3bce000000-7f3bce1aa000 r--p 00026000 08:01 1573 /usr/lib/libQt5Gui.so.5", []string{"Private_Dirty:        12 kB"}, false}, // the loader wrote its addresses there
		{"7f3bce000000-7f3bce1aa000 r--p 00026000 08:01 1573 /usr/lib/libQt5Gui.so.5", []string{"Private_Dirty: 0 kB", "Anonymous:  4 kB"}, false},
		{"7f3bce000000-7f3bce1aa000 rw-p 00026000 08:01 1573 /usr/lib/libQt5Gui.so.5", []string{"Private_Dirty: 0 kB"}, false},
		{"7f3bce000000-7f3bce1aa000 r--p 00000000 00:00 0", nil, false},
		{"7f3bce000000-7f3bce1aa000 r-xp 00000000 00:00 0 [vdso]", nil, false},
	} {
		m, ok := mappingOf(c.head)
		if !ok || m.from != 0x7f3bce000000 || m.to != 0x7f3bce1aa000 {
			t.Fatalf("%s: read as %+v, %v", c.head, m, ok)
		}
		for _, line := range c.notes {
			if _, ok := mappingOf(line); ok {
				t.Errorf("%q is taken for a mapping", line)
			}
			m.note(line)
		}
		if got := m.file && !m.written; got != c.want {
			t.Errorf("%s %v: forgotten %v, want %v", c.head, c.notes, got, c.want)
		}
	}
}

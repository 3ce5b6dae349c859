// Package crashdisk is a disk for SQLite that can lose power, for tests of the outbox. It keeps its files in
// memory behind a SQLite VFS, records every write, and can show what the disk may look like after a power cut
// at any moment: everything that was synced is there, and of what was not, each sector of each write may be
// there or not, in any combination. A kill -9 cannot show this, because the kernel still writes its cache
// afterwards.
//
// It can also fill up (SQLITE_FULL), break, and forget a process that was killed while keeping what it wrote.
// It promises as much as the unix VFS and no more: a sync of a file makes its name durable too, as that VFS
// does for logs and journals, and a deletion is durable after SyncDir.
package crashdisk

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
)

// SectorBytes is the unit in which a write may be torn.
const SectorBytes = 512

// Disk holds the files of one folder.
type Disk struct {
	mu         sync.Mutex
	dir        string
	files      map[string]*file
	generation int // counts the processes; handles of an earlier one are dead
	limit      int // of all files together; 0: unlimited
	broken     bool
	written    int
	journal    []op
	log        bool
}

type file struct{ data []byte }

// opKind is the kind of change that SQLite made to a file.
type opKind uint8

const (
	opWrite opKind = iota
	opTruncate
	opSync
	opDelete
	opSyncDir
)

type op struct {
	kind opKind
	name string
	off  int
	data []byte // of a write
	size int    // of a truncate
}

// New returns an empty disk for the databases in dir, which need not exist.
func New(dir string) *Disk {
	d := &Disk{dir: dir, files: map[string]*file{}, log: true}
	register(d)
	return d
}

// Remove removes the disk from the VFS.
func (d *Disk) Remove() { unregister(d) }

// VFS is the name under which SQLite finds the disks.
const VFS = "crashdisk"

// Ops returns the number of writes, truncations, syncs and deletions so far.
func (d *Disk) Ops() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.journal)
}

// Kill invalidates every open handle, as the end of the process does. What it wrote remains.
func (d *Disk) Kill() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.generation++
}

// SetLimit sets the disk's capacity: writes that would exceed it are refused. 0 means no limit.
func (d *Disk) SetLimit(bytes int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limit = bytes
}

// Size returns the bytes of all files.
func (d *Disk) Size() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.size()
}

func (d *Disk) size() (n int) {
	for _, f := range d.files {
		n += len(f.data)
	}
	return n
}

// SyncDir makes the names in the folder durable, including deletions. It stands for an fsync of the folder by
// the program, of which SQLite does not inform its VFS.
func (d *Disk) SyncDir() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.log {
		d.journal = append(d.journal, op{kind: opSyncDir})
	}
}

// Break makes every write and sync fail from now on, like a card that has died; false repairs it.
func (d *Disk) Break(broken bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.broken = broken
}

// Flip inverts a byte of a file. It returns false if the file has no byte there.
func (d *Disk) Flip(name string, at int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.files[filepath.Join(d.dir, name)]
	if f == nil || at >= len(f.data) {
		return false
	}
	f.data[at] ^= 0xff
	return true
}

// Bytes returns how many bytes have been written since the disk was made.
func (d *Disk) Bytes() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.written
}

// Forget drops the recorded history, so that a long run does not fill the memory. Crashes then has nothing to
// show.
func (d *Disk) Forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.log, d.journal = false, nil
}

// apply performs the operation on a set of files.
func (o op) apply(files map[string]*file) {
	f := files[o.name]
	if f == nil && o.kind != opDelete {
		f = &file{}
		files[o.name] = f
	}
	switch o.kind {
	case opWrite:
		f.write(o.off, o.data)
	case opTruncate:
		f.truncate(o.size)
	case opDelete:
		delete(files, o.name)
	}
}

func (f *file) write(off int, data []byte) {
	if end := off + len(data); end > len(f.data) {
		f.data = append(f.data, make([]byte, end-len(f.data))...)
	}
	copy(f.data[off:], data)
}

func (f *file) truncate(size int) {
	if size < len(f.data) {
		f.data = f.data[:size:size]
	} else {
		f.data = append(f.data, make([]byte, size-len(f.data))...)
	}
}

// Crashes visits every moment in the disk's history at which the power may fail: after 0, 1, 2, … of its
// operations. At each, image returns a disk for dir as it may look then, chosen at random by rng.
func (d *Disk) Crashes(visit func(after int, image func(dir string, rng *rand.Rand) *Disk)) {
	d.mu.Lock()
	journal := slices.Clone(d.journal)
	d.mu.Unlock()
	durable := map[string]*file{}
	pending := map[string][]op{} // by file: not synced yet
	for after := 0; ; after++ {
		visit(after, func(dir string, rng *rand.Rand) *Disk {
			return d.image(dir, rng, durable, pending)
		})
		if after == len(journal) {
			return
		}
		switch o := journal[after]; o.kind {
		case opSyncDir:
			for name, list := range pending {
				if last := lastDelete(list); last >= 0 {
					delete(durable, name)
					pending[name] = list[last+1:]
				}
			}
		case opSync:
			for _, p := range pending[o.name] {
				p.apply(durable)
			}
			if durable[o.name] == nil {
				durable[o.name] = &file{}
			}
			delete(pending, o.name)
		default:
			pending[o.name] = append(pending[o.name], o)
		}
	}
}

// lastDelete returns the index of the last deletion, or -1.
func lastDelete(list []op) int {
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].kind == opDelete {
			return i
		}
	}
	return -1
}

// image returns a disk with the durable files and a random part of what was not synced.
func (d *Disk) image(dir string, rng *rand.Rand, durable map[string]*file, pending map[string][]op) *Disk {
	files := map[string]*file{}
	for name, f := range durable {
		files[name] = &file{slices.Clone(f.data)}
	}
	// Three cases: lose everything, keep everything, or anything in between.
	keep := [...]float64{0, 1, rng.Float64()}[rng.IntN(3)]
	for _, name := range slices.Sorted(maps.Keys(pending)) {
		for _, o := range pending[name] {
			if o.kind != opWrite {
				if rng.Float64() < keep {
					o.apply(files)
				}
				continue
			}
			for from := 0; from < len(o.data); {
				to := min(len(o.data), from+SectorBytes-(o.off+from)%SectorBytes)
				if rng.Float64() < keep {
					op{kind: opWrite, name: o.name, off: o.off + from, data: o.data[from:to]}.apply(files)
				}
				from = to
			}
		}
	}
	moved := map[string]*file{}
	for name, f := range files {
		moved[filepath.Join(dir, filepath.Base(name))] = f
	}
	image := &Disk{dir: dir, files: moved}
	register(image)
	return image
}

// Dump lists a range of operations, for debugging.
func (d *Disk) Dump(from, to int) (lines []string) {
	for i := max(0, from); i < min(to, len(d.journal)); i++ {
		o := d.journal[i]
		lines = append(lines, fmt.Sprintf("%d %s %s off=%d len=%d size=%d", i, [...]string{"write", "trunc", "sync", "delete", "syncdir"}[o.kind], filepath.Base(o.name), o.off, len(o.data), o.size))
	}
	return lines
}

package crashdisk

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"unsafe"

	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// registry holds the one VFS that SQLite knows; it finds the disk by the folder of the database's path.
// SQLite's memory for an open file holds only the number of a handle, because the garbage collector does not
// scan that memory.
var registry struct {
	sync.Mutex
	once    sync.Once
	disks   map[string]*Disk
	handles map[uintptr]*handle
	last    uintptr
	methods uintptr // sqlite3_io_methods
}

type handle struct {
	disk       *Disk
	name       string
	generation int
	temp       *file // an unnamed file; nil: the disk's
}

// osFile is what a sqlite3_file of this VFS contains.
type osFile struct{ methods, handle uintptr }

func register(d *Disk) {
	registry.once.Do(install)
	registry.Lock()
	defer registry.Unlock()
	registry.disks[d.dir] = d
}

func unregister(d *Disk) {
	registry.Lock()
	defer registry.Unlock()
	if registry.disks[d.dir] == d {
		delete(registry.disks, d.dir)
	}
}

// at converts an address in SQLite's memory to a pointer.
func at[T any](address uintptr) *T { return *(**T)(unsafe.Pointer(&address)) }

// bytesAt returns a view of SQLite's memory.
func bytesAt(address uintptr, n int32) []byte { return unsafe.Slice(at[byte](address), n) }

// install derives the VFS from the system's: randomness, time and sleep stay as they are.
func install() {
	registry.disks, registry.handles = map[string]*Disk{}, map[uintptr]*handle{}
	tls := libc.NewTLS()
	system := at[sqlite3.Tsqlite3_vfs](sqlite3.Xsqlite3_vfs_find(tls, 0))
	address := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(*system)))
	name, err := libc.CString(VFS)
	if address == 0 || err != nil {
		panic("crashdisk: out of memory")
	}
	vfs := at[sqlite3.Tsqlite3_vfs](address)
	*vfs = *system
	vfs.FiVersion, vfs.FszOsFile, vfs.FpNext, vfs.FzName = 1, int32(unsafe.Sizeof(osFile{})), 0, name
	set(&vfs.FxOpen, xOpen)
	set(&vfs.FxDelete, xDelete)
	set(&vfs.FxAccess, xAccess)
	set(&vfs.FxFullPathname, xFullPathname)

	registry.methods = libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(sqlite3.Tsqlite3_io_methods{})))
	io := at[sqlite3.Tsqlite3_io_methods](registry.methods)
	*io = sqlite3.Tsqlite3_io_methods{FiVersion: 1} // no shared memory: the log needs exclusive locking
	set(&io.FxClose, xClose)
	set(&io.FxRead, xRead)
	set(&io.FxWrite, xWrite)
	set(&io.FxTruncate, xTruncate)
	set(&io.FxSync, xSync)
	set(&io.FxFileSize, xFileSize)
	set(&io.FxLock, xLock)
	set(&io.FxUnlock, xLock)
	set(&io.FxCheckReservedLock, xCheckReservedLock)
	set(&io.FxFileControl, xFileControl)
	set(&io.FxSectorSize, xSectorSize)
	set(&io.FxDeviceCharacteristics, xDeviceCharacteristics)
	if rc := sqlite3.Xsqlite3_vfs_register(tls, address, 0); rc != sqlite3.SQLITE_OK {
		panic(fmt.Sprintf("crashdisk: register: %d", rc))
	}
}

// set stores a Go function as the C function pointer that modernc.org/sqlite calls.
func set[F any](field *uintptr, f F) { *(*F)(unsafe.Pointer(field)) = f }

func handleOf(pFile uintptr) *handle {
	registry.Lock()
	defer registry.Unlock()
	return registry.handles[at[osFile](pFile).handle]
}

func diskOf(path string) *Disk {
	registry.Lock()
	defer registry.Unlock()
	return registry.disks[filepath.Dir(path)]
}

func xOpen(_ *libc.TLS, _, zName, pFile uintptr, flags int32, pOutFlags uintptr) int32 {
	f := at[osFile](pFile)
	*f = osFile{}
	h := &handle{temp: &file{}}
	if zName != 0 {
		name := libc.GoString(zName)
		d := diskOf(name)
		if d == nil {
			return sqlite3.SQLITE_CANTOPEN
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.files[name] == nil {
			if flags&sqlite3.SQLITE_OPEN_CREATE == 0 {
				return sqlite3.SQLITE_CANTOPEN
			}
			d.files[name] = &file{}
		}
		h = &handle{disk: d, name: name, generation: d.generation}
	}
	registry.Lock()
	defer registry.Unlock()
	registry.last++
	registry.handles[registry.last] = h
	*f = osFile{registry.methods, registry.last}
	if pOutFlags != 0 {
		*at[int32](pOutFlags) = flags
	}
	return sqlite3.SQLITE_OK
}

func xClose(_ *libc.TLS, pFile uintptr) int32 {
	registry.Lock()
	defer registry.Unlock()
	delete(registry.handles, at[osFile](pFile).handle)
	return sqlite3.SQLITE_OK
}

// change performs an operation on a handle's file and records it. Handles of a killed process are refused, and
// so is everything on a broken disk.
func (h *handle) change(o op, refusal int32) int32 {
	if h.disk == nil {
		files := map[string]*file{"": h.temp}
		o.apply(files)
		h.temp = files[""]
		return sqlite3.SQLITE_OK
	}
	d := h.disk
	d.mu.Lock()
	defer d.mu.Unlock()
	if h.generation != d.generation || d.broken || d.files[h.name] == nil {
		return refusal
	}
	if o.kind == opWrite && d.limit > 0 {
		if grows := o.off + len(o.data) - len(d.files[h.name].data); grows > 0 && d.size()+grows > d.limit {
			return sqlite3.SQLITE_FULL
		}
	}
	o.name = h.name
	o.apply(d.files)
	d.written += len(o.data)
	if d.log {
		d.journal = append(d.journal, o)
	}
	return sqlite3.SQLITE_OK
}

func xWrite(_ *libc.TLS, pFile, zBuf uintptr, iAmt int32, iOfst int64) int32 {
	data := slices.Clone(bytesAt(zBuf, iAmt))
	return handleOf(pFile).change(op{kind: opWrite, off: int(iOfst), data: data}, sqlite3.SQLITE_IOERR_WRITE)
}

func xTruncate(_ *libc.TLS, pFile uintptr, size int64) int32 {
	return handleOf(pFile).change(op{kind: opTruncate, size: int(size)}, sqlite3.SQLITE_IOERR_TRUNCATE)
}

func xSync(_ *libc.TLS, pFile uintptr, _ int32) int32 {
	return handleOf(pFile).change(op{kind: opSync}, sqlite3.SQLITE_IOERR_FSYNC)
}

// contents calls use with the file's present bytes, which use must copy.
func (h *handle) contents(use func([]byte)) {
	if h.disk == nil {
		use(h.temp.data)
		return
	}
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	if f := h.disk.files[h.name]; f != nil {
		use(f.data)
	} else {
		use(nil)
	}
}

func xRead(_ *libc.TLS, pFile, zBuf uintptr, iAmt int32, iOfst int64) (rc int32) {
	handleOf(pFile).contents(func(data []byte) {
		out := bytesAt(zBuf, iAmt)
		n := 0
		if int(iOfst) < len(data) {
			n = copy(out, data[iOfst:])
		}
		clear(out[n:])
		if n < len(out) {
			rc = sqlite3.SQLITE_IOERR_SHORT_READ
		}
	})
	return rc
}

func xFileSize(_ *libc.TLS, pFile, pSize uintptr) int32 {
	handleOf(pFile).contents(func(data []byte) { *at[int64](pSize) = int64(len(data)) })
	return sqlite3.SQLITE_OK
}

func xDelete(_ *libc.TLS, _, zPath uintptr, dirSync int32) int32 {
	name := libc.GoString(zPath)
	d := diskOf(name)
	if d == nil {
		return sqlite3.SQLITE_IOERR_DELETE
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.files[name] == nil {
		return sqlite3.SQLITE_IOERR_DELETE_NOENT
	}
	if d.broken {
		return sqlite3.SQLITE_IOERR_DELETE
	}
	delete(d.files, name)
	if d.log {
		d.journal = append(d.journal, op{kind: opDelete, name: name})
	}
	return sqlite3.SQLITE_OK
}

func xAccess(_ *libc.TLS, _, zPath uintptr, _ int32, pResOut uintptr) int32 {
	name := libc.GoString(zPath)
	*at[int32](pResOut) = 0
	if d := diskOf(name); d != nil {
		d.mu.Lock()
		defer d.mu.Unlock()
		if f := d.files[name]; f != nil && len(f.data) > 0 {
			*at[int32](pResOut) = 1
		}
	}
	return sqlite3.SQLITE_OK
}

func xFullPathname(_ *libc.TLS, _, zPath uintptr, nPathOut int32, zPathOut uintptr) int32 {
	out := bytesAt(zPathOut, nPathOut)
	name := libc.GoString(zPath)
	if len(name)+1 > len(out) {
		return sqlite3.SQLITE_CANTOPEN
	}
	out[copy(out, name)] = 0
	return sqlite3.SQLITE_OK
}

// There is only one process at a time, so every lock is granted.
func xLock(*libc.TLS, uintptr, int32) int32 { return sqlite3.SQLITE_OK }

func xCheckReservedLock(_ *libc.TLS, _, pResOut uintptr) int32 {
	*at[int32](pResOut) = 0
	return sqlite3.SQLITE_OK
}

func xFileControl(*libc.TLS, uintptr, int32, uintptr) int32 { return sqlite3.SQLITE_NOTFOUND }

func xSectorSize(*libc.TLS, uintptr) int32 { return 4096 } // the same as the unix VFS

// The same as the unix VFS: bytes beside a torn write are not damaged.
func xDeviceCharacteristics(*libc.TLS, uintptr) int32 {
	return sqlite3.SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

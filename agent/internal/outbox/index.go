package outbox

import "slices"

// entry is what is known about a stored message without reading it. It takes 24 bytes, so that a week offline
// fits in memory, and the card is spared an index that would be written with every append.
type entry struct {
	id    int64
	bytes int64
}

// index holds the entries of each class, sorted by id.
type index struct {
	by    [classes][]entry
	bytes int64 // of all payloads, with rowBytes added for each
}

// rowBytes is the cost of a row besides its payload.
const rowBytes = 48

func (x *index) add(c Class, id, payload int64) {
	e := entry{id, payload + rowBytes}
	list := x.by[c]
	if n := len(list); n == 0 || list[n-1].id < id {
		x.by[c] = append(list, e)
	} else if i, found := find(list, id); found {
		x.bytes -= list[i].bytes
		list[i] = e
	} else {
		x.by[c] = slices.Insert(list, i, e)
	}
	x.bytes += e.bytes
}

// cut removes the ids from lo to hi, both included, from every class and returns how many there were.
func (x *index) cut(lo, hi int64) (n int) {
	for c := range x.by {
		n += len(x.cutClass(Class(c), lo, hi))
	}
	return n
}

func (x *index) cutClass(c Class, lo, hi int64) []entry {
	list := x.by[c]
	i, _ := find(list, lo)
	j, found := find(list, hi)
	if found {
		j++
	}
	if i >= j {
		return nil
	}
	gone := slices.Clone(list[i:j])
	for _, e := range gone {
		x.bytes -= e.bytes
	}
	if i == 0 {
		x.by[c] = list[j:] // in the usual case nothing is copied
	} else {
		x.by[c] = slices.Delete(list, i, j)
	}
	return gone
}

func (x *index) len() (n int) {
	for c := range x.by {
		n += len(x.by[c])
	}
	return n
}

func find(list []entry, id int64) (int, bool) {
	return slices.BinarySearchFunc(list, id, func(e entry, id int64) int {
		switch {
		case e.id < id:
			return -1
		case e.id > id:
			return 1
		}
		return 0
	})
}

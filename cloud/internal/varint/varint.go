// Package varint encodes rows of numbers and texts compactly, and decodes them from arbitrary bytes without
// panicking. It knows no particular row: each store documents its own beside the code that packs it.
//
// Stored rows depend on it: whatever is written today must remain readable for ever.
package varint

import "encoding/binary"

// Writer appends to Buf. The zero value is empty.
type Writer struct{ Buf []byte }

// Uint appends a number as an unsigned varint.
func (w *Writer) Uint(v uint64) { w.Buf = binary.AppendUvarint(w.Buf, v) }

// Int appends a number as a zigzag varint.
func (w *Writer) Int(v int64) { w.Buf = binary.AppendVarint(w.Buf, v) }

// Bool appends one byte.
func (w *Writer) Bool(v bool) {
	if v {
		w.Buf = append(w.Buf, 1)
		return
	}
	w.Buf = append(w.Buf, 0)
}

// Text appends a text with its length before it, unsigned.
func (w *Writer) Text(s string) {
	w.Uint(uint64(len(s)))
	w.Raw(s)
}

// Raw appends a text without its length.
func (w *Writer) Raw(s string) { w.Buf = append(w.Buf, s...) }

// Reader decodes what Writer has encoded. After the first fault it stays broken: from then on it returns zeros,
// and nothing is left.
type Reader struct {
	buf    []byte
	broken bool
}

// NewReader returns a reader of buf, which it does not change.
func NewReader(buf []byte) Reader { return Reader{buf: buf} }

// Left returns how many bytes have not been read.
func (r *Reader) Left() int { return len(r.buf) }

// Broken reports whether anything read so far could not have been written by Writer.
func (r *Reader) Broken() bool { return r.broken }

// Break marks the reader as broken, because what was read is impossible.
func (r *Reader) Break() { r.broken, r.buf = true, nil }

// Uint reads what Writer.Uint wrote.
func (r *Reader) Uint() uint64 {
	v, n := binary.Uvarint(r.buf)
	if n <= 0 {
		r.Break()
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

// Int reads what Writer.Int wrote.
func (r *Reader) Int() int64 {
	v, n := binary.Varint(r.buf)
	if n <= 0 {
		r.Break()
		return 0
	}
	r.buf = r.buf[n:]
	return v
}

// Bool reads what Writer.Bool wrote.
func (r *Reader) Bool() bool { return r.Uint() != 0 }

// Text reads what Writer.Text wrote.
func (r *Reader) Text() string { return r.Raw(r.Uint()) }

// Raw reads n bytes.
func (r *Reader) Raw(n uint64) string {
	if n > uint64(len(r.buf)) {
		r.Break()
		return ""
	}
	s := string(r.buf[:n])
	r.buf = r.buf[n:]
	return s
}

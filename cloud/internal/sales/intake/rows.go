package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// maxRecord bounds a row of CSV: a quote that nobody closes would swallow the rest of the file.
const maxRecord = 1 << 20

var errRecord = errors.New("the row is longer than 1 MiB: a quote opens and is not closed")

// record is a row of CSV as it stood in its file.
type record struct {
	fields []string
	line   int64  // its first line in the file, from 1
	text   string // without its end
	ended  bool   // by a line break
	err    error  // why there are no fields
}

// records reads rows of CSV. One that is none costs its first line alone: what a quote left open has swallowed is
// read again from its next line.
type records struct {
	src   io.Reader
	delim rune
	in    *csv.Reader
	kept  []byte // what in has taken of src since the last row
	from  int64  // where kept begins, in what in has read
	lines int64  // that lie before kept
}

func newRecords(r io.Reader, delim rune) *records {
	rs := &records{src: r, delim: delim}
	rs.restart()
	return rs
}

func (rs *records) restart() {
	rs.in, rs.from = csv.NewReader(readFunc(rs.read)), 0
	rs.in.FieldsPerRecord, rs.in.Comma = -1, rs.delim
	rs.kept = nil
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

func (rs *records) read(p []byte) (int, error) {
	if len(rs.kept) > maxRecord {
		return 0, errRecord
	}
	n, err := rs.src.Read(p)
	rs.kept = append(rs.kept, p[:n]...)
	return n, err
}

// pass gives the first n bytes kept without the empty lines before them, and counts their lines.
func (rs *records) pass(n int) (text []byte, line int64) {
	text, rs.kept = rs.kept[:n], rs.kept[n:]
	rs.from += int64(n)
	all := int64(bytes.Count(text, []byte{'\n'}))
	text = bytes.TrimLeft(text, "\r\n")
	line = rs.lines + all - int64(bytes.Count(text, []byte{'\n'})) + 1
	rs.lines += all
	return text, line
}

// next gives the next row; io.EOF behind the last.
func (rs *records) next() (record, error) {
	fields, err := rs.in.Read()
	var wrong *csv.ParseError
	switch {
	case err == nil:
		text, line := rs.pass(int(rs.in.InputOffset() - rs.from))
		r := record{fields: fields, line: line, ended: bytes.HasSuffix(text, []byte{'\n'})}
		r.text = strings.TrimRight(string(text), "\r\n")
		return r, nil
	case errors.As(err, &wrong) || errors.Is(err, errRecord):
		return rs.recover(err), nil
	}
	return record{}, err
}

// recover gives the first line of what is no row, and has the rest read anew.
func (rs *records) recover(err error) record {
	blank := len(rs.kept) - len(bytes.TrimLeft(rs.kept, "\r\n"))
	n := len(rs.kept)
	if end := bytes.IndexByte(rs.kept[blank:], '\n'); end >= 0 {
		n = blank + end + 1
	}
	text, line := rs.pass(n)
	r := record{line: line, err: err, ended: bytes.HasSuffix(text, []byte{'\n'})}
	r.text = strings.TrimRight(string(text), "\r\n")
	rs.src = io.MultiReader(bytes.NewReader(bytes.Clone(rs.kept)), rs.src)
	rs.restart()
	return r
}

// lazily reads one line that has quotes where none should be, as ="0123" of programs that keep Excel from counting it.
func lazily(text string, delim rune) []string {
	in := csv.NewReader(strings.NewReader(text))
	in.LazyQuotes, in.FieldsPerRecord, in.Comma = true, -1, delim
	fields, err := in.Read()
	if err != nil {
		return nil
	}
	return fields
}

package intake

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// Table is a CSV file read by a mapping. Its columns are known once Items has begun.
type Table struct {
	Columns []string
	Skipped int // rows that the mapping left out
	m       *Mapping
	r       io.Reader
}

// CSV prepares a file with a header row.
func CSV(r io.Reader, m *Mapping) *Table {
	if m.Encoding == "gbk" {
		r = transform.NewReader(r, simplifiedchinese.GB18030.NewDecoder())
	} else {
		r = transform.NewReader(r, unicode.UTF8BOM.NewDecoder())
	}
	return &Table{m: m, r: r}
}

// lastByte remembers how an input ended.
type lastByte struct {
	r    io.Reader
	last byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.last = p[n-1]
	}
	return n, err
}

// Items reads the rows.
func (t *Table) Items() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		end := &lastByte{r: t.r}
		in := csv.NewReader(end)
		in.FieldsPerRecord = -1
		if t.m.Delimiter != "" {
			in.Comma = rune(t.m.Delimiter[0])
		}
		header, err := in.Read()
		if err != nil {
			yield(bad(1, "", sales.Truncated, "the file has no header row: "+err.Error(), "the first row names the columns"))
			return
		}
		for i := range header {
			header[i] = strings.TrimSpace(header[i])
		}
		t.Columns = header
		if fault := t.m.fits(header); fault != nil {
			yield(Item{Place: 1, Input: row(header), Fault: fault})
			return
		}
		t.rows(in, end, yield)
	}
}

func (t *Table) rows(in *csv.Reader, end *lastByte, yield func(Item) bool) {
	column := map[string]int{}
	for i, name := range t.Columns {
		column[name] = i
	}
	places := map[string]int{} // of each order
	// A row is held back until the next is there, because the last one may be cut.
	var held *Item
	give := func(next *Item) bool {
		was := held
		held = next
		return was == nil || yield(*was)
	}
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var wrong *csv.ParseError
			if !errors.As(err, &wrong) {
				give(&Item{Fault: &sales.Fault{Code: sales.Truncated, Text: "the file breaks off: " + err.Error()}})
				break
			}
			it := bad(int64(wrong.StartLine), row(fields), sales.NotUnderstood, err.Error(), "look at the quotes")
			if end.last != '\n' {
				it.Fault.Code = sales.Truncated
			}
			if !give(&it) {
				return
			}
			continue
		}
		line, _ := in.FieldPos(0)
		it, skip := t.item(int64(line), fields, column, places)
		if skip {
			t.Skipped++
			continue
		}
		if !give(&it) {
			return
		}
	}
	if held != nil && end.last != '\n' && (held.Fault == nil || held.Fault.Code != sales.Truncated) {
		held.Fault = &sales.Fault{Code: sales.Truncated, Text: "the file ends within its last row", Hint: "a whole file ends with a line break"}
	}
	give(nil)
}

func (t *Table) item(line int64, fields []string, column map[string]int, places map[string]int) (it Item, skip bool) {
	it = Item{Place: line, Input: row(fields)}
	at := func(from string) (string, bool) {
		i, ok := column[from]
		if !ok || i >= len(fields) {
			return "", false
		}
		return fields[i], true
	}
	order := t.m.value("order", at)
	places[order]++
	place := places[order]
	if said, ok := at(placeColumn); ok && t.m.Fields["line"].From == "#" {
		n, err := strconv.Atoi(said)
		if err != nil || n < 1 {
			it.Fault = &sales.Fault{Code: sales.BadNumber, Field: placeColumn, Text: fmt.Sprintf("%q is not a place", said)}
			return it, false
		}
		place = n
	}
	it.ordinal = place
	if len(fields) != len(t.Columns) {
		it.Fault = &sales.Fault{Code: sales.NotUnderstood, Text: fmt.Sprintf("the row has %d fields, the header %d", len(fields), len(t.Columns))}
		return it, false
	}
	it.Draft, skip, it.Fault = t.m.draft(at, place)
	it.Draft.Line = strings.TrimSpace(it.Draft.Line)
	return it, skip
}

// fits says what is wrong with a file's columns for the mapping.
func (m *Mapping) fits(header []string) *sales.Fault {
	var missing []string
	found := 0
	look := func(from string) {
		switch {
		case from == "" || from == "#":
		case slices.Contains(header, from):
			found++
		default:
			missing = append(missing, from)
		}
	}
	for _, name := range fieldNames {
		f := m.Fields[name]
		look(f.From)
	}
	for _, c := range []*Condition{m.Only, m.Refund, m.Cancel} {
		if c != nil {
			look(c.From)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	text := fmt.Sprintf("the file has no column %s", strings.Join(missing, ", "))
	if found == 0 {
		text = "the mapping matches no column of the file"
	}
	text += "; the file has " + strings.Join(header, ", ")
	return &sales.Fault{Code: sales.Unmapped, Text: text, Hint: "its columns are " + strings.Join(header, ", ")}
}

// row writes fields as a CSV row without its end.
func row(fields []string) string {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(fields)
	w.Flush()
	return strings.TrimRight(b.String(), "\r\n")
}

// WriteRejected writes the rejected rows of a report as a file that can be mended and imported by the same
// mapping; two more columns say what is wrong and, where places count, the row's place.
func (t *Table) WriteRejected(w io.Writer, r *Report) error {
	if t.m.Encoding == "gbk" {
		w = transform.NewWriter(w, simplifiedchinese.GB18030.NewEncoder())
	}
	out := csv.NewWriter(w)
	if t.m.Delimiter != "" {
		out.Comma = rune(t.m.Delimiter[0])
	}
	header := slices.DeleteFunc(slices.Clone(t.Columns), func(c string) bool { return c == placeColumn || c == errorColumn })
	out.Write(append(slices.Clone(header), placeColumn, errorColumn))
	for _, p := range r.Problems {
		if p.Status != sales.Rejected || p.Line <= 1 {
			continue
		}
		fields, err := csv.NewReader(strings.NewReader(p.Input)).Read()
		if err != nil {
			fields = []string{p.Input}
		}
		byName := map[string]string{}
		for i, c := range t.Columns {
			if i < len(fields) {
				byName[c] = fields[i]
			}
		}
		var mended []string
		for _, c := range header {
			mended = append(mended, byName[c])
		}
		if len(fields) > len(t.Columns) {
			mended = append(mended, fields[len(t.Columns):]...) // nothing of a row is lost
		}
		out.Write(append(mended, strconv.Itoa(p.ordinal), p.Text))
	}
	out.Flush()
	return out.Error()
}

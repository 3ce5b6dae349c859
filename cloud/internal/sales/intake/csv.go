package intake

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// Table is a CSV file read by a mapping. Its columns are known once Items has begun.
type Table struct {
	Columns []string
	Skipped int // rows that the mapping left out
	m       *Mapping
	r       io.Reader
	marked  bool // it began with a byte order mark, without which Excel would read what is given back in another encoding
	// placeless rows have no place in an order.
	placeless bool
	utf8      bool // what is given back is UTF-8 with such a mark, which goes before the mapping's encoding
}

// CSV prepares a file with a header row.
func CSV(r io.Reader, m *Mapping) *Table { return &Table{m: m, r: r} }

// titles is in how many rows the header is looked for: reports begin with their title and date, and Excel's own files
// with sep=;.
const titles = 20

// Items reads the rows.
func (t *Table) Items() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		text, marked, fault := decoded(t.r, t.m.Encoding)
		if t.marked = marked; fault != nil {
			yield(Item{Place: 1, Fault: fault})
			return
		}
		in := newRecords(oldLines(text), t.m.comma())
		var first *Item
		for range titles {
			row, err := in.next()
			if err != nil {
				if first == nil {
					first = &Item{Place: 1, Fault: headless(err)}
				}
				break
			}
			row.fields = trimmed(row.fields)
			fault := t.m.fits(row.fields, row.text)
			if fault == nil {
				t.Columns = row.fields
				t.rows(in, yield)
				return
			}
			if first == nil || t.m.found(row.fields) > t.m.found(t.Columns) { // the nearest to a header is told of
				first, t.Columns = &Item{Place: row.line, Input: row.text, Fault: fault}, row.fields
			}
		}
		first.Place = 1 // all of it has to be sent again
		yield(*first)
	}
}

func trimmed(fields []string) []string {
	list := make([]string, len(fields))
	for i := range fields {
		list[i] = strings.TrimSpace(fields[i])
	}
	return list
}

func headless(err error) *sales.Fault {
	if errors.Is(err, io.EOF) {
		return &sales.Fault{Code: sales.Truncated, Text: "the file is empty", Hint: "the first row names the columns"}
	}
	return &sales.Fault{Code: sales.Truncated, Text: "the file breaks off: " + err.Error(), Hint: "send it again whole; what was stored counts once"}
}

// comma is what stands between fields.
func (m *Mapping) comma() rune {
	if m.Delimiter != "" {
		return rune(m.Delimiter[0])
	}
	return ','
}

func (t *Table) rows(in *records, yield func(Item) bool) {
	column := map[string]int{}
	for i, name := range t.Columns {
		column[name] = i
	}
	places := map[string]int{} // of each order
	// A row is held back until the next is there, because the last one may be cut.
	var held *Item
	ended := true
	give := func(next *Item) bool {
		was := held
		held = next
		return was == nil || yield(*was)
	}
	for {
		row, err := in.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			give(&Item{Fault: &sales.Fault{Code: sales.Truncated, Text: "the file breaks off: " + err.Error(), Hint: "send it again whole; what was stored counts once"}})
			ended = true
			break
		}
		ended = row.ended
		it, skip := t.read(row, column, places)
		if skip {
			t.Skipped++
			continue
		}
		if !give(&it) {
			return
		}
	}
	if held != nil && !ended {
		held.Fault = &sales.Fault{Code: sales.Truncated, Text: "the file ends within its last row", Hint: "a whole file ends with a line break"}
	}
	give(nil)
}

// read makes a row an item.
func (t *Table) read(row record, column map[string]int, places map[string]int) (it Item, skip bool) {
	if row.err != nil {
		fields := lazily(row.text, t.m.comma())
		if len(fields) == len(t.Columns) && strings.Contains(row.text, `="`) {
			row.fields = fields
		} else {
			it, _ = t.item(row, fields, column, places) // it has its place in its order all the same
			it.Fault = &sales.Fault{Code: sales.NotUnderstood, Text: quoteFault(row.err), Hint: "put a field with quotes or line breaks in quotes, and double the quotes in it"}
			it.cut = true
			return it, false
		}
	}
	if slices.Equal(trimmed(row.fields), t.Columns) { // files that were joined
		return it, true
	}
	it, skip = t.item(row, row.fields, column, places)
	if !utf8.ValidString(row.text) || strings.ContainsRune(row.text, utf8.RuneError) {
		it.Fault, it.cut = notIn(t.m.Encoding), true
		return it, false
	}
	return it, skip
}

// quoteFault is what is wrong with a row that is no CSV; where is said by its line.
func quoteFault(err error) string {
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		err = wrong.Err
	}
	return "the row is not CSV: " + err.Error()
}

func (t *Table) item(row record, fields []string, column map[string]int, places map[string]int) (it Item, skip bool) {
	it = Item{Place: row.line, Input: row.text}
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
		it.Fault = &sales.Fault{Code: sales.NotUnderstood, Text: fmt.Sprintf("the row has %d fields, the header %d", len(fields), len(t.Columns)),
			Hint: "put a field that holds the delimiter in quotes"}
		return it, false
	}
	it.Draft, skip, it.Fault = t.m.draft(at, place)
	it.Draft.Line = strings.TrimSpace(it.Draft.Line)
	return it, skip
}

// sources are the columns that the mapping reads.
func (m *Mapping) sources() (list []string) {
	add := func(from string) {
		if from != "" && from != "#" && !slices.Contains(list, from) {
			list = append(list, from)
		}
	}
	for _, name := range fieldNames {
		add(m.Fields[name].From)
	}
	for _, c := range []*Condition{m.Only, m.Refund, m.Cancel} {
		if c != nil {
			add(c.From)
		}
	}
	return list
}

// found tells how many of the columns of the mapping a row has.
func (m *Mapping) found(header []string) (n int) {
	for _, from := range m.sources() {
		if slices.Contains(header, from) {
			n++
		}
	}
	return n
}

// fits says what is wrong with a file's columns for the mapping; text is the row that names them.
func (m *Mapping) fits(header []string, text string) *sales.Fault {
	var missing, twice []string
	for _, from := range m.sources() {
		switch n := count(header, from); {
		case n == 0:
			missing = append(missing, from)
		case n > 1:
			twice = append(twice, from)
		}
	}
	has := "its columns are " + strings.Join(header, ", ")
	fault := &sales.Fault{Code: sales.Unmapped, Hint: has}
	switch found := m.found(header); {
	case !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError):
		fault = notIn(m.Encoding)
		fault.Code = sales.Unmapped
	case len(twice) > 0:
		fault.Text = fmt.Sprintf("the header has %s twice: which is meant?", strings.Join(twice, ", "))
		fault.Hint = "give one of them another name"
	case found == 0:
		fault.Text = "the mapping matches no column of the file; the file has " + strings.Join(header, ", ")
	case len(missing) > 0:
		fault.Text = fmt.Sprintf("the file has no column %s; the file has %s", strings.Join(missing, ", "), strings.Join(header, ", "))
	default:
		return nil
	}
	if other := delimiterOf(text, m.comma()); len(header) == 1 && other != "" {
		fault.Hint = fmt.Sprintf("its fields seem to be divided by %s: say delimiter: %q in the mapping", other, other)
	}
	return fault
}

func count(list []string, s string) (n int) {
	for _, v := range list {
		if v == s {
			n++
		}
	}
	return n
}

// delimiterOf guesses what divides a row that has only one field by the mapping; "": nothing does.
func delimiterOf(text string, comma rune) string {
	for _, c := range ";\t|," {
		if c != comma && strings.ContainsRune(text, c) {
			return string(c)
		}
	}
	return ""
}

// WriteRejected writes the rejected rows of a report as a file that can be mended and imported by the same
// mapping; two more columns say what is wrong and, where places count, the row's place.
func (t *Table) WriteRejected(w io.Writer, r *Report) error {
	encoding := t.m.Encoding
	if t.utf8 {
		encoding = ""
	}
	if encoding == "" && (t.marked || t.m.Encoding != "") {
		if _, err := io.WriteString(w, "\ufeff"); err != nil {
			return err
		}
	}
	out := csv.NewWriter(encoded(w, encoding))
	out.Comma = t.m.comma()
	header := slices.DeleteFunc(slices.Clone(t.Columns), func(c string) bool { return c == placeColumn || c == errorColumn })
	added := []string{placeColumn, errorColumn}
	if t.placeless {
		added = added[1:]
	}
	out.Write(append(slices.Clone(header), added...))
	for _, p := range r.Problems {
		if p.Status != sales.Rejected || p.Line <= 1 {
			continue
		}
		fields := lazily(p.Input, t.m.comma())
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
		if !t.placeless {
			mended = append(mended, strconv.Itoa(p.ordinal))
		}
		out.Write(append(mended, p.remedy()))
	}
	out.Flush()
	return out.Error()
}

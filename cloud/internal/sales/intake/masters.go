package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// MasterForm says of a file of masters what it does not say itself.
type MasterForm struct {
	Encoding string // "": UTF-8, or what a byte order mark says
	Decimal  string // point or comma; "": as each number shows
	Currency string // of prices whose row says none; "": that of the product as it is known
}

// Validate names what is wrong.
func (f *MasterForm) Validate() error {
	if _, err := charset(f.Encoding); err != nil {
		return fmt.Errorf("encoding is %q, want one such as utf-8, gbk or windows-1252", f.Encoding)
	}
	if !slices.Contains([]string{"", "point", "comma"}, f.Decimal) {
		return fmt.Errorf("decimal is %q, want point or comma", f.Decimal)
	}
	if f.Currency != "" {
		if _, err := sales.ParseMoney("1", f.Currency); err != nil {
			return fmt.Errorf("currency is %q, want one of ISO 4217 such as CNY", f.Currency)
		}
	}
	return nil
}

// MasterLedger is where masters go.
type MasterLedger interface {
	EditMasters(ctx context.Context, tenant string, edits []sales.Edit, trial bool) ([]sales.Verdict, int, error)
}

// MasterReport is what became of a file of masters.
type MasterReport struct {
	Report
	Kind     string   `json:"kind"`     // products or stores; "": neither
	Ignored  []string `json:"ignored"`  // columns that were not read
	Replayed int      `json:"replayed"` // parked lines that waited for them
}

// maxMasterFile bounds a file, unpacked.
const maxMasterFile = 64 << 20

// MasterFile is a CSV file of products or of stores as a shop's own program exports it: a header row whose names are
// known in English and Chinese, then a row a product or a store. What a file has no column for, and an empty field,
// leaves what is known as it is.
type MasterFile struct {
	File
	form    MasterForm
	kind    *masterKind
	columns map[string]int // where each field stands
	ignored []string
	fault   *sales.Fault // why nothing can be read
	rows    *records
}

// OpenMasters reads a file's header; what is wrong with it is in the report.
func OpenMasters(packed io.Reader, form MasterForm) *MasterFile {
	f := &MasterFile{form: form, File: File{r: packed, table: &Table{m: &Mapping{Encoding: form.Encoding}, placeless: true}}, ignored: []string{}}
	plain, err := Unpack(packed)
	if err != nil {
		plain = broken{err}
	}
	text, marked, fault := decoded(plain, form.Encoding)
	if f.table.marked, f.fault = marked, fault; fault != nil {
		return f
	}
	data, err := io.ReadAll(io.LimitReader(oldLines(text), maxMasterFile+1))
	switch {
	case err != nil:
		f.fault = headless(err)
	case len(data) > maxMasterFile:
		f.fault = &sales.Fault{Code: sales.NotUnderstood, Text: fmt.Sprintf("the file is larger than %d MiB", maxMasterFile>>20), Hint: "send it in parts, each with the header row"}
	default:
		f.fault = f.header(data)
	}
	return f
}

// header finds the row that names the columns, and what divides them.
func (f *MasterFile) header(data []byte) *sales.Fault {
	if len(bytes.TrimSpace(data)) == 0 {
		return headless(io.EOF)
	}
	best := -1
	var first []string
	for _, delim := range ",;\t|" {
		rows := newRecords(bytes.NewReader(data), delim)
		for range titles {
			row, err := rows.next()
			if err != nil {
				break
			}
			fields := trimmed(row.fields)
			if len(fields) > len(first) && len(first) < 2 {
				first = fields
			}
			for _, kind := range masterKinds {
				if n := kind.known(fields); n > best && n > 0 && kind.has(fields, kind.key) {
					best, f.kind, f.table.Columns, f.table.m.Delimiter = n, kind, fields, string(delim)
					f.rows = rows
					break
				}
			}
			if f.rows == rows {
				break // what follows are its rows
			}
		}
	}
	if f.kind == nil {
		if !utf8.Valid(data) {
			return notIn(f.form.Encoding)
		}
		return &sales.Fault{Code: sales.Unmapped, Text: "no row names the columns of products or of stores; the file has " + strings.Join(first, ", "),
			Hint: "the first row has a column GTIN (EAN, barcode, 条码) for products, or store (store id, 门店编号) for stores; docs/sales.md lists all"}
	}
	return f.place()
}

// place says where each field stands.
func (f *MasterFile) place() *sales.Fault {
	f.columns = map[string]int{}
	for i, column := range f.table.Columns {
		field := f.kind.field(column)
		if other := f.kind.other(); field == "" && other.field(column) == other.key {
			return &sales.Fault{Code: sales.Unmapped, Text: fmt.Sprintf("the file has a column %s of products and one of stores", column), Hint: "a file is of products or of stores; a price is one for all stores"}
		}
		if field == "" {
			if column != errorColumn && column != placeColumn {
				f.ignored = append(f.ignored, column)
			}
			continue
		}
		if at, twice := f.columns[field]; twice {
			return &sales.Fault{Code: sales.Unmapped, Text: fmt.Sprintf("the columns %s and %s are both %s: which is meant?", f.table.Columns[at], column, field), Hint: "give one of them another name"}
		}
		f.columns[field] = i
	}
	return nil
}

// Take puts the rows into the ledger; its error is about the database, and then nothing was taken.
func (f *MasterFile) Take(ctx context.Context, l MasterLedger, tenant string, dryRun bool) (MasterReport, error) {
	r := MasterReport{Report: Report{DryRun: dryRun, Problems: []Problem{}}, Ignored: f.ignored}
	if f.fault != nil {
		r.count(Item{Place: 1}, sales.Verdict{Status: sales.Rejected, Fault: f.fault})
		return r, nil
	}
	r.Kind = f.kind.name
	items, edits, at := []Item{}, []sales.Edit{}, []int{}
	for {
		row, err := f.rows.next()
		if err != nil { // all of the file is in memory: it is its end
			break
		}
		it, e := f.read(row)
		if it == nil {
			continue
		}
		if it.Fault == nil {
			edits, at = append(edits, e), append(at, len(items))
		}
		items = append(items, *it)
	}
	verdicts := make([]sales.Verdict, len(items))
	if len(edits) > 0 {
		got, replayed, err := l.EditMasters(ctx, tenant, edits, dryRun)
		if err != nil {
			return r, err
		}
		for i, v := range got {
			verdicts[at[i]] = v
		}
		r.Replayed = replayed
	}
	for i, it := range items {
		if it.Fault != nil {
			verdicts[i] = sales.Verdict{Status: sales.Rejected, Fault: it.Fault}
		}
		r.count(it, verdicts[i])
	}
	return r, nil
}

// read makes a row an edit; nil: it says nothing.
func (f *MasterFile) read(row record) (*Item, sales.Edit) {
	it := &Item{Place: row.line, Input: row.text}
	fail := func(fault *sales.Fault) (*Item, sales.Edit) {
		it.Fault = fault
		return it, sales.Edit{}
	}
	if row.err != nil {
		if row.fields = lazily(row.text, f.table.m.comma()); len(row.fields) != len(f.table.Columns) || !strings.Contains(row.text, `="`) {
			it.cut = true
			return fail(&sales.Fault{Code: sales.NotUnderstood, Text: quoteFault(row.err), Hint: "put a field with quotes or line breaks in quotes, and double the quotes in it"})
		}
	}
	fields := trimmed(row.fields)
	if slices.Equal(fields, f.table.Columns) || strings.Join(fields, "") == "" {
		return nil, sales.Edit{}
	}
	if !utf8.ValidString(row.text) || strings.ContainsRune(row.text, utf8.RuneError) {
		it.cut = true
		return fail(notIn(f.form.Encoding))
	}
	if len(fields) != len(f.table.Columns) {
		return fail(&sales.Fault{Code: sales.NotUnderstood, Text: fmt.Sprintf("the row has %d fields, the header %d", len(fields), len(f.table.Columns)), Hint: "put a field that holds the delimiter in quotes"})
	}
	m := &masterRow{form: &f.form, at: map[string]string{}, codes: map[string]string{}}
	for field, i := range f.columns {
		value := fields[i]
		if rest, ok := strings.CutPrefix(value, `="`); ok { // what keeps Excel from counting it
			value = strings.TrimSpace(strings.TrimSuffix(rest, `"`))
		}
		if channel, ok := strings.CutPrefix(field, codeField); ok {
			m.codes[channel] = value
		} else {
			m.at[field] = value
		}
	}
	key := m.at[f.kind.key]
	if key == "" {
		return fail(&sales.Fault{Code: sales.Missing, Field: f.kind.key, Text: "the row has no " + f.kind.key})
	}
	if f.kind.name == "stores" {
		return it, sales.Edit{Store: key, Place: m.store}
	}
	if whole, zeros, ok := strings.Cut(key, "."); ok && zeros != "" && strings.Trim(zeros, "0") == "" {
		key = whole // a program took the column for numbers; of these no digit is lost
	}
	if strings.ContainsAny(key, "eE") {
		return fail(&sales.Fault{Code: sales.BadGTIN, Field: "gtin", Text: fmt.Sprintf("%q is a number that a spreadsheet rounded", key), Hint: "make the column text in the spreadsheet, and export it again"})
	}
	return it, sales.Edit{GTIN: shelf.GTIN(key), Product: m.product}
}

var errBool = errors.New("is neither yes nor no")

// yes reads a truth as spreadsheets and people write it.
func yes(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "1", "true", "yes", "y", "x", "ja", "是", "有", "√":
		return true, nil
	case "0", "false", "no", "n", "nein", "否", "无":
		return false, nil
	}
	return false, errBool
}

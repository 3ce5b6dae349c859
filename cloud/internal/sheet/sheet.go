// Package sheet turns the rows of an answer into a table for a spreadsheet: CSV (RFC 4180, in UTF-8 with the
// byte order mark that spreadsheets expect) or XLSX. A nested field becomes a column named by its path
// ("osa.value"); an entry of a list is named by its texts ("revenue.EUR.minor").
//
// The columns are in the order of the fields, the same rows give the same bytes of CSV, and no text of a row is
// executed as a formula.
package sheet

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Table is rows under columns; a cell that is nil is empty.
type Table struct {
	Columns []string
	Rows    [][]any // string, float64, bool or nil
}

// Of returns a table of rows, which must marshal to JSON objects.
func Of[T any](rows []T) (*Table, error) {
	t := &Table{}
	at := map[string]int{}
	var last int // where a new column belongs: after the one before it
	for _, row := range rows {
		data, err := json.Marshal(row)
		if err != nil {
			return nil, fmt.Errorf("make table: %w", err)
		}
		dec := json.NewDecoder(bytes.NewReader(data))
		cells := map[string]any{}
		last = -1
		err = walk(dec, "", func(path string, v any) {
			cells[path] = v
			i, ok := at[path]
			if !ok {
				i = last + 1
				t.Columns = slices.Insert(t.Columns, i, path)
				for j, c := range t.Columns {
					at[c] = j
				}
			}
			last = i
		})
		if err != nil {
			return nil, fmt.Errorf("make table: %w", err)
		}
		t.Rows = append(t.Rows, []any{cells})
	}
	for i, row := range t.Rows {
		cells := row[0].(map[string]any)
		t.Rows[i] = make([]any, len(t.Columns))
		for j, c := range t.Columns {
			t.Rows[i][j] = cells[c]
		}
	}
	return t, nil
}

// walk calls leaf for each value below a JSON value, in order.
func walk(dec *json.Decoder, path string, leaf func(path string, v any)) error {
	tok, err := dec.Token()
	if err != nil {
		return err
	}
	switch tok {
	case json.Delim('{'):
		for dec.More() {
			name, err := dec.Token()
			if err != nil {
				return err
			}
			if err := walk(dec, join(path, name.(string)), leaf); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	case json.Delim('['):
		return walkList(dec, path, leaf)
	}
	leaf(path, tok)
	return nil
}

// walkList names an entry by its texts. Entries that are not objects are joined in one cell.
func walkList(dec *json.Decoder, path string, leaf func(string, any)) error {
	var plain []string
	for dec.More() {
		var entry json.RawMessage
		if err := dec.Decode(&entry); err != nil {
			return err
		}
		if entry[0] != '{' {
			plain = append(plain, strings.Trim(string(entry), `"`))
			continue
		}
		under := path
		type value struct {
			path string
			v    any
		}
		var values []value
		err := walk(json.NewDecoder(bytes.NewReader(entry)), "", func(p string, v any) {
			if s, ok := v.(string); ok {
				under = join(under, s)
			} else {
				values = append(values, value{p, v})
			}
		})
		if err != nil {
			return err
		}
		for _, v := range values {
			leaf(join(under, v.path), v.v)
		}
	}
	if len(plain) > 0 {
		leaf(path, strings.Join(plain, " "))
	}
	_, err := dec.Token()
	return err
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// CSV writes the table.
func (t *Table) CSV(w io.Writer) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	out.UseCRLF = true
	if err := out.Write(t.Columns); err != nil {
		return err
	}
	record := make([]string, len(t.Columns))
	for _, row := range t.Rows {
		for i, v := range row {
			record[i] = text(v)
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return inert(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// inert keeps a spreadsheet from executing a text as a formula.
func inert(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

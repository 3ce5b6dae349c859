package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/yamlfile"
)

// Mapping says where the fields of a line are in somebody else's CSV or JSON. It is written in YAML or
// JSON; docs/sales.md describes it with examples.
type Mapping struct {
	Channel   string `json:"channel"`             // of the lines, unless a field says it
	Format    string `json:"format"`              // csv or json
	Encoding  string `json:"encoding,omitempty"`  // of a CSV file: utf-8 (default) or gbk
	Delimiter string `json:"delimiter,omitempty"` // of a CSV file; default ,
	Lines     string `json:"lines,omitempty"`     // JSON: where the list of lines is; "": the message is one line
	Money     string `json:"money,omitempty"`     // decimal (default), comma (12,50) or minor
	Time      string `json:"time,omitempty"`      // "" (RFC 3339 and its relatives), unix, unix_ms, or a form such as DD.MM.YYYY HH:mm:ss
	Zone      string `json:"zone,omitempty"`      // of times without one; "": the store's

	Fields map[string]Field `json:"fields"`
	Only   *Condition       `json:"only,omitempty"`   // lines for which it does not hold are left out
	Refund *Condition       `json:"refund,omitempty"` // lines for which it holds are refunds: their quantity is made negative
	Cancel *Condition       `json:"cancel,omitempty"` // lines for which it holds were not sold after all: their quantity is made 0

	location *time.Location
	layout   string
}

// Field is where a value comes from. In YAML a bare text is its From.
type Field struct {
	From    string            `json:"from,omitempty"`    // a column, or a path such as order.id; $.… begins at the message's root; #: the line's place in its order
	Value   string            `json:"value,omitempty"`   // a constant instead
	Values  map[string]string `json:"values,omitempty"`  // what stands for what
	Default string            `json:"default,omitempty"` // where there is nothing
}

// UnmarshalJSON also reads a bare text, and a number as one: a column may be called 5.
func (f *Field) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && strings.IndexByte("-0123456789", data[0]) >= 0 {
		f.From = string(data)
		return nil
	}
	if len(data) > 0 && data[0] == '"' {
		return json.Unmarshal(data, &f.From)
	}
	type plain Field
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode((*plain)(f))
}

// Condition holds where a field's value is in a list.
type Condition struct {
	From string   `json:"from"`
	In   []string `json:"in"`
}

// place is the column in which a file of rejected lines says their place in the order.
const placeColumn, errorColumn = "coldshelf_line", "coldshelf_error"

// fieldNames are what a mapping may fill in.
var fieldNames = []string{"channel", "order", "line", "revision", "store", "gtin", "sku", "quantity", "price", "amount",
	"currency", "sold_at", "promotion", "refund_order", "refund_line", "restocked"}

// DecodeMapping reads a mapping strictly and checks it.
func DecodeMapping(data []byte) (*Mapping, error) {
	text := data
	data, err := yamlfile.ToJSON(text)
	if err != nil {
		return nil, fmt.Errorf("mapping: %w", wholeNote(text, err))
	}
	var m Mapping
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		return nil, fmt.Errorf("mapping: %w", wholeNote(text, placed(text, err)))
	}
	if err := m.prepare(); err != nil {
		return nil, wholeNote(text, err)
	}
	return &m, nil
}

// placed says in which line of a text a fault is that JSON's decoder found.
func placed(text []byte, err error) error {
	var kind *json.UnmarshalTypeError
	key, said := "", strings.TrimPrefix(err.Error(), "json: ")
	if errors.As(err, &kind) {
		key, said = kind.Field, fmt.Sprintf("%s is a %s, want a %s", kind.Field, kind.Value, kind.Type)
		if kind.Type.Kind() == reflect.String && kind.Value == "number" {
			said += ": put it in quotes"
		}
	} else if _, rest, ok := strings.Cut(said, `unknown field "`); ok {
		key, _, _ = strings.Cut(rest, `"`)
	}
	if line := yamlfile.Line(text, key); line > 0 {
		return fmt.Errorf("line %d: %s", line, said)
	}
	return errors.New(said)
}

// wholeNote says of a text that ends within a line that it may be half of one.
func wholeNote(text []byte, err error) error {
	if at := yamlfile.Cut(text); at > 0 {
		return fmt.Errorf("%w\nthe text ends within line %d: is it whole?", err, at)
	}
	return err
}

// prepare checks a mapping and makes it ready.
func (m *Mapping) prepare() (err error) {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf("mapping: "+format, args...)) }
	one := func(name, value string, known ...string) {
		if !slices.Contains(known, value) {
			fault("%s is %q, want one of %s", name, value, strings.Join(known, ", "))
		}
	}
	one("format", m.Format, "csv", "json")
	one("encoding", m.Encoding, "", "utf-8", "gbk")
	one("money", m.Money, "", "decimal", "comma", "minor")
	if len(m.Delimiter) > 1 || strings.ContainsAny(m.Delimiter, "\"\r\n") {
		fault("delimiter is %q, want one character", m.Delimiter)
	}
	for name := range m.Fields {
		if !slices.Contains(fieldNames, name) {
			fault("field %q is not known, want %s", name, strings.Join(fieldNames, ", "))
		}
	}
	if _, ok := m.Fields["revision"]; m.Cancel != nil && !ok {
		fault("field revision is missing, by which what cancel says is later than the sale")
	}
	for _, name := range []string{"order", "line", "store", "quantity", "currency", "sold_at"} {
		if f, ok := m.Fields[name]; !ok || f.From == "" && f.Value == "" && f.Default == "" {
			fault("field %s is missing", name)
		}
	}
	_, gtin := m.Fields["gtin"]
	_, sku := m.Fields["sku"]
	if !gtin && !sku {
		fault("field gtin or sku is missing")
	}
	if m.Zone != "" {
		if m.location, err = time.LoadLocation(m.Zone); err != nil || m.Zone == "Local" {
			fault("zone %q is not known", m.Zone)
		}
	}
	if m.Time != "" && m.Time != "unix" && m.Time != "unix_ms" {
		m.layout = strings.NewReplacer("YYYY", "2006", "MM", "01", "DD", "02", "HH", "15", "mm", "04", "ss", "05").Replace(m.Time)
		if m.layout == m.Time {
			fault("time is %q, want unix, unix_ms or a form of YYYY MM DD HH mm ss", m.Time)
		}
	}
	return errors.Join(faults...)
}

// NamesChannel reports whether the mapping says of which channel the lines are.
func (m *Mapping) NamesChannel() bool {
	f := m.Fields["channel"]
	return m.Channel != "" || f.From != "" || f.Value != ""
}

// source gives the value at a column or path of one line; ok is false where there is none.
type source func(from string) (value string, ok bool)

// value finds what a field says of a line.
func (m *Mapping) value(name string, at source) string {
	f, ok := m.Fields[name]
	if !ok {
		return ""
	}
	v := f.Value
	if f.From != "" {
		v, _ = at(f.From)
		v = strings.TrimSpace(v)
	}
	if v == "" {
		return f.Default
	}
	if to, ok := f.Values[v]; ok {
		return to
	}
	return v
}

func (c *Condition) holds(at source) bool {
	v, _ := at(c.From)
	return slices.Contains(c.In, strings.TrimSpace(v))
}

// draft makes one line; skip is true where the mapping leaves it out. What is wrong first is its fault; the rest of the
// line is filled in all the same, so that it alone has to be mended.
func (m *Mapping) draft(at source, place int) (d sales.Draft, skip bool, fault *sales.Fault) {
	if m.Only != nil && !m.Only.holds(at) {
		return d, true, nil
	}
	get := func(name string) string { return m.value(name, at) }
	wrong := func(code, field string, err error) {
		if err != nil && fault == nil {
			fault = &sales.Fault{Code: code, Field: field, Text: err.Error()}
		}
	}
	d = sales.Draft{Channel: get("channel"), Order: get("order"), Line: get("line"), Store: get("store"), GTIN: get("gtin"), SKU: get("sku"),
		Currency: strings.ToUpper(get("currency")), Promotion: get("promotion")}
	if d.Channel == "" {
		d.Channel = m.Channel
	}
	if m.Fields["line"].From == "#" {
		d.Line = strconv.Itoa(place)
	}
	if d.GTIN != "" {
		d.SKU = ""
	}
	number := func(name string, read func(text string) (int64, error)) *int64 {
		text := get(name)
		if text == "" {
			return nil
		}
		n, err := read(text)
		if wrong(sales.BadNumber, name, err); err != nil {
			return nil
		}
		return &n
	}
	money := func(text string) (int64, error) { return m.money(text, d.Currency) }
	d.Quantity, d.Price, d.Amount = number("quantity", wholeNumber), number("price", money), number("amount", money)
	if n := number("revision", m.revision); n != nil {
		d.Revision = *n
	}
	var err error
	d.SoldAt, err = m.time(get("sold_at"))
	wrong(sales.BadTime, "sold_at", err)
	if order, line := get("refund_order"), get("refund_line"); order != "" && line != "" {
		d.RefundOf = &sales.Ref{Order: order, Line: line}
	}
	if text := get("restocked"); text != "" {
		if d.Restocked, err = strconv.ParseBool(text); err != nil {
			wrong(sales.NotUnderstood, "restocked", fmt.Errorf("%q is not true or false", text))
		}
	}
	m.turn(&d, at)
	return d, false, fault
}

// turn makes a line what the conditions say that it is: a refund, a sale that was cancelled, or a sale.
func (m *Mapping) turn(d *sales.Draft, at source) {
	switch {
	case m.Cancel != nil && m.Cancel.holds(at):
		none := int64(0)
		d.Quantity, d.Amount, d.RefundOf = &none, nil, nil
	case m.Refund != nil && m.Refund.holds(at):
		negate(d.Quantity)
		negate(d.Amount)
	case d.Quantity != nil && *d.Quantity >= 0:
		d.RefundOf = nil // columns that name an original in every row
	}
	if d.Price != nil && *d.Price < 0 { // some write a refund's price negative too
		*d.Price = -*d.Price
	}
}

func negate(n *int64) {
	if n != nil && *n > 0 {
		*n = -*n
	}
}

// wholeNumber reads an integer, also as 2.000.
func wholeNumber(text string) (int64, error) {
	r, ok := new(big.Rat).SetString(text)
	if !ok || !r.IsInt() || !r.Num().IsInt64() || len(text) > 30 || strings.ContainsAny(text, "eE/") {
		return 0, fmt.Errorf("%q is not a whole number", text)
	}
	return r.Num().Int64(), nil
}

// revision reads a number, or a time: the later one is the higher.
func (m *Mapping) revision(text string) (int64, error) {
	if n, err := wholeNumber(text); err == nil {
		return n, nil
	}
	stamp, err := m.time(text)
	if err != nil {
		return 0, fmt.Errorf("%q is neither a number nor a time", text)
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(layout, stamp); err == nil {
			return at.UnixMicro(), nil
		}
	}
	return 0, fmt.Errorf("%q is neither a number nor a time", text)
}

func (m *Mapping) money(text, currency string) (int64, error) {
	switch m.Money {
	case "minor":
		return wholeNumber(text)
	case "comma":
		text = strings.ReplaceAll(strings.ReplaceAll(text, ".", ""), ",", ".")
	}
	return sales.ParseMoney(text, currency)
}

// time brings a time to RFC 3339, without a zone where neither it nor the mapping has one.
func (m *Mapping) time(text string) (string, error) {
	if text == "" {
		return "", nil // missing, which the ledger names
	}
	switch m.Time {
	case "unix", "unix_ms":
		n, err := wholeNumber(text)
		if err != nil {
			return "", err
		}
		if m.Time == "unix" {
			n *= 1000
		}
		return time.UnixMilli(n).UTC().Format(time.RFC3339Nano), nil
	case "":
		if m.location == nil {
			return text, nil
		}
		at, err := time.ParseInLocation("2006-01-02 15:04:05", strings.Replace(text, "T", " ", 1), m.location)
		if err != nil {
			return text, nil // it may have a zone of its own
		}
		return at.Format(time.RFC3339), nil
	}
	at, err := time.Parse(m.layout, text)
	if err != nil {
		return "", fmt.Errorf("%q is not a time of the form %s", text, m.Time)
	}
	if m.location == nil {
		return at.Format("2006-01-02T15:04:05"), nil
	}
	return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, m.location).Format(time.RFC3339), nil
}

package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"regexp"
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
	Encoding  string `json:"encoding,omitempty"`  // of a CSV file: utf-8 (default), gbk, windows-1252, utf-16le, … by its name on the web; a byte order mark goes before it
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
	Pad     int               `json:"pad,omitempty"`     // gtin: digits to which lost zeros in front are put back
}

// padded gives a GTIN back the zeros that a spreadsheet took from its front.
func (f Field) padded(gtin string) string {
	if n := f.Pad - len(gtin); n > 0 && strings.Trim(gtin, "0123456789") == "" {
		return strings.Repeat("0", n) + gtin
	}
	return gtin
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
var fieldNames = []string{"channel", "order", "line", "revision", "store", "gtin", "sku", "quantity", "unit", "price", "amount",
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
	if _, err := charset(m.Encoding); err != nil {
		fault("encoding is %q, want one such as utf-8, gbk, windows-1252, utf-16le or shift_jis", m.Encoding)
	}
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
	for name, f := range m.Fields {
		if f.Pad != 0 && (name != "gtin" || !slices.Contains([]int{8, 12, 13, 14}, f.Pad)) {
			fault("field %s has pad %d: it is for gtin, and 8, 12, 13 or 14", name, f.Pad)
		}
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
		m.layout = timeForm.Replace(m.Time)
		if m.layout == m.Time {
			fault("time is %q, want unix, unix_ms or a form of YYYY MM DD HH mm ss (M D H: without zeros in front; hh A: 03 PM; Z: an offset)", m.Time)
		}
	}
	return errors.Join(faults...)
}

// timeForm makes a form that people write one of Go's.
var timeForm = strings.NewReplacer("YYYY", "2006", "YY", "06", "MM", "01", "M", "1", "DD", "02", "D", "2", "HH", "15", "H", "15",
	"hh", "03", "h", "3", "mm", "04", "ss", "05", "A", "PM", "Z", "Z07:00")

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
		if rest, ok := strings.CutPrefix(v, `="`); ok && strings.HasSuffix(rest, `"`) { // what keeps Excel from counting it
			v = strings.TrimSpace(strings.TrimSuffix(rest, `"`))
		}
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
			errors.As(err, &fault)
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
		if whole, zeros, ok := strings.Cut(d.GTIN, "."); ok && zeros != "" && strings.Trim(zeros, "0") == "" {
			d.GTIN = whole // a program took the column for numbers; of these no digit is lost
		}
		d.GTIN = m.Fields["gtin"].padded(d.GTIN)
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
	var much measure
	d.Quantity = number("quantity", func(text string) (n int64, err error) {
		text, err = m.plain(text, true)
		if err != nil {
			return 0, err
		}
		n, much, err = measured(text, get("unit"))
		much.enter(&d)
		return n, err
	})
	d.Price, d.Amount = number("price", money), number("amount", money)
	if !much.none() && d.Amount != nil {
		d.Price = nil // of a kilogram
	}
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
	if !much.none() && d.Amount == nil && *d.Quantity != 0 {
		d.Price = nil // of a kilogram, too: it is not that of a pack
		wrong(sales.Missing, "amount", weighedWithoutAmount())
	}
	return d, false, fault
}

// turn makes a line what the conditions say that it is: a refund, a sale that was cancelled, or a sale.
func (m *Mapping) turn(d *sales.Draft, at source) {
	switch {
	case m.Cancel != nil && m.Cancel.holds(at):
		none := int64(0)
		d.Quantity, d.Amount, d.RefundOf = &none, nil, nil
		measure{}.enter(d)
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
	if m.Money == "minor" {
		return wholeNumber(text)
	}
	plain, err := m.plain(text, false)
	if err != nil {
		return 0, err
	}
	return sales.ParseMoney(plain, currency)
}

// Numbers as files write them. Thousands are set apart by threes, or not at all: 4.00 where a comma stands before the
// decimals is not 400.
var (
	pointNumber = regexp.MustCompile(`^-?(\d+(\.\d+)?|\d{1,3}(,\d{3})+\.\d+)$`)
	commaNumber = regexp.MustCompile(`^-?(\d+(,\d+)?|\d{1,3}(\.\d{3})+(,\d+)?)$`)
)

// plain brings a number as the mapping says that it is written to digits, a point and a minus in front. Of a quantity
// 2.000 could be two, with its decimals, or two thousand.
func (m *Mapping) plain(text string, quantity bool) (string, error) {
	t := strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '\u2009', '\u202f', '\'', '’': // between thousands
			return -1
		case '−':
			return '-'
		}
		return r
	}, text)
	if rest, ok := strings.CutSuffix(t, "-"); ok { // as SAP writes it
		t = "-" + rest
	}
	t = strings.TrimPrefix(t, "+")
	comma := m.Money == "comma"
	switch {
	case comma && quantity && strings.Contains(t, ".") && !strings.Contains(t, ","):
		return "", fmt.Errorf("%q could be a decimal or a thousand: money: comma says that decimals stand behind a comma", text)
	case comma && commaNumber.MatchString(t):
		return strings.Replace(strings.ReplaceAll(t, ".", ""), ",", ".", 1), nil
	case comma:
		return "", fmt.Errorf("%q is not a number such as 1.234,50, as money: comma says", text)
	case pointNumber.MatchString(t):
		return strings.ReplaceAll(t, ",", ""), nil
	case commaNumber.MatchString(t):
		return "", fmt.Errorf("%q has a comma: where decimals stand behind it the mapping says money: comma", text)
	}
	return "", fmt.Errorf("%q is not a number such as 12.50", text)
}

// time brings a time to RFC 3339, without a zone where neither it nor the mapping has one.
func (m *Mapping) time(text string) (string, error) {
	if text == "" {
		return "", nil // missing, which the ledger names
	}
	var at time.Time
	var zoned bool
	var err error
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
		if at, zoned, err = sales.ParseTime(text); err != nil || zoned || m.location == nil {
			return text, nil // the ledger names what is wrong
		}
	default:
		if at, zoned, err = sales.ParseTime(text); err == nil && zoned {
			break // mended: a time of the form may be one that clocks show twice
		}
		if at, err = time.Parse(m.layout, text); err != nil {
			return "", &sales.Fault{Code: sales.BadTime, Field: "sold_at", Text: fmt.Sprintf("%q is not a time of the form %s", text, m.Time), Hint: "mend it, or say the form of the file in the mapping's time"}
		}
		zoned = strings.Contains(m.Time, "Z")
	}
	if zoned {
		return at.Format(time.RFC3339Nano), nil
	}
	if m.location == nil {
		return at.Format("2006-01-02T15:04:05.999999999"), nil
	}
	at, fault := sales.WallTime(at, m.location, text, "sold_at")
	if fault != nil {
		return "", fault
	}
	return at.Format(time.RFC3339Nano), nil
}

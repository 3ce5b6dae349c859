package cloud_test

import (
	"bytes"
	"compress/gzip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
)

// madeFile is a file as some program writes it, and what has to come of it.
type madeFile struct {
	name, text string // text of a till of Berlin; "\n" is made what the program writes
	pack       func(t *testing.T, text string) []byte
	file       string // "": day.csv
	stored     int
	codes      string      // of the problems, by line
	hint       string      // what the first problem tells to do, in part
	mend       [][2]string // in the file that comes back; then all is stored
	all        int
}

const berlin = `{"stores":[{"store":"b1","name":"Berlin","tz":"Europe/Berlin","currency":"EUR"}],"products":[{"gtin":"012345678905","name":"Soda"}]}`

const berlinMapping = `{channel: berlin, format: csv, delimiter: ";", money: comma, time: "DD.MM.YYYY HH:mm:ss", fields: {order: Bon, line: "#", store: {value: b1},
  gtin: EAN, quantity: Menge, unit: Einheit, amount: Betrag, currency: {from: Währung, values: {"€": EUR}}, sold_at: Zeit, promotion: Aktion}}`

const (
	berlinHead = "Bon;EAN;Menge;Einheit;Betrag;Währung;Zeit;Aktion\n"
	berlinOne  = "1;4006381333931;2;Stk;10,00;€;02.03.2026 10:00:00;Frühling\n"
	berlinTwo  = "2;5901234123457;1;Stk;4,00;€;02.03.2026 10:05:00;\n"
)

func utf16(order unicode.Endianness) func(*testing.T, string) []byte {
	return func(t *testing.T, text string) []byte {
		t.Helper()
		out, err := unicode.UTF16(order, unicode.UseBOM).NewEncoder().Bytes([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func packed(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func latin(t *testing.T, text string) []byte {
	t.Helper()
	out, err := charmap.Windows1252.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return []byte(out)
}

func ndjson(gtin string) string {
	return strings.Replace(saleLine("j", 1, ""), "4006381333931", gtin, 1)
}

// madeFiles are files as tills, Excel and other programs write them.
func madeFiles() []madeFile {
	row := func(edit ...string) string { return strings.NewReplacer(edit...).Replace(berlinOne) }
	replaced := func(old, by string) func(*testing.T, string) []byte {
		return func(_ *testing.T, text string) []byte { return []byte(strings.ReplaceAll(text, old, by)) }
	}
	whole := berlinHead + berlinOne + berlinTwo
	return []madeFile{
		{name: "UTF-8 with a byte order mark", text: "\ufeff" + whole, stored: 2},
		{name: "UTF-16 of Excel's Unicode text", text: whole, pack: utf16(unicode.LittleEndian), stored: 2},
		{name: "UTF-16 the other way around", text: whole, pack: utf16(unicode.BigEndian), stored: 2},
		{name: "UTF-16 without its mark", text: whole, pack: func(t *testing.T, s string) []byte { return utf16(unicode.LittleEndian)(t, s)[2:] }, codes: "1 not_understood", hint: "utf-16le"},
		{name: "line ends of Windows", text: whole, pack: replaced("\n", "\r\n"), stored: 2},
		{name: "line ends of the old Macintosh", text: whole, pack: replaced("\n", "\r"), stored: 2},
		{name: "windows-1252, and the mapping says UTF-8", text: whole, pack: latin, codes: "1 mapping_matches_nothing", hint: "windows-1252"},
		{name: "a row that is not UTF-8", text: berlinHead + row("Frühling", "Fr\xfchling") + berlinTwo, stored: 1, codes: "2 not_understood", hint: "save the file as UTF-8",
			mend: [][2]string{{"\xfc", "ü"}}, all: 2},
		{name: "packed by gzip", text: whole, pack: packed, file: "day.csv.gz", stored: 2},
		{name: "packed, and bad in a row", text: berlinHead + row("931;", "932;") + berlinTwo, pack: packed, file: "day.csv.gz", stored: 1, codes: "2 bad_gtin", hint: "read it off the pack", mend: [][2]string{{"333932", "333931"}}, all: 2},
		{name: "packed, and cut", text: berlinHead + strings.Repeat(berlinTwo, 200), pack: func(t *testing.T, s string) []byte { p := packed(t, s); return p[:len(p)-12] }, file: "day.csv.gz", stored: -1, codes: "0 truncated", hint: "send it again whole"},
		{name: "a workbook", text: "PK\x03\x04\x14\x00\x06\x00", codes: "1 not_understood", hint: "Save as, CSV UTF-8"},
		{name: "nothing at all", text: "", codes: "1 truncated", hint: "names the columns"},
		{name: "another delimiter", text: whole, pack: replaced(";", "\t"), codes: "1 mapping_matches_nothing", hint: `delimiter: "\t"`},
		{name: "a title before the header, and Excel's sep=", text: "sep=;\nUmsatz vom 2. März\n\n" + whole, stored: 2},
		{name: "a column twice", text: strings.Replace(whole, "Aktion", "Menge", 1), codes: "1 mapping_matches_nothing", hint: "another name"},
		{name: "numbers that a spreadsheet rounded", text: berlinHead + row("4006381333931", "4,00638E+12") + berlinTwo, stored: 1, codes: "2 bad_gtin", hint: "as text", mend: [][2]string{{"4,00638E+12", "4006381333931"}}, all: 2},
		{name: "numbers that a program took for decimals", text: berlinHead + row("4006381333931", "4006381333931.0") + berlinTwo, stored: 2},
		{name: "numbers kept from Excel", text: berlinHead + row("4006381333931", `="4006381333931"`) + berlinTwo, stored: 2},
		{name: "zeros lost in front", text: berlinHead + row("4006381333931", "12345678905") + berlinTwo, stored: 1, codes: "2 bad_gtin", hint: "012345678905 is a GTIN", mend: [][2]string{{";12345678905", ";012345678905"}}, all: 2},
		{name: "a point where a comma should be", text: berlinHead + row("10,00", "10.00") + berlinTwo, stored: 1, codes: "2 bad_number", hint: "", mend: [][2]string{{"10.00", "10,00"}}, all: 2},
		{name: "thousands", text: berlinHead + row("10,00", "1.010,00") + strings.Replace(berlinTwo, "4,00", "4\u00a0000,00", 1), stored: 2},
		{name: "a quantity that may be two or two thousand", text: berlinHead + row(";2;", ";2.000;") + berlinTwo, stored: 1, codes: "2 bad_number", mend: [][2]string{{"2.000", "2,000"}}, all: 2},
		{name: "a quote that is not closed", text: berlinHead + row("Frühling", `"Frühling`) + berlinTwo + strings.Replace(berlinTwo, "2;", "3;", 1), stored: 2, codes: "2 not_understood", hint: "in quotes", mend: [][2]string{{`"Frühling`, "Frühling"}}, all: 3},
		{name: "a currency that is none", text: berlinHead + row("€", "Taler") + berlinTwo, stored: 1, codes: "2 bad_currency", hint: "three letters", mend: [][2]string{{"Taler", "EUR"}}, all: 2},
		{name: "an hour that clocks skip", text: berlinHead + row("02.03.2026 10", "29.03.2026 02") + berlinTwo, stored: 1, codes: "2 bad_time", hint: "give the time its offset", mend: [][2]string{{"29.03.2026 02:00:00", "2026-03-29T03:00:00+02:00"}}, all: 2},
		{name: "an hour that clocks show twice", text: berlinHead + row("02.03.2026 10", "26.10.2025 02") + berlinTwo, stored: 1, codes: "2 bad_time", hint: "2025-10-26T02:00:00+01:00 or 2025-10-26T02:00:00+02:00",
			mend: [][2]string{{"26.10.2025 02:00:00", "2025-10-26T02:00:00+01:00"}}, all: 2},
		{name: "an article weighed, and one in crates", text: berlinHead + row(";2;Stk", ";0,452;kg") + strings.Replace(berlinTwo, "Stk", "Kasten", 1), stored: 1, codes: "3 bad_number", hint: "the GTIN of the case", mend: [][2]string{{"Kasten", "Stk"}}, all: 2},
		{name: "NDJSON with a byte order mark", text: "\ufeff" + ndjson("4006381333931") + "\n", file: "day.ndjson", stored: 1},
		{name: "NDJSON in UTF-16", text: ndjson("4006381333931") + "\r\n", pack: utf16(unicode.LittleEndian), file: "day.ndjson", stored: 1},
		{name: "NDJSON in GBK", text: strings.Replace(ndjson("4006381333931"), `"j"`, `"单"`, 1) + "\n", pack: func(t *testing.T, s string) []byte {
			t.Helper()
			out, err := simplifiedchinese.GBK.NewEncoder().Bytes([]byte(s))
			if err != nil {
				t.Fatal(err)
			}
			return out
		}, file: "day.ndjson", codes: "1 not_understood", hint: "UTF-8"},
		{name: "half a line in the middle", text: ndjson("4006381333931")[:60] + "\n" + ndjson("5901234123457") + "\n", file: "day.ndjson", stored: 1, codes: "1 not_understood", hint: "one line is one JSON object",
			mend: [][2]string{{ndjson("4006381333931")[:60], strings.Replace(ndjson("4006381333931"), `"j"`, `"k"`, 1)}}, all: 2},
		{name: "JSON, the list alone", text: "\ufeff[" + ndjson("4006381333931") + "]", file: "day.json", stored: 1},
		{name: "a POSLog in Latin-1", text: strings.Replace(posLogOf("Größe"), `encoding="UTF-8"`, `encoding="ISO-8859-1"`, 1), pack: latin, file: "day.xml", stored: 1, codes: "11 bad_gtin", hint: "read it off the pack", mend: [][2]string{{"4006381333932", "4006381333931"}}, all: 2},
	}
}

// posLogOf is a POSLog with a remark, of one good and one bad transaction.
func posLogOf(remark string) string {
	sale := func(seq, gtin string) string {
		return "<Transaction>\n<RetailStoreID>b1</RetailStoreID><WorkstationID>1</WorkstationID><SequenceNumber>" + seq + "</SequenceNumber><BusinessDayDate>2026-03-02</BusinessDayDate>\n" +
			"<EndDateTime>2026-03-02T10:00:00</EndDateTime><CurrencyCode>EUR</CurrencyCode>\n<RetailTransaction><LineItem><SequenceNumber>1</SequenceNumber>\n" +
			"<Sale><POSIdentity><POSItemID>" + gtin + "</POSItemID></POSIdentity><Description>" + remark + "</Description>\n<Quantity>1</Quantity><ExtendedAmount>5.00</ExtendedAmount>\n</Sale></LineItem>\n</RetailTransaction></Transaction>\n"
	}
	return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<POSLog>\n" + sale("1", "5901234123457") + sale("2", "4006381333932") + "</POSLog>\n"
}

// TestFilesAsProgramsWriteThem: each is dropped into the folder of the real service. What can be read is read right; what
// cannot is named by its line with what to do, the good lines are kept, and the file that comes back is taken once mended.
func TestFilesAsProgramsWriteThem(t *testing.T) {
	for _, c := range madeFiles() {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			mapping := filepath.Join(t.TempDir(), "berlin.yml")
			if err := os.WriteFile(mapping, []byte(berlinMapping), 0o600); err != nil {
				t.Fatal(err)
			}
			r := newShop(t, func(cfg *config.Config) {
				cfg.Sales.Drop = []config.Drop{{Dir: dir, Mapping: mapping, Channel: "berlin"}}
				cfg.Sales.Every = 100 * time.Millisecond
			})
			r.ask(t, "POST", "/v1/sales/masters", "application/json", berlin, 200)
			data, file, drop := []byte(c.text), c.file, dropFolder{dir}
			if c.pack != nil {
				data = c.pack(t, c.text)
			}
			if file == "" {
				file = "day.csv"
			}
			drop.put(t, file, string(data))
			if got := strings.Count(r.sold(t), "\n") + min(1, len(r.sold(t))); c.stored >= 0 && got != c.stored {
				t.Errorf("%d lines sold, want %d:\n%s", got, c.stored, r.sold(t))
			}
			if c.codes == "" {
				if _, err := os.Stat(filepath.Join(dir, "rejected")); err == nil {
					t.Fatal("something was given back, want nothing")
				}
				return
			}
			rep, back := drop.rejected(t, strings.TrimSuffix(file, ".gz"))
			if len(rep.Problems) != 1 {
				t.Fatalf("problems %+v, want one", rep.Problems)
			}
			if p := rep.Problems[0]; !strings.HasSuffix(c.codes, " "+p.Code) || !strings.Contains(p.Hint, c.hint) {
				t.Errorf("problem %+v, want %s with a hint of %q", p, c.codes, c.hint)
			} else if line, _, _ := strings.Cut(c.codes, " "); line != "0" && line != strconv.FormatInt(p.Line, 10) {
				t.Errorf("problem of line %d, want %s", p.Line, line)
			}
			if len(c.mend) == 0 {
				return
			}
			for _, m := range c.mend {
				if !strings.Contains(back, m[0]) {
					t.Fatalf("%q is not in the file to be mended:\n%s", m[0], back)
				}
				back = strings.ReplaceAll(back, m[0], m[1])
			}
			drop.put(t, "mended"+filepath.Ext(strings.TrimSuffix(file, ".gz")), back)
			if got := strings.Count(r.sold(t), "\n") + min(1, len(r.sold(t))); got != c.all {
				t.Errorf("mended: %d lines sold, want %d:\n%s\nof the file\n%s", got, c.all, r.sold(t), back)
			}
		})
	}
}

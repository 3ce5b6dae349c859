package cloud_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
)

// badLine is a line that cannot be taken, and what it should have been.
type badLine struct {
	name, code string
	bad        func(map[string]any) // what is wrong with the second line
	mend       func(map[string]any) // what it should have been
	order      string               // of the second line; "": its own
}

func set(key string, v any) func(map[string]any) {
	return func(m map[string]any) { m[key] = v }
}

// badLines are all kinds there are, wherever they come in.
func badLines() []badLine {
	return []badLine{
		{"wrong check digit", "bad_gtin", set("gtin", "4006381333932"), nil, ""},
		{"no GTIN at all", "bad_gtin", set("gtin", "cola"), nil, ""},
		{"a GLN with a wrong check digit", "bad_gln", set("store", "4012345000008"), set("store", "4012345000009"), ""},
		{"negative without original", "negative_without_original", set("quantity", -1), func(m map[string]any) {
			m["quantity"], m["refund_of"] = -1, map[string]any{"order": "good", "line": "1"}
		}, ""},
		{"a refund of more than was sold", "refund_too_large", func(m map[string]any) {
			m["quantity"], m["refund_of"] = -9, map[string]any{"order": "good", "line": "1"}
		}, func(m map[string]any) {
			m["quantity"], m["refund_of"] = -1, map[string]any{"order": "good", "line": "1"}
		}, ""},
		{"another currency than the store's", "mixed_currency", set("currency", "EUR"), nil, ""},
		{"two currencies in one order", "mixed_currency", func(m map[string]any) { m["line"], m["currency"] = "2", "EUR" }, set("line", "2"), "good"},
		{"a time without zone in a store without one", "time_without_zone", func(m map[string]any) { m["store"], m["sold_at"] = "nowhere", "2026-03-02 10:00:00" },
			func(m map[string]any) { m["store"], m["sold_at"] = "nowhere", "2026-03-02T10:00:00+08:00" }, ""},
		{"a time that is none", "bad_time", set("sold_at", "yesterday"), nil, ""},
		{"a quantity that is not whole", "bad_number", set("quantity", 1.5), nil, ""},
		{"no currency", "missing_field", func(m map[string]any) { delete(m, "currency"); m["store"] = "nowhere" }, set("store", "nowhere"), ""},
		{"a field that is none", "not_understood", set("colour", "red"), nil, ""},
	}
}

// lines gives a bad line and the same mended.
func (c badLine) lines(t *testing.T) (bad, mended string) {
	t.Helper()
	order := c.order
	if order == "" {
		order = "bad"
	}
	line := func(change func(map[string]any)) string {
		m := map[string]any{}
		if err := json.Unmarshal([]byte(saleLine(order, 1, "")), &m); err != nil {
			t.Fatal(err)
		}
		if change != nil {
			change(m)
		}
		data, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return line(c.bad), line(c.mend)
}

const nowhere = `{"stores":[{"store":"nowhere","name":"without a zone or a currency"}]}`

// TestBadSales: each kind of bad line on the real service. The good line beside it is kept, the bad one is
// named by its place and comes back as it was sent; mended it is taken, and nothing counts twice.
func TestBadSales(t *testing.T) {
	for _, c := range badLines() {
		t.Run(c.name, func(t *testing.T) {
			r := newShop(t, nil)
			r.ask(t, "POST", "/v1/sales/masters", "application/json", nowhere, 200)
			bad, mended := c.lines(t)
			good := saleLine("good", 1, "")
			got := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", good+"\n"+bad+"\n", 200))
			if got.Stored != 1 || got.Rejected != 1 || len(got.Problems) != 1 {
				t.Fatalf("%+v, want one line kept and one given back", got)
			}
			if p := got.Problems[0]; p.Code != c.code || p.Line != 2 || p.Input != bad {
				t.Errorf("problem %+v, want %s of line 2 with its input %s", p, c.code, bad)
			}
			// The good line again beside the mended one.
			again := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", good+"\n"+mended+"\n", 200))
			if again.Stored != 1 || again.Duplicate != 1 || again.Rejected != 0 {
				t.Errorf("mended: %+v, want it stored and the other known", again)
			}
		})
	}
}

// TestBadSalesInTheDropFolder: the same lines in a file that is dropped. The good line is kept, the bad one
// stands in a file under the same name, with a report that names it; mended there and dropped again it is taken.
func TestBadSalesInTheDropFolder(t *testing.T) {
	for _, c := range badLines() {
		t.Run(c.name, func(t *testing.T) {
			r, drop := newDropFolder(t)
			r.ask(t, "POST", "/v1/sales/masters", "application/json", nowhere, 200)
			bad, mended := c.lines(t)
			drop.put(t, "day.ndjson", saleLine("good", 1, "")+"\n"+bad+"\n")
			if got := r.sold(t); strings.Count(got, "pos ") != 1 || !strings.Contains(got, "good/1") {
				t.Errorf("sold\n%s\nwant the good line alone", got)
			}
			rep, back := drop.rejected(t, "day.ndjson")
			if rep.Stored != 1 || rep.Rejected != 1 || rep.Problems[0].Code != c.code || rep.Problems[0].Line != 2 {
				t.Errorf("report %+v, want %s of line 2", rep, c.code)
			}
			if back != bad+"\n" {
				t.Errorf("to be mended:\n%s\nwant\n%s", back, bad)
			}
			drop.put(t, "mended.ndjson", mended+"\n")
			if got := r.sold(t); strings.Count(got, "pos ") != 2 {
				t.Errorf("mended and dropped again, sold\n%s\nwant two lines", got)
			}
		})
	}
	r, drop := newDropFolder(t)
	for _, c := range []struct{ name, text, code string }{
		{"other.csv", "a;b\n1;2\n", "mapping_matches_nothing"},
		{"cut.csv", "Bon;Filiale;EAN;Menge;Betrag;Zeit;Art\n1;s1;4006381333931;2;10,0", "truncated"},
		{"cut.ndjson", saleLine("x", 1, "")[:40], "truncated"},
		{"cut.json", `{"lines":[` + saleLine("x", 1, "")[:40], "truncated"},
		{"cut.xml", "<POSLog><Transaction>", "truncated"},
		{"other.xml", "<Orders/>", "mapping_matches_nothing"},
	} {
		drop.put(t, c.name, c.text)
		if rep, _ := drop.rejected(t, c.name); rep.Stored != 0 || len(rep.Problems) != 1 || rep.Problems[0].Code != c.code {
			t.Errorf("%s: %+v, want %s", c.name, rep, c.code)
		}
	}
	// What a master is missing for waits, and is taken by itself.
	drop.put(t, "new.ndjson", strings.Replace(saleLine("p", 2, ""), "4006381333931", "96385074", 1)+"\n"+saleLine("q", 1, "")+"\n")
	const known, parked = "pos q/1 s1 4006381333931 1 for 500 at 03-02T02:00:00Z", "pos p/1 s1 96385074 2 for 1000 at 03-02T02:00:00Z"
	r.wantSold(t, known)
	r.ask(t, "POST", "/v1/sales/masters", "application/json", `{"products":[{"gtin":"96385074","name":"Water"}]}`, 200)
	r.wantSold(t, known, parked)
}

// TestRejectedFilesAreDroppedAgain: what stands in rejected/ is in the form of its file. Mended there and dropped
// again under its name it is taken, and what was stored before counts once.
func TestRejectedFilesAreDroppedAgain(t *testing.T) {
	const right, wrong = "4006381333931", "4006381333932" // wrong check digit
	log, err := os.ReadFile(intakeData + "poslog.xml")
	if err != nil {
		t.Fatal(err)
	}
	pos := func(edit ...string) string { return strings.NewReplacer(edit...).Replace(string(log)) }
	lines := func(gtins ...string) string {
		list := make([]string, len(gtins))
		for i, g := range gtins {
			list[i] = strings.Replace(saleLine(fmt.Sprint("o", i), 1, ""), right, g, 1)
		}
		return strings.Join(list, "\n")
	}
	list := func(text string) string { return `{"lines":[` + strings.ReplaceAll(text, "\n", ",") + "]}" }
	padding := strings.Repeat(" ", 80<<10)
	long := strings.Replace(saleLine("long", 1, ""), "{", "{"+padding, 1)
	for _, c := range []struct {
		name, file, text string
		stored           int         // at first
		mend             [][2]string // in the rejected file
		all              int         // stored in the end
		gone             string      // a good part that need not come back
	}{
		{"NDJSON", "day.ndjson", lines(right, wrong, wrong) + "\n", 1, [][2]string{{wrong, right}}, 3, `"o0"`},
		{"NDJSON, a line too long", "day.ndjson", lines(right) + "\n" + long + "\n" + lines(right, right) + "\n", 2,
			[][2]string{{padding, ""}}, 3, ""},
		{"JSON", "day.json", list(lines(right, wrong, wrong)), 1, [][2]string{{wrong, right}}, 3, `"o0"`},
		{"JSON that is cut", "day.json", strings.TrimSuffix(list(lines(right, right)), `"}]}`), 1, [][2]string{{"\x00", `"}]}`}}, 2, ""},
		{"POSLog", "day.xml", pos("<POSItemID>"+right, "<POSItemID>"+wrong, "1043", "1044"), 0, [][2]string{{wrong, right}}, 2, `TrainingModeFlag`},
		{"POSLog with prefixes", "day.xml", pos("<POSLog xmlns=", "<p:POSLog xmlns:p=", "</POSLog>", "</p:POSLog>", "<Transaction>", "<p:Transaction>", "<Transaction ", "<p:Transaction ", "</Transaction>", "</p:Transaction>",
			"<ExtendedAmount>4.50", "<ExtendedAmount>4,5,0"), 1, [][2]string{{"<ExtendedAmount>4,5,0", "<ExtendedAmount>4.50"}}, 2, "1042"},
		{"POSLog that is cut", "day.xml", strings.TrimSuffix(pos(), "  </Transaction>\n</POSLog>\n"), 1, [][2]string{{"\x00", "  </Transaction>\n</POSLog>\n"}}, 2, ""},
		{"CSV", "day.csv", strings.TrimSuffix(tillFile, "3;s1;4006381333931;1;5,0"), 2, [][2]string{{"s1;" + wrong, "s1;" + right}}, 3, "5901234123457"},
		{"CSV of another mapping", "day.csv", strings.Replace(tillFile[:strings.Index(tillFile, "\n1;s1;4006381333932")]+"\n", "Bon;Filiale;EAN", "A;B;C", 1), 0,
			[][2]string{{"A;B;C", "Bon;Filiale;EAN"}}, 1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, drop := newDropFolder(t)
			drop.put(t, c.file, c.text)
			rep, back := drop.rejected(t, c.file)
			if rep.Stored != c.stored || rep.Rejected == 0 {
				t.Fatalf("at first: %+v, want %d stored", rep, c.stored)
			}
			if c.gone != "" && strings.Contains(back, c.gone) {
				t.Errorf("to be mended, with %s, of which nothing was bad:\n%s", c.gone, back)
			}
			for _, m := range c.mend {
				if m[0] == "\x00" { // the end is missing
					back += m[1]
					continue
				}
				if !strings.Contains(back, m[0]) {
					t.Fatalf("to be mended:\n%s\nwant %.80q in it", back, m[0])
				}
				back = strings.ReplaceAll(back, m[0], m[1])
			}
			again := "mended-" + c.file
			drop.put(t, again, back)
			if got := strings.Count(r.sold(t), "pos"); got != c.all {
				report, _ := os.ReadFile(filepath.Join(drop.dir, "rejected", again+".report.json"))
				t.Errorf("mended and dropped again: %d lines, want %d\n%.3000s\n%s\n%.2000s", got, c.all, r.sold(t), report, back)
			}
		})
	}
}

// dropFolder is a folder that the real service takes files from.
type dropFolder struct{ dir string }

func newDropFolder(t *testing.T) (*shopRig, dropFolder) {
	t.Helper()
	dir := t.TempDir()
	return newShop(t, func(c *config.Config) {
		c.Sales.Drop = []config.Drop{{Dir: dir, Mapping: intakeData + "till.yml", Channel: "pos-north"}}
		c.Sales.Every = 100 * time.Millisecond
	}), dropFolder{dir}
}

func (d dropFolder) put(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, name+" moves to done", func() bool {
		_, err := os.Stat(filepath.Join(d.dir, "done", name))
		return err == nil
	})
}

// rejected is what came back of a file: the report, and the lines to be mended.
func (d dropFolder) rejected(t *testing.T, name string) (r intake.Report, lines string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(d.dir, "rejected", name))
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(d.dir, "rejected", name+".report.json"))
	if err != nil {
		t.Fatal(err)
	}
	return report(t, data), string(text)
}

// TestParkedSales: a line of a product or a store that nobody knows is parked, listed, and taken by itself
// once a master tells of it.
func TestParkedSales(t *testing.T) {
	for _, c := range []struct{ name, code, missing, line, master, sold string }{
		{"a product", "unknown_product", "96385074", strings.Replace(saleLine("p", 2, ""), "4006381333931", "96385074", 1),
			`{"products":[{"gtin":"96385074","name":"Water"}]}`, "pos p/1 s1 96385074 2 for 1000 at 03-02T02:00:00Z"},
		{"a store", "unknown_store", "s9", strings.Replace(saleLine("p", 2, ""), `"s1"`, `"s9"`, 1),
			`{"stores":[{"store":"s9","name":"New"}]}`, "pos p/1 s9 4006381333931 2 for 1000 at 03-02T02:00:00Z"},
		{"a store by its GLN", "unknown_store", "4012345000016", strings.Replace(saleLine("p", 2, ""), `"s1"`, `"4012345000016"`, 1),
			`{"stores":[{"store":"s9","name":"New","gln":"4012345000016"}]}`, "pos p/1 s9 4006381333931 2 for 1000 at 03-02T02:00:00Z"},
		{"a pack", "unknown_product", "15901234123454", strings.Replace(saleLine("p", 2, ""), "4006381333931", "15901234123454", 1),
			`{"products":[{"gtin":"15901234123454","name":"Six Lemon","contains":{"gtin":"5901234123457","count":6}}]}`, "pos p/1 s1 5901234123457 12 for 1000 at 03-02T02:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newShop(t, nil)
			const good = "pos good/1 s1 4006381333931 1 for 500 at 03-02T02:00:00Z"
			got := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", c.line+"\n"+saleLine("good", 1, "")+"\n", 200))
			if got.Stored != 1 || got.Parked != 1 || len(got.Problems) != 1 || got.Problems[0].Code != c.code {
				t.Fatalf("%+v, want one line kept and one parked as %s", got, c.code)
			}
			var waiting struct {
				Parked []struct{ Missing, Code string }
			}
			r.get(t, "/v1/sales/parked", &waiting)
			if len(waiting.Parked) != 1 || waiting.Parked[0].Missing != c.missing || waiting.Parked[0].Code != c.code {
				t.Errorf("parked %+v, want what waits for %s", waiting, c.missing)
			}
			r.wantSold(t, good)
			r.ask(t, "POST", "/v1/sales/masters", "application/json", c.master, 200)
			r.wantSold(t, good, c.sold)
			r.get(t, "/v1/sales/parked", &waiting)
			if len(waiting.Parked) != 0 {
				t.Errorf("still parked: %+v", waiting)
			}
			if again := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", c.line+"\n", 200)); again.Duplicate != 1 {
				t.Errorf("sent again: %+v", again)
			}
		})
	}
}

// TestParkedMovements: a delivery of a product and a count in a store that nobody knows wait, are listed, and make
// the book once a master tells of them.
func TestParkedMovements(t *testing.T) {
	for _, c := range []struct{ name, code, missing, movement, master, book string }{
		{"a product", "unknown_product", "96385074", `{"id":"m","store":"s1","gtin":"96385074","cause":"count","units":7,"at":"2026-03-02T10:00:00+08:00"}`,
			`{"products":[{"gtin":"96385074","name":"Water"}]}`, "s1 96385074 7"},
		{"a store by its GLN, in its own time", "unknown_store", "4012345000016", `{"id":"m","store":"4012345000016","gtin":"14006381333938","cause":"count","units":2,"at":"2026-03-02 10:00"}`,
			`{"stores":[{"store":"s9","name":"New","gln":"4012345000016","tz":"Asia/Shanghai"}]}`, "s9 4006381333931 48"},
		{"a case", "unknown_product", "15901234123454", `{"id":"m","store":"s1","gtin":"15901234123454","cause":"count","units":3,"at":"2026-03-02T10:00:00+08:00"}`,
			`{"products":[{"gtin":"15901234123454","name":"Six Lemon","contains":{"gtin":"5901234123457","count":6}}]}`, "s1 5901234123457 18"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newShop(t, nil)
			enter := func() string {
				t.Helper()
				var out struct {
					Results []struct{ Status, Code string }
				}
				if err := json.Unmarshal(r.ask(t, "POST", "/v1/stock/movements", "application/json", `{"movements":[`+c.movement+`]}`, 200), &out); err != nil || len(out.Results) != 1 {
					t.Fatalf("%+v, %v", out, err)
				}
				return out.Results[0].Status + " " + out.Results[0].Code
			}
			if got := enter(); got != "parked "+c.code {
				t.Fatalf("got %s, want it parked as %s", got, c.code)
			}
			var waiting struct {
				Movements []struct {
					Code, Missing string
					Movement      json.RawMessage
				}
			}
			r.get(t, "/v1/sales/parked", &waiting)
			if len(waiting.Movements) != 1 || waiting.Movements[0].Missing != c.missing || string(waiting.Movements[0].Movement) != c.movement {
				t.Errorf("parked %+v, want %s as it was sent, waiting for %s", waiting, c.movement, c.missing)
			}
			r.ask(t, "POST", "/v1/sales/masters", "application/json", c.master, 200)
			var book struct {
				Stock []struct {
					Store, GTIN string
					OnHand      int64 `json:"on_hand"`
				}
			}
			r.get(t, "/v1/stock", &book)
			if len(book.Stock) != 1 || fmt.Sprint(book.Stock[0].Store, " ", book.Stock[0].GTIN, " ", book.Stock[0].OnHand) != c.book {
				t.Errorf("the book says %+v, want %s", book.Stock, c.book)
			}
			r.get(t, "/v1/sales/parked", &waiting)
			if len(waiting.Movements) != 0 {
				t.Errorf("still parked: %+v", waiting)
			}
			if got := enter(); got != "duplicate " {
				t.Errorf("sent again: %s", got)
			}
		})
	}
}

// TestFilesThatDoNotFit: what a mapping, or a format, matches nothing of comes back whole and named.
func TestFilesThatDoNotFit(t *testing.T) {
	r := newShop(t, nil)
	r.putChannel(t, "till", "till.yml", `"kind":"file"`)
	for _, c := range []struct{ name, path, kind, body, code string }{
		{"a CSV with other columns", "/v1/sales/lines?channel=till", "text/csv", "a;b\n1;2\n", "mapping_matches_nothing"},
		{"an empty CSV", "/v1/sales/lines?channel=till", "text/csv", "", "truncated"},
		{"another XML", "/v1/sales/lines?channel=pos", "application/xml", "<Orders/>", "mapping_matches_nothing"},
		{"an XML that is cut", "/v1/sales/lines?channel=pos", "application/xml", "<POSLog><Transaction>", "truncated"},
		{"a JSON that is cut", "/v1/sales/lines", "application/json", `{"lines":[` + saleLine("x", 1, "")[:40], "truncated"},
		{"an NDJSON that is cut", "/v1/sales/lines", "application/x-ndjson", saleLine("x", 1, "")[:40], "truncated"},
		{"a CSV that is cut", "/v1/sales/lines?channel=till", "text/csv", "Bon;Filiale;EAN;Menge;Betrag;Zeit;Art\n1;s1;4006381333931;2;10,0", "truncated"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := report(t, r.ask(t, "POST", c.path, c.kind, c.body, 200))
			if got.Stored != 0 || got.Rejected != 1 || len(got.Problems) != 1 || got.Problems[0].Code != c.code {
				t.Errorf("%s, want %s", words(got), c.code)
			}
		})
	}
	r.wantSold(t)
}

func words(r intake.Report) string { return fmt.Sprintf("%+v", r) }

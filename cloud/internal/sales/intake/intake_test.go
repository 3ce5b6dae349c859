package intake_test

import (
	"bytes"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
)

func mapping(t testing.TB, text string) *intake.Mapping {
	t.Helper()
	m, err := intake.DecodeMapping([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const plain = `
channel: x
format: csv
fields: {order: o, line: "#", store: {value: s1}, gtin: g, quantity: q, price: p, currency: {value: CNY}, sold_at: t, revision: r}
`

func collect(items iter.Seq[intake.Item]) (list []intake.Item) {
	for it := range items {
		list = append(list, it)
	}
	return list
}

func TestCSV(t *testing.T) {
	const head = "o,g,q,p,t,r\n"
	const good = "1,4006381333931,2,4.50,2026-03-02 10:00:00,1\n"
	for _, c := range []struct {
		name, text string
		codes      string // of the items; "" for a good one
	}{
		{"good", head + good + good, ","},
		{"a byte order mark", "\ufeff" + head + good, ""},
		{"carriage returns", strings.ReplaceAll(head+good, "\n", "\r\n"), ""},
		{"no line break at the end", head + good + strings.TrimSuffix(good, "\n"), ",truncated"},
		{"cut in a field", head + good + good[:20], ",truncated"},
		{"cut in quotes", head + good + "1,\"40063", ",truncated"},
		{"a row too short", head + "1,2\n" + good, "not_understood,"},
		{"bare quotes", head + "1,a\"b,1,1,1,1\n" + good, "not_understood,"},
		{"half a can", head + strings.Replace(good, ",2,", ",0.5,", 1), "bad_number"},
		{"two point nought", head + strings.Replace(good, ",2,", ",2.00,", 1), ""},
		{"a third of a fen", head + strings.Replace(good, "4.50", "4.503", 1), "bad_number"},
		{"a column is missing", "o,g,q,p,t\n" + good, "mapping_matches_nothing"},
		{"another file", "a,b\n1,2\n", "mapping_matches_nothing"},
		{"empty", "", "truncated"},
		{"only a header", head, "-"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var codes []string
			items := collect(intake.CSV(strings.NewReader(c.text), mapping(t, plain)).Items())
			for _, it := range items {
				code := ""
				if it.Fault != nil {
					code = it.Fault.Code
				}
				codes = append(codes, code)
			}
			got := strings.Join(codes, ",")
			if len(items) == 0 {
				got = "-"
			}
			if got != c.codes {
				t.Errorf("got %q, want %q", got, c.codes)
			}
		})
	}
}

func TestCSVInChinese(t *testing.T) {
	// 订单,数量 and 1,2 in GBK.
	text := "\xb6\xa9\xb5\xa5,\xca\xfd\xc1\xbf\n1,2\n"
	m := mapping(t, `{channel: x, format: csv, encoding: gbk, fields: {order: 订单, line: "#", store: {value: s}, gtin: {value: "4006381333931"}, quantity: 数量, price: {value: "1"}, currency: {value: CNY}, sold_at: {value: "2026-03-02T10:00:00Z"}}}`)
	items := collect(intake.CSV(strings.NewReader(text), m).Items())
	if len(items) != 1 || items[0].Fault != nil || *items[0].Draft.Quantity != 2 || *items[0].Draft.Price != 100 {
		t.Errorf("got %+v", items)
	}
}

func TestMoney(t *testing.T) {
	for _, c := range []struct {
		text, currency string
		want           int64
		ok             bool
	}{
		{"12.50", "CNY", 1250, true}, {"12.5", "CNY", 1250, true}, {"12", "CNY", 1200, true}, {"-0.01", "EUR", -1, true}, {"12.500", "CNY", 1250, true},
		{"500", "JPY", 500, true}, {"500.5", "JPY", 0, false}, {"1.234", "KWD", 1234, true}, {"12.505", "CNY", 0, false}, {"", "CNY", 0, false},
		{".5", "CNY", 0, false}, {"1e3", "CNY", 0, false}, {"1,50", "CNY", 0, false}, {"1", "RMB", 0, false}, {"99999999999999999999", "CNY", 0, false},
	} {
		got, err := sales.ParseMoney(c.text, c.currency)
		if (err == nil) != c.ok || got != c.want {
			t.Errorf("%q %s: got %d, %v", c.text, c.currency, got, err)
		}
	}
}

// TestTimesAndNumbersOfFiles: what a column says, by the mapping's form.
func TestTimesAndNumbersOfFiles(t *testing.T) {
	for _, c := range []struct{ name, form, sold, quantity, price, want string }{
		{"American", "time: M/D/YYYY h:mm:ss A", "3/2/2026 1:05:00 PM", "2", "1,234.50", "2026-03-02T13:05:00 2 123450"},
		{"two digits of the year", "time: DD.MM.YY HH:mm", "02.03.26 13:05", "2", "1", "2026-03-02T13:05:00 2 100"},
		{"an offset in the form", "time: YYYY-MM-DD HH:mm:ssZ", "2026-03-02 13:05:00+02:00", "2", "1", "2026-03-02T13:05:00+02:00 2 100"},
		{"the mapping's zone", "zone: Europe/Berlin", "2026-03-02 13:05:00", "2", "1", "2026-03-02T13:05:00+01:00 2 100"},
		{"an hour skipped in the mapping's zone", "zone: Europe/Berlin", "2026-03-29 02:30:00", "2", "1", "bad_time"},
		{"an hour twice in the mapping's zone, by a form", "zone: Europe/Berlin\ntime: DD.MM.YYYY HH:mm:ss", "26.10.2025 02:30:00", "2", "1", "bad_time"},
		{"a minus of typographers, and one behind", "time: YYYY-MM-DD HH:mm:ss", "2026-03-02 13:05:00", "−2", "1-", "2026-03-02T13:05:00 -2 100"},
		{"a comma without being told", "time: YYYY-MM-DD HH:mm:ss", "2026-03-02 13:05:00", "2", "1,50", "bad_number"},
		{"thousands of the Swiss", "money: comma", "2026-03-02 13:05:00", "2", "1’234,50", "2026-03-02 13:05:00 2 123450"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := "o\tg\tq\tp\tt\n1\t4006381333931\t" + c.quantity + "\t" + c.price + "\t" + c.sold + "\n"
			m := mapping(t, "channel: x\nformat: csv\ndelimiter: \"\\t\"\n"+c.form+"\nfields: {order: o, line: \"#\", store: {value: s1}, gtin: g, quantity: q, price: p, currency: {value: CNY}, sold_at: t}\n")
			items := collect(intake.CSV(strings.NewReader(text), m).Items())
			if len(items) != 1 {
				t.Fatalf("%d items, want one", len(items))
			}
			got := items[0].Draft.SoldAt
			if items[0].Fault != nil {
				got = items[0].Fault.Code
			} else {
				got += fmt.Sprintf(" %d %d", *items[0].Draft.Quantity, *items[0].Draft.Price)
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// curl, and senders that say nothing of what they send, call JSON a form.
func TestJSONThatIsCalledAForm(t *testing.T) {
	m := mapping(t, `{format: json, channel: shop, lines: items, fields: {order: $.no, line: "#", store: {value: s1}, gtin: ean, quantity: qty, amount: total, currency: {value: CNY}, sold_at: $.at}}`)
	for body, want := range map[string]string{
		`{"no":"W1","at":"2026-03-02T10:00:00+08:00","items":[{"ean":"4006381333931","qty":1,"total":"2.50"}]}`: "",
		`{"no":"W1","lines":[]}`: "at its top are lines, no",
		`no=W1&goods=1`:          "at its top are goods, no",
	} {
		skipped := 0
		for item := range intake.Mapped("application/x-www-form-urlencoded", []byte(body), m, &skipped) {
			got := ""
			if item.Fault != nil {
				got = item.Fault.Hint
			}
			if got != want {
				t.Errorf("%s: %+v, want the hint %q", body, item, want)
			}
		}
	}
}

// TestMappingFaults: what is wrong with a mapping is told with its line.
func TestMappingFaults(t *testing.T) {
	const head = "channel: x\nformat: csv\nfields:\n  order: o\n  line: \"#\"\n  store: {value: s1}\n  gtin: g\n  quantity: q\n  price: p\n  currency: {value: CNY}\n  sold_at: t\n"
	for _, c := range []struct{ name, text, fault string }{
		{"good", head + "only: {from: k, in: [V]}\n", ""},
		{"a column that is a number", strings.Replace(head, "order: o", "order: 5", 1), ""},
		{"a number among texts", head + "only:\n  from: k\n  in: [4]\n", "line 14: only.in is a number, want a string: put it in quotes"},
		{"an unknown key", head + "onlly_: {from: k, in: [V]}\n", "line 12: unknown field \"onlly_\""},
		{"base eight", head + "only: {from: k, in: [010]}\n", "line 12: in: 010 is a number of base eight"},
		{"two mappings", head + "---\n" + head, "line 13: a second document"},
		{"cut in a bracket", head + "only: {from: k, in: [V", "the text ends within line 12: is it whole?"},
		{"cut in a key", head[:strings.Index(head, "ncy:")], "the text ends within line 10: is it whole?"},
		{"cut between lines", head[:strings.Index(head, "  sold_at")], "field sold_at is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := intake.DecodeMapping([]byte(c.text))
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("got %v, want %q", err, c.fault)
			}
		})
	}
}

// FuzzMapping: no text makes a mapping's reader panic, nor what it reads its user.
func FuzzMapping(f *testing.F) {
	for _, name := range []string{"till", "tmall", "jd", "youzan", "meituan"} {
		data, err := os.ReadFile("testdata/" + name + ".yml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(`{"format":"json","lines":"a.0","fields":{"order":5}}`))
	f.Add([]byte("fields: !0\n"))
	f.Fuzz(func(_ *testing.T, data []byte) {
		m, err := intake.DecodeMapping(data)
		if err != nil {
			return
		}
		skipped := 0
		for range intake.Mapped("application/json", []byte(`{"a":[{"b":"1"},["x"],null,"[{}]"]}`), m, &skipped) {
		}
		for range intake.CSV(strings.NewReader("a,b\n1,2\n"), m).Items() {
		}
	})
}

// FuzzReaders: no input makes a reader panic or run on.
func FuzzReaders(f *testing.F) {
	for _, pattern := range []string{"testdata/*.xml", "testdata/*.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no %s (%v)", pattern, err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Add([]byte("o,g,q,p,t,r\n1,4006381333931,2,4.50,2026-03-02 10:00:00,1\n\"x"))
	f.Add([]byte(`{"lines":[{"order":"1"},`))
	f.Add([]byte("{\"a\":{\"b\":\"[1,{}]\"}}\n\n{"))
	csv := mapping(f, plain)
	js := mapping(f, `{format: json, lines: a.b, time: unix, fields: {order: $.id, line: "#", store: {value: s1}, gtin: g, quantity: q, price: p, currency: {value: CNY}, sold_at: t, revision: r}}`)
	f.Fuzz(func(t *testing.T, data []byte) {
		skipped := 0
		for name, items := range map[string]iter.Seq[intake.Item]{
			"ndjson":  intake.NDJSON(bytes.NewReader(data)),
			"json":    intake.JSON(bytes.NewReader(data)),
			"csv":     intake.CSV(bytes.NewReader(data), csv).Items(),
			"poslog":  intake.POSLog(bytes.NewReader(data), "pos", &skipped),
			"order":   intake.Shopify("orders/create", data, "shop", "s1"),
			"refund":  intake.Shopify("refunds/create", data, "shop", "s1"),
			"foreign": intake.Mapped("application/json", data, js, &skipped),
			"form":    intake.Mapped("application/x-www-form-urlencoded", data, js, &skipped),
		} {
			n := 0
			for range items {
				if n++; n > len(data)+10 {
					t.Fatalf("%s runs on", name)
				}
			}
		}
	})
}

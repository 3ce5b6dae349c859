package cloud_test

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// TestMendByREST: who sends a file by REST gets its rejected lines back as a file of the same form, which is taken once it
// is mended; a till's in GBK comes back as UTF-8 with a byte order mark, which goes before what the mapping says.
func TestMendByREST(t *testing.T) {
	r := newShop(t, nil)
	gbk := strings.NewReplacer("format: csv", "format: csv, encoding: gbk", "Bon", "订单").Replace(`{channel: pos-gbk, format: csv, delimiter: ";", money: comma, time: "DD.MM.YYYY HH:mm:ss",
		fields: {order: Bon, line: "#", store: Filiale, gtin: EAN, quantity: Menge, amount: Betrag, currency: {value: CNY}, sold_at: Zeit}, only: {from: Art, in: [V]}}`)
	r.putChannel(t, "till", "till.yml", `"kind":"file"`)
	mapping, err := yaml.YAMLToJSON([]byte(gbk))
	if err != nil {
		t.Fatal(err)
	}
	r.ask(t, "PUT", "/v1/sales/channels/gbk", "application/json", `{"kind":"file","mapping":`+string(mapping)+`}`, 200)
	log, err := os.ReadFile(intakeData + "poslog.xml")
	if err != nil {
		t.Fatal(err)
	}
	whole := tillFile[:strings.LastIndex(strings.TrimSuffix(tillFile, "\n"), "\n")+1]
	inGBK, err := simplifiedchinese.GBK.NewEncoder().String(strings.Replace(whole, "Bon", "订单", 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, query, kind, text string }{
		{"CSV", "?channel=till&mend=true", "text/csv", whole},
		{"CSV in GBK", "?channel=gbk&mend=true", "text/csv", inGBK},
		{"NDJSON", "?mend=true", "application/x-ndjson", saleLine("n1", 1, "") + "\n" + strings.Replace(saleLine("n2", 1, ""), "333931", "333932", 1) + "\n"},
		{"JSON", "?mend=true", "application/json", `{"lines":[` + saleLine("j1", 1, "") + "," + strings.Replace(saleLine("j2", 1, ""), "333931", "333932", 1) + "]}"},
		{"POSLog", "?channel=log&mend=true", "application/xml", strings.Replace(string(log), "<POSItemID>4006381333931", "<POSItemID>4006381333932", 1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := report(t, r.ask(t, "POST", "/v1/sales/lines"+c.query, c.kind, c.text, 200))
			if got.Rejected != 1 || !strings.Contains(got.Mend, "4006381333932") {
				t.Fatalf("%+v, want one line given back", got)
			}
			mended := report(t, r.ask(t, "POST", "/v1/sales/lines"+c.query, c.kind, strings.ReplaceAll(got.Mend, "4006381333932", "4006381333931"), 200))
			if mended.Stored != 1 || mended.Rejected != 0 || mended.Mend != "" {
				t.Errorf("mended: %+v\nof\n%s", mended, got.Mend)
			}
		})
	}
	cut := report(t, r.ask(t, "POST", "/v1/sales/lines?mend=true", "application/json", `{"lines":[`, 200))
	if cut.Rejected != 1 || cut.Mend != "" {
		t.Errorf("a body that is cut: %+v, want it to be sent again whole", cut)
	}
}

// TestPackedBody: a body that gzip packed is taken as one that is not; one that is cut keeps its good lines and says so.
func TestPackedBody(t *testing.T) {
	r := newShop(t, nil)
	var text strings.Builder
	for i := range 300 {
		text.WriteString(saleLine(fmt.Sprint("p", i), 1, "") + "\n")
	}
	send := func(body []byte, encoding string, want int) []byte {
		t.Helper()
		req, err := http.NewRequest("POST", r.base+"/v1/sales/lines", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-ndjson")
		req.Header.Set("Content-Encoding", encoding)
		return r.do(t, req, want)
	}
	body := packed(t, text.String())
	cut := report(t, send(body[:len(body)*3/4], "gzip", 200))
	if cut.Stored == 0 || cut.Rejected != 1 || cut.Problems[0].Code != "truncated" {
		t.Errorf("cut: %+v", cut)
	}
	whole := report(t, send(body, "gzip", 200))
	if whole.Stored+whole.Duplicate != 300 || whole.Duplicate != cut.Stored || whole.Rejected != 0 {
		t.Errorf("whole: %+v", whole)
	}
	if got := report(t, send(body, "", 200)); got.Duplicate != 300 {
		t.Errorf("packed without a word: %+v", got)
	}
	send(body, "br", 415)
	send([]byte("\x1f\x8b\x00\x00"), "gzip", 400)
}

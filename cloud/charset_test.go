package cloud_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/unicode"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

// in writes a text in an encoding.
func in(t *testing.T, e encoding.Encoding, text string) string {
	t.Helper()
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCharsets: what the Content-Type says of a body's encoding is believed, before what a mapping or the document says; of
// an encoding that nobody knows the sender is told.
func TestCharsets(t *testing.T) {
	r := newShop(t, nil)
	gbk, latin, wide := simplifiedchinese.GBK, charmap.ISO8859_1, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	put := func(name, encoding, order string) {
		t.Helper()
		r.ask(t, "PUT", "/v1/sales/channels/"+name, "application/json", fmt.Sprintf(`{"kind":"file","mapping":{"format":"csv","encoding":%q,
			"fields":{"order":%q,"line":"#","store":{"value":"s1"},"gtin":"EAN","quantity":"数量","price":{"value":"5.00"},"currency":{"value":"CNY"},"sold_at":{"value":"2026-03-02T10:00:00Z"}}}}`, encoding, order), 200)
	}
	put("plain", "", "单号")
	put("wrong", "big5", "单号")
	r.ask(t, "PUT", "/v1/sales/channels/latin", "application/json", `{"kind":"file","mapping":{"format":"csv","fields":{"order":"Verkäufe","line":"#","store":{"value":"s1"},"gtin":"EAN","quantity":"Stück","price":{"value":"5.00"},"currency":{"value":"CNY"},"sold_at":{"value":"2026-03-02T10:00:00Z"}}}}`, 200)
	csv := func(order string) string { return "单号,EAN,数量\n" + order + ",4006381333931,2\n" }
	log, err := os.ReadFile(intakeData + "poslog.xml")
	if err != nil {
		t.Fatal(err)
	}
	posLog := strings.Replace(string(log), `encoding="UTF-8"`, `encoding="utf-16"`, 1) // as .NET writes a text that it sends as UTF-8
	if posLog == string(log) {
		t.Fatal("the POSLog says no encoding")
	}
	for _, c := range []struct{ name, query, kind, text string }{
		{"GBK", "?channel=plain", "text/csv; charset=GBK", in(t, gbk, csv("订1"))},
		{"UTF-16 without a mark", "?channel=plain", "Text/CSV;header=present; Charset=utf-16le", in(t, wide, csv("订2"))},
		{"UTF-16 with a mark", "?channel=plain", `text/csv; charset="utf-16"`, in(t, wide, "\ufeff"+csv("订3"))},
		{"before the mapping", "?channel=wrong", "text/csv; charset=utf-8", csv("订4")},
		{"Latin", "?channel=latin", "text/csv; charset=latin1", in(t, latin, "Verkäufe,EAN,Stück\nü,4006381333931,2\n")},
		{"NDJSON", "", "application/x-ndjson; charset=gb2312", in(t, gbk, saleLine("订5", 2, "")+"\n")},
		{"JSON", "", "application/json; charset=utf-16le", in(t, wide, `{"lines":[`+saleLine("订6", 2, "")+"]}")},
		{"before the document", "?channel=log", "text/xml; charset=utf-8", posLog},
	} {
		if got := report(t, r.ask(t, "POST", "/v1/sales/lines"+c.query, c.kind, c.text, 200)); got.Stored == 0 || got.Rejected != 0 {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
	sold := r.sold(t)
	for _, order := range []string{"plain 订1/1", "plain 订2/1", "plain 订3/1", "wrong 订4/1", "latin ü/1", "pos 订5/1", "pos 订6/1"} {
		if !strings.Contains(sold, order+" s1 4006381333931 2 for 1000") {
			t.Errorf("%s is not there:\n%s", order, sold)
		}
	}
	for _, c := range []struct{ path, kind string }{{"/v1/sales/lines?channel=plain", "text/csv"}, {"/v1/sales/lines", "application/json"}, {"/v1/sales/masters", "application/json"}} {
		for _, charset := range []string{"klingon", "iso-2022-kr", "\xff\xfe"} {
			if said := string(r.ask(t, "POST", c.path, c.kind+"; charset="+charset, "x", 415)); !strings.Contains(said, "wrong_type") || !strings.Contains(said, "send UTF-8, or name one such as gbk") {
				t.Errorf("%s in %q: %s", c.path, charset, said)
			}
		}
	}

	// Names go the same way; bytes that are no text are refused, and not stored as something else.
	const masters = `{"stores":[{"store":"s2","name":"北店","tz":"Asia/Shanghai"}]}`
	if said := string(r.ask(t, "POST", "/v1/sales/masters", "application/json", in(t, gbk, masters), 400)); !strings.Contains(said, "not text in utf-8") || !strings.Contains(said, "charset=gbk") {
		t.Errorf("GBK without a word: %s", said)
	}
	r.ask(t, "POST", "/v1/sales/masters", "application/json;charset=gbk", in(t, gbk, masters), 200)
	if said := string(r.ask(t, "GET", "/v1/sales/stores", "", "", 200)); !strings.Contains(said, "北店") {
		t.Errorf("the name is not there: %s", said)
	}
}

// TestWebhookCharsets: a webhook's signature is over its bytes, what it says is read in the encoding that it names, and what
// is refused of it is kept on both databases whatever stands in its header.
func TestWebhookCharsets(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { webhookCharsets(t, nil) })
	t.Run("postgres", func(t *testing.T) {
		url := statetest.Postgres(t).NewDatabase(t)
		webhookCharsets(t, func(c *config.Config) { c.State = url })
	})
}

func webhookCharsets(t *testing.T, change func(*config.Config)) {
	r := newShop(t, change)
	r.ask(t, "PUT", "/v1/sales/channels/web", "application/json", `{"kind":"webhook","secret":"`+secret+`","sign":{"header":"X-Sign","algorithm":"hmac-sha256","encoding":"hex","over":"body"},
		"mapping":{"format":"json","lines":"data.items","fields":{"order":"$.data.no","line":"id","store":{"value":"s1"},"gtin":"ean","quantity":"n","amount":"paid","currency":{"value":"CNY"},"sold_at":{"value":"2026-03-02T10:00:00Z"}}}}`, 200)
	send := func(kind, body string, want int) []byte {
		t.Helper()
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body))
		return r.hook(t, "web", "", kind, map[string]string{"X-Sign": hex.EncodeToString(mac.Sum(nil))}, []byte(body), want)
	}
	body := func(order, ean string) string {
		return fmt.Sprintf(`{"data":{"no":%q,"items":[{"id":"一","ean":%q,"n":1,"paid":"5.00"}]}}`, order, ean)
	}
	gbk := simplifiedchinese.GBK
	if got := report(t, send("application/json; charset=gbk", in(t, gbk, body("订1", "4006381333931")), 200)); got.Stored != 1 {
		t.Errorf("JSON in GBK: %+v", got)
	}
	data := body("订2", "4006381333931")
	form := url.Values{"data": {in(t, gbk, data[len(`{"data":`):len(data)-1])}}.Encode()
	if got := report(t, send("application/x-www-form-urlencoded; charset=gbk", form, 200)); got.Stored != 1 {
		t.Errorf("a form in GBK: %+v", got)
	}
	if said := string(send("application/json; charset=klingon", body("订3", "4006381333931"), 415)); !strings.Contains(said, "klingon") {
		t.Errorf("an encoding that nobody knows: %s", said)
	}
	r.hook(t, "web", "", "application/json; charset=klingon", map[string]string{"X-Sign": "00"}, []byte("{}"), 401)

	// What is wrong in it comes back as text, and the message can be read again.
	if got := report(t, send("application/json; charset=gbk", in(t, gbk, body("订4", "4006381333932")), 200)); got.Rejected != 1 {
		t.Errorf("a wrong GTIN: %+v", got)
	}
	if got := report(t, send("application/json; note=\xff", body("订5", "4006381333932"), 200)); got.Rejected != 1 {
		t.Errorf("a wrong GTIN under a strange header: %+v", got)
	}
	var refused struct {
		Rejected []struct{ Input, Message string }
	}
	r.get(t, "/v1/sales/rejected", &refused)
	if len(refused.Rejected) != 2 || !strings.Contains(refused.Rejected[0].Input, "订4") || refused.Rejected[0].Message == "" || refused.Rejected[1].Message == "" {
		t.Errorf("kept %+v", refused)
	}
	if said := string(r.ask(t, "POST", "/v1/sales/rejected/replay", "application/json", "", 200)); !strings.Contains(said, `"messages":2`) || !strings.Contains(said, `"rejected":2`) {
		t.Errorf("read again: %s", said)
	}
	r.wantSold(t, "web 订1/一 s1 4006381333931 1 for 500 at 03-02T10:00:00Z", "web 订2/一 s1 4006381333931 1 for 500 at 03-02T10:00:00Z")
}

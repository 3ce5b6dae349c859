package cloud_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
)

// What the channels' harder messages become, by bodies that are written after the platforms' public documentation.

// TestPOSLogVoids: a POSLog with prefixed namespaces. A post void undoes what it points to though it comes first; what was
// suspended is no sale until it is taken up again; a negative sale without an original is named, and taken once it has one.
func TestPOSLogVoids(t *testing.T) {
	r := newShop(t, nil)
	text, err := os.ReadFile(intakeData + "poslog-voids.xml")
	if err != nil {
		t.Fatal(err)
	}
	send := func(log string) (got struct {
		Stored, Late, Duplicate, Skipped, Rejected int
		Problems                                   []struct{ Code, Input string }
	}) {
		t.Helper()
		if err := json.Unmarshal(r.ask(t, "POST", "/v1/sales/lines?channel=pos", "application/xml", log, 200), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := send(string(text))
	// The undone line, the taken up one and its return; the sale that was undone before; two transactions and a voided line.
	if got.Stored != 3 || got.Late != 1 || got.Skipped != 3 || got.Rejected != 1 || got.Problems[0].Code != "negative_without_original" {
		t.Errorf("got %+v", got)
	}
	sold := []string{"pos s1/4/2026-03-02/201/1 s1 4006381333931 0 for 0 at 03-02T03:05:00Z",
		"pos s1/4/2026-03-02/205/1 s1 4006381333931 3 for 1500 at 03-02T03:12:30Z",
		"pos s1/4/2026-03-03/206/1 s1 4006381333931 -1 for -500 at 03-03T01:00:00Z"}
	r.wantSold(t, sold...)
	link := `<pos:TransactionLink><pos:WorkstationID>4</pos:WorkstationID><pos:BusinessDayDate>2026-03-02</pos:BusinessDayDate>
		<pos:SequenceNumber>205</pos:SequenceNumber><pos:LineItemSequenceNumber>1</pos:LineItemSequenceNumber></pos:TransactionLink>`
	mended := strings.Replace(string(text), "<pos:Quantity>-1</pos:Quantity></pos:Sale>", "<pos:Quantity>-1</pos:Quantity>"+link+"</pos:Sale>", 1)
	if got = send(mended); got.Stored != 1 || got.Duplicate != 4 || got.Rejected != 0 {
		t.Errorf("mended: %+v", got)
	}
	r.wantSold(t, append(sold, "pos s1/4/2026-03-02/205/3 s1 4006381333931 -1 for -500 at 03-02T03:12:30Z")...)
}

// TestShopifyEdits: an order that was edited, refunded in another currency than the shop's, and one that was cancelled.
func TestShopifyEdits(t *testing.T) {
	r := newShop(t, nil)
	r.ask(t, "PUT", "/v1/sales/channels/shop", "application/json", `{"kind":"shopify","secret":"`+secret+`"}`, 200)
	n := 0
	send := func(topic string, body []byte) (stored, corrected, rejected int) {
		t.Helper()
		n++
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		got := report(t, r.hook(t, "shop", "", "application/json", map[string]string{"X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": fmt.Sprint(n),
			"X-Shopify-Hmac-Sha256": base64.StdEncoding.EncodeToString(mac.Sum(nil))}, body, 200))
		return got.Stored, got.Corrected, got.Rejected
	}
	recorded := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(intakeData + name + ".json")
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	want := func(what string, stored, corrected int) func(a, b, c int) {
		return func(a, b, c int) {
			t.Helper()
			if a != stored || b != corrected || c != 0 {
				t.Errorf("%s: %d stored, %d corrected, %d rejected, want %d, %d, 0", what, a, b, c, stored, corrected)
			}
		}
	}
	edited := string(recorded("shopify-edited-order"))
	first := strings.NewReplacer(`"current_quantity":1,"price":"5.00"`, `"current_quantity":3,"price":"5.00"`, `"current_quantity":0`, `"current_quantity":2`,
		`T10:30:00`, `T10:00:05`).Replace(edited)
	first = first[:strings.Index(first, `,
  {"id":3`)] + "]}"
	want("created", 2, 0)(send("orders/create", []byte(first)))
	want("the edit alone", 0, 0)(send("orders/edited", recorded("shopify-order-edit")))
	want("edited", 1, 2)(send("orders/updated", []byte(edited)))
	want("refunded", 1, 0)(send("refunds/create", recorded("shopify-refund-abroad")))
	// The order comes again with its refund, of which current_quantity knows.
	again := strings.NewReplacer(`"refunds":[]`, `"refunds":[`+strings.TrimSpace(string(recorded("shopify-refund-abroad")))+`]`, `T10:30:00`, `T12:00:01`,
		`"current_quantity":1,"price":"5.00"`, `"current_quantity":0,"price":"5.00"`).Replace(edited)
	want("with its refund", 0, 4)(send("orders/updated", []byte(again)))
	want("cancelled", 2, 0)(send("orders/cancelled", recorded("shopify-cancelled-order")))
	r.wantSold(t, "shop 5001/1 s1 4006381333931 1 for 400 at 03-02T02:00:00Z", "shop 5001/2 s1 5901234123457 0 for 0 at 03-02T02:00:00Z",
		"shop 5001/3 s1 5901234123457 1 for 400 at 03-02T02:00:00Z", "shop 5001/refund-771 s1 4006381333931 -1 for -400 at 03-02T04:00:00Z",
		"shop 5002/11 s1 4006381333931 1 for 500 at 03-02T02:00:00Z", "shop 5002/refund-881 s1 4006381333931 -1 for -500 at 03-02T03:00:00Z")
}

// TestCancelledByMapping: an order of a mapped shop that is cancelled after its sale, in whatever order the two come.
func TestCancelledByMapping(t *testing.T) {
	r := newShop(t, nil)
	r.putChannel(t, "meituan", "meituan.yml", `"kind":"webhook","secret":"`+secret+`","sign":{"param":"sig","algorithm":"md5-append","encoding":"hex","over":"query","timestamp":"timestamp"},"reply":{"data":"ok"}`)
	detail := `[{"sku_id":"L-1","quantity":"2","price":"4.50"}]`
	send := func(order, status, updated string) {
		t.Helper()
		form := url.Values{"order_id": {order}, "app_poi_code": {"mt-77"}, "status": {status}, "ctime": {"1772416800"}, "utime": {updated},
			"timestamp": {fmt.Sprint(time.Now().Unix())}}
		if detail != "" {
			form.Set("detail", detail)
		}
		var parts []string
		for k := range form {
			parts = append(parts, k+"="+form.Get(k))
		}
		sort.Strings(parts)
		form.Set("sig", md5hex(strings.Join(parts, "&"), secret))
		r.hook(t, "meituan", "", "application/x-www-form-urlencoded", nil, []byte(form.Encode()), 200)
	}
	send("kept", "4", "1772416900")
	send("gone", "4", "1772416900")
	send("gone", "9", "1772417900")
	send("late", "9", "1772417900")
	send("late", "4", "1772416900")
	send("kept", "8", "1772418900")
	send("bare", "4", "1772416900")
	detail = "" // a cancellation that does not name the lines
	send("bare", "9", "1772417900")
	send("nobody", "9", "1772417900")
	var waits struct {
		Cancellations []struct{ Channel, Order string }
	}
	r.get(t, "/v1/sales/parked", &waits)
	if len(waits.Cancellations) != 1 || waits.Cancellations[0].Order != "nobody" {
		t.Errorf("waiting %+v, want the order of which nothing is known", waits)
	}
	detail = `[{"sku_id":"L-1","quantity":"3","price":"4.50"}]`
	send("nobody", "4", "1772416900") // its lines come after all
	r.get(t, "/v1/sales/parked", &waits)
	if len(waits.Cancellations) != 0 {
		t.Errorf("still waiting %+v", waits)
	}
	r.wantSold(t, "meituan nobody/1 s1 5901234123457 0 for 0 at 03-02T02:00:00Z", "meituan bare/1 s1 5901234123457 0 for 0 at 03-02T02:00:00Z", "meituan gone/1 s1 5901234123457 0 for 0 at 03-02T02:00:00Z", "meituan kept/1 s1 5901234123457 2 for 900 at 03-02T02:00:00Z",
		"meituan late/1 s1 5901234123457 0 for 0 at 03-02T02:00:00Z")
}

// TestMendWebhook: two bad lines of one webhook are kept apart, each as a line that can be mended and sent.
func TestMendWebhook(t *testing.T) {
	r := newShop(t, nil)
	r.putChannel(t, "tmall", "tmall.yml", `"kind":"webhook","secret":"`+secret+`","sign":{"param":"sign","algorithm":"md5-wrap","encoding":"hex","over":"params"}`)
	body := []byte(`{"trade":{"tid":"7001","modified":"2026-03-02 10:05:00","pay_time":"2026-03-02 10:00:00","omnichannel_store":"tm-1","orders":{"order":[
		{"oid":"a","outer_sku_id":"4006381333932","num":2,"payment":"9.90"},{"oid":"b","outer_sku_id":"4006381333931","num":"1","payment":"4.955"},{"oid":"c","outer_sku_id":"5901234123457","num":1,"payment":"4.00"}]}}}`)
	sign := md5hex(secret, "method", "trade.paid", "trade", string(tradeOf(t, body)), secret)
	if got := report(t, r.hook(t, "tmall", "?method=trade.paid&sign="+sign, "application/json", nil, body, 200)); got.Stored != 1 || got.Rejected != 2 {
		t.Fatalf("got %+v", got)
	}
	var refused struct {
		Rejected []struct {
			ID          int64
			Place       int64
			Code, Input string
		}
	}
	r.get(t, "/v1/sales/rejected", &refused)
	if len(refused.Rejected) != 2 || refused.Rejected[0].Code != "bad_gtin" || refused.Rejected[1].Code != "bad_number" || refused.Rejected[1].Place != 2 {
		t.Fatalf("kept %+v, want two", refused)
	}
	fix := strings.NewReplacer("4006381333932", "4006381333931", `"quantity":1,`, `"quantity":1,"amount":495,`)
	for _, line := range refused.Rejected {
		if got := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", fix.Replace(line.Input), 200)); got.Stored != 1 {
			t.Errorf("%s mended: %+v", line.Input, got)
		}
	}
	r.wantSold(t, "tmall 7001/a s1 4006381333931 2 for 990 at 03-02T02:00:00Z", "tmall 7001/b s1 4006381333931 1 for 495 at 03-02T02:00:00Z",
		"tmall 7001/c s1 5901234123457 1 for 400 at 03-02T02:00:00Z")
}

// TestMendMapping: a mapping that looks in the wrong places refuses what comes by it, whole messages and single lines. The
// messages are kept, and once the mapping is mended they are read again; what was stored before counts once.
func TestMendMapping(t *testing.T) {
	r := newShop(t, nil)
	const sign = `"sign":{"param":"sign","algorithm":"md5-wrap","encoding":"hex","over":"params"}`
	right, err := os.ReadFile(intakeData + "tmall.yml")
	if err != nil {
		t.Fatal(err)
	}
	put := func(edit ...string) {
		t.Helper()
		data, err := yaml.YAMLToJSON([]byte(strings.NewReplacer(edit...).Replace(string(right))))
		if err != nil {
			t.Fatal(err)
		}
		r.ask(t, "PUT", "/v1/sales/channels/tmall", "application/json", fmt.Sprintf(`{"kind":"webhook","secret":%q,%s,"mapping":%s}`, secret, sign, data), 200)
	}
	send := func(order, note string) {
		t.Helper()
		body := []byte(strings.NewReplacer("T", order, "NOTE", note).Replace(`{"trade":{"tid":"T","buyer_memo":"NOTE","modified":"2026-03-02 10:05:00","pay_time":"2026-03-02 10:00:00","omnichannel_store":"tm-1","orders":{"order":[
			{"oid":"T-1","outer_sku_id":"4006381333931","num":2,"payment":"9.90"},{"oid":"T-2","outer_sku_id":"5901234123457","num":1,"payment":"4.00"}]}}}`))
		signed := md5hex(secret, "method", "trade.paid", "trade", string(tradeOf(t, body)), secret)
		r.hook(t, "tmall", "?method=trade.paid&sign="+signed, "application/json", nil, body, 200)
	}
	put("trade.orders.order", "trade.items") // no list there
	send("7001", "")
	put("outer_sku_id", "outer_id") // a list, of lines without a product
	send("7002", "by the door")
	send("7002", "by the bell") // of the first nothing is refused any more that is not of this one: it goes
	put()
	send("7003", "")
	var refused struct {
		Rejected []struct{ Code, Message string }
	}
	r.get(t, "/v1/sales/rejected", &refused)
	if len(refused.Rejected) != 3 || refused.Rejected[0].Code != "mapping_matches_nothing" || refused.Rejected[1].Code != "missing_field" || refused.Rejected[0].Message == "" {
		t.Fatalf("kept %+v, want a message and two lines", refused)
	}
	type outcome struct{ Messages, Taken, Stored, Rejected int }
	replay := func(channel string, status int) (o outcome) {
		t.Helper()
		data := r.ask(t, "POST", "/v1/sales/rejected/replay?channel="+channel, "application/json", "", status)
		if status == 200 {
			if err := json.Unmarshal(data, &o); err != nil {
				t.Fatal(err)
			}
		}
		return o
	}
	replay("nobody", 404)
	put("outer_sku_id", "outer_id")
	if got := replay("tmall", 200); got != (outcome{Messages: 2, Rejected: 4}) {
		t.Errorf("by a mapping that is wrong still: %+v", got)
	}
	put()
	if got := replay("tmall", 200); got != (outcome{Messages: 2, Taken: 2, Stored: 4}) {
		t.Errorf("by the mended mapping: %+v", got)
	}
	if got := replay("", 200); got != (outcome{}) {
		t.Errorf("once more: %+v", got)
	}
	r.get(t, "/v1/sales/rejected", &refused)
	if len(refused.Rejected) != 0 {
		t.Errorf("still rejected: %+v", refused)
	}
	var want []string
	for _, order := range []string{"7001", "7002", "7003"} {
		want = append(want, "tmall "+order+"/"+order+"-1 s1 4006381333931 2 for 990 at 03-02T02:00:00Z", "tmall "+order+"/"+order+"-2 s1 5901234123457 1 for 400 at 03-02T02:00:00Z")
	}
	r.wantSold(t, want...)
}

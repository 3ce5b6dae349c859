package cloud_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/goccy/go-yaml"

	"github.com/coldshelf/coldshelf/cloud"
	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
)

const intakeData = "internal/sales/intake/testdata/"

// shopRig is the real service with masters in it.
type shopRig struct {
	base string
	s    *cloud.Server
}

const shopMasters = `{"products":[
	{"gtin":"4006381333931","name":"Cola","own":true,"price":500,"cost":300,"currency":"CNY","group":"cola"},
	{"gtin":"5901234123457","name":"Lemon","own":true,"codes":[{"channel":"shop","code":"49148385"},{"channel":"meituan","code":"L-1"},{"channel":"youzan","code":"L-1"}]},
	{"gtin":"14006381333938","name":"Case of Cola","own":true,"contains":{"gtin":"4006381333931","count":24}}],
	"stores":[{"store":"s1","name":"North","gln":"4012345000009","tz":"Asia/Shanghai","currency":"CNY","region":"east","hours":"Mo-Su 07:00-23:00","lat":31.2,"lon":121.5,
	"codes":[{"channel":"shop","code":"6884556"},{"channel":"meituan","code":"mt-77"},{"channel":"tmall","code":"tm-1"},{"channel":"jd","code":"jd-5"},{"channel":"youzan","code":"987"}]}]}`

func newShop(t *testing.T, change func(*config.Config)) *shopRig {
	t.Helper()
	s, _, _ := serve(t, change)
	r := &shopRig{base: "http://" + s.Addr(), s: s}
	r.ask(t, "POST", "/v1/sales/masters", "application/json", shopMasters, 200)
	return r
}

func (r *shopRig) ask(t *testing.T, method, path, kind, body string, want int) []byte {
	t.Helper()
	req, err := http.NewRequest(method, r.base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	return r.do(t, req, want)
}

func (r *shopRig) do(t *testing.T, req *http.Request, want int) []byte {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != want {
		t.Fatalf("%s %s: status %d, want %d: %s", req.Method, req.URL.Path, resp.StatusCode, want, data)
	}
	return data
}

func (r *shopRig) get(t *testing.T, path string, into any) {
	t.Helper()
	if err := json.Unmarshal(r.ask(t, "GET", path, "", "", 200), into); err != nil {
		t.Fatal(err)
	}
}

func report(t *testing.T, data []byte) (r intake.Report) {
	t.Helper()
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatalf("%v: %s", err, data)
	}
	return r
}

// soldNow is all that was sold, in a few words a line.
func (r *shopRig) sold(t *testing.T) string {
	t.Helper()
	var out struct {
		Lines []struct {
			Channel, Order, Line, Store, GTIN, Currency, Promotion string
			Units, Amount                                          int64
			SoldAt                                                 time.Time `json:"sold_at"`
		}
	}
	r.get(t, "/v1/sales/lines?from=2025-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", &out)
	var list []string
	for _, l := range out.Lines {
		list = append(list, fmt.Sprintf("%s %s/%s %s %s %d for %d at %s", l.Channel, l.Order, l.Line, l.Store, l.GTIN, l.Units, l.Amount, l.SoldAt.Format("01-02T15:04:05Z")))
	}
	sort.Strings(list)
	return strings.Join(list, "\n")
}

func (r *shopRig) wantSold(t *testing.T, want ...string) {
	t.Helper()
	sort.Strings(want)
	if got := r.sold(t); got != strings.Join(want, "\n") {
		t.Errorf("sold\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func saleLine(order string, quantity int, more string) string {
	return fmt.Sprintf(`{"channel":"pos","order":%q,"line":"1","store":"s1","gtin":"4006381333931","quantity":%d,"price":500,"currency":"CNY","sold_at":"2026-03-02T10:00:00+08:00"%s}`, order, quantity, more)
}

func TestSalesByREST(t *testing.T) {
	r := newShop(t, nil)
	dry := report(t, r.ask(t, "POST", "/v1/sales/lines?dry_run=true&statuses=true", "application/json",
		`{"lines":[`+saleLine("d", 1, "")+`,`+saleLine("d", -1, "")+`]}`, 200))
	if !dry.DryRun || dry.Stored != 1 || dry.Rejected != 1 || fmt.Sprint(dry.Statuses) != "[stored rejected]" {
		t.Errorf("dry run %+v", dry)
	}
	r.wantSold(t)
	body := strings.Join([]string{
		saleLine("a", 2, ""),
		"",
		strings.Replace(saleLine("b", 1, ""), "333931", "333932", 1), // wrong check digit
		saleLine("c", 1, `,"colour":"red"`),
		strings.Replace(saleLine("p", 1, ""), `"s1"`, `"s9"`, 1), // a store that nobody knows
		saleLine("e", 3, ""),
		saleLine("cut", 1, "")[:90],
	}, "\n")
	got := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", body, 200))
	if got.Lines != 6 || got.Stored != 2 || got.Parked != 1 || got.Rejected != 3 {
		t.Errorf("report %+v", got)
	}
	problems := map[int64]string{}
	for _, p := range got.Problems {
		problems[p.Line] = p.Code
		if p.Input == "" {
			t.Errorf("line %d does not come back", p.Line)
		}
	}
	if want := "map[3:bad_gtin 4:not_understood 5:unknown_store 7:truncated]"; fmt.Sprint(problems) != want {
		t.Errorf("problems %v, want %s", problems, want)
	}
	if again := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", body, 200)); again.Duplicate != 2 || again.Stored != 0 {
		t.Errorf("sent again %+v", again)
	}
	if cut := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/json", `{"lines":[`+saleLine("f", 1, "")+`,`, 200)); cut.Stored != 1 || cut.Rejected != 1 || cut.Problems[0].Code != "truncated" {
		t.Errorf("a body that is cut %+v", cut)
	}
	// The old way of naming a store takes what waits for it.
	var waiting struct{ Parked []struct{ Missing string } }
	r.get(t, "/v1/sales/parked", &waiting)
	if len(waiting.Parked) != 1 || waiting.Parked[0].Missing != "s9" {
		t.Errorf("parked %+v", waiting)
	}
	r.ask(t, "PUT", "/v1/stores/s9", "application/json", `{"name":"new","lat":null,"lon":null}`, 200)
	r.wantSold(t, "pos a/1 s1 4006381333931 2 for 1000 at 03-02T02:00:00Z", "pos e/1 s1 4006381333931 3 for 1500 at 03-02T02:00:00Z",
		"pos f/1 s1 4006381333931 1 for 500 at 03-02T02:00:00Z", "pos p/1 s9 4006381333931 1 for 500 at 03-02T02:00:00Z")
	r.ask(t, "POST", "/v1/sales/lines", "image/png", "x", 415)
	drawn := strings.Replace(saleLine("m", 1, `,"millilitres":750`), `"price":500`, `"amount":450`, 1) + "\n" + saleLine("m2", 1, `,"grams":1,"millimetres":2`)
	if got := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", drawn, 200)); got.Stored != 1 || got.Rejected != 1 || got.Problems[0].Code != "bad_number" {
		t.Errorf("drawn by volume, and by two measures: %+v", got)
	}
	if said := string(r.ask(t, "GET", "/v1/sales/lines?from=2025-01-01T00:00:00Z&to=2027-01-01T00:00:00Z", "", "", 200)); !strings.Contains(said, `"quantity":1,"millilitres":750,"price":`) {
		t.Errorf("what was drawn is not told: %s", said)
	}

	r.ask(t, "POST", "/v1/sales/lines?channel=till", "text/csv", tillFile, 404)
	r.putChannel(t, "till", "till.yml", `"kind":"file"`)
	csv := report(t, r.ask(t, "POST", "/v1/sales/lines?channel=till&dry_run=true", "text/csv", tillFile, 200))
	if csv.Stored != 2 || csv.Rejected != 2 || csv.Skipped != 1 {
		t.Errorf("CSV: %+v", csv)
	}
	r.ask(t, "POST", "/v1/sales/masters", "application/json", `{"products":[{"gtin":"4006381333932"}]}`, 400)
	r.ask(t, "POST", "/v1/sales/masters", "application/json", `{"stores":[{"store":"x","gln":"4012345000008"}]}`, 400)
}

// putChannel sets a channel up by the mapping of a file.
func (r *shopRig) putChannel(t *testing.T, name, mapping, rest string) {
	t.Helper()
	data, err := os.ReadFile(intakeData + mapping)
	if err != nil {
		t.Fatal(err)
	}
	if data, err = yaml.YAMLToJSON(data); err != nil {
		t.Fatal(err)
	}
	r.ask(t, "PUT", "/v1/sales/channels/"+name, "application/json", fmt.Sprintf(`{%s,"mapping":%s}`, rest, data), 200)
}

func (r *shopRig) hook(t *testing.T, channel, query, kind string, header map[string]string, body []byte, want int) []byte {
	t.Helper()
	req, err := http.NewRequest("POST", r.base+"/v1/sales/hooks/t/"+channel+query, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	for k, v := range header {
		req.Header.Set(k, v)
	}
	return r.do(t, req, want)
}

const secret = "a secret of the shop"

func TestShopify(t *testing.T) {
	r := newShop(t, nil)
	r.ask(t, "PUT", "/v1/sales/channels/shop", "application/json", `{"kind":"shopify","secret":"`+secret+`"}`, 200)
	send := func(topic, id string, body []byte, want int) []byte {
		t.Helper()
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		return r.hook(t, "shop", "", "application/json", map[string]string{"X-Shopify-Topic": topic, "X-Shopify-Webhook-Id": id,
			"X-Shopify-Hmac-Sha256": base64.StdEncoding.EncodeToString(mac.Sum(nil))}, body, want)
	}
	order, err := os.ReadFile(intakeData + "shopify-order.json")
	if err != nil {
		t.Fatal(err)
	}
	refund, err := os.ReadFile(intakeData + "shopify-refund.json")
	if err != nil {
		t.Fatal(err)
	}
	// The refund comes before its order, and everything comes twice.
	if got := report(t, send("refunds/create", "w1", refund, 200)); got.Parked != 1 {
		t.Errorf("a refund before its order: %+v", got)
	}
	if got := report(t, send("orders/create", "w2", order, 200)); got.Stored != 2 || got.Rejected != 0 {
		t.Errorf("order: %+v", got)
	}
	if got := report(t, send("orders/create", "w2", order, 200)); got.Lines != 0 {
		t.Errorf("the same delivery was read: %+v", got)
	}
	if got := report(t, send("orders/paid", "w3", order, 200)); got.Duplicate != 2 {
		t.Errorf("the same order under another topic: %+v", got)
	}
	paid := bytes.Replace(order, []byte("10:00:05+08:00"), []byte("10:07:00+08:00"), 1)
	paid = bytes.Replace(paid, []byte(`"refunds":[]`), append(append([]byte(`"refunds":[`), bytes.TrimSpace(refund)...), ']'), 1)
	if got := report(t, send("orders/updated", "w4", paid, 200)); got.Rejected != 0 || got.Corrected != 3 {
		t.Errorf("an update with the refund inside: %+v", got)
	}
	r.wantSold(t, "shop 820982911946154508/866550311766439020 s1 4006381333931 3 for 1400 at 03-02T02:00:00Z",
		"shop 820982911946154508/141249953214522974 s1 5901234123457 1 for 400 at 03-02T02:00:00Z",
		"shop 820982911946154508/refund-1058498311 s1 4006381333931 -1 for -467 at 03-02T04:00:00Z")

	r.hook(t, "shop", "", "application/json", map[string]string{"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": "AAAA"}, order, 401)
	r.hook(t, "nobody", "", "application/json", nil, order, 401)
	if got := report(t, send("orders/create", "w5", order[:200], 200)); got.Rejected != 1 || got.Problems[0].Code != "truncated" {
		t.Errorf("a cut webhook: %+v", got)
	}
	if got := report(t, send("app/uninstalled", "w6", []byte(`{}`), 200)); got.Lines != 0 {
		t.Errorf("a foreign topic: %+v", got)
	}
	var bad struct {
		Rejected []struct {
			ID     int64
			Source string
		}
	}
	r.get(t, "/v1/sales/rejected", &bad)
	if len(bad.Rejected) != 1 || bad.Rejected[0].Source != "webhook/shop" {
		t.Fatalf("to be mended: %+v", bad)
	}
	r.ask(t, "DELETE", fmt.Sprint("/v1/sales/rejected/", bad.Rejected[0].ID), "", "", 200)
	r.ask(t, "DELETE", fmt.Sprint("/v1/sales/rejected/", bad.Rejected[0].ID), "", "", 404)
	var channels struct{ Channels []struct{ Secret string } }
	r.get(t, "/v1/sales/channels", &channels)
	if len(channels.Channels) != 1 || channels.Channels[0].Secret != "***" {
		t.Errorf("the secret is told: %+v", channels)
	}
	// What was told of a channel can be put back; the secret stays.
	r.ask(t, "PUT", "/v1/sales/channels/shop", "application/json", `{"kind":"shopify","secret":"***"}`, 200)
	if got := report(t, send("orders/paid", "w7", order, 200)); got.Late+got.Duplicate != 2 {
		t.Errorf("after the channel was put again: %+v", got)
	}
}

func md5hex(parts ...string) string {
	sum := md5.Sum([]byte(strings.Join(parts, "")))
	return hex.EncodeToString(sum[:])
}

func TestSignedWebhooks(t *testing.T) {
	r := newShop(t, nil)

	// Meituan-like: a form, signed over its sorted parameters.
	r.putChannel(t, "meituan", "meituan.yml", `"kind":"webhook","secret":"`+secret+`","sign":{"param":"sig","algorithm":"md5-append","encoding":"hex","over":"query","timestamp":"timestamp"},"reply":{"data":"ok"}`)
	form := url.Values{"order_id": {"m-1"}, "app_poi_code": {"mt-77"}, "status": {"8"}, "ctime": {"1772416800"}, "utime": {"1772417800"},
		"timestamp": {fmt.Sprint(time.Now().Unix())}, "detail": {`[{"sku_id":"L-1","quantity":2,"price":4.5},{"sku_id":"L-1","quantity":1,"price":"4.50"}]`}}
	signed := func(f url.Values) []byte {
		var names []string
		for k := range f {
			names = append(names, k)
		}
		sort.Strings(names)
		var parts []string
		for _, k := range names {
			parts = append(parts, k+"="+f.Get(k))
		}
		f.Set("sig", md5hex(strings.Join(parts, "&"), secret))
		return []byte(f.Encode())
	}
	if got := r.hook(t, "meituan", "", "application/x-www-form-urlencoded", nil, signed(form), 200); strings.TrimSpace(string(got)) != `{"data":"ok"}` {
		t.Errorf("reply %s", got)
	}
	form.Set("order_id", "m-2") // the signature is of another order
	r.hook(t, "meituan", "", "application/x-www-form-urlencoded", nil, []byte(form.Encode()), 401)
	form.Del("sig")
	form.Set("timestamp", fmt.Sprint(time.Now().Add(-time.Hour).Unix())) // played again later
	r.hook(t, "meituan", "", "application/x-www-form-urlencoded", nil, signed(form), 401)

	// Tmall-like: md5(secret + name value … + secret), in the address.
	r.putChannel(t, "tmall", "tmall.yml", `"kind":"webhook","secret":"`+secret+`","sign":{"param":"sign","algorithm":"md5-wrap","encoding":"hex","over":"params"}`)
	body := []byte(`{"trade":{"tid":"7001","modified":"2026-03-02 10:05:00","pay_time":"2026-03-02 10:00:00","omnichannel_store":"tm-1","orders":{"order":[{"oid":"7001-1","outer_sku_id":"4006381333931","num":2,"payment":"9.90"}]}}}`)
	sign := md5hex(secret, "method", "trade.paid", "trade", string(tradeOf(t, body)), secret)
	if got := report(t, r.hook(t, "tmall", "?method=trade.paid&sign="+sign, "application/json", nil, body, 200)); got.Stored != 1 {
		t.Errorf("tmall: %+v", got)
	}

	// JD-like: HMAC over the raw body in a header; a return after the sale.
	r.putChannel(t, "jd", "jd.yml", `"kind":"webhook","secret":"`+secret+`","id_header":"X-Jd-Id","sign":{"header":"X-Jd-Sign","algorithm":"hmac-sha256","encoding":"hex","prefix":"sha256=","over":"body"}`)
	jd := func(id, body string) intake.Report {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body))
		return report(t, r.hook(t, "jd", "", "application/json", map[string]string{"X-Jd-Id": id, "X-Jd-Sign": "sha256=" + hex.EncodeToString(mac.Sum(nil))}, []byte(body), 200))
	}
	sale := `{"data":{"type":"sale","orderId":88,"stationNo":"jd-5","finishTime":"2026-03-02 10:00:00","originalOrderId":"","skuList":[{"lineNo":1,"upc":"4006381333931","count":3,"priceFen":480,"originalLineNo":""}]}}`
	if got := jd("1", sale); got.Stored != 1 {
		t.Errorf("jd: %+v", got)
	}
	if got := jd("1", sale); got.Lines != 0 {
		t.Errorf("jd again: %+v", got)
	}
	if got := jd("2", `{"data":{"type":"return","orderId":89,"stationNo":"jd-5","finishTime":"2026-03-02 11:00:00","originalOrderId":88,"skuList":[{"lineNo":1,"upc":"4006381333931","count":1,"priceFen":480,"originalLineNo":1}]}}`); got.Stored != 1 {
		t.Errorf("jd return: %+v", got)
	}
	if got := jd("3", `{"data":{"orders":[]}}`); got.Rejected != 1 || got.Problems[0].Code != "mapping_matches_nothing" {
		t.Errorf("a message that the mapping does not fit: %+v", got)
	}

	// Youzan-like: the trade is a text of JSON.
	r.putChannel(t, "youzan", "youzan.yml", `"kind":"webhook","secret":"`+secret+`","sign":{"header":"Event-Sign","algorithm":"md5-append","encoding":"hex","over":"body","client":"client-1"},"reply":{"code":0,"msg":"success"}`)
	msg, _ := json.Marshal(`{"order_info":{"tid":"E1","node_kdt_id":987,"pay_time":"2026-03-02 10:00:00"},"orders":[{"oid":"1","outer_item_id":"L-1","num":1,"payment":"4.00"}]}`)
	body = fmt.Appendf(nil, `{"type":"trade_TradePaid","msg":%s}`, msg)
	r.hook(t, "youzan", "", "application/json", map[string]string{"Event-Sign": md5hex("client-1", string(body), secret)}, body, 200)
	other := bytes.Replace(body, []byte("trade_TradePaid"), []byte("trade_TradeMemo"), 1)
	r.hook(t, "youzan", "", "application/json", map[string]string{"Event-Sign": md5hex("client-1", string(other), secret)}, other, 200)

	r.wantSold(t, "meituan m-1/1 s1 5901234123457 2 for 900 at 03-02T02:00:00Z", "meituan m-1/2 s1 5901234123457 1 for 450 at 03-02T02:00:00Z",
		"tmall 7001/7001-1 s1 4006381333931 2 for 990 at 03-02T02:00:00Z", "jd 88/1 s1 4006381333931 3 for 1440 at 03-02T02:00:00Z",
		"jd 89/1 s1 4006381333931 -1 for -480 at 03-02T03:00:00Z", "youzan E1/1 s1 5901234123457 1 for 400 at 03-02T02:00:00Z")
	for name, body := range map[string]string{
		"no secret":      `{"kind":"webhook","sign":{"header":"X","algorithm":"hmac-sha256","encoding":"hex","over":"body"}}`,
		"no signature":   `{"kind":"webhook","secret":"long enough"}`,
		"no mapping":     `{"kind":"webhook","secret":"long enough","sign":{"header":"X","algorithm":"hmac-sha256","encoding":"hex","over":"body"}}`,
		"unknown kind":   `{"kind":"fax"}`,
		"unknown field":  `{"kind":"shopify","secret":"long enough","colour":"red"}`,
		"broken mapping": `{"kind":"file","mapping":{"format":"csv","fields":{"sum":"x"}}}`,
	} {
		t.Run(name, func(t *testing.T) { r.ask(t, "PUT", "/v1/sales/channels/x", "application/json", body, 400) })
	}
}

// tradeOf is the value of trade as it stands in the body.
func tradeOf(t *testing.T, body []byte) json.RawMessage {
	var top struct{ Trade json.RawMessage }
	if err := json.Unmarshal(body, &top); err != nil {
		t.Fatal(err)
	}
	return top.Trade
}

func TestPOSLog(t *testing.T) {
	r := newShop(t, nil)
	log, err := os.ReadFile(intakeData + "poslog.xml")
	if err != nil {
		t.Fatal(err)
	}
	r.ask(t, "POST", "/v1/sales/lines", "application/xml", string(log), 400) // of which channel?
	cut := report(t, r.ask(t, "POST", "/v1/sales/lines?channel=pos", "application/xml", string(log[:2400]), 200))
	if cut.Stored != 1 || cut.Rejected != 1 || cut.Problems[0].Code != "truncated" {
		t.Errorf("cut: %+v", cut)
	}
	got := report(t, r.ask(t, "POST", "/v1/sales/lines?channel=pos", "application/xml", string(log), 200))
	if got.Stored != 1 || got.Duplicate != 1 || got.Skipped != 3 || got.Rejected != 0 {
		t.Errorf("whole: %+v", got)
	}
	r.wantSold(t, "pos 4012345000009/3/2026-03-02/1041/1 s1 4006381333931 2 for 900 at 03-02T02:02:00Z",
		"pos 4012345000009/3/2026-03-02/1043/1 s1 4006381333931 -1 for -450 at 03-02T02:20:00Z")
	if none := report(t, r.ask(t, "POST", "/v1/sales/lines?channel=pos", "application/xml", "<Orders/>", 200)); none.Rejected != 1 || none.Problems[0].Code != "mapping_matches_nothing" {
		t.Errorf("another document: %+v", none)
	}
}

const tillFile = "Bon;Filiale;EAN;Menge;Betrag;Zeit;Art\n" +
	"1;s1;4006381333931;2;10,00;02.03.2026 10:00:00;V\n" +
	"1;s1;4006381333932;1;5,00;02.03.2026 10:00:00;V\n" + // wrong check digit
	"1;s1;5901234123457;1;4,00;02.03.2026 10:00:00;V\n" +
	"2;s1;4006381333931;1;5,00;02.03.2026 10:05:00;L\n" + // an empty bottle: left out
	"3;s1;4006381333931;1;5,0" // cut

func TestDropFolder(t *testing.T) {
	dir := t.TempDir()
	r := newShop(t, func(c *config.Config) {
		c.Sales.Drop = []config.Drop{{Dir: dir, Mapping: intakeData + "till.yml", Channel: "pos-north"}}
		c.Sales.Every = 100 * time.Millisecond
	})
	drop := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		eventually(t, name+" moves to done", func() bool {
			_, err := os.Stat(filepath.Join(dir, "done", name))
			return err == nil
		})
	}
	drop("day.csv", tillFile)
	two := []string{"pos-north 1/1 s1 4006381333931 2 for 1000 at 03-02T02:00:00Z", "pos-north 1/3 s1 5901234123457 1 for 400 at 03-02T02:00:00Z"}
	r.wantSold(t, two...)
	bad, err := os.ReadFile(filepath.Join(dir, "rejected", "day.csv"))
	if err != nil {
		t.Fatal(err)
	}
	want := "Bon;Filiale;EAN;Menge;Betrag;Zeit;Art;coldshelf_line;coldshelf_error\n" +
		"1;s1;4006381333932;1;5,00;02.03.2026 10:00:00;V;2;\"GTIN \"\"4006381333932\"\" ends in 2, its digits give 1: wrong check digit; read it off the pack again; the channel's own number goes into sku\"\n"
	if !strings.HasPrefix(string(bad), want) || !strings.Contains(string(bad), "3;s1;4006381333931;1;5,0;") {
		t.Errorf("to be mended:\n%s\nwant it to begin\n%s", bad, want)
	}
	if _, err := os.Stat(filepath.Join(dir, "rejected", "day.csv.report.json")); err != nil {
		t.Error(err)
	}
	// Mended, it is dropped again; the place of the row stays what it was.
	mended := strings.Split(strings.Replace(string(bad), "4006381333932", "4006381333931", 1), "\n")
	drop("day-mended.csv", mended[0]+"\n"+mended[1]+"\n")
	r.wantSold(t, append(two, "pos-north 1/2 s1 4006381333931 1 for 500 at 03-02T02:00:00Z")...)
	// A file that no column of the mapping fits is given back whole.
	drop("other.csv", "a;b\n1;2\n")
	var rep intake.Report
	data, err := os.ReadFile(filepath.Join(dir, "rejected", "other.csv.report.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &rep); err != nil || rep.Problems[0].Code != "mapping_matches_nothing" {
		t.Errorf("%v, %+v", err, rep)
	}
	log, err := os.ReadFile(intakeData + "poslog.xml")
	if err != nil {
		t.Fatal(err)
	}
	drop("log.xml", string(log))
	if got := r.sold(t); strings.Count(got, "\n") != 4 {
		t.Errorf("after the POSLog\n%s", got)
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

func TestTills(t *testing.T) {
	r := newShop(t, nil)
	replies := make(chan []byte, 10)
	o := mqtt.NewClientOptions().AddBroker("mqtt://" + r.s.MQTTAddr()).SetClientID("till-1")
	c := mqtt.NewClient(o)
	if token := c.Connect(); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer c.Disconnect(0)
	const topic = "coldshelf/pos/v1/t/s1/till-1"
	if token := c.Subscribe(topic+"/reply", 1, func(_ mqtt.Client, m mqtt.Message) { replies <- m.Payload() }); !token.WaitTimeout(patience) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	say := func(payload string) (r intake.Report, id string) {
		t.Helper()
		for { // as a till does: until it hears that the lines are stored
			c.Publish(topic, 1, false, payload)
			select {
			case data := <-replies:
				var out struct {
					ID string
					intake.Report
				}
				if err := json.Unmarshal(data, &out); err != nil {
					t.Fatal(err)
				}
				return out.Report, out.ID
			case <-time.After(2 * time.Second):
			}
		}
	}
	short := `{"order":"t1","line":"1","gtin":"4006381333931","quantity":1,"price":500,"currency":"CNY","sold_at":"2026-03-02 10:00:00"}`
	got, id := say(`{"id":"m1","lines":[` + short + `,{"order":"t1"}]}`)
	if id != "m1" || got.Lines != 2 || got.Stored+got.Duplicate != 1 || got.Rejected != 1 {
		t.Errorf("%s %+v", id, got)
	}
	if got, _ := say(short + "\n" + strings.Replace(short, `"t1"`, `"t2"`, 1)); got.Lines != 2 || got.Rejected != 0 {
		t.Errorf("%+v", got)
	}
	if got, _ := say("rubbish"); got.Rejected != 1 {
		t.Errorf("%+v", got)
	}
	r.wantSold(t, "pos t1/1 s1 4006381333931 1 for 500 at 03-02T02:00:00Z", "pos t2/1 s1 4006381333931 1 for 500 at 03-02T02:00:00Z")
	var bad struct{ Rejected []struct{ Source string } }
	r.get(t, "/v1/sales/rejected", &bad)
	if len(bad.Rejected) != 2 || bad.Rejected[0].Source != "mqtt/s1/till-1" {
		t.Errorf("to be mended: %+v", bad)
	}
}

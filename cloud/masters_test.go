package cloud_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
)

// masterFile sends a CSV file of masters.
func (r *shopRig) masterFile(t *testing.T, query, kind, text string) (got intake.MasterReport) {
	t.Helper()
	data := r.ask(t, "POST", "/v1/sales/masters"+query, kind, text, 200)
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func (r *shopRig) product(t *testing.T, gtin string) string {
	t.Helper()
	var out struct{ Products []json.RawMessage }
	r.get(t, "/v1/sales/products", &out)
	for _, p := range out.Products {
		if strings.Contains(string(p), gtin[:13]) && strings.HasPrefix(string(p), `{"gtin":"`+gtin) {
			return string(p)
		}
	}
	return ""
}

// TestMastersFromCSV: products, prices and stores come as a shop's program exports them, in English and Chinese; what a file
// says nothing of stays, what is wrong comes back to be mended, and what waited for a product is taken.
func TestMastersFromCSV(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { mastersFromCSV(t, nil) })
	t.Run("postgres", func(t *testing.T) {
		url := statetest.Postgres(t).NewDatabase(t)
		mastersFromCSV(t, func(c *config.Config) { c.State = url })
	})
}

func mastersFromCSV(t *testing.T, change func(*config.Config)) {
	r := newShop(t, change)
	waits := strings.Replace(saleLine("w", 1, ""), "4006381333931", "6901234567892", 1)
	if got := report(t, r.ask(t, "POST", "/v1/sales/lines", "application/x-ndjson", waits+"\n", 200)); got.Parked != 1 {
		t.Fatalf("a product that nobody knows: %+v", got)
	}

	// Excel's own form in Europe: a title, semicolons, commas before decimals, a column that means nothing here.
	const english = "sep=;\nArticle list;;;;;;;\nEAN;Product name;Brand;Retail Price;Cost price;Currency;Shelf life;code: Shop\n" +
		"4006381333931;Cola 330 ml;;5,50;3,10;;12;c-1\n" +
		"=\"6901234567892\";Green tea;Tea & Co;1.234,50;€ 2,00;EUR;9;\n" +
		"5901234123457;Lemon;;9,999;;EUR;1;\n" + // a thousand, or three decimals?
		"5901234123458;Wrong;;1,00;;EUR;1;\n" +
		"6.90123E+12;Rounded;;1,00;;EUR;1;\n" +
		"96385074;Without a currency;;1,00;;;1;\n" +
		"4006381333931;Cola;;4,00;;EUR;1;\n" // the cost would stay in another currency
	dry := r.masterFile(t, "?dry_run=true", "text/csv", english)
	got := r.masterFile(t, "?mend=true", "text/csv", english)
	answer, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	readContracts(t).hold(t, "openapi.yaml#/paths/"+pointer.Replace("/v1/sales/masters")+"/post/responses/200/content/application~1json/schema", answer)
	var codes []string
	for _, p := range got.Problems {
		codes = append(codes, fmt.Sprintf("%d %s", p.Line, p.Code))
	}
	if want := "[6 bad_number 7 bad_gtin 8 bad_gtin 9 missing_field 10 mixed_currency]"; fmt.Sprint(codes) != want {
		t.Errorf("problems %v, want %s", codes, want)
	}
	if got.Kind != "products" || got.Lines != 7 || got.Stored != 1 || got.Corrected != 1 || got.Replayed != 1 || fmt.Sprint(got.Ignored) != "[Shelf life]" {
		t.Errorf("report %+v", got)
	}
	if dry.Stored != 1 || dry.Corrected != 1 || dry.Rejected != 5 || dry.Replayed != 0 {
		t.Errorf("a dry run %+v, which changes nothing", dry)
	}
	if p, want := r.product(t, "4006381333931"), `{"gtin":"4006381333931","name":"Cola 330 ml","own":true,"group":"cola","price":550,"cost":310,"currency":"CNY","codes":[{"channel":"Shop","code":"c-1"}]}`; p != want {
		t.Errorf("cola is\n%s\nwant what it was, with what the file says\n%s", p, want)
	}
	if p := r.product(t, "6901234567892"); !strings.Contains(p, `"price":123450,"cost":200,"currency":"EUR"`) {
		t.Errorf("tea is %s", p)
	}
	r.wantSold(t, "pos w/1 s1 6901234567892 1 for 500 at 03-02T02:00:00Z")

	// What comes back is mended and sent again.
	mend := strings.NewReplacer("9,999", "9,99", "5901234123458", "4012345678901", "6.90123E+12", "6901028075763", "96385074;Without a currency;;1,00;;", "96385074;Without a currency;;1,00;;CNY",
		"Cola;;4,00;;EUR", "Cola;;4,00;2,00;EUR").Replace(got.Mend)
	if again := r.masterFile(t, "", "text/csv", mend); again.Stored != 3 || again.Corrected != 2 || again.Rejected != 0 {
		t.Errorf("mended: %+v\nof\n%s", again, got.Mend)
	}
	if again := r.masterFile(t, "", "text/csv", mend); again.Duplicate != 5 || again.Stored+again.Corrected != 0 {
		t.Errorf("sent again: %+v", again)
	}

	// As programs in China write it: GBK, RMB, no column of the currency.
	gbk := simplifiedchinese.GBK
	chinese := "商品条码,商品名称,品牌,零售价,进价,是否自有,内装条码,箱规,编码：meituan\n" +
		"6901028075763,绿茶,茶香,￥3.50,2.00,是,,,G-1\n16901028075760,绿茶整箱,茶香,80,48.00,是,6901028075763,24,\n6901028075771,坏,茶香,三元,,,,,\n"
	if got := r.masterFile(t, "?currency=CNY", "text/csv; charset=gbk", in(t, gbk, chinese)); got.Stored != 1 || got.Corrected != 1 || got.Rejected != 1 { // tea was in euros
		t.Errorf("in Chinese: %+v", got)
	}
	chinese = strings.Replace(strings.Replace(chinese, "进价", "进价,币种", 1), "2.00,", "2.00,人民币,", 1)
	chinese = strings.NewReplacer("48.00,", "48.00,,", "三元,,", "3.00,,,", "绿茶,", "绿茶新,").Replace(chinese)
	if got := r.masterFile(t, "?currency=CNY", "text/csv; charset=gbk", in(t, gbk, chinese)); got.Corrected != 1 || got.Duplicate != 1 || got.Rejected != 1 || got.Problems[0].Code != "bad_gtin" {
		t.Errorf("in Chinese: %+v", got)
	}
	if p := r.product(t, "16901028075760"); !strings.Contains(p, `"contains":{"gtin":"6901028075763","count":24}`) || !strings.Contains(p, "绿茶整箱") {
		t.Errorf("a case is %s", p)
	}

	stores := "门店编号\t门店名称\t时区\t营业时间\t纬度\t经度\t区域\t币种\t不接网单\n" +
		"s1\t\t\t\t31,25\t121.473\t华东\t\t否\ns7\t七号店\tAsia/Shanghai\tMo-Su 08:00-22:00\t\t\t华东\tRMB\t是\ns8\t八号店\tShanghai\t\t\t\t\t\t\n"
	got = r.masterFile(t, "", "text/csv", stores)
	if got.Kind != "stores" || got.Stored != 1 || got.Corrected != 1 || got.Rejected != 1 || got.Problems[0].Code != "bad_time" {
		t.Errorf("stores: %+v", got)
	}
	said := string(r.ask(t, "GET", "/v1/sales/stores", "", "", 200))
	for _, want := range []string{`"store":"s1","name":"North","gln":"4012345000009","lat":31.25,"lon":121.473,"tz":"Asia/Shanghai"`, `"region":"华东"`, `"store":"s7","name":"七号店"`, `"no_orders":true`} {
		if !strings.Contains(said, want) {
			t.Errorf("%s is not in %s", want, said)
		}
	}

	for text, want := range map[string]string{
		"":                       "the file is empty",
		"a,b\n1,2\n":             "no row names the columns",
		"gtin,store,price\n":     "of products and one of stores",
		"gtin,售价,price\n1,2,3\n": "are both price",
		"PK\x03\x04":             "Excel workbook",
		in(t, gbk, "商品条码,零售价\n1,2\n"): "not text in utf-8",
	} {
		got := r.masterFile(t, "?mend=true", "text/csv", text)
		if got.Rejected != 1 || got.Stored != 0 || got.Mend != "" || !strings.Contains(got.Problems[0].Text, want) {
			t.Errorf("%q: %+v, want %q", text, got, want)
		}
	}
	for _, query := range []string{"?decimal=dot", "?currency=RMB", "?colour=red"} {
		r.ask(t, "POST", "/v1/sales/masters"+query, "text/csv", "gtin\n", 400)
	}
}

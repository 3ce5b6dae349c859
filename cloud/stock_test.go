package cloud_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/config"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// TestStockAndOrders: a board sees a shelf, a count and sales make the book, and online orders are routed by
// both, over HTTP and MQTT, on either database.
func TestStockAndOrders(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { stockAndOrders(t, func(*config.Config) {}) })
	t.Run("postgres", func(t *testing.T) {
		url := statetest.Postgres(t).NewDatabase(t)
		stockAndOrders(t, func(c *config.Config) { c.State = url })
	})
}

func stockAndOrders(t *testing.T, change func(*config.Config)) {
	r := newShop(t, change)
	plan := `{"id":"p","version":1,"width_mm":400,"shelves":[{"slots":[{"id":"a","gtin":"4006381333931","facings":1,"x_mm":0,"width_mm":80}]}],"products":[{"gtin":"4006381333931","name":"Cola","own":true}]}`
	r.ask(t, "PUT", "/v1/planograms/p", "application/json", plan, 201)
	r.ask(t, "PUT", "/v1/coolers/d1", "application/json", `{"name":"Entrance","store":"s1","planogram":"p"}`, 201)
	b := newBoard(t, "mqtt://"+r.s.MQTTAddr(), "d1")
	b.say(t, shelf.OK)
	b.drain(t)

	now := time.Now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
	r.ask(t, "POST", "/v1/stock/movements", "application/json", fmt.Sprintf(`{"movements":[
		{"id":"c1","store":"s1","gtin":"4006381333931","cause":"count","units":20,"at":%q},
		{"id":"d1","store":"s1","gtin":"14006381333938","cause":"delivery","units":1,"at":%q,"note":"van 3"},
		{"id":"w1","store":"s1","gtin":"4006381333931","cause":"waste","units":-2,"at":%q},
		{"id":"t1","store":"s1","gtin":"4006381333931","cause":"transfer_out","units":-5,"at":%q,"note":"to s2"}]}`, at(-5*time.Hour), at(-4*time.Hour), at(-3*time.Hour), at(-2*time.Hour)), 200)
	sale := strings.Replace(saleLine("a", 3, ""), "2026-03-02T10:00:00+08:00", at(-time.Hour), 1)
	r.ask(t, "POST", "/v1/sales/lines", "application/json", `{"lines":[`+sale+`]}`, 200)
	r.ask(t, "POST", "/v1/stock/movements", "application/json", fmt.Sprintf(`{"movements":[{"id":"c2","store":"s1","gtin":"4006381333931","cause":"count","units":30,"at":%q}]}`, at(-30*time.Minute)), 200)

	var history struct {
		Movements []struct {
			Cause, Note, Order string
			Units              int64
			Expected, After    *int64
			Shrink             *int64
		}
	}
	r.get(t, "/v1/stock/movements?store=s1&gtin=4006381333931&from="+at(-6*time.Hour)+"&to="+at(time.Minute), &history)
	var story []string
	for _, m := range history.Movements {
		text := fmt.Sprint(m.Cause, m.Units)
		if m.After != nil {
			text += fmt.Sprint("=", *m.After)
		}
		if m.Shrink != nil {
			text += fmt.Sprint(" shrink ", *m.Shrink)
		}
		story = append(story, text)
	}
	if got, want := strings.Join(story, ", "), "count20=20, delivery24=44, waste-2=42, transfer_out-5=37, sale-3=34, count30=30 shrink 4"; got != want {
		t.Errorf("the book's story\n%s\nwant\n%s", got, want)
	}
	var looked struct {
		Products []struct {
			GTIN, Shelf, Verdict string
			OnHand               *int64 `json:"on_hand"`
		}
	}
	r.get(t, "/v1/stock/reconciliation?store=s1", &looked)
	if len(looked.Products) != 1 || looked.Products[0].Shelf != "on_shelf" || looked.Products[0].Verdict != "agrees" || *looked.Products[0].OnHand != 30 {
		t.Errorf("reconciliation %+v", looked)
	}

	type answer struct {
		Status      string
		Assignments []struct{ Store string }
	}
	route := func(order string, units, want int) (a answer) {
		t.Helper()
		data := r.ask(t, "POST", "/v1/orders/route", "application/json", routed(order, units), want)
		if want == http.StatusOK {
			if err := json.Unmarshal(data, &a); err != nil {
				t.Fatal(err)
			}
		}
		return a
	}
	if a := route("w1", 20, 200); a.Status != "held" || a.Assignments[0].Store != "s1" {
		t.Errorf("%+v", a)
	}
	if a := route("w2", 11, 200); a.Status != "refused" {
		t.Errorf("more than is free: %+v", a)
	}
	r.ask(t, "POST", "/v1/orders/shop/w1/cancel", "application/json", "", 200)
	if a := route("w2", 11, 200); a.Status != "held" {
		t.Errorf("after the other was cancelled: %+v", a)
	}
	// The shop tells of the sale: what was held is sold.
	web := strings.NewReplacer(`"pos"`, `"shop"`, "2026-03-02T10:00:00+08:00", at(0)).Replace(saleLine("w2", 11, ""))
	r.ask(t, "POST", "/v1/sales/lines", "application/json", `{"lines":[`+web+`]}`, 200)
	var book struct {
		Stock []struct {
			OnHand, Reserved, Free int64
		}
	}
	r.get(t, "/v1/stock?store=s1&gtin=4006381333931", &book)
	if len(book.Stock) != 1 || book.Stock[0].Reserved != 0 || book.Stock[0].Free != 19 {
		t.Errorf("book %+v, want 19 free and none reserved", book)
	}
	var found answer
	r.get(t, "/v1/orders/shop/w2", &found)
	if found.Status != "sold" {
		t.Errorf("after its sale: %+v", found)
	}
	r.ask(t, "GET", "/v1/orders/shop/none", "", "", 404)
}

// TestBooksRaiseAlerts: an empty slot of which the book has stock becomes a phantom, and one that still
// sells is told too; both end when the slot is filled.
func TestBooksRaiseAlerts(t *testing.T) {
	rules := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(rules, []byte("version: 1\nrules:\n- {types: [phantom_inventory], open: {bad: 1, of: 1}, hold: 0s}\n- {types: [sales_without_shelf], open: {bad: 1, of: 1}}\n- {types: [stockout], open: {bad: 1, of: 1}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := newShop(t, func(c *config.Config) { c.Alerts.Rules, c.Sales.Feed = rules, 200*time.Millisecond })
	plan := `{"id":"p","version":1,"width_mm":400,"shelves":[{"slots":[{"id":"a","gtin":"4006381333931","facings":1,"x_mm":0,"width_mm":80}]}],"products":[{"gtin":"4006381333931","name":"Cola","own":true}]}`
	r.ask(t, "PUT", "/v1/planograms/p", "application/json", plan, 201)
	r.ask(t, "PUT", "/v1/coolers/d1", "application/json", `{"name":"Entrance","store":"s1","planogram":"p"}`, 201)
	b := newBoard(t, "mqtt://"+r.s.MQTTAddr(), "d1")
	b.say(t, shelf.Empty)
	b.drain(t)
	r.ask(t, "POST", "/v1/stock/movements", "application/json", fmt.Sprintf(`{"movements":[{"id":"c1","store":"s1","gtin":"4006381333931","cause":"count","units":20,"at":%q}]}`, time.Now().Add(-time.Hour).Format(time.RFC3339)), 200)
	open := func(state string) map[string]string {
		var list struct {
			Alerts []struct {
				Type   string
				Detail map[string]string
			}
		}
		r.get(t, "/v1/alerts?state="+state+"&limit=50", &list)
		found := map[string]string{}
		for _, a := range list.Alerts {
			found[a.Type] = a.Detail["on_hand"] + a.Detail["sold"]
		}
		return found
	}
	eventually(t, "phantom inventory is told", func() bool { return open("open")["phantom_inventory"] == "20" })
	n := 0
	eventually(t, "sales without a shelf are told", func() bool { // a sale of this very moment falls into some feed
		n++
		line := strings.Replace(saleLine(fmt.Sprint("n", n), 1, ""), "2026-03-02T10:00:00+08:00", time.Now().UTC().Format(time.RFC3339Nano), 1)
		r.ask(t, "POST", "/v1/sales/lines", "application/json", `{"lines":[`+line+`]}`, 200)
		_, ok := open("open")["sales_without_shelf"]
		return ok
	})
	b.say(t, shelf.OK)
	b.say(t, shelf.OK)
	b.drain(t)
	eventually(t, "the phantom ends when the slot is filled", func() bool {
		_, still := open("open")["phantom_inventory"]
		return !still
	})
}

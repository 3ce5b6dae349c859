package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
	"github.com/coldshelf/coldshelf/cloud/internal/sales/intake"
)

// TestQuantities: how much was sold as tills write it in a POSLog. What is weighed is so many packs, with their weight.
func TestQuantities(t *testing.T) {
	const amount = "<ExtendedAmount>4.50</ExtendedAmount>"
	for _, c := range []struct {
		name, text string
		want       string // quantity, grams, price, amount; or the fault
	}{
		{"three cans", `<Quantity Units="3" UnitOfMeasureCode="EA">3.000</Quantity><ActualSalesUnitPrice>1.50</ActualSalesUnitPrice>` + amount, "3 - 150 450"},
		{"no quantity is one", amount, "1 - - 450"},
		{"without a unit", `<Quantity>2</Quantity>` + amount, "2 - - 450"},
		{"pieces of SAP", `<Quantity UnitOfMeasureCode="ST">2</Quantity>` + amount, "2 - - 450"},
		{"kilograms", `<Quantity UnitOfMeasureCode="KGM">0.452</Quantity><ActualSalesUnitPrice>9.95</ActualSalesUnitPrice>` + amount, "1 452 - 450"},
		{"kilograms that are whole", `<Quantity UnitOfMeasureCode="kg">2.000</Quantity>` + amount, "1 2000 - 450"},
		{"ARTS: two packs that weigh 0.9 kg", `<Quantity Units="2" UnitOfMeasureCode="KGM">0.9</Quantity>` + amount, "2 900 - 450"},
		{"the weight repeated in Units", `<Quantity Units="2" UnitOfMeasureCode="KGM">2</Quantity>` + amount, "1 2000 - 450"},
		{"counted and weighed", `<Quantity UnitOfMeasureCode="EA" Units="1">1</Quantity><Quantity UnitOfMeasureCode="Kg" Units="0.127">0.127</Quantity>` + amount, "1 127 - 450"},
		{"weighed and counted", `<Quantity UnitOfMeasureCode="Kg" Units="0.254">0.254</Quantity><Quantity UnitOfMeasureCode="EA">2</Quantity>` + amount, "2 254 - 450"},
		{"pounds", `<Quantity UnitOfMeasureCode="LBR">0.75</Quantity>` + amount, "1 340 - 450"},
		{"a weight taken back", `<Quantity UnitOfMeasureCode="KGM">-0.452</Quantity><ExtendedAmount>-4.50</ExtendedAmount>`, "-1 452 - -450"},
		{"half a can", `<Quantity UnitOfMeasureCode="EA">0.5</Quantity>` + amount, sales.BadNumber + " say the unit of measure"},
		{"half of nothing said", `<Quantity>0.5</Quantity>` + amount, sales.BadNumber + " say the unit of measure"},
		{"crates", `<Quantity UnitOfMeasureCode="CS">2</Quantity>` + amount, sales.BadNumber + " the GTIN of the case"},
		{"litres", `<Quantity UnitOfMeasureCode="LTR">0.75</Quantity><ActualSalesUnitPrice>6.00</ActualSalesUnitPrice>` + amount, "1 750ml - 450"},
		{"two bottles of centilitres", `<Quantity Units="2" UnitOfMeasureCode="CLT">150</Quantity>` + amount, "2 1500ml - 450"},
		{"metres", `<Quantity UnitOfMeasureCode="MTR">2.5</Quantity>` + amount, "1 2500mm - 450"},
		{"centimetres taken back", `<Quantity UnitOfMeasureCode="cm">-80</Quantity><ExtendedAmount>-4.50</ExtendedAmount>`, "-1 800mm - -450"},
		{"litres without an amount", `<Quantity UnitOfMeasureCode="LTR">0.75</Quantity><ActualSalesUnitPrice>6.00</ActualSalesUnitPrice>`, sales.Missing + " round"},
		{"square metres", `<Quantity UnitOfMeasureCode="MTK">2</Quantity>` + amount, sales.BadNumber + " a length"},
		{"weighed without an amount", `<Quantity UnitOfMeasureCode="KGM">0.452</Quantity><ActualSalesUnitPrice>9.95</ActualSalesUnitPrice>`, sales.Missing + " round"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := `<POSLog><Transaction><RetailStoreID>s1</RetailStoreID><WorkstationID>1</WorkstationID><SequenceNumber>7</SequenceNumber><BusinessDayDate>2026-03-02</BusinessDayDate>
				<EndDateTime>2026-03-02T10:00:00</EndDateTime><CurrencyCode>EUR</CurrencyCode><RetailTransaction><LineItem><SequenceNumber>1</SequenceNumber><Sale><ItemID>4006381333931</ItemID>` +
				c.text + `</Sale></LineItem></RetailTransaction></Transaction></POSLog>`
			skipped := 0
			items := collect(intake.POSLog(strings.NewReader(text), "pos", &skipped))
			if len(items) != 1 {
				t.Fatalf("%d items, want one", len(items))
			}
			if got := said(items[0]); !strings.HasPrefix(got, strings.Fields(c.want)[0]+" ") || items[0].Fault == nil && got != c.want ||
				items[0].Fault != nil && !strings.Contains(got, strings.SplitN(c.want, " ", 2)[1]) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestWeighedByAMapping: what a mapping's unit says is weighed has its amount; a price alone is that of a kilogram, and would
// be taken for that of the pack.
func TestWeighedByAMapping(t *testing.T) {
	m := mapping(t, "channel: x\nformat: csv\nfields: {order: o, line: \"#\", store: {value: s1}, gtin: {value: \"4006381333931\"}, quantity: q, unit: u, price: p, amount: a, currency: {value: EUR}, sold_at: {value: \"2026-03-02T10:00:00Z\"}}\n")
	items := collect(intake.CSV(strings.NewReader("o,q,u,p,a\n1,0.452,KGM,9.95,4.50\n2,0.452,KGM,9.95,\n3,2,EA,1.50,\n4,0,KGM,9.95,\n5,1.5,升,6.00,9.00\n6,30,厘米,6.00,1.80\n"), m).Items())
	for i, want := range []string{"1 452 - 450", sales.Missing + " a weighed line has no amount", "2 - 150 -", "0 0 995 -", "1 1500ml - 900", "1 300mm - 180"} {
		if got := said(items[i]); !strings.HasPrefix(got, want) {
			t.Errorf("order %d: got %s, want %s", i+1, got, want)
		}
	}
}

// said is what an item says of how much was sold, or what is wrong with it and what to do.
func said(it intake.Item) string {
	if it.Fault != nil {
		return it.Fault.Code + " " + it.Fault.Text + "; " + it.Fault.Hint
	}
	n := func(v *int64) string {
		if v == nil {
			return "-"
		}
		return fmt.Sprint(*v)
	}
	d := it.Draft
	much := n(d.Grams)
	if d.Millilitres != nil {
		much = n(d.Millilitres) + "ml"
	}
	if d.Millimetres != nil {
		much = n(d.Millimetres) + "mm"
	}
	return strings.Join([]string{n(d.Quantity), much, n(d.Price), n(d.Amount)}, " ")
}

// TestZerosPutBack: pad gives a GTIN the zeros back that a spreadsheet took from its front, and nothing to what is long enough.
func TestZerosPutBack(t *testing.T) {
	const fields = "channel: x\nformat: csv\nfields: {order: o, line: \"#\", store: {value: s1}, gtin: {from: g, pad: %s}, quantity: {value: \"1\"}, price: {value: \"1\"}, currency: {value: CNY}, sold_at: {value: \"2026-03-02T10:00:00Z\"}}\n"
	m := mapping(t, fmt.Sprintf(fields, "12"))
	items := collect(intake.CSV(strings.NewReader("o,g\n1,12345678905\n2,4006381333931\n3,12345678905.0\n4,cola\n"), m).Items())
	var got []string
	for _, it := range items {
		got = append(got, it.Draft.GTIN)
	}
	if want := "012345678905 4006381333931 012345678905 cola"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if _, err := intake.DecodeMapping(fmt.Appendf(nil, fields, "11")); err == nil {
		t.Error("a pad of eleven digits was taken")
	}
}

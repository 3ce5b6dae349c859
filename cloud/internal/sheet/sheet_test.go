package sheet_test

import (
	"bytes"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/coldshelf/coldshelf/cloud/internal/sheet"
)

type row struct {
	Key     map[string]string `json:"key"`
	Name    string            `json:"name,omitempty"`
	OSA     ratio             `json:"osa"`
	Revenue []money           `json:"revenue"`
}

type ratio struct {
	Value    *float64 `json:"value"`
	Coverage float64  `json:"coverage"`
}

type money struct {
	Currency string `json:"currency"`
	Minor    int64  `json:"minor"`
}

func half() *float64 { v := 0.5; return &v }

var rows = []row{
	{Key: map[string]string{"store": "s1"}, OSA: ratio{half(), 1}, Revenue: []money{{"EUR", 1250}}},
	{Key: map[string]string{"store": "s2"}, Name: `=cmd|"x", and`, OSA: ratio{nil, 0}, Revenue: []money{{"CNY", 9900}, {"EUR", 1}}},
}

func TestCSV(t *testing.T) {
	table, err := sheet.Of(rows)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := table.CSV(&got); err != nil {
		t.Fatal(err)
	}
	want := "\ufeffkey.store,name,osa.value,osa.coverage,revenue.CNY.minor,revenue.EUR.minor\r\n" +
		"s1,,0.5,1,,1250\r\n" +
		"s2,\"'=cmd|\"\"x\"\", and\",,0,9900,1\r\n"
	if got.String() != want {
		t.Errorf("got  %q\nwant %q", got.String(), want)
	}
}

func TestXLSXReadsBack(t *testing.T) {
	table, err := sheet.Of(rows)
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := table.XLSX(&buf, "outlets"); err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(&buf)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for cell, want := range map[string]string{"A1": "key.store", "C2": "0.5", "F2": "1250", "B3": `=cmd|"x", and`, "C3": ""} {
		got, err := f.GetCellValue("outlets", cell)
		if err != nil || got != want {
			t.Errorf("%s: %q, want %q (%v)", cell, got, want, err)
		}
	}
	if formula, err := f.GetCellFormula("outlets", "B3"); err != nil || formula != "" {
		t.Errorf("a text became a formula: %q, %v", formula, err)
	}
}

func TestEmptyTable(t *testing.T) {
	table, err := sheet.Of([]row{})
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if err := table.XLSX(&buf, "x"); err != nil {
		t.Fatal(err)
	}
}

package shelf_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/shelf"
)

func TestParseGTIN(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     shelf.GTIN
		err      error
	}{
		{"GTIN-8", "96385074", "96385074", nil},
		{"GTIN-12", "036000291452", "036000291452", nil},
		{"GTIN-13", "4006381333931", "4006381333931", nil},
		{"GTIN-14", "10012345678902", "10012345678902", nil},
		{"GTIN-14 of a case", "14006381333938", "14006381333938", nil},
		{"GTIN-8 as GTIN-14", "00000096385074", "96385074", nil},
		{"GTIN-8 as GTIN-12", "000096385074", "96385074", nil},
		{"GTIN-12 as GTIN-13", "0036000291452", "036000291452", nil},
		{"GTIN-12 as GTIN-14", "00036000291452", "036000291452", nil},
		{"GTIN-13 as GTIN-14", "04006381333931", "4006381333931", nil},
		{"GTIN-8 with zeros of its own", "00000017", "00000017", nil},
		{"as typed off a pack", "4 006381 333931", "4006381333931", nil},
		{"with hyphens", "4-006381-333931", "4006381333931", nil},
		{"check digit 0", "6901234000030", "6901234000030", nil},
		{"wrong check digit, 8", "96385075", "", shelf.ErrGTINCheckDigit},
		{"wrong check digit, 12", "036000291453", "", shelf.ErrGTINCheckDigit},
		{"wrong check digit, 13", "4006381333932", "", shelf.ErrGTINCheckDigit},
		{"wrong check digit, 14", "10012345678903", "", shelf.ErrGTINCheckDigit},
		{"two digits swapped", "4006318333931", "", shelf.ErrGTINCheckDigit},
		{"empty", "", "", shelf.ErrGTINLength},
		{"7 digits", "9638507", "", shelf.ErrGTINLength},
		{"9 digits", "963850744", "", shelf.ErrGTINLength},
		{"10 digits", "0096385074", "", shelf.ErrGTINLength},
		{"11 digits", "00096385074", "", shelf.ErrGTINLength},
		{"15 digits", "014006381333938", "", shelf.ErrGTINLength},
		{"letters", "400638133393X", "", shelf.ErrGTINDigit},
		{"other scripts' digits", "٤٠٠٦٣٨١٣", "", shelf.ErrGTINDigit},
		{"zeros", "0000000000000", "", shelf.ErrGTINZero},
	} {
		got, err := shelf.ParseGTIN(c.in)
		if got != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s: got %q, %v; want %q, %v", c.name, got, err, c.want, c.err)
		}
	}
}

func TestGTINErrorNamesTheDigit(t *testing.T) {
	_, err := shelf.ParseGTIN("4006381333932")
	if err == nil || !strings.Contains(err.Error(), `"4006381333932" ends in 2, its digits give 1`) {
		t.Errorf("got %v", err)
	}
}

func TestGTINPadded(t *testing.T) {
	for in, want := range map[shelf.GTIN]string{"": "", "96385074": "00000096385074", "4006381333931": "04006381333931"} {
		if got := in.Padded(); got != want {
			t.Errorf("%q padded: got %s, want %s", in, got, want)
		}
	}
}

func TestFacingJSON(t *testing.T) {
	f := shelf.Facing{Box: shelf.Box{X: 1, Y: 2, W: 3, H: 4}, Score: 0.91249, Shelf: 1, Position: 2}
	data, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"box":[1,2,3,4],"score":0.912,"gtin":null,"sku_score":0,"shelf":1,"position":2}`
	if string(data) != want {
		t.Errorf("got %s\nwant %s", data, want)
	}
	for _, bad := range []string{`{"box":[1,2,3]}`, `{"box":[1,2,-3,4]}`, `{"gtin":"4006381333932"}`} {
		if err := json.Unmarshal([]byte(bad), &f); err == nil {
			t.Errorf("%s is accepted", bad)
		}
	}
}

func TestRatioJSON(t *testing.T) {
	for want, r := range map[string]shelf.Ratio{
		`{"value":null,"coverage":0}`:   shelf.NewRatio(3, 4, 0, 10),
		`{"value":0,"coverage":0.5}`:    shelf.NewRatio(0, 4, 5, 10),
		`{"value":1,"coverage":1}`:      shelf.NewRatio(5, 4, 10, 10),
		`{"value":null,"coverage":1}`:   shelf.NewRatio(0, 0, 1, 1),
		`{"value":0.75,"coverage":0.5}`: shelf.NewRatio(1, 4, 5, 10).Inverse(),
	} {
		got, err := json.Marshal(r)
		if err != nil || string(got) != want {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
		var back shelf.Ratio
		if err := json.Unmarshal(got, &back); err != nil || back.Known != r.Known || back.Known && back != r {
			t.Errorf("%s reads back as %+v (%v), want %+v", got, back, err, r)
		}
	}
}

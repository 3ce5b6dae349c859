package intake

import (
	"fmt"
	"math/big"
	"strings"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// pieces are the names of units of measure by which things are counted: of UN/ECE Recommendation 20, and of tills.
const pieces = " EA EACH PCE PCS PC PIECE PIECES ST STK STUECK STÜCK C62 H87 NMB UN UNIT UNITS 个 件 瓶 罐 盒 袋 包 支 份 "

// grams is what one of a unit of weight weighs.
var grams = map[string]string{"KGM": "1000", "KG": "1000", "KGS": "1000", "KILOGRAM": "1000", "KILOGRAMS": "1000", "公斤": "1000", "千克": "1000",
	"GRM": "1", "G": "1", "GR": "1", "GRAM": "1", "GRAMS": "1", "克": "1", "斤": "500", "两": "50",
	"LBR": "453.59237", "LB": "453.59237", "LBS": "453.59237", "POUND": "453.59237", "POUNDS": "453.59237", "ONZ": "28.349523125", "OZ": "28.349523125"}

// millilitres and millimetres are the same of units of volume and of length.
var (
	millilitres = map[string]string{"LTR": "1000", "L": "1000", "LT": "1000", "LITRE": "1000", "LITRES": "1000", "LITER": "1000", "LITERS": "1000", "升": "1000", "公升": "1000", //nolint:misspell // as tills write it
		"MLT": "1", "ML": "1", "毫升": "1", "CLT": "10", "CL": "10", "DLT": "100", "DL": "100"}
	millimetres = map[string]string{"MTR": "1000", "M": "1000", "METRE": "1000", "METRES": "1000", "METER": "1000", "METERS": "1000", "米": "1000",
		"CMT": "10", "CM": "10", "厘米": "10", "MMT": "1", "MM": "1", "毫米": "1"}
)

// measure is what the packs of a line weighed, held or were long together, in whole grams, millilitres or millimetres;
// all nil: they were counted.
type measure struct{ grams, millilitres, millimetres *int64 }

func (m measure) none() bool { return m == measure{} }

// enter writes a measure into a line.
func (m measure) enter(d *sales.Draft) {
	d.Grams, d.Millilitres, d.Millimetres = m.grams, m.millilitres, m.millimetres
}

// measureOf finds a unit of measure: what one of it is, and where that is kept; nil: things are counted by it. A unit
// that is none of these is a fault: two of a crate are not two of what is in it.
func measureOf(unit string) (one *big.Rat, keep func(n *int64) measure, err error) {
	name := strings.ToUpper(strings.TrimSpace(unit))
	if name == "" || strings.Contains(pieces, " "+name+" ") {
		return nil, nil, nil
	}
	for _, kind := range []struct {
		units map[string]string
		keep  func(n *int64) measure
	}{
		{grams, func(n *int64) measure { return measure{grams: n} }},
		{millilitres, func(n *int64) measure { return measure{millilitres: n} }},
		{millimetres, func(n *int64) measure { return measure{millimetres: n} }},
	} {
		if text, ok := kind.units[name]; ok {
			one, _ := new(big.Rat).SetString(text)
			return one, kind.keep, nil
		}
	}
	return nil, nil, &sales.Fault{Code: sales.BadNumber, Field: "quantity", Text: fmt.Sprintf("%q is no unit of measure that counts or measures", unit),
		Hint: "pieces (EA, PCE, ST), a weight (KGM, GRM, LBR, ONZ), a volume (LTR, MLT) or a length (MTR, CMT); a case is sold by the GTIN of the case"}
}

// measured reads a quantity by its unit of measure. What is weighed, drawn or cut is one pack on the shelf, however much
// it is, and n has its sign; the measure has none.
func measured(quantity, unit string) (n int64, m measure, err error) {
	one, keep, err := measureOf(unit)
	if err != nil {
		return 0, m, err
	}
	if one == nil {
		n, err := wholeNumber(quantity)
		if err != nil {
			err = &sales.Fault{Code: sales.BadNumber, Field: "quantity", Text: err.Error(),
				Hint: "of a weighed or measured article say the unit of measure (KGM, GRM, LBR, LTR, MTR): it is one pack, with its weight, volume or length"}
		}
		return n, m, err
	}
	q, ok := new(big.Rat).SetString(quantity)
	if !ok || len(quantity) > 30 || strings.ContainsAny(quantity, "eE/") {
		return 0, m, fmt.Errorf("%q is not a measure", quantity)
	}
	g := q.Mul(q, one)
	whole := new(big.Int).Quo(new(big.Int).Add(new(big.Int).Mul(new(big.Int).Abs(g.Num()), big.NewInt(2)), g.Denom()), new(big.Int).Mul(g.Denom(), big.NewInt(2)))
	if !whole.IsInt64() {
		return 0, m, fmt.Errorf("%q is not a measure", quantity)
	}
	w := whole.Int64()
	return int64(g.Sign()), keep(&w), nil
}

// weighedWithoutAmount is the fault of a weighed line that has only a price, which is that of a kilogram, a litre or a metre.
func weighedWithoutAmount() *sales.Fault {
	return &sales.Fault{Code: sales.Missing, Field: "amount", Text: "a weighed line has no amount", Hint: "tills round measure times price in their own ways: the amount has to be said"}
}

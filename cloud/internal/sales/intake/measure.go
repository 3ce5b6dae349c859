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

// weightOf is the weight of one of a unit of measure; nil: things are counted by it. A unit that is neither is a fault:
// two of a crate are not two of what is in it.
func weightOf(unit string) (*big.Rat, error) {
	name := strings.ToUpper(strings.TrimSpace(unit))
	if name == "" || strings.Contains(pieces, " "+name+" ") {
		return nil, nil
	}
	if g, ok := grams[name]; ok {
		one, _ := new(big.Rat).SetString(g)
		return one, nil
	}
	return nil, &sales.Fault{Code: sales.BadNumber, Field: "quantity", Text: fmt.Sprintf("%q is no unit of measure that counts or weighs", unit),
		Hint: "pieces (EA, PCE, ST) or a weight (KGM, GRM, LBR, ONZ); a case is sold by the GTIN of the case"}
}

// measured reads a quantity by its unit of measure. What is weighed is one pack on the shelf, whatever it weighs; its
// weight comes in whole grams, with the sign of the pack.
func measured(quantity, unit string) (n int64, weight *int64, err error) {
	one, err := weightOf(unit)
	if err != nil {
		return 0, nil, err
	}
	if one == nil {
		n, err := wholeNumber(quantity)
		if err != nil {
			err = &sales.Fault{Code: sales.BadNumber, Field: "quantity", Text: err.Error(),
				Hint: "of a weighed article say the unit of measure (KGM, GRM, LBR): it is one pack, with its weight"}
		}
		return n, nil, err
	}
	q, ok := new(big.Rat).SetString(quantity)
	if !ok || len(quantity) > 30 || strings.ContainsAny(quantity, "eE/") {
		return 0, nil, fmt.Errorf("%q is not a weight", quantity)
	}
	g := q.Mul(q, one)
	whole := new(big.Int).Quo(new(big.Int).Add(new(big.Int).Mul(new(big.Int).Abs(g.Num()), big.NewInt(2)), g.Denom()), new(big.Int).Mul(g.Denom(), big.NewInt(2)))
	if !whole.IsInt64() {
		return 0, nil, fmt.Errorf("%q is not a weight", quantity)
	}
	w := whole.Int64()
	return int64(g.Sign()), &w, nil
}

// weighedWithoutAmount is the fault of a weighed line that has only a price, which is that of a kilogram.
func weighedWithoutAmount() *sales.Fault {
	return &sales.Fault{Code: sales.Missing, Field: "amount", Text: "a weighed line has no amount", Hint: "tills round weight times price in their own ways: the amount has to be said"}
}

package sales

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/currency"
)

// ParseMoney reads a decimal amount such as "12.50" into the minor unit of its currency. More digits than
// the currency has are refused unless they are zeros: money is not rounded.
func ParseMoney(text, code string) (int64, error) {
	if err := checkCurrency(code); err != nil || code == "" {
		if code == "" {
			return 0, &Fault{Code: Missing, Field: "currency", Text: "the currency is missing"}
		}
		return 0, &Fault{Code: BadCurrency, Field: "currency", Text: fmt.Sprintf("%q is no currency of ISO 4217", code), Hint: "three letters, such as CNY or EUR; values of the mapping's currency say what stands for what"}
	}
	scale, _ := currency.Standard.Rounding(currency.MustParseISO(code))
	t := strings.TrimSpace(text)
	negative := strings.HasPrefix(t, "-")
	t = strings.TrimPrefix(t, "-")
	whole, fraction, _ := strings.Cut(t, ".")
	if len(fraction) > scale {
		if strings.Trim(fraction[scale:], "0") != "" {
			return 0, fmt.Errorf("%q has more than the %d decimals of %s", text, scale, code)
		}
		fraction = fraction[:scale]
	}
	digits := whole + fraction + strings.Repeat("0", scale-len(fraction))
	n, err := strconv.ParseUint(digits, 10, 63)
	if err != nil || whole == "" {
		return 0, fmt.Errorf("%q is not an amount such as 12.50", text)
	}
	if n > maxMoney {
		return 0, fmt.Errorf("%q is too large", text)
	}
	if negative {
		return -int64(n), nil
	}
	return int64(n), nil
}

package shelf

import (
	"errors"
	"fmt"
	"strings"
)

// GTIN is a Global Trade Item Number in its shortest GS1 form: the digits that the number needs,
// padded with zeros to the next of 8, 12, 13 or 14, check digit included. A GTIN-12 and the same
// number written as GTIN-13 with a leading zero are one value, so GTINs can be compared with == and
// used as map keys. The empty GTIN means "no product known".
//
// Source: GS1 General Specifications, sections 3.3.2 (lengths) and 7.9.1 (check digit).
type GTIN string

// Errors that ParseGTIN's callers may branch on.
var (
	ErrGTINLength     = errors.New("a GTIN has 8, 12, 13 or 14 digits")
	ErrGTINDigit      = errors.New("a GTIN has digits only")
	ErrGTINCheckDigit = errors.New("wrong check digit")
	ErrGTINZero       = errors.New("zeros only name nothing")
)

// ParseGTIN checks s and brings it to its shortest form. Spaces and hyphens between digits, as
// people type them off a pack, are passed over.
func ParseGTIN(s string) (GTIN, error) {
	digits := s
	if strings.ContainsAny(s, " -") {
		digits = strings.Map(func(c rune) rune {
			if c == ' ' || c == '-' {
				return -1
			}
			return c
		}, s)
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return "", fmt.Errorf("GTIN %q: %w", s, ErrGTINDigit)
		}
	}
	switch len(digits) {
	case 8, 12, 13, 14:
	default:
		return "", fmt.Errorf("GTIN %q has %d: %w", s, len(digits), ErrGTINLength)
	}
	body, last := digits[:len(digits)-1], digits[len(digits)-1]
	if want := CheckDigit(body); last != want {
		return "", fmt.Errorf("GTIN %q ends in %c, its digits give %c: %w", s, last, want, ErrGTINCheckDigit)
	}
	if strings.Trim(digits, "0") == "" {
		return "", fmt.Errorf("GTIN %q: %w", s, ErrGTINZero)
	}
	return shortest(digits), nil
}

// check holds a GTIN that a program made to the rules that ParseGTIN has for people.
func (g GTIN) check() error {
	if g == "" {
		return errors.New("gtin is missing")
	}
	parsed, err := ParseGTIN(string(g))
	if err == nil && parsed != g {
		err = fmt.Errorf("GTIN %s is not in its shortest form %s", g, parsed)
	}
	return err
}

// CheckDigit gives the GS1 check digit ('0' to '9') of the digits before it: weights 3 and 1 from
// the right, up to the next multiple of ten. It must be given digits only.
func CheckDigit(body string) byte {
	sum := 0
	for i := range len(body) {
		d := int(body[len(body)-1-i] - '0')
		if i%2 == 0 {
			d *= 3
		}
		sum += d
	}
	return byte('0' + (10-sum%10)%10)
}

// shortest drops leading zeros down to the next GS1 length. Zeros in front do not change the check
// digit, because they add nothing to the weighted sum.
func shortest(digits string) GTIN {
	bare := strings.TrimLeft(digits, "0")
	for _, n := range []int{8, 12, 13, 14} {
		if len(bare) <= n && n <= len(digits) {
			return GTIN(strings.Repeat("0", n-len(bare)) + bare)
		}
	}
	return GTIN(digits)
}

// Padded gives the GTIN-14 form, as EDI and data pools write it; "" for the empty GTIN.
func (g GTIN) Padded() string {
	if g == "" {
		return ""
	}
	return strings.Repeat("0", 14-len(g)) + string(g)
}

// UnmarshalText reads any of the four lengths and checks the digit, so that no decoder of a
// planogram, a gallery or a request can let a wrong number in.
func (g *GTIN) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*g = ""
		return nil
	}
	parsed, err := ParseGTIN(string(text))
	if err != nil {
		return err
	}
	*g = parsed
	return nil
}

// MarshalText writes the shortest form.
func (g GTIN) MarshalText() ([]byte, error) { return []byte(g), nil }

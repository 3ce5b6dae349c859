package bundle

import (
	"cmp"
	"strings"
)

// Compare orders versions as people read them: runs of digits by their value, what is between them by
// its letters, a leading v ignored. 1.10 is after 1.9, 2026-04-01 after 2026-03-31, 1.2.1 after 1.2.
func Compare(a, b string) int {
	a, b = strings.TrimPrefix(a, "v"), strings.TrimPrefix(b, "v")
	for a != "" && b != "" {
		var x, y string
		if isDigit(a[0]) && isDigit(b[0]) {
			x, a = cutRun(a, true)
			y, b = cutRun(b, true)
			x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
			if c := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); c != 0 {
				return c
			}
			continue
		}
		x, a = cutRun(a, false)
		y, b = cutRun(b, false)
		if c := cmp.Compare(x, y); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(a), len(b))
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// cutRun takes the leading digits, or what stands before the next digit.
func cutRun(s string, digits bool) (run, rest string) {
	i := 0
	for i < len(s) && isDigit(s[i]) == digits {
		i++
	}
	return s[:i], s[i:]
}

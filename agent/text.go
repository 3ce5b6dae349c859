package agent

import (
	"strings"
	"unicode/utf8"
)

// cut makes a text fit for the wire, which only takes valid UTF-8 of bounded length: an error may quote
// whatever bytes a file or a device gave, and a limit may fall into the middle of a Chinese character. limit is
// in bytes.
func cut(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	for !utf8.RuneStart(s[limit]) {
		limit--
	}
	return s[:limit]
}

package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// MaxLine bounds a line of NDJSON.
const MaxLine = 64 << 10

// NDJSON reads one draft a line; empty lines are passed over.
func NDJSON(r io.Reader) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		text, _, fault := decoded(r, "")
		if fault != nil {
			yield(Item{Place: 1, Fault: fault})
			return
		}
		in := bufio.NewReaderSize(text, MaxLine)
		for place := int64(1); ; place++ {
			line, err := in.ReadSlice('\n')
			if errors.Is(err, bufio.ErrBufferFull) {
				item := bad(place, string(line), sales.NotUnderstood, fmt.Sprintf("the line is longer than %d bytes", MaxLine), "one line is one sale")
				item.cut = true
				for errors.Is(err, bufio.ErrBufferFull) {
					_, err = in.ReadSlice('\n')
				}
				if !yield(item) {
					return
				}
				line = nil
			}
			if err != nil && !errors.Is(err, io.EOF) {
				yield(bad(place, "", sales.Truncated, "the input breaks off: "+err.Error(), "send it again whole; what was stored counts once"))
				return
			}
			if line = bytes.TrimSpace(line); len(line) > 0 {
				if !yield(item(place, line, errors.Is(err, io.EOF))) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
		}
	}
}

func item(place int64, data []byte, last bool) Item {
	if !utf8.Valid(data) {
		return Item{Place: place, Input: string(data), Fault: &sales.Fault{Code: sales.NotUnderstood, Text: "the line is not text in utf-8", Hint: "JSON is written in UTF-8"}, cut: true}
	}
	d, err := sales.DecodeDraft(data)
	it := Item{Place: place, Input: string(data), Draft: d}
	if err == nil {
		return it
	}
	if !errors.As(err, &it.Fault) {
		it.Fault = &sales.Fault{Code: sales.NotUnderstood, Text: err.Error()}
	}
	if it.Fault.Code == sales.Truncated && !last {
		it.Fault.Code, it.Fault.Hint = sales.NotUnderstood, "one line is one JSON object"
	}
	return it
}

// JSON reads {"lines": […]}; a list that breaks off gives what came before.
func JSON(r io.Reader) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		plain, _, wrong := decoded(r, "")
		if wrong != nil {
			yield(Item{Place: 1, Fault: wrong})
			return
		}
		in := bufio.NewReader(plain)
		dec := json.NewDecoder(in)
		fault := func(place int64, err error) {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				yield(bad(place, "", sales.Truncated, "the body ends in the middle", "send it again whole; what was stored counts once"))
				return
			}
			yield(bad(place, "", sales.NotUnderstood, err.Error(), `want {"lines": [ … ]}, or the list alone`))
		}
		opening := []json.Token{json.Delim('{'), "lines", json.Delim('[')}
		if first := firstSign(in); first == '[' { // the list alone
			opening = opening[2:]
		}
		for _, want := range opening {
			got, err := dec.Token()
			if err != nil {
				fault(0, err)
				return
			}
			if got != want {
				fault(0, fmt.Errorf("found %v where %v should be", got, want))
				return
			}
		}
		place := int64(1)
		for ; dec.More(); place++ {
			var raw json.RawMessage
			if err := dec.Decode(&raw); err != nil {
				fault(place, err)
				return
			}
			if !yield(item(place, raw, false)) {
				return
			}
		}
		for range (len(opening) + 1) / 2 { // what was opened is closed
			if _, err := dec.Token(); err != nil {
				fault(place, err)
				return
			}
		}
	}
}

// firstSign is the first byte that is no space; 0: there is none.
func firstSign(in *bufio.Reader) byte {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return 0
		}
		if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
			if err := in.UnreadByte(); err != nil {
				return 0
			}
			return b
		}
	}
}

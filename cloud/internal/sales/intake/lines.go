package intake

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// MaxLine bounds a line of NDJSON.
const MaxLine = 64 << 10

// NDJSON reads one draft a line; empty lines are passed over.
func NDJSON(r io.Reader) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		in := bufio.NewReaderSize(r, MaxLine)
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
			if line = bytes.TrimSpace(line); len(line) > 0 {
				if !yield(item(place, line, errors.Is(err, io.EOF))) {
					return
				}
			}
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(bad(place, "", sales.Truncated, "the input breaks off: "+err.Error(), "send it again whole; what was stored counts once"))
				return
			}
		}
	}
}

func item(place int64, data []byte, last bool) Item {
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
		dec := json.NewDecoder(r)
		fault := func(place int64, err error) {
			if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
				yield(bad(place, "", sales.Truncated, "the body ends in the middle", "send it again whole; what was stored counts once"))
				return
			}
			yield(bad(place, "", sales.NotUnderstood, err.Error(), `want {"lines": [ … ]}`))
		}
		for _, want := range []json.Token{json.Delim('{'), "lines", json.Delim('[')} {
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
		for range 2 {
			if _, err := dec.Token(); err != nil {
				fault(place, err)
				return
			}
		}
	}
}

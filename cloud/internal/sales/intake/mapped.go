package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/sales"
)

// Mapped reads a message of somebody else by a mapping: JSON, or a form whose fields may hold JSON, as
// the shops of China push them. skipped counts the lines that the mapping leaves out.
func Mapped(contentType string, body []byte, m *Mapping, skipped *int) iter.Seq[Item] {
	root, body, err := message(contentType, body)
	if err != nil {
		code := sales.NotUnderstood
		if strings.Contains(err.Error(), "unexpected EOF") || strings.Contains(err.Error(), "unexpected end") {
			code = sales.Truncated
		}
		return whole(&sales.Fault{Code: code, Text: err.Error(), Hint: "send the message whole"}, string(body))
	}
	lines := []any{root}
	if m.Lines != "" {
		v, ok := find(root, m.Lines)
		list, isList := v.([]any)
		if !ok || !isList {
			return whole(&sales.Fault{Code: sales.Unmapped, Text: fmt.Sprintf("the message has no list at %s", m.Lines), Hint: has(root)}, string(body))
		}
		lines = list
	}
	return func(yield func(Item) bool) {
		places := map[string]int{}
		for i, line := range lines {
			at := values(root, line)
			order := m.value("order", at)
			places[order]++
			it := Item{Place: int64(i + 1), Input: string(body)}
			var skip bool
			if it.Draft, skip, it.Fault = m.draft(at, places[order]); skip {
				*skipped++
				continue
			}
			it.mendable()
			if !yield(it) {
				return
			}
		}
	}
}

// values finds values in a line of a message, and by $. in the message.
func values(root, line any) source {
	return func(from string) (string, bool) {
		where := line
		if rest, ok := strings.CutPrefix(from, "$."); ok {
			where, from = root, rest
		}
		v, ok := find(where, from)
		if !ok {
			return "", false
		}
		return text(v)
	}
}

// calledOff is the order that a message cancels without naming its lines, and the revision that this makes of each.
func (m *Mapping) calledOff(contentType string, body []byte) (order sales.OrderName, revision int64, ok bool) {
	if m.Cancel == nil || m.Lines == "" {
		return order, 0, false
	}
	root, _, err := message(contentType, body)
	if err != nil {
		return order, 0, false
	}
	at := values(root, root)
	if _, named := find(root, m.Lines); named || !m.Cancel.holds(at) || m.Only != nil && !m.Only.holds(at) {
		return order, 0, false
	}
	order = sales.OrderName{Channel: m.value("channel", at), Order: m.value("order", at)}
	if order.Channel == "" {
		order.Channel = m.Channel
	}
	revision, err = m.revision(m.value("revision", at))
	return order, revision, err == nil && order.Order != ""
}

// message decodes a body with its numbers kept as they are written. plain is the body as UTF-8.
func message(contentType string, body []byte) (root any, plain []byte, err error) {
	kind, charset, err := MediaType(contentType)
	if err != nil {
		return nil, body, err
	}
	// Senders that do not say what they send, curl among them, call JSON a form.
	if kind == "application/x-www-form-urlencoded" && !(bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) && json.Valid(body)) {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, body, fmt.Errorf("the form is not understood: %w", err)
		}
		root := map[string]any{}
		for k, v := range form {
			value, err := Plain([]byte(v[0]), charset) // what stood behind the signs of percent
			if err != nil {
				return nil, body, err
			}
			root[k] = string(value)
		}
		return root, body, nil
	}
	if body, err = Plain(body, charset); err != nil {
		return nil, body, err
	}
	root, err = decodeAny(body)
	return root, body, err
}

// has tells the names at a message's top, to write a mapping by.
func has(root any) string {
	at, ok := root.(map[string]any)
	if !ok || len(at) == 0 {
		return ""
	}
	names := slices.Sorted(maps.Keys(at))
	if len(names) > 20 {
		names = append(names[:20], "…")
	}
	text := strings.Join(names, ", ")
	if len(text) > 300 {
		text = text[:300] + "…"
	}
	return "at its top are " + strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			return r
		}
		return -1
	}, text)
}

func decodeAny(data []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, fmt.Errorf("the message is not JSON: %w", err)
	}
	return v, nil
}

// find follows a path such as data.items.0.id. A text on the way that holds JSON is looked into.
func find(v any, path string) (any, bool) {
	for step := range strings.SplitSeq(path, ".") {
		if s, ok := v.(string); ok {
			inner, err := decodeAny([]byte(s))
			if err != nil {
				return nil, false
			}
			v = inner
		}
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[step]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return nil, false
			}
			v = at[i]
		default:
			return nil, false
		}
	}
	if s, ok := v.(string); ok && strings.HasPrefix(strings.TrimSpace(s), "[") {
		if inner, err := decodeAny([]byte(s)); err == nil {
			return inner, true
		}
	}
	return v, true
}

func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}

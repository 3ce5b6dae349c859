// Package yamlfile reads YAML that people write, without surprises. The YAML library panics on some malformed texts, cuts
// 2.5 to 2 where a whole number is due, takes 010 for 8, and ignores everything after the first document; here each of
// these is an error with its line. It refuses nothing else that YAML allows.
package yamlfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Decode reads data strictly over what into holds; an unknown key is a *yaml.UnknownFieldError. Nothing at all leaves
// into as it is. fractions are the keys whose numbers need not be whole.
func Decode(data []byte, into any, fractions ...string) (err error) {
	defer guard(&err)
	empty, err := check(data, func(key string) bool { return slices.Contains(fractions, key) })
	if empty || err != nil {
		return err
	}
	if err := yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(into); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// ToJSON converts data; JSON it gives back as it is.
func ToJSON(data []byte) (converted []byte, err error) {
	defer guard(&err)
	if json.Valid(data) {
		return data, nil
	}
	if _, err := check(data, func(string) bool { return true }); err != nil {
		return nil, err
	}
	if converted, err = yaml.YAMLToJSON(data); err != nil {
		return nil, errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	if !json.Valid(converted) { // such as .inf, which JSON cannot say
		return nil, errors.New("the text holds what JSON cannot say: a number that is none, or binary data")
	}
	return converted, nil
}

// guard makes a panic of the library an error.
func guard(err *error) {
	if what := recover(); what != nil {
		*err = fmt.Errorf("the text is no YAML that can be read: %v", what)
	}
}

// Cut is the line in which a file ends without a line break, as one does that was cut; 0: it ends with one, or with a
// bracket that closes.
func Cut(data []byte) (line int) {
	if len(data) == 0 || strings.ContainsRune("\n}]", rune(data[len(data)-1])) {
		return 0
	}
	return 1 + bytes.Count(data, []byte{'\n'})
}

// Whole refuses a text that Cut says may be half of one: of a list, half a file is a file too.
func Whole(data []byte) error {
	if at := Cut(data); at > 0 {
		return fmt.Errorf("the file ends within line %d: a whole one ends with a line break; see that nothing is missing, and add it", at)
	}
	return nil
}

// Line finds the line of a key by its path in the text, such as fields.order, from its last part; 0: it is not there.
func Line(data []byte, path string) (line int) {
	defer func() { _ = recover() }() // the text was read before: a place is a courtesy
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return 0
	}
	want := path[strings.LastIndex(path, ".")+1:]
	for _, doc := range file.Docs {
		for _, n := range ast.Filter(ast.MappingValueType, doc) {
			if pair, ok := n.(*ast.MappingValueNode); ok && line == 0 && keyOf(pair) == want {
				line = pair.Key.GetToken().Position.Line
			}
		}
	}
	return line
}

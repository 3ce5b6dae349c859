package yamlfile

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// check lists what the library would read as something else than it says, each with its line. What is no YAML is left to
// the library to tell, with its place. empty tells that there is nothing but remarks, which the library would take for zeros.
func check(data []byte, fraction func(key string) bool) (empty bool, err error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return false, nil //nolint:nilerror // the decoder tells it
	}
	var faults []error
	documents := 0
	for _, doc := range file.Docs {
		switch doc.Body.(type) {
		case nil, *ast.CommentGroupNode, *ast.NullNode:
			continue
		}
		if documents++; documents > 1 {
			faults = append(faults, fmt.Errorf("line %d: a second document begins, and one file is one", doc.Body.GetToken().Position.Line))
			break
		}
		v := &numbers{fraction: fraction}
		ast.Walk(v, doc.Body)
		faults = append(faults, v.faults...)
	}
	return documents == 0, errors.Join(faults...)
}

// numbers visits the nodes of a document.
type numbers struct {
	fraction func(key string) bool
	key      string // whose value is being visited
	faults   []error
}

// Visit checks a node that is a number.
func (n *numbers) Visit(node ast.Node) ast.Visitor {
	switch node := node.(type) {
	case *ast.MappingValueNode:
		return &inside{n, keyOf(node)}
	case *ast.IntegerNode, *ast.FloatNode, *ast.NanNode, *ast.InfinityNode:
		n.check(node)
	}
	return n
}

// inside is numbers within the value of a key.
type inside struct {
	*numbers
	name string
}

// Visit checks a node of the value.
func (in *inside) Visit(node ast.Node) ast.Visitor {
	in.key = in.name
	if next := in.numbers.Visit(node); next != in.numbers {
		return next
	}
	return in
}

func (n *numbers) check(node ast.Node) {
	at := node.GetToken()
	fault := func(format string, args ...any) {
		n.faults = append(n.faults, fmt.Errorf("line %d: %s: "+format, append([]any{at.Position.Line, n.key}, args...)...))
	}
	switch node := node.(type) {
	case *ast.IntegerNode:
		if digits := strings.TrimLeft(at.Value, "+-"); len(digits) > 1 && digits[0] == '0' && strings.Trim(digits, "0123456789_") == "" {
			fault("%s is a number of base eight in YAML: write it without its leading zero, or in quotes where it is a code", at.Value)
		}
	case *ast.FloatNode:
		if math.Trunc(node.Value) != node.Value && !n.fraction(n.key) {
			fault("%s is no whole number", at.Value)
		}
	default:
		fault("%s is no number", at.Value)
	}
}

func keyOf(pair *ast.MappingValueNode) string {
	if pair.Key == nil {
		return ""
	}
	return pair.Key.GetToken().Value
}

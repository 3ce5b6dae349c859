package alert

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// wholes are the keys of a file of rules whose values are whole numbers, spans those of durations. The
// decoder itself would cut 2.5 to 2, and say of a faulty duration not where it is.
var (
	wholes = map[string]bool{"version": true, "close": true, "bad": true, "of": true, "openings": true, "critical": true, "warning": true}
	spans  = map[string]bool{"hold": true, "after": true}
)

// checkNumbers joins what is wrong with the numbers and durations of a file of rules, each with its line.
// What is no YAML at all it leaves to the decoder to tell.
func checkNumbers(data []byte) error {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil
	}
	n := numbers{anchors: map[string]ast.Node{}}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			ast.Walk(&n, doc.Body)
		}
	}
	return errors.Join(n.faults...)
}

// numbers visits the nodes of a file. An anchor stands before its aliases.
type numbers struct {
	anchors map[string]ast.Node
	faults  []error
}

// Visit checks the value of each key.
func (n *numbers) Visit(node ast.Node) ast.Visitor {
	switch node := node.(type) {
	case *ast.AnchorNode:
		n.anchors[node.Name.String()] = node.Value
	case *ast.MappingValueNode:
		if a, ok := node.Value.(*ast.AnchorNode); ok {
			n.anchors[a.Name.String()] = a.Value
		}
		if why := n.check(node.Key.String(), n.bare(node.Value)); why != "" {
			n.faults = append(n.faults, fmt.Errorf("line %d: %s: %s", node.Value.GetToken().Position.Line, node.Key, why))
		}
	}
	return n
}

// bare is a value without its anchor, alias or tag.
func (n *numbers) bare(v ast.Node) ast.Node {
	for range 8 { // an alias may not be of itself, but a file may say so
		switch node := v.(type) {
		case *ast.AnchorNode:
			v = node.Value
		case *ast.AliasNode:
			v = n.anchors[node.Value.String()]
		case *ast.TagNode:
			v = node.Value
		default:
			return v
		}
	}
	return v
}

// check says what is wrong with the value of a key, "" where nothing is that the decoder will not tell.
func (n *numbers) check(key string, v ast.Node) string {
	switch v := v.(type) {
	case *ast.NanNode, *ast.InfinityNode:
		return fmt.Sprintf("%s is no number that can be compared with", v.GetToken().Value)
	case *ast.FloatNode:
		switch {
		case math.Trunc(v.Value) == v.Value || !wholes[key]:
		case key == "critical" || key == "warning":
			return fmt.Sprintf("%g is no number of minor units, want a whole one: 5050 is 50.50", v.Value)
		default:
			return fmt.Sprintf("%g is no whole number", v.Value)
		}
	case *ast.StringNode:
		if _, err := time.ParseDuration(v.Value); spans[key] && err != nil {
			return fmt.Sprintf("%q is no duration, want one such as 90s, 20m or 1h30m", v.Value)
		}
	}
	return ""
}

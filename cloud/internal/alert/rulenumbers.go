package alert

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/coldshelf/coldshelf/models/shelf"
)

// wholes are the keys of a rule file whose values are whole numbers, and spans those whose values are
// durations. The decoder itself would truncate 2.5 to 2, and would not say where a faulty duration is.
var (
	wholes = map[string]bool{"version": true, "close": true, "bad": true, "of": true, "openings": true, "critical": true, "warning": true}
	spans  = map[string]bool{"hold": true, "after": true}
)

// checkValues lists what is wrong with the numbers, durations and GTINs of a rule file, each with its line, and
// replaces each by something harmless, so that the rest of the file can be read and its faults reported as
// well. healed is nil if nothing is wrong; invalid YAML is left for the decoder to report.
func checkValues(data []byte) (healed ast.Node, faults []error) {
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, nil
	}
	n := numbers{anchors: map[string]ast.Node{}}
	for _, doc := range file.Docs {
		if doc.Body != nil {
			ast.Walk(&n, doc.Body)
		}
	}
	if len(n.faults) == 0 || len(file.Docs) != 1 {
		return nil, n.faults
	}
	return file.Docs[0].Body, n.faults
}

// numbers visits the nodes of a file. An anchor comes before its aliases.
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
			node.Value = stand(node.Value, harmless(node.Key.String()))
		}
		if list, ok := n.bare(node.Value).(*ast.SequenceNode); ok && node.Key.String() == "gtins" {
			n.gtins(list)
		}
	}
	return n
}

// gtins checks a list of products.
func (n *numbers) gtins(list *ast.SequenceNode) {
	for i, v := range list.Values {
		switch n.bare(v).(type) {
		case *ast.StringNode, *ast.IntegerNode:
		default:
			continue
		}
		at := n.bare(v).GetToken()
		if _, err := shelf.ParseGTIN(at.Value); err != nil {
			n.faults = append(n.faults, fmt.Errorf("line %d: gtins: %w", at.Position.Line, err))
			list.Values[i] = stand(v, "96385074")
		}
	}
}

// harmless returns a value for a key with which its entry can be read.
func harmless(key string) string {
	if spans[key] {
		return "1m"
	}
	return "1"
}

// stand returns a node with value in place of was.
func stand(was ast.Node, value string) ast.Node {
	at := token.New(value, value, was.GetToken().Position)
	if _, err := strconv.Atoi(value); err == nil && len(value) == 1 {
		at.Type = token.IntegerType
		return ast.Integer(at)
	}
	return ast.String(at)
}

// bare returns a value without its anchor, alias or tag.
func (n *numbers) bare(v ast.Node) ast.Node {
	for range 8 { // an alias must not refer to itself, but a file may contain one that does
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

// check says what is wrong with the value of a key; "" if nothing is that the decoder will not report.
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
	case *ast.IntegerNode:
		if spans[key] {
			return fmt.Sprintf("%s has no unit, want a duration such as %sm for minutes or %ss for seconds", v.GetToken().Value, v.GetToken().Value, v.GetToken().Value)
		}
	case *ast.StringNode:
		if _, err := time.ParseDuration(v.Value); spans[key] && err != nil {
			return fmt.Sprintf("%q is no duration, want one such as 90s, 20m or 1h30m", v.Value)
		}
	}
	return ""
}

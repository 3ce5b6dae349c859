package config

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// durationKeys are the keys that hold a duration, for the place of one that is not: the YAML library
// tells the place of every fault but this.
var durationKeys = []string{"every", "settle", "stall", "keepalive", "ack_timeout", "interval", "debounce", "hold", "warmup"}

// explain gives a decoding error with its place.
func explain(data []byte, err error) error {
	var placed yaml.Error
	if errors.As(err, &placed) {
		return errors.New(yaml.FormatError(err, false, true))
	}
	file, parseErr := parser.ParseBytes(data, 0)
	if parseErr != nil {
		return err
	}
	var finder durationFinder
	for _, doc := range file.Docs {
		ast.Walk(&finder, doc)
	}
	return errors.Join(append(finder.faults, err)[:max(1, len(finder.faults))]...)
}

type durationFinder struct{ faults []error }

func (f *durationFinder) Visit(node ast.Node) ast.Visitor {
	pair, ok := node.(*ast.MappingValueNode)
	if !ok || !slices.Contains(durationKeys, pair.Key.String()) {
		return f
	}
	value, ok := pair.Value.(*ast.StringNode)
	if !ok {
		return f
	}
	if _, err := time.ParseDuration(value.Value); err != nil {
		at := value.GetToken().Position
		f.faults = append(f.faults, fmt.Errorf("[%d:%d] %s: %q, must be a duration as 500ms, 30s or 5m", at.Line, at.Column, pair.Key, value.Value))
	}
	return f
}

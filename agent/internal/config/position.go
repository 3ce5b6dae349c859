package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// durationKeys are the keys that hold a duration. They help to find the line of one that cannot be parsed, the
// only fault for which the YAML library gives no line.
var durationKeys = []string{"every", "settle", "stall", "keepalive", "ack_timeout", "interval", "debounce", "hold", "warmup"}

// explain adds the place in the file to a decoding error.
func explain(data []byte, err error) error {
	file, parseErr := parser.ParseBytes(data, 0)
	if parseErr != nil {
		return placedError(err)
	}
	var finder durationFinder
	for _, doc := range file.Docs {
		ast.Walk(&finder, doc)
	}
	if len(finder.faults) > 0 {
		return errors.Join(finder.faults...)
	}
	return placedError(err)
}

// meant maps keys that people write by mistake to the right ones.
var meant = map[string]string{"data": "data_dir", "datadir": "data_dir", "interval": "schedule.every", "gallery": "vision.gallery", "mount": "vision.mount",
	"broker": "uplink.broker", "mqtt": "uplink"}

// placedError formats an error with its place, if the YAML library knows it, and with the key that was probably
// meant.
func placedError(err error) error {
	text := yaml.FormatError(err, false, true)
	var unknown *yaml.UnknownFieldError
	if errors.As(err, &unknown) {
		_, rest, _ := strings.Cut(unknown.GetMessage(), `"`)
		key, _, _ := strings.Cut(rest, `"`)
		if m := meant[key]; m != "" && unknown.GetToken().Position.Column == 1 {
			first, picture, _ := strings.Cut(text, "\n")
			text = first + ", did you mean " + m + "?\n" + picture
		}
	}
	return errors.New(text)
}

type durationFinder struct{ faults []error }

func (f *durationFinder) Visit(node ast.Node) ast.Visitor {
	pair, ok := node.(*ast.MappingValueNode)
	if !ok || !slices.Contains(durationKeys, pair.Key.String()) {
		return f
	}
	if number, ok := pair.Value.(*ast.IntegerNode); ok {
		at, n := number.GetToken().Position, number.GetToken().Value
		f.faults = append(f.faults, fmt.Errorf("[%d:%d] %s: %s has no unit, write %ss for seconds or %sm for minutes", at.Line, at.Column, pair.Key, n, n, n))
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

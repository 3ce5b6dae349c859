package yamlfile_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/cloud/internal/yamlfile"
)

type thing struct {
	Name   string         `yaml:"name"`
	Pieces int            `yaml:"pieces"`
	Rate   float64        `yaml:"rate"`
	Part   map[string]int `yaml:"part"`
}

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, text, fault string }{
		{"whole", "name: a\npieces: 12\nrate: 2.5\npart: {x: 1_000}\n", ""},
		{"nothing", "# only a remark\n", ""},
		{"half a piece", "name: a\npieces: 2.5\n", "line 2: pieces: 2.5 is no whole number"},
		{"half a piece, deeper", "part:\n  x: 1\n  y: 0.5\n", "line 3: y: 0.5 is no whole number"},
		{"base eight", "pieces: 012\n", "line 1: pieces: 012 is a number of base eight"},
		{"no number", "rate: .nan\n", "line 1: rate: .nan is no number"},
		{"two documents", "pieces: 1\n---\npieces: 2\n", "line 3: a second document"},
		{"an unknown key", "pieces: 1\ncolour: red\n", "[2:1] unknown field \"colour\""},
		{"cut in a list", "part: {x: 1,", "[1:12]"},
		{"cut in a text", "name: \"Col", "[1:7]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := thing{Pieces: 7}
			err := yamlfile.Decode([]byte(c.text), &got, "rate")
			if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("got %v, want %q", err, c.fault)
			}
			if c.name == "nothing" && got.Pieces != 7 {
				t.Errorf("the default is gone: %+v", got)
			}
		})
	}
}

func TestToJSON(t *testing.T) {
	for _, c := range []struct{ text, json, fault string }{
		{"a: {b: 1.5, c: x}\n", `{"a":{"b":1.5,"c":"x"}}`, ""},
		{`{"a": 010e0}`, "", "base eight"},
		{`{"a": [1, 2]}`, `{"a":[1,2]}`, ""},
		{"a: 0012\n", "", "line 1: a: 0012 is a number of base eight"},
		{"a: \"0012\"\n", `{"a":"0012"}`, ""},
		{"a: .inf\n", "", "line 1: a: .inf is no number"},
		{"a: b: c\n", "", "[1:"},
		{"a: !0\n", `{"a":null}`, ""},
	} {
		got, err := yamlfile.ToJSON([]byte(c.text))
		if c.fault != "" {
			if c.text[0] != '{' && (err == nil || !strings.Contains(err.Error(), c.fault)) {
				t.Errorf("%q: got %s, %v, want %q", c.text, got, err, c.fault)
			}
			continue
		}
		var a, b any
		if err != nil || json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(c.json), &b) != nil {
			t.Errorf("%q: got %s, %v, want %s", c.text, got, err, c.json)
			continue
		}
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if string(x) != string(y) {
			t.Errorf("%q: got %s, want %s", c.text, x, y)
		}
	}
}

func TestCutAndLine(t *testing.T) {
	for text, want := range map[string]int{"": 0, "a: 1\n": 0, "a: 1": 1, "a: 1\nb: 12": 2, "a: {b: 1}": 0, "a: [1,": 1} {
		if got := yamlfile.Cut([]byte(text)); got != want {
			t.Errorf("%q ends in line %d, want %d", text, got, want)
		}
	}
	text := []byte("a: 1\nonly:\n  from: x\n  in: [4]\n")
	if got := yamlfile.Line(text, "only.in"); got != 4 {
		t.Errorf("only.in is in line %d, want 4", got)
	}
	if got := yamlfile.Line(text, "none"); got != 0 {
		t.Errorf("none is in line %d", got)
	}
}

// FuzzRead: no text makes a reader panic; what is converted is JSON.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{"name: a\npieces: 12\n", "types: !0\n", "shelves:\n !- \n", "a: &x [*x]\n", "? a\n", "<<: *x", "a: |\n  b", "a: !!binary x\n", "- - -\n---\n...\n", "{a: 1, a: 2", "\ta: 'x", "a: \"\\x", "a: .inf\n%YAML 1.2\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var v thing
		_ = yamlfile.Decode(data, &v)
		got, err := yamlfile.ToJSON(data)
		if err == nil && !json.Valid(got) {
			t.Errorf("%q gives %q, which is no JSON", data, got)
		}
		yamlfile.Line(data, "a.b")
		yamlfile.Cut(data)
	})
}

package wire_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/coldshelf/coldshelf/models/wire"
)

var update = flag.Bool("update", false, "write the golden vectors anew")

// vector is one file of testdata: prose that says what the bytes hold, what must come of them ("ok",
// or the named error and the words that its message must hold), the bytes, and what they mean.
type vector struct {
	about string
	want  string
	bytes []byte
	json  string
}

func (v vector) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n--- want\n%s\n--- hex\n", v.about, v.want)
	for row := range slices.Chunk(v.bytes, 40) {
		fmt.Fprintf(&b, "%x\n", row)
	}
	if v.json != "" {
		fmt.Fprintf(&b, "--- json\n%s\n", v.json)
	}
	return b.String()
}

func readVector(t *testing.T, path string) vector {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	about, rest, ok1 := strings.Cut(string(text), "\n--- want\n")
	want, rest, ok2 := strings.Cut(rest, "\n--- hex\n")
	digits, meaning, _ := strings.Cut(rest, "--- json\n")
	if !ok1 || !ok2 {
		t.Fatalf("%s: want sections --- want, --- hex and perhaps --- json", path)
	}
	data, err := hex.DecodeString(strings.Join(strings.Fields(digits), ""))
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return vector{about, want, data, strings.TrimSuffix(meaning, "\n")}
}

// TestGolden holds Decode to every vector of testdata, and Encode to write what Decode reads alike.
func TestGolden(t *testing.T) {
	if *update {
		writeVectors(t)
	}
	paths, err := filepath.Glob(filepath.Join("testdata", "*.txt"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden vectors in testdata: %v", err)
	}
	kinds := map[wire.Kind]bool{}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			v := readVector(t, path)
			env, err := wire.Decode(v.bytes)
			if v.want != "ok" {
				if got := verdict(err); !strings.HasPrefix(v.want, got+": ") || !strings.Contains(err.Error(), strings.TrimPrefix(v.want, got+": ")) {
					t.Fatalf("got %s (%v)\nwant %s", got, err, v.want)
				}
				return
			}
			if err != nil {
				t.Fatalf("decode: %v", err)
			}
			kinds[env.Body.Kind()] = true
			if got := meaning(t, env); got != v.json {
				t.Errorf("decodes to\n%s\nwant\n%s", got, v.json)
			}
			checkCanonical(t, env)
		})
	}
	if len(kinds) != 12 {
		t.Errorf("the vectors hold %d kinds of 12: %v", len(kinds), kinds)
	}
}

// TestGoldenIsUpToDate holds the files to the cases in this package: none forgotten, none left over.
func TestGoldenIsUpToDate(t *testing.T) {
	cases := vectors(t)
	paths, _ := filepath.Glob(filepath.Join("testdata", "*.txt"))
	for _, path := range paths {
		if _, ok := cases[strings.TrimSuffix(filepath.Base(path), ".txt")]; !ok {
			t.Errorf("%s: no case makes this file", path)
		}
	}
	for name, want := range cases {
		got := readVector(t, filepath.Join("testdata", name+".txt"))
		if got.about != want.about || got.want != want.want || got.json != want.json {
			t.Errorf("%s is not what its case says; run go test ./models/wire -run Golden -update", name)
		}
	}
}

// checkCanonical: what was accepted encodes to bytes that decode to the same, and again to the same bytes.
func checkCanonical(t *testing.T, env *wire.Envelope) {
	t.Helper()
	once, err := wire.Encode(env)
	if err != nil {
		t.Fatalf("accepted by Decode, refused by Encode: %v", err)
	}
	again, err := wire.Decode(once)
	if err != nil {
		t.Fatalf("written by Encode, refused by Decode: %v", err)
	}
	if got, want := meaning(t, again), meaning(t, env); got != want {
		t.Fatalf("after a round trip\n%s\nwant\n%s", got, want)
	}
	twice, err := wire.Encode(again)
	if err != nil || !bytes.Equal(once, twice) {
		t.Fatalf("encodes differently the second time (%v)\n%x\n%x", err, once, twice)
	}
}

// verdict names an error as the vectors do.
func verdict(err error) string {
	var version wire.ErrVersion
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &version):
		return fmt.Sprintf("ErrVersion %d", version.Got)
	case errors.Is(err, wire.ErrTooLarge):
		return "ErrTooLarge"
	case errors.Is(err, wire.ErrMalformed):
		return "ErrMalformed"
	case errors.Is(err, wire.ErrBase):
		return "ErrBase"
	}
	return "an error without a name"
}

func meaning(t *testing.T, env *wire.Envelope) string {
	t.Helper()
	out, err := json.MarshalIndent(env, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func writeVectors(t *testing.T) {
	t.Helper()
	old, _ := filepath.Glob(filepath.Join("testdata", "*.txt"))
	for _, path := range old {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll("testdata", 0o755); err != nil {
		t.Fatal(err)
	}
	for name, v := range vectors(t) {
		if err := os.WriteFile(filepath.Join("testdata", name+".txt"), []byte(v.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

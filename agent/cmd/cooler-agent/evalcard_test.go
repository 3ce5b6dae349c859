package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestACardKeepsOneTableASet(t *testing.T) {
	path := filepath.Join(t.TempDir(), "CARD.md")
	if err := os.WriteFile(path, []byte("# A network\n\nWords.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, w := range []struct{ set, table string }{{"one", "| old |\n"}, {"two", "| two |\n"}, {"one", "| new |\n| more |\n"}} {
		if err := writeCard(path, w.set, []byte(w.table)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "# A network\n\nWords.\n\n" +
		"<!-- eval: one; written by `make eval` -->\n| new |\n| more |\n<!-- /eval -->\n\n" +
		"<!-- eval: two; written by `make eval` -->\n| two |\n<!-- /eval -->\n"
	if string(got) != want {
		t.Errorf("card is\n%s\nwant\n%s", got, want)
	}
}

func TestACardWithoutAnEndIsNotTouched(t *testing.T) {
	path := filepath.Join(t.TempDir(), "CARD.md")
	const broken = "<!-- eval: one; written by `make eval` -->\n| old |\nand words that nobody wants to lose\n"
	if err := os.WriteFile(path, []byte(broken), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeCard(path, "one", []byte("| new |\n")); err == nil {
		t.Error("a table without an end was written over")
	}
	if got, _ := os.ReadFile(path); string(got) != broken {
		t.Errorf("the card is now %q", got)
	}
	if err := writeCard(filepath.Join(t.TempDir(), "none.md"), "one", nil); err == nil {
		t.Error("a card that is not there is no error")
	}
}

func TestSetNames(t *testing.T) {
	for dir, want := range map[string]string{"/data/cooler-val": "cooler-val", "/data/beverage3/valid": "beverage3/valid"} {
		if got := setName(dir); got != want {
			t.Errorf("%s is called %s, want %s", dir, got, want)
		}
	}
}

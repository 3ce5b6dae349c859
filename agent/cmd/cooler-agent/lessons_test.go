package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAFolderTellsItsProductsName(t *testing.T) {
	dir := t.TempDir()
	for path, text := range map[string]string{
		"4006381333931/a.jpg": "", "4006381333931/name.txt": "Lemon 柠檬 330 ml\r\nmore\n",
		"96385074/b.png": "", // its name is told elsewhere
	} {
		path = filepath.Join(dir, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := folderLessons(dir)
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	if got[0].name != "Lemon 柠檬 330 ml" || len(got[0].photos) != 1 || got[1].name != "" {
		t.Errorf("%+v", got)
	}
}

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The marks in a model card between which eval keeps its table of one set.
const (
	cardBegin = "<!-- eval: %s; written by `make eval` -->\n"
	cardEnd   = "<!-- /eval -->\n"
)

// writeCard writes a table into a model card, in place of the one for the same set or at the card's end. The
// rest of the card is preserved to the byte.
func writeCard(path, set string, table []byte) error {
	card, err := os.ReadFile(path)
	if err != nil {
		return withHint(fmt.Errorf("read card: %w", err), "--card names a model card that is there, such as models/weights/facings/CARD.md")
	}
	begin := fmt.Appendf(nil, cardBegin, set)
	block := append(append(append([]byte(nil), begin...), table...), cardEnd...)
	if at := bytes.Index(card, begin); at < 0 {
		card = append(append(bytes.TrimRight(card, "\n"), "\n\n"...), block...)
	} else {
		length := bytes.Index(card[at:], []byte(cardEnd))
		if length < 0 {
			return withHint(fmt.Errorf("%s: the table of %s has no end", path, set), "put the line "+cardEnd[:len(cardEnd)-1]+" below it")
		}
		rest := append([]byte(nil), card[at+length+len(cardEnd):]...)
		card = append(append(card[:at], block...), rest...)
	}
	part := path + ".part"
	if err := os.WriteFile(part, card, 0o644); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return os.Rename(part, path)
}

// setName returns what a set is called in a card: its folder, preceded by the parent folder if it is one half
// of a set.
func setName(dir string) string {
	full, err := filepath.Abs(dir)
	if err != nil {
		full = dir
	}
	name := filepath.Base(full)
	if name == "valid" || name == "val" || name == "test" {
		name = filepath.Base(filepath.Dir(full)) + "/" + name
	}
	return name
}

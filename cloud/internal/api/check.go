package api

import (
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coldshelf/coldshelf/cloud/internal/problem"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// known returns an error if the tenant does not have the device.
func (a *api) known(r *http.Request, tenant, device string) error {
	_, err := state.GetCooler(r.Context(), a.DB, tenant, device)
	return err
}

// checkGLN checks the form of a Global Location Number: 12 digits and the GS1 check digit.
func checkGLN(gln string) error {
	if len(gln) != 13 {
		return fmt.Errorf("GLN %q has %d characters, want 13 digits", gln, len(gln))
	}
	for _, c := range gln {
		if c < '0' || c > '9' {
			return fmt.Errorf("GLN %q has %q in it, want digits", gln, c)
		}
	}
	if want := shelf.CheckDigit(gln[:12]); gln[12] != want {
		return fmt.Errorf("GLN %q ends in %c, its digits give %c", gln, gln[12], want)
	}
	return nil
}

func checkZone(name string) error {
	if name == "Local" {
		return fmt.Errorf("time zone %q is not a place", name)
	}
	if _, err := time.LoadLocation(name); err != nil {
		return fmt.Errorf("time zone %q: %w", name, err)
	}
	return nil
}

// maxWord bounds a word by which things are grouped, in characters.
const maxWord = 64

// checkWord checks that a word by which things are grouped is one that people can type again.
func checkWord(field, word string) error {
	if utf8.RuneCountInString(word) > maxWord || strings.TrimSpace(word) != word || strings.ContainsFunc(word, unicode.IsControl) || !utf8.ValidString(word) {
		return &Problem{http.StatusBadRequest, problem.BadLabel, fmt.Sprintf("%s is %q, want up to %d characters without spaces around them", field, word, maxWord), "choose a shorter word"}
	}
	return nil
}

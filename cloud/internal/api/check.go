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

// known is an error for a device that the tenant does not have.
func (a *api) known(r *http.Request, tenant, device string) error {
	_, err := state.GetCooler(r.Context(), a.DB, tenant, device)
	return err
}

// checkGLN holds a Global Location Number to its form: 12 digits and the check digit of GS1.
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

// maxWord bounds a word that things are grouped by, in characters.
const maxWord = 64

// checkWord holds a word that things are grouped by to a form that people can type again.
func checkWord(field, word string) error {
	if utf8.RuneCountInString(word) > maxWord || strings.TrimSpace(word) != word || strings.ContainsFunc(word, unicode.IsControl) || !utf8.ValidString(word) {
		return &Problem{http.StatusBadRequest, problem.BadLabel, fmt.Sprintf("%s is %q, want up to %d characters without spaces around them", field, word, maxWord), "choose a shorter word"}
	}
	return nil
}

package main

import (
	"fmt"
	"math/rand/v2"
)

// slots is how many slots a board looks at.
const slots = 8

func slotName(i int) string { return fmt.Sprintf("A%d", i+1) }

// script is what a board sees. A look has one letter per slot: o for filled, e for empty and u for not judged.
// A slot that sells out stays empty for enough looks to be an alert by the default rules, even after flapping,
// and is then filled long enough for the alert to end. Now and then a slot seems empty for a single look.
type script []string

const (
	leastFilled = 4 // on either side of a look that seems empty
	leastEmpty  = 6 // looks that make an alert
)

// newScript returns the same script for the same numbers, so that a board that was killed continues its own.
func newScript(seed uint64, board, looks int) script {
	columns := make([][]byte, slots)
	for i := range columns {
		rng := rand.New(rand.NewPCG(seed, uint64(board*slots+i)))
		var c []byte
		put := func(letter byte, n int) {
			for range n {
				if rng.IntN(16) == 0 {
					c = append(c, 'u')
				}
				c = append(c, letter)
			}
		}
		for len(c) < looks {
			put('o', leastFilled+rng.IntN(12))
			if rng.IntN(4) == 0 {
				put('e', 1)
			} else {
				put('e', leastEmpty+rng.IntN(8))
			}
		}
		// The week ends with full shelves, so that every alert ends. An episode that would be cut off is
		// filled.
		c = c[:looks]
		for n := looks - 1; n >= 0 && (n >= looks-leastFilled || c[n] != 'o'); n-- {
			c[n] = 'o'
		}
		columns[i] = c
	}
	s := make(script, looks)
	for n := range s {
		row := make([]byte, slots)
		for i := range row {
			row[i] = columns[i][n]
		}
		s[n] = string(row)
	}
	return s
}

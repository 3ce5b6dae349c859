// Package replenish suggests what to order for which store: from the forecast of demand over the next
// delivery cycle, what the store has, and what its coolers hold; in whole packs; ranked by the money
// that an order saves. People approve, change or pause a suggestion; approved ones go to the ordering
// system by webhook, each under an id by which it is known again; and how each did is kept.
//
// What it promises: a suggestion that somebody has decided about is not changed by planning again; an
// order is sent until the other side has it, and never under a second id.
//
// What it refuses: to guess a stock. Where neither the book nor a look tells what a store has, there is
// no suggestion.
package replenish

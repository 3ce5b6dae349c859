// Package replenish suggests what to order for each store. A suggestion is based on the forecast of demand over
// the next delivery cycle, on what the store has, and on what its coolers hold. It is in whole packs, and
// ranked by the money that the order saves. People approve, change or pause suggestions. Approved ones go to
// the ordering system by webhook, each with an ID by which it is recognised; and how each turned out is
// recorded.
//
// Planning again does not change a suggestion about which somebody has decided. An order is sent until the
// other side has accepted it, and never with a second ID.
//
// It does not guess a stock: if neither the book nor a look shows what a store has, there is no suggestion.
package replenish

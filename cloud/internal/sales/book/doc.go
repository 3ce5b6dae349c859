// Package book holds a store's stock book to what its shelves show: what agrees, what the book has and no
// slot shows (phantom inventory), what is in the house and not on the shelf (back room only), what a
// count found missing (shrink).
//
// What it promises: unknown is not empty. A shelf that nobody has seen lately says nothing, and a slot
// whose last looks could not judge it keeps what was last known of it only for a while. Closed hours do not
// count as time in which somebody should have restocked.
package book

// Package route sends online orders to stores that really have the goods: open, near, with a book and a
// shelf that both say so. It reserves what it assigns in the same transaction, so that however many
// orders come at once, no unit is promised twice.
//
// What it promises: an order is decided about once; asked again, the answer is the same. What is reserved
// is free again when the order is cancelled or its time is over, and is sold when the order's sale comes
// as lines. Every assignment tells the points that chose it.
//
// Orders that arrive while others are being decided about wait and are decided together, in the order
// of their arrival: a transaction costs the same for a hundred as for one.
package route

// Package shelf is the language that edge and cloud share about what stands on a cooler's shelves:
// GTINs, products, planograms, facings, slots and observations, and the pure judgement Compare that
// turns facings seen into slot states.
//
// It refuses to guess: what a picture does not show is unknown with its reason, never empty and
// never in stock. It does no I/O, keeps no state and imports nothing of ours, so the same facts give
// the same judgement on the board, in the cloud, and again a year later.
//
// Frames: pictures have x to the right and y down, in pixels of the picture as captured. Shelves are
// counted from the top (1 is the highest) and positions from the left (1 is the leftmost)
// as one stands before the cooler. Lengths on the shelf are whole millimetres from the left inner wall.
package shelf

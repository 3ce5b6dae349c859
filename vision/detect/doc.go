// Package detect finds facings in a frame with a one-class network: it lays the frame into the
// network's input, reads the heat map and the box distances, and keeps one box a facing.
//
// The networks it takes have two outputs: heat, 1×1×h×w, how likely a facing has its centre in a
// cell; and ltrb, 1×4×h×w, the distances in input pixels from the cell's centre to the box's left,
// top, right and bottom side. Decoding stands here and not in the graph, because runtimes differ in
// what they make of comparisons and top-k (see the design).
package detect

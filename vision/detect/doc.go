// Package detect is the second step from a frame to an alert, after the quality gate: it finds product facings
// with a one-class network. It places the frame in the network's input, reads the heat map and the box
// distances, and keeps one box per facing.
//
// A network for this package has two outputs: heat, 1×1×h×w, the probability that a facing has its centre in a
// cell; and ltrb, 1×4×h×w, the distances in input pixels from the cell's centre to the left, top, right and
// bottom side of the box. The decoding is done here and not in the graph, because runtimes disagree on
// comparisons and top-k (see the design).
package detect

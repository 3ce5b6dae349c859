// Package synth renders retail beverage coolers with exact truth: invented packs on shelves, seen by
// front, oblique and fisheye cameras in good and bad conditions, with the box, the SKU and the lane
// of every pack known to the pixel.
//
// It feeds three things: the training of the detector and the SKU embedder (every frame another
// cooler, camera and range of SKUs), the demonstration (a shop day of a cooler, see Day), and tests.
// The way is Catalogue → Scene → Render: a catalogue invents SKUs and their label art, a scene is a
// cooler with its planogram and its stock, and rendering is an analytic ray caster over surfaces of
// revolution, convex boxes and rounded limbs.
//
// Everything follows from seeds: the same seed gives the same pixels and the same truth whatever
// the number of processors. Across processor architectures the last bit of a colour may differ,
// since Go may fuse multiplications and additions. Every brand, name and picture is invented here;
// GTINs have valid check digits and mean nothing.
//
// Light bounces once, by a coarse grid of probes; LightTraced samples lamps, one bounce and mirror images
// instead, with the noise of few samples. Glass refracts by a rule of thumb; goods are undamaged and stand on
// level shelves.
package synth

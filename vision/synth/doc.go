// Package synth renders retail beverage coolers with exact truth: invented packs on shelves, seen by front,
// oblique and fisheye cameras in good and bad conditions. The box, the SKU and the lane of every pack are known
// to the pixel. It stands in for the camera, at the beginning of the way from a frame to an alert.
//
// It serves three purposes: training the detector and the SKU embedder (every frame shows another cooler,
// camera and range of SKUs), the demonstration (a shop day of a cooler, see Day), and tests. A Catalogue
// invents SKUs and their label art, a Scene is a cooler with its planogram and its stock, and Render casts rays
// analytically at surfaces of revolution, convex boxes and rounded limbs.
//
// Everything follows from seeds: the same seed gives the same pixels and the same truth, whatever the number of
// processors. Across processor architectures the last bit of a colour may differ, since Go may fuse
// multiplications and additions. Every brand, name and picture is invented here; GTINs have valid check digits
// but name no real product.
//
// Light bounces once, approximated by a coarse grid of probes. LightTraced samples lamps, one bounce and mirror
// images instead, with the noise of few samples. Refraction in glass is approximate, goods are undamaged, and
// shelves are level.
package synth
